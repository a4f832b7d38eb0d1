"""How quick the staff pages are on a million usage rows over 90 days.

    python -m bench.pages                                  SQLite, in a temporary folder
    python -m tests.services.postgresql python -m bench.pages
    python -m bench.pages --rows 100000 --keep /tmp/bench  the same database the next time

Prints how long the rollup takes, the rows of each of its tables, what its trigger costs an insert,
what reports take for 1 to 90 days, and the server time of the pages. A time is the best of five;
the CPU beside it, of this process and of the database's, is what other load disturbs least.
"""

import argparse
import gc
import io
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

DAYS = (1, 7, 30, 90)
REPEATS = 5
INSERTS = 10_000
DEPTH = 1_000


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path, help="a folder for the database; used again if full")
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp(prefix="costcontrol-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["DATA_DIR"] = str(folder)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "costcontrol.settings")
    try:
        run(options.rows)
    finally:
        if not options.keep:
            shutil.rmtree(folder)
    return 0


def run(rows: int) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, skip_checks=True)
    call_command("load_defaults", verbosity=0, stdout=io.StringIO(), skip_checks=True)
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    fill(rows)
    roll()
    reports()
    trigger()
    pages()


def fill(rows: int) -> None:
    from django.db import connection, transaction

    from bench import ledgers
    from billing.models import UsageRecord

    if UsageRecord.objects.count() >= rows:
        print(f"{connection.vendor}: the {rows:,} rows are there")
        return
    began = time.perf_counter()
    with transaction.atomic():
        for done in ledgers.insert(ledgers.rows(rows, days=90, end=datetime.now(UTC))):
            if done % 100_000 == 0:
                print(f"  {done:,} rows", file=sys.stderr)
    print(f"{connection.vendor}: {rows:,} rows in {time.perf_counter() - began:.0f} s")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def roll() -> None:
    from django.db import connection

    from billing import models, rollups

    began = time.perf_counter()
    hours = rollups.rebuild(now=datetime.now(UTC))
    print(f"rolled {hours:,} hours in {time.perf_counter() - began:.1f} s")
    for name in (
        "HourlyUsage", "HourlySaving", "HourlyOutcome", "HourlyLatency", "HourlyDebate"
    ):
        print(f"  {name:<14} {getattr(models, name).objects.count():>9,} rows")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def reports() -> None:
    """The overview's: facts of the range and of the one before, and every report of them."""
    from billing.reports.ranges import last_days
    from billing.reports.shapes import Filters, Question

    now = datetime.now(UTC)
    print(f"{'reports':<42} {'facts':>18} {'all':>18} {'savings':>18} {'held out':>18}")
    for zone, filters in (
        ("Asia/Seoul", Filters()), ("Asia/Seoul", Filters(tier="premium")),
        ("Asia/Seoul", Filters(language="ko")), ("Asia/Kolkata", Filters()),
    ):
        for days in DAYS:
            question = Question(last_days(days, zone=zone, now=now), now, filters)
            name = f"{days} days {zone} {filters.tier or filters.language}"
            print(
                f"{name:<42} {timed(facts_of, question)} {timed(everything, question)}"
                f" {timed(savings_of, question)} {timed(debates_of, question)}"
            )


def facts_of(question: Any) -> None:
    from billing.reports import facts

    facts.load(question)


def savings_of(question: Any) -> None:
    """All of the savings page but the check."""
    from billing.reports import savings_report

    savings_report.load(question, against=savings_report.chosen("original")[0])


def debates_of(question: Any) -> None:
    """What the check of the savings page reads."""
    from billing.reports import savings_check

    savings_check.debates_of(question, ["premium", "enterprise"])


def everything(question: Any) -> None:
    from billing.reports import (
        budget_today,
        errors,
        facts,
        kpis,
        latency,
        routes,
        savings,
        spend,
    )

    found = facts.load(question)
    kpis.kpis(found, facts.load(facts.previous(question)))
    for report in (
        spend.by_class, savings.by_cause, savings.saved, routes.mix, latency.percentiles,
        errors.by_code, errors.refusals,
    ):
        report(found)
    budget_today.budgets(now=question.now)
    facts.filters_known()


