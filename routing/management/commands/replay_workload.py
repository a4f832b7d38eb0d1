"""`manage.py replay_workload`: what a month of debates would cost, by the product's own ledger."""

import json
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from routing.replay.options import Options, problem_with
from routing.replay.players import play_all
from routing.replay.progress import Progress
from routing.replay.result import Result, growth_of, result_of
from routing.replay.table import lines_of

MOST_PROCESSES = 2
HELP = {
    "debates": "debates in the month",
    "debates_per_user": "how many debates a user holds in it, on average",
    "days": "length of the month",
    "topics": "topics that are asked for",
    "zipf": "how unequal topics are: weight of rank r is r ** -ZIPF",
    "typed": "share of debates whose topic is typed",
    "recognised": "share of these that mean a topic of the catalogue and are recognised",
    "usual_cast": "share of debates with the topic's usual cast",
    "participate": "share of debates in which the user plays a seat",
    "context": "share of debates to which the user adds a text",
    "language": "ko or en",
    "format": "1v1 or 2v2",
    "variants": "variants kept for a key, where several are",
    "precompute": "make the usual casts of so many topics ahead, at batch prices",
    "premium_kinds": "kinds of call that keep the premium model, separated by commas",
    "alone": "where these go if nobody else can be given the answer: economy or premium",
    "routes": "economical, shipped or premium",
    "simple": "where simple calls go: local (free) or economy",
    "search_usd": "price of a search",
    "search_per": "searches are kept for each side of a topic, or for each speaker",
    "holdout": "share of debates that stay on the baseline",
    "seed": "another seed is another month",
}


class Command(BaseCommand):
    help = (
        "Replays debates through the real gateway, cache and ledger against simulated providers at "
        "list prices, in a database of its own, and prints what each lever saves. Needs no server."
    )

    requires_system_checks: list[str] = []  # it touches nothing of this installation

    def add_arguments(self, parser: CommandParser) -> None:
        for field in fields(Options):
            parser.add_argument(
                f"--{field.name.replace('_', '-')}", dest=field.name, help=HELP[field.name],
                default=field.default, type=_type_of(field.default),
            )
        parser.add_argument("--growth", type=float, default=10.0,
                            help="also replay a month with so many times fewer users; 0: do not")
        parser.add_argument("--processes", type=int, default=0, help="0: one a core, at most two")
        parser.add_argument("--json", type=Path, help="write all figures to this file")
        parser.add_argument("--folder", type=Path, help="keep the databases here (an empty folder)")

    def handle(self, *args: Any, **given: Any) -> None:
        options = Options(**{field.name: given[field.name] for field in fields(Options)})
        if problem := problem_with(options):
            raise CommandError(problem)
        processes = given["processes"] or min(MOST_PROCESSES, os.cpu_count() or 1)
        with orderly_end():
            result = self._replay(options, processes, given["folder"], growth=given["growth"])
        self.stdout.write("\n".join(lines_of(result)))
        if given["json"]:
            given["json"].write_text(json.dumps(result.as_json(), indent=1) + "\n")
        if result.problems:
            raise CommandError("The books of this replay do not agree: see above.")

    def _replay(
        self, options: Options, processes: int, folder: Path | None, *, growth: float
    ) -> Result:
        home = folder or Path(tempfile.mkdtemp(prefix="costcontrol-replay-"))
        try:
            large = self._month(options, processes, home / "month", title="month")
            if growth <= 1:
                return large
            fewer = replace(options, debates=max(1, round(options.debates / growth)))
            small = self._month(fewer, processes, home / "fewer", title="fewer users")
            return replace(large, growth=growth_of(growth, small, large))
        finally:
            if folder is None:
                shutil.rmtree(home, ignore_errors=True)

    def _month(self, options: Options, processes: int, folder: Path, *, title: str) -> Result:
        begun = time.monotonic()
        progress = Progress(self.stderr, title=title, debates=options.debates)
        parts = play_all(options, folder=folder, processes=processes, progress=progress)
        progress.end()
        return result_of(options, parts, seconds=time.monotonic() - begun)


@contextmanager
def orderly_end() -> Iterator[None]:
    """Who is told to stop stops the players and removes their databases first."""

    def stop(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    except KeyboardInterrupt:
        raise CommandError("The replay was stopped; nothing of it is left.") from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _type_of(default: Any) -> Any:
    return _names if isinstance(default, tuple) else type(default)


def _names(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (name.strip() for name in text.split(","))))
