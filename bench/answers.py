"""How quick stored answers are found among a million, and what a cached call takes in the gateway.

    python -m bench.answers                                SQLite, in a temporary folder
    python -m tests.services.postgresql python -m bench.answers
    python -m bench.answers --rows 100000 --keep /tmp/bench   the same database the next time

Three variants a key, 600 bytes a text, three people who have seen each of a third of them. Prints
milliseconds of single statements and of whole calls, one after the other: half are quicker than
p50, 95 of 100 than p95. The CPU of this process beside it is what other load disturbs least.
"""

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

VARIANTS, CHUNK = 3, 10_000
OTHERS = 1_000_000  # ids of people who only stand in "seen" rows
TEXT = "나는 생각한다. 그러므로 나는 존재한다. " * 11
KINDS = ("opening_statement", "conclusion")  # which are shown, so that sights are noted
ROUTE = "premium fake/premium"
NOW = datetime.now(UTC)
ANSWER_COLUMNS = (
    "id", "key", "variant", "kind", "topic_key", "side", "philosopher", "owner_id", "language",
    "route", "fields", "text", "usage", "deployment", "model_class", "origin", "call_id",
    "cost_nanos", "made_at", "soft_until", "hard_until", "ended_at", "ended_why", "served",
    "served_at", "saved_nanos", "ups", "downs", "citations",
)  # fmt: skip
USAGE = {"fresh_input_tokens": 900, "cache_read_tokens": 0, "cache_write_tokens": 0,
         "output_tokens": 200, "searches": None, "is_estimated": False}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--looks", type=int, default=2_000)
    parser.add_argument("--keep", type=Path, help="a folder for the database; used again if full")
    options = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    with tempfile.TemporaryDirectory(prefix="costcontrol-bench-") as scratch:
        run(options.rows, looks=options.looks, folder=options.keep or Path(scratch))
    return 0


def run(rows: int, *, looks: int, folder: Path) -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection

    from tests.services.valkey import running_valkey

    folder.mkdir(parents=True, exist_ok=True)
    with running_valkey(settings.DATA_DIR), database(folder):
        print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        fill(rows)
        print(f"{connection.vendor:34} {'p50':>8} {'p95':>8} {'p99':>8} {'CPU':>8}  ms")
        statements(rows, looks)
        calls(rows, looks)
        by_hand()


@contextmanager
def database(folder: Path) -> Iterator[None]:
    """A kept folder holds a SQLite file; PostgreSQL's server goes with its wrapper."""
    from django.core.management import call_command
    from django.db import connection

    from tests.flows.rows import connected_to, name_of, new_database

    if connection.vendor == "sqlite":
        with connected_to(str(folder / "answers.sqlite3")):
            call_command("migrate", verbosity=0)
            yield
        return
    with new_database(folder) as url, connected_to(name_of(url)):
        yield


# --- rows ----------------------------------------------------------------------------------------


def reuse_of(number: int, *, variants: int = VARIANTS) -> Any:
    from routing.types import Reuse

    fields = {
        "kind": KINDS[number % len(KINDS)], "lang": ("ko", "en")[number % 2], "prompt_version": 1,
        "topic": f"topic-{number // 400}", "topic_epoch": 0, "side": ("pro", "con")[number % 3 % 2],
        "philosopher": [f"philosopher-{number % 50}", 1, None], "number": number,
    }
    return Reuse(fields, variants=variants)


def fill(rows: int) -> None:
    from django.db import connection

    from routing.models import StoredAnswer

    if StoredAnswer.objects.count() >= rows:
        return print(f"the {rows:,} rows are there")
    began = time.perf_counter()
    write("routing_storedanswer", ANSWER_COLUMNS, answers(rows))
    write("routing_answerseen", ("user_id", "answer_id", "at"), sights(rows))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence('routing_storedanswer', 'id'), %s)", [rows]
            )
            cursor.execute("VACUUM ANALYZE")
    return print(f"{rows:,} answers, {rows:,} sights in {time.perf_counter() - began:.0f} s")