def trigger() -> None:
    """One transaction an insert, as the ledger does it; all rolled back in the end."""
    from django.db import connection, transaction

    from bench import ledgers

    rows = list(ledgers.rows(INSERTS, days=1, end=datetime.now(UTC)))
    now = datetime.now(UTC)
    place = ledgers.COLUMNS.index("at")
    running = [(*row[:place], now, *row[place + 1 :]) for row in rows]
    timings = {}
    with transaction.atomic():
        for name, some in (("of the running hour", running), ("late ones", rows)):
            timings[f"with the trigger, {name}"] = insert_one_by_one(some)
        with connection.cursor() as cursor:
            for statement in without_triggers(connection.vendor):
                cursor.execute(statement)
        timings["without it"] = insert_one_by_one(running)
        transaction.set_rollback(True)
    for name, seconds in timings.items():
        print(f"insert, {name:<40} {seconds / INSERTS * 1e6:>6.0f} µs a row")


def insert_one_by_one(rows: list[tuple[Any, ...]]) -> float:
    """Best of three passes. SQLite runs in this process, so there other load does not count."""
    from django.db import connection

    from bench import ledgers

    clock = time.process_time if connection.vendor == "sqlite" else time.perf_counter
    passes = []
    for _ in range(3):
        began = clock()
        for row in rows:
            ledgers.insert_rows([row])
        passes.append(clock() - began)
    return min(passes)


def without_triggers(vendor: str) -> list[str]:
    if vendor == "postgresql":
        return ["ALTER TABLE billing_usagerecord DISABLE TRIGGER USER"]
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'billing_usage%'"
        )
        return [f"DROP TRIGGER {name}" for (name,) in cursor.fetchall()]


def pages() -> None:
    """Server time of pages as staff see them, through middleware and templates."""
    from django.conf import settings
    from django.test import Client

    from accounts.models import User

    settings.ALLOWED_HOSTS = ["testserver"]
    staff = User.objects.filter(is_staff=True).first() or User.objects.create_superuser(
        email="bench@example.org", password=None
    )
    client = Client()
    client.force_login(staff)
    gc.collect()
    gc.freeze()  # as costcontrol/asgi.py does: what the reports above left is not looked at again
    for name, path in addresses():
        status = client.get(path).status_code
        print(f"GET {name:<40} {status} {timed(client.get, path)}")


def addresses() -> list[tuple[str, str]]:
    from billing.models import UsageRecord
    from billing.reports.calls import Cursor

    overview = [(f"/dashboard/?range={name}",) * 2 for name in ("today", "7d", "30d", "90d")]
    rows, calls = UsageRecord.objects.order_by("-at", "-id"), "/dashboard/calls/?range=90d"
    found = [*overview, (calls, calls)]
    for depth in depths(rows.count()):
        at, pk = rows.values_list("at", "id")[depth]
        found.append((f"calls, {depth:,} rows down", f"{calls}&older={Cursor(at, pk)}"))
    call = rows.values_list("call_id", flat=True)[DEPTH]
    return [*found, ("one call", f"/dashboard/calls/{call}/")]


def depths(rows: int) -> tuple[int, ...]:
    return (DEPTH, rows // 2, rows * 9 // 10)


def timed(work: Callable[..., Any], *args: Any) -> str:
    """The best time, and the CPU on average: both in milliseconds."""
    timings = []
    cpu = cpu_s()
    for _ in range(REPEATS):
        began = time.perf_counter()
        work(*args)
        timings.append(time.perf_counter() - began)
    cpu = (cpu_s() - cpu) / REPEATS
    return f"{min(timings) * 1000:>5.0f} ms ({cpu * 1000:>4.0f} CPU)"


def cpu_s() -> float:
    """Of this process, and of the one that serves it on a PostgreSQL of this machine."""
    from django.db import connection

    own = time.process_time()
    if connection.vendor != "postgresql":
        return own
    connection.ensure_connection()
    stat = Path(f"/proc/{connection.connection.info.backend_pid}/stat")
    if not stat.exists():
        return own
    ticks = stat.read_text().rpartition(")")[2].split()[11:13]
    return own + sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
