"""`manage.py precompute estimate | start | watch | stop | report`: answers that are made ahead."""

import time
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from costcontrol.lib import clock
from costcontrol.lib.errors import CostControlError
from costcontrol.lib.money import format_usd
from routing import snapshot
from routing.models import PrecomputeRun
from routing.precompute import machine, money, runs, words
from routing.precompute.orders import Order, order_of
from routing.precompute.report import RunReport, problems, report_of

ACTOR = "manage.py precompute"
BAR = 28
SHOWN_ROWS = 20
LOOK_S = 1.0


class Command(BaseCommand):
    help = "Make answers ahead of demand, at the price of batches (docs/precompute.md)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        wanted = actions.add_parser("estimate", help="what would pay, and what it would cost")
        wanted.add_argument("--budget", required=True, help="dollars that the run may cost")
        wanted.add_argument("--languages", help="ko,en (default: both)")
        wanted.add_argument("--kinds", help="kinds of call, with commas between them")
        wanted.add_argument("--tier", default="premium", help="whose route (default: premium)")
        wanted.add_argument("--horizon", help="days that uses are counted for (default: 30)")
        wanted.add_argument("--topics", help="only so many, the most popular (default: 200)")
        wanted.add_argument("--variants", help="at most so many of a key (default: 3)")
        wanted.add_argument("--debates-per-day", help="expected; default: as many as there were")
        for name, said in (
            ("start", "run an estimate"), ("stop", "send no more, cancel what was sent"),
            ("watch", "show how far a run is"), ("report", "what became of runs"),
        ):
            action = actions.add_parser(name, help=said)
            is_needed = name != "report"
            action.add_argument("run", type=int, nargs=None if is_needed else "?")
            if name in ("start", "watch"):
                action.add_argument(
                    "--work", action="store_true",
                    help="do the steps here, where no Celery worker does them",
                )

    def handle(self, *, action: str, **options: Any) -> None:
        try:
            getattr(self, f"_{action}")(options)
        except CostControlError as error:
            raise CommandError(str(error.message)) from None

    def _estimate(self, options: Mapping[str, Any]) -> None:
        known, now = snapshot.latest(), clock.now()
        run = runs.run_estimate(
            _order(options, known), snapshot=known, actor=ACTOR, user_id=None, now=now
        )
        for line in estimate_lines(run):
            self.stdout.write(line)
        if not money.is_on():
            self.stdout.write("Precompute is off: set PRECOMPUTE_MONTHLY_USD to start a run.")
        else:
            self.stdout.write(f"To start it: manage.py precompute start {run.pk}")

    def _start(self, options: Mapping[str, Any]) -> None:
        run = runs.run_start(_run(options["run"]), actor=ACTOR, now=clock.now())
        self.stdout.write(f"Run {run.pk} has begun.")
        if options["work"]:
            self._watch(options)

    def _stop(self, options: Mapping[str, Any]) -> None:
        run = runs.run_stop(_run(options["run"]), actor=ACTOR)
        self.stdout.write(f"Run {run.pk} is being stopped; what comes back all the same is kept.")

    def _watch(self, options: Mapping[str, Any]) -> None:
        run = _run(options["run"])
        told = ""
        while True:
            if options["work"]:
                machine.step(run.pk, now=clock.now())
            run.refresh_from_db()
            line = progress_line(run, _told(run))
            told = self._show(line, told)
            if run.status not in machine.GOING:
                break
            time.sleep(LOOK_S)
        self.stdout.write("")
        self._report({"run": run.pk})

    def _show(self, line: str, told: str) -> str:
        """A bar on a terminal, a line for each change elsewhere."""
        if self.stdout.isatty():
            self.stdout.write(f"\r{line} ", ending="")
            self.stdout.flush()
        elif line != told:
            self.stdout.write(line)
        return line

    def _report(self, options: Mapping[str, Any]) -> None:
        chosen = [_run(options["run"])] if options["run"] else PrecomputeRun.objects.all()[:10]
        for run in chosen:
            for line in report_lines(run, _told(run)):
                self.stdout.write(line)


def _order(options: Mapping[str, Any], known: snapshot.Snapshot) -> Order:
    lists = {name: [each.strip() for each in (options[name] or "").split(",") if each.strip()]
             for name in ("languages", "kinds")}
    return order_of(
        {**lists, "tier": options["tier"], "budget_usd": options["budget"],
         "horizon_days": options["horizon"], "topics": options["topics"],
         "variants": options["variants"], "debates_per_day": options["debates_per_day"]},
        snapshot=known,
    )


def _run(pk: int) -> PrecomputeRun:
    run = PrecomputeRun.objects.filter(pk=pk).first()
    if run is None:
        raise CommandError(f"There is no run {pk}. `manage.py precompute report` lists them.")
    return run


def _told(run: PrecomputeRun) -> RunReport:
    return report_of(run, snapshot=snapshot.latest(), now=clock.now())


def estimate_lines(run: PrecomputeRun) -> Iterator[str]:
    told, totals = run.estimate, run.estimate["totals"]
    history = told["history"]
    yield f"Estimate {run.pk}: {totals['answers']} answers for {totals['keys']} keys"
    yield (
        f"  seen       {history['debates']} debates in {history['days']} days, "
        f"{history['shareable']} of them could share; {history['a_day']:.2f} a day expected"
    )
    yield f"  assumed    {history['prior_share']:.0%} of the weight is popularity, not history"
    most = format_usd(min(totals["most_nanos"], run.budget_nanos))
    yield f"  cost       {format_usd(totals['cost_nanos'])}, held at most at a time {most}"
    yield f"  online     {format_usd(totals['online_nanos'])}"
    yield f"  saves      {format_usd(totals['saving_nanos'])} expected"
    yield (
        f"  left out   {told['unpaid']} that do not pay, {told['cut']['bundles']} that the money "
        "does not reach"
    )
    for kind, route in told["unable"].items():
        yield f"  not made   {kind}: {route or 'nobody'} makes nothing ahead"
    for row in told["rows"][:SHOWN_ROWS]:
        yield (
            f"  {row['figure']:5.2f}  {row['kind']} {row['topic']} {row['language']} "
            f"{row['side']} {row['philosopher']} #{row['variant']}: {row['expected']:.2f} uses, "
            f"{format_usd(row['cost_nanos'])} ({row['fate']})"
        )


def progress_line(run: PrecomputeRun, report: RunReport) -> str:
    full = int(BAR * report.done_share)
    counts = ", ".join(f"{count} {name}" for name, count in sorted(report.statuses.items()))
    return (
        f"{'█' * full}{'░' * (BAR - full)} {report.done} of {report.planned}  {counts}  "
        f"{format_usd(run.cost_nanos)} of {format_usd(run.budget_nanos)}  {run.status}"
    )


def report_lines(run: PrecomputeRun, report: RunReport) -> Iterator[str]:
    yield f"Run {run.pk}, {run.status}, {run.created_at:%Y-%m-%d %H:%M}"
    yield (
        f"  produced {report.produced} of {report.planned}, used {report.used} "
        f"({report.uses} uses of {report.expected_uses:.1f} expected), wasted {report.wasted}, "
        f"waiting {report.waiting}"
    )
    word = "paid back" if report.is_paid_back else "not paid back yet"
    yield (
        f"  cost {format_usd(report.cost_nanos)}, saved {format_usd(report.avoided_nanos)} so far: "
        f"{word}"
    )
    for what, count, error in problems(run):
        said = words.sentence(error) if error else f"results: {what}"
        yield f"  {count} x {said}"
