"""The page of one run: what was estimated and assumed, how far it is, what became of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from costcontrol import formats
from costcontrol.dashboard.caches_words import name_in, side_of
from costcontrol.dashboard.components import (
    Badge,
    BudgetBar,
    Cell,
    Column,
    KpiCard,
    Table,
    Tone,
    badge,
    count,
    money,
    share,
    text,
    when,
)
from costcontrol.dashboard.labels import language
from costcontrol.dashboard.precompute import status_badge
from costcontrol.lib.sentences import said
from routing.models import Philosopher, PrecomputeBatch, PrecomputeItem, PrecomputeRun, Topic
from routing.precompute import machine
from routing.precompute.report import RunReport, problems, report_of
from routing.precompute.words import sentence
from routing.snapshot import Snapshot

SHOWN_ROWS = 100
FATES = {
    "chosen": gettext_lazy("to be made"), "cut": gettext_lazy("beyond the budget"),
    "unpaid": gettext_lazy("does not pay"),
}
RESULTS = {
    "twice": gettext_lazy("Results came twice. Each counted once."),
    "unknown": gettext_lazy("Results came under names that are not ours. They were left."),
    "unreadable": gettext_lazy("Lines of results could not be read."),
}


@dataclass(frozen=True)
class RunPage:
    run: PrecomputeRun
    badge: Badge
    report: RunReport
    cards: tuple[KpiCard, ...]
    budget: BudgetBar
    assumptions: tuple[str, ...]
    keys: Table
    batches: Table
    problems: tuple[str, ...]

    @property
    def is_draft(self) -> bool:
        return self.run.status == PrecomputeRun.Status.ESTIMATED

    @property
    def is_running(self) -> bool:
        return self.run.status == PrecomputeRun.Status.RUNNING

    @property
    def is_going(self) -> bool:
        return self.run.status in machine.GOING


def run_page(run: PrecomputeRun, *, snapshot: Snapshot, now: datetime) -> RunPage:
    report = report_of(run, snapshot=snapshot, now=now)
    is_draft = run.status == PrecomputeRun.Status.ESTIMATED
    return RunPage(
        run, status_badge(run), report,
        tuple(_estimate_cards(run) if is_draft else _report_cards(report)),
        BudgetBar(_("Budget of the run"), run.budget_nanos, run.cost_nanos, run.held_nanos),
        tuple(_assumptions(run)), _keys(run), _batches(run), tuple(_problems(run)),
    )


def _estimate_cards(run: PrecomputeRun) -> Iterator[KpiCard]:
    totals = run.estimate["totals"]
    yield KpiCard(_("Answers"), count(totals["answers"]), note=_("for %(keys)s keys") % {
        "keys": formats.count(totals["keys"])})
    yield KpiCard(_("Cost, at the prices of batches"), money(totals["cost_nanos"]),
                  note=_("estimated"))
    yield KpiCard(_("The same when somebody waits"), money(totals["online_nanos"]),
                  note=_("estimated"))
    yield KpiCard(_("Expected to save"), money(totals["saving_nanos"]),
                  note=_("after its own cost, estimated"))
    yield KpiCard(_("Beyond the budget"), count(run.estimate["cut"]["answers"]),
                  note=_("answers that would pay too"))


def _report_cards(report: RunReport) -> Iterator[KpiCard]:
    expected = formats.count(round(report.expected_uses))
    yield KpiCard(_("Produced"), count(report.produced),
                  note=_("of %(planned)s") % {"planned": formats.count(report.planned)})
    yield KpiCard(_("Used"), count(report.used),
                  note=_("%(uses)s times; %(expected)s expected in all") % {
                      "uses": formats.count(report.uses), "expected": expected})
    yield KpiCard(_("Wasted"), count(report.wasted), note=_("too old before anybody came"))
    yield KpiCard(_("Cost"), money(report.cost_nanos))
    paid = _("paid back") if report.is_paid_back else _("not paid back yet")
    yield KpiCard(_("Saved so far"), money(report.avoided_nanos), note=paid)


def _assumptions(run: PrecomputeRun) -> Iterator[str]:
    is_anew = run.kind == PrecomputeRun.Kind.REFRESH
    yield from _why_anew(run) if is_anew else _why_ahead(run)
    most = run.estimate["totals"]["most_nanos"]
    if most > run.budget_nanos:
        yield _("Until answers are there, the most that they can cost is held: %(most)s together. "
                "That is more than the budget, so they are sent in several rounds, each of which "
                "may take up to 24 hours.") % {"most": formats.money(most, places=2)}
    unpaid = run.estimate["unpaid"]
    yield ngettext("%(number)s variant does not pay.", "%(number)s variants do not pay.",
                   unpaid) % {"number": formats.count(unpaid)}


def _why_anew(run: PrecomputeRun) -> Iterator[str]:
    yield _("These answers have got old, and were asked for since. They would be served for more "
            "than %(hours)s hours yet, so there is time for a batch, at half the price. Until the "
            "new one is there the old one is served.") % {
        "hours": formats.count(run.order["hours"])}
    yield _("Each is expected to be asked for as often as it was until now.")


def _why_ahead(run: PrecomputeRun) -> Iterator[str]:
    told = run.estimate
    history = told["history"]
    yield _("In the last %(days)s days there were %(debates)s debates, and %(shareable)s of them "
            "could share answers. %(a_day)s such debates a day are expected.") % {
        "days": history["days"], "debates": formats.count(history["debates"]),
        "shareable": formats.count(history["shareable"]), "a_day": f"{history['a_day']:.2f}"}
    yield _("%(share)s of what is said about topics is their rank in the catalogue (1 / rank), and "
            "not history.") % {"share": formats.share(round(history["prior_share"] * 10_000))}
    yield _("%(share)s of openings were come to.") % {
        "share": formats.share(round(history["reach"] * 10_000))}
    for lesson in told["lessons"]:
        yield _("Ranks %(ranks)s: earlier runs expected %(expected)s uses and saw %(served)s, so "
                "their weight counts %(factor)s times.") % lesson
    for kind, route in told["unable"].items():
        yield _("%(kind)s is left out: %(route)s makes nothing ahead.") % {
            "kind": kind, "route": route or _("nobody")}
    yield from _lengths(told["sizes"])


def _lengths(sizes: list[Mapping[str, Any]]) -> Iterator[str]:
    modelled = sorted({size["kind"] for size in sizes if not size["is_seen"]})
    if modelled:
        yield _("How long answers are was seen too seldom, so it is taken from the model of the "
                "workload: %(kinds)s.") % {"kinds": ", ".join(modelled)}


def _keys(run: PrecomputeRun) -> Table:
    numbers = (_("Payback"), _("Expected uses"), _("Chance"), _("Answers"), _("Cost"),
               _("Expected saving"))
    columns = (
        Column(_("Topic")), Column(_("Who")), Column(_("Variant"), is_number=True),
        *(Column(name, is_number=True) for name in numbers), Column(_("What happens")),
    )
    names = _Names()
    rows = tuple(_key(row, names) for row in run.estimate["rows"][:SHOWN_ROWS])
    return Table(_("Keys, best payback first"), columns, rows, is_caption_hidden=True,
                 empty_text=_("Nothing that could be made ahead was found."))


class _Names:
    """Titles and names in the language of the page."""

    def __init__(self) -> None:
        self.topics = {row.pk: name_in(row.ko, row.en) for row in Topic.objects.all()}
        self.people = {
            row.key: name_in(row.name_ko, row.name_en)
            for row in Philosopher.objects.filter(is_current=True, owner_id=None)
        }


def _key(row: Mapping[str, Any], names: _Names) -> tuple[Cell, ...]:
    topic = names.topics.get(row["topic"], row["topic"])
    who = names.people.get(row["philosopher"], row["philosopher"])
    note = " · ".join(filter(None, [row["kind"], side_of(row["side"]) if row["side"] else ""]))
    return (
        text(topic, note=language(row["language"])), text(who or None, note=note),
        count(row["variant"]), text(f"{row['figure']:.2f}"), text(f"{row['expected']:.2f}"),
        share(round(row["chance"] * 10_000)), count(row["parts"]),
        money(row["cost_nanos"], places=4), money(row["saving_nanos"], places=4),
        text(str(FATES.get(row["fate"], row["fate"]))),
    )


def _batches(run: PrecomputeRun) -> Table:
    columns = (
        Column(_("Model")), Column(_("Step"), is_number=True), Column(_("State")),
        Column(_("Answers"), is_number=True), Column(_("Sent")), Column(_("Answered")),
        Column(_("Id at the provider")),
    )
    rows = tuple(_batch(batch) for batch in run.batches.all())
    return Table(_("Batches"), columns, rows, is_caption_hidden=True,
                 empty_text=_("Nothing was sent yet."))


def _batch(batch: PrecomputeBatch) -> tuple[Cell, ...]:
    status = PrecomputeBatch.Status(batch.status)
    tone = {"lost": Tone.BAD, "read": Tone.OK}.get(str(status), Tone.OFF)
    zone = settings.DEFAULT_ZONE
    return (
        text(batch.deployment), count(batch.level + 1), badge(str(status.label), tone),
        count(batch.items.count()), when(batch.sent_at, zone=zone),
        when(batch.ended_at, zone=zone), text(batch.provider_id or None),
    )


def _problems(run: PrecomputeRun) -> Iterator[str]:
    """In words, with how often."""
    for what, number, code in problems(run):
        words = said(sentence(code)) if code else str(RESULTS.get(what, what))
        yield f"{formats.count(number)} × {words}"
    if run.note:
        yield said(sentence(run.note))


def statuses(report: RunReport) -> str:
    """How many items are where, in one line."""
    return ", ".join(
        f"{PrecomputeItem.Status(name).label} {formats.count(number)}"
        for name, number in sorted(report.statuses.items())
    )
