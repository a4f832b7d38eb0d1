"""One whole replay: rows, processes, calls, rollups, and what is said about it."""

import asyncio
import gc
import shutil
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from django.core.management.base import CommandError
from django.db import connection

from billing import ledger, rollups
from costcontrol.demo import children, folder, house, script
from costcontrol.demo.folder import Marker
from costcontrol.demo.progress import Progress, Stream
from costcontrol.demo.replay import Day, Replay
from costcontrol.demo.scenario import Scenario
from costcontrol.demo.timetravel import ContextLoop, simulated_database_clock
from costcontrol.lib import clock, database
from routing import providers, tokens


@dataclass(slots=True)
class Report:
    """What was played, and how long each phase took."""

    calls: int = 0
    rows: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=dict)

    def lines(self) -> str:
        phases = ", ".join(f"{name} {taken:.1f} s" for name, taken in self.seconds.items())
        speed = self.calls / max(0.001, self.seconds["calls"])
        return f"  {self.calls:,} calls, {self.rows:,} rows, {speed:.0f} calls/s ({phases})"


def replay(here: Path, scenario: Scenario, *, stream: Stream, lock: int) -> Report:
    """Make the demo's data. Raises CommandError if its books do not agree."""
    report, begun = Report(), time.monotonic()
    marker = Marker(port=folder.free_port(), seed=scenario.seed)
    folder.marker_write(here, marker)
    login, secrets = house.furnish(scenario, port=marker.port)
    report.seconds["rows"] = time.monotonic() - begun
    days = list(script.days(scenario))
    with children.running(marker.port, lock=lock) as address:
        _play(days, address, secrets, stream=stream, report=report)
    shutil.rmtree(here / "valkey", ignore_errors=True)  # a long log of what was forgotten
    begun = time.monotonic()
    _finish(report)
    report.seconds["rollups"] = time.monotonic() - begun
    folder.marker_write(
        here,
        replace(marker, is_finished=True, calls=report.calls, email=login.email,
                password=login.password, api_key=login.api_key),
    )
    return report


def _play(
    days: list[Day], address: str, secrets: dict[str, str], *, stream: Stream, report: Report
) -> None:
    progress = Progress(stream, calls=_steps(days), days=len(days))
    played = Replay(address, secrets, progress)
    tokens.warm_up()
    providers.warm_up()
    gc.freeze()  # what is loaded now stays: no collection needs to look at it again
    try:
        with simulated_database_clock(), asyncio.Runner(loop_factory=ContextLoop) as runner:
            try:
                runner.run(played.run(days))
            finally:
                database.close_threads()
    finally:
        progress.end()
    report.seconds["calls"] = progress.seconds
    report.outcomes, report.rows = played.outcomes, played.stamps.rows
    report.calls = sum(played.outcomes.values())
    _check(played)


def _steps(days: list[Day]) -> int:
    return sum(len(lane) for _, lanes in days for lane in lanes)


def _check(played: Replay) -> None:
    """The ledger against its own rows, and every charge against the providers' own bill."""
    wrong = [*played.stamps.differences, *map(str, ledger.differences())]
    if wrong:
        raise CommandError(
            f"{len(wrong)} differences between the books, the first: {wrong[0]}. This is a fault "
            "of the product: please report it."
        )


def _finish(report: Report) -> None:
    rollups.catch_up(now=clock.now())
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
