"""One whole replay: rows, processes, calls, rollups, and what is said about it."""

import shutil
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from django.core.management.base import CommandError
from django.db import connection

from billing import ledger, rollups
from billing.models import UsageRecord
from costcontrol.demo import children, customers, folder, house, players, script, statement
from costcontrol.demo.folder import Marker
from costcontrol.demo.player import Played
from costcontrol.demo.progress import Progress, Stream
from costcontrol.demo.scenario import Scenario
from costcontrol.lib import clock


@dataclass(slots=True)
class Report:
    """What was played, and how long each phase took."""

    calls: int = 0
    rows: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)

    def lines(self) -> str:
        phases = ", ".join(f"{name} {taken:.1f} s" for name, taken in self.seconds.items())
        speed = self.calls / max(0.001, self.seconds["calls"])
        return f"  {self.calls:,} calls, {self.rows:,} rows, {speed:.0f} calls/s ({phases})"

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        begun = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - begun


def replay(here: Path, scenario: Scenario, *, stream: Stream, lock: int) -> Report:
    """Make the demo's data. Raises CommandError if its books do not agree."""
    report = Report()
    marker = Marker(port=folder.free_port(), seed=scenario.seed)
    folder.marker_write(here, marker)
    with report.phase("rows"):
        login, secrets = house.furnish(scenario, port=marker.port)
    with report.phase("calls"):
        played = _play(scenario, marker.port, secrets, stream=stream, lock=lock)
    _add_up(report, played)
    shutil.rmtree(here / "valkey", ignore_errors=True)  # a long log of what was forgotten
    with report.phase("customers"):
        customers.furnish(scenario)
    with report.phase("rollups"):
        rollups.catch_up(now=clock.now())
        statement.furnish(scenario)
        _tidy()
    folder.marker_write(
        here,
        replace(marker, is_finished=True, calls=report.calls, email=login.email,
                password=login.password, api_key=login.api_key),
    )
    return report


def _play(
    scenario: Scenario, port: int, secrets: dict[str, str], *, stream: Stream, lock: int
) -> list[Played]:
    connection.close()
    calls = sum(len(lane) for _, lanes in script.days(scenario) for lane in lanes)
    progress = Progress(stream, calls=calls, days=scenario.days)
    try:
        with children.family(lock=lock) as family:
            family.broker()
            return players.play(
                scenario, address=family.upstream(port), secrets=secrets, family=family,
                progress=progress,
            )
    finally:
        progress.end()


def _add_up(report: Report, played: list[Played]) -> None:
    """The ledger against its own rows, and every charge against the providers' own bill."""
    for each in played:
        report.outcomes.update(each.outcomes)
        report.rows += each.rows
    report.calls = report.outcomes.total()
    wrong = [each for part in played for each in part.differences]
    wrong += [str(each) for each in ledger.differences()]
    if (rows := UsageRecord.objects.count()) != report.rows:
        wrong.append(f"{rows} usage rows, {report.rows} of calls that were played")
    if wrong:
        raise CommandError(
            f"{len(wrong)} differences between the books, the first: {wrong[0]}. This is a fault "
            "of the product: please report it."
        )


def _tidy() -> None:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