def answers(rows: int) -> Iterator[tuple[Any, ...]]:
    import json

    from routing.cache.keys import key_of

    usage = json.dumps(USAGE)
    for number in range(-(-rows // VARIANTS)):
        reuse = reuse_of(number)
        key, fields = key_of(reuse, route=ROUTE), reuse.fields
        shared = json.dumps(fields)
        for variant in range(VARIANTS):
            pk = number * VARIANTS + variant + 1
            until = NOW + timedelta(days=20 + pk % 60)
            yield (
                pk, key, variant, fields["kind"], fields["topic"], fields["side"],
                fields["philosopher"][0], None, fields["lang"], ROUTE, shared, f"{pk} {TEXT}",
                usage, "fake/premium", "premium", "live", UUID(int=pk), 9_000_000, NOW, until,
                until, None, "", pk % 9, None, 0, 0, 0, "[]",
            )


def sights(rows: int) -> Iterator[tuple[Any, ...]]:
    for number in range(rows):
        yield OTHERS + number, number - number % VARIANTS + 1, NOW


def write(table: str, columns: tuple[str, ...], made: Iterator[tuple[Any, ...]]) -> None:
    from django.db import connection, transaction

    into = ", ".join(columns)
    with transaction.atomic(), connection.cursor() as cursor:
        while chunk := list(islice(made, CHUNK)):
            if connection.vendor == "postgresql":
                with cursor.copy(f"COPY {table} ({into}) FROM STDIN") as copy:
                    for values in chunk:
                        copy.write_row(values)
                continue
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(
                f"INSERT INTO {table} ({into}) VALUES ({marks})", list(map(plain, chunk))
            )


def plain(values: tuple[Any, ...]) -> list[Any]:
    """As SQLite keeps it."""
    from costcontrol.lib.rows import param

    return [param(value) for value in values]


# --- measures ------------------------------------------------------------------------------------


def statements(rows: int, looks: int) -> None:
    from routing.cache import patterns

    keys = rows // VARIANTS
    pick = random.Random()  # other people each time: a kept database knows what they have seen
    facts = {"route": ROUTE, "now": NOW}

    def user() -> int:
        return 10**9 + pick.randrange(10**9)

    def known() -> Any:
        return reuse_of(pick.randrange(keys))

    def unknown() -> Any:
        return reuse_of(keys + pick.randrange(10**12))

    def lookup() -> None:
        assert patterns.lookup(known(), user_id=user(), **facts)

    def take() -> None:
        assert patterns.take(known(), user_id=user(), **facts)

    def miss() -> None:
        assert patterns.take_or_count(unknown(), user_id=user(), **facts)[0] is None

    def store() -> None:
        assert patterns.store(
            unknown(), completion(uuid4().hex), route=ROUTE, origin="live", call_id=uuid4(),
            cost_nanos=1, now=NOW, user_id=user(),
        )

    measure("a variant that they have not seen", lookup, looks)
    measure("... and it is noted that they have", take, looks)
    measure("nothing for this key", miss, looks)
    measure("another variant is stored", store, looks // 4)


def completion(text: str) -> Any:
    from billing.usage import Usage
    from routing.types import Completion, ModelClass, StopReason

    return Completion(
        text, StopReason.STOP, Usage(900, 0, 0, 200), "fake/premium", ModelClass.PREMIUM
    )


def calls(rows: int, looks: int) -> None:
    """Whole calls: from `gateway.answer` to the first chunk, and to the last."""
    from django.core.management import call_command

    from accounts.models import User
    from tests.routing.sharing import callers_make, house_make

    if not User.objects.exists():
        house_make()
    call_command("migrate", verbosity=0)
    people = list(callers_make(50))
    began = time.process_time()
    first = asyncio.run(_calls(people, rows // VARIANTS, looks))
    show("a call, to its first chunk", first, time.process_time() - began)


async def _calls(people: list[Any], keys: int, looks: int) -> list[float]:
    from routing import gateway
    from tests.routing.sharing import request_of, settled

    pick, first = random.Random(), []
    for who in people:  # prompts, prices and budgets are read once
        await (await gateway.answer(request_of(reuse_of(pick.randrange(keys))), who)).whole()
    for _ in range(looks):
        request = request_of(reuse_of(pick.randrange(keys)))
        began = time.perf_counter()
        answer = await gateway.answer(request, pick.choice(people))
        chunks = answer.chunks()
        await anext(chunks)
        first.append(time.perf_counter() - began)
        async for _chunk in chunks:
            pass
        assert answer.layer == "pattern"
    await settled()
    return first


def by_hand() -> None:
    """What staff and the hourly task do, once each, and undone."""
    from django.db import transaction

    from routing.cache import endings, histories

    for name, work in (
        ("the history of one answer", lambda: histories.history(2)),
        ("purge of one topic", lambda: endings.purge(endings.Scope(topic_key="topic-7"), now=NOW)),
        ("housekeeping, nothing to do", lambda: endings.expire(now=NOW)),
        ("housekeeping of 20 days at once",
         lambda: endings.expire(now=NOW + timedelta(days=20, hours=1))),
    ):
        with transaction.atomic():
            began = time.perf_counter()
            work()
            print(f"{name:34} {(time.perf_counter() - began) * 1000:8.1f}")
            transaction.set_rollback(True)


def measure(name: str, work: Callable[[], None], times: int) -> None:
    for _ in range(20):
        work()
    took, cpu = [], time.process_time()
    for _ in range(times):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    show(name, took, time.process_time() - cpu)


def show(name: str, seconds: list[float], cpu: float) -> None:
    ordered = sorted(seconds)
    at = [ordered[int(len(ordered) * share)] for share in (0.5, 0.95, 0.99)]
    columns = (*at, cpu / len(seconds))
    print(f"{name:34} " + " ".join(f"{each * 1000:8.2f}" for each in columns))


if __name__ == "__main__":
    sys.exit(main())
