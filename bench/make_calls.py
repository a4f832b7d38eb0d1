"""Fills a database with a year of calls, rolls them up, and says how long each took.

    python -m bench.make_calls --calls 10000000 --months 13 --database postgresql://…
    python -m bench.make_calls --calls 1000000 --data /tmp/bench      SQLite in that folder

For a database of its own: rows are written past the triggers, and every hour is rolled up after.
Takes about 13 GB on disk for ten million. `python -m bench.pages --viewers 10` looks at it then.
"""

import argparse
import io
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

BYTES_A_CALL = 1_300  # indexes and sums with it, about
DAYS_A_MONTH = 365.25 / 12


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--months", type=int, default=13)
    parser.add_argument("--database", help="DATABASE_URL; without it SQLite in the data folder")
    parser.add_argument("--data", type=Path, help="DATA_DIR")
    options = parser.parse_args()
    if options.data:
        options.data.mkdir(parents=True, exist_ok=True)
        os.environ["DATA_DIR"] = str(options.data)
    if options.database:
        os.environ["DATABASE_URL"] = options.database
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "costcontrol.settings")
    need_space(options.calls * BYTES_A_CALL, Path(os.environ.get("DATA_DIR", ".")))
    make(options.calls, days=round(options.months * DAYS_A_MONTH))
    return 0


def need_space(needed: int, folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < 2 * needed:
        raise SystemExit(f"About {needed / 1e9:.1f} GB are needed, and {free / 1e9:.1f} are free.")


def make(calls: int, *, days: int) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, skip_checks=True)
    call_command("load_defaults", verbosity=0, stdout=io.StringIO(), skip_checks=True)
    now = datetime.now(UTC)
    begun = time.perf_counter()
    make_months(now, days)
    make_users()
    fill(calls, days, now)
    print(f"{calls:,} calls of {days} days in {time.perf_counter() - begun:.0f} s")
    begun = time.perf_counter()
    hours = roll(now, days)
    print(f"{hours:,} hours rolled up in {time.perf_counter() - begun:.0f} s")
    analyze()
    sizes()


def make_months(now: datetime, days: int) -> None:
    from billing import partitions
    from billing.months import month_at

    month = month_at(now - timedelta(days=days + 1))
    while month <= month_at(now):
        partitions.make_ahead(month)
        month = month.plus(partitions.AHEAD + 1)


def make_users() -> None:
    """The busiest have accounts, so that pages find their names."""
    from accounts.models import User
    from bench.made_calls import FIRST_USER

    users = [
        User(pk=FIRST_USER + number, email=f"user-{number}@bench.example")
        for number in range(1_000)
    ]
    User.objects.bulk_create(users, ignore_conflicts=True)


def fill(calls: int, days: int, now: datetime) -> None:
    from bench import ledgers, made_calls

    bar = Bar("written", calls)
    with without_triggers():
        for done in ledgers.insert(made_calls.rows(calls, days=days, end=now)):
            bar.show(done)
    bar.end()


@contextmanager
def without_triggers() -> Iterator[None]:
    """Every past row would leave a note that its hour is to be added up."""
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE billing_usagerecord DISABLE TRIGGER USER")
            yield
            cursor.execute("ALTER TABLE billing_usagerecord ENABLE TRIGGER USER")
            return
        cursor.execute(
            "SELECT name, sql FROM sqlite_master"
            " WHERE type = 'trigger' AND tbl_name = 'billing_usagerecord'"
        )
        kept = cursor.fetchall()
        for name, _ in kept:
            cursor.execute(f"DROP TRIGGER {name}")
        yield
        for _, statement in kept:
            cursor.execute(statement)


def roll(now: datetime, days: int) -> int:
    """From the first of the hours on, whatever was rolled up before."""
    from billing import rollups
    from billing.hours import hour_of
    from billing.models import RollupState

    first = hour_of(now) - days * 24 - 1
    RollupState.objects.filter(frontier__gt=first).update(frontier=first)
    bar = Bar("hours rolled up", days * 24)
    hours = rollups.catch_up(now=now, progress=lambda done, _: bar.show(done))
    bar.end()
    return hours


def analyze() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def sizes() -> None:
    from django.apps import apps

    for model in apps.get_app_config("billing").get_models():
        if model.__name__.startswith(("Hourly", "Daily")):
            print(f"  {model.__name__:<16} {model._default_manager.count():>11,} rows")


class Bar:
    """One line that fills up on a terminal; a line each tenth elsewhere."""

    def __init__(self, what: str, whole: int) -> None:
        self._what, self._whole, self._shown = what, max(1, whole), -1
        self._parts = 100 if sys.stderr.isatty() else 10
        self._begun = time.perf_counter()

    def show(self, done: int, *_: Any) -> None:
        part = min(self._parts, done * self._parts // self._whole)
        if part == self._shown:
            return
        self._shown = part
        full = part * 28 // self._parts
        text = f"{'█' * full}{'░' * (28 - full)} {done:,} of {self._whole:,} {self._what}"
        seconds = time.perf_counter() - self._begun
        ends = "\r" if sys.stderr.isatty() else "\n"
        sys.stderr.write(f"{text}, {seconds:.0f} s {ends}")
        sys.stderr.flush()

    def end(self) -> None:
        if sys.stderr.isatty():
            sys.stderr.write("\n")


if __name__ == "__main__":
    sys.exit(main())
