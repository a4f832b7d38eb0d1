"""Usage rows by month, on PostgreSQL: months ahead are made in time, old ones go in one step.

`billing_usagerecord` is partitioned by `at`. A row that no month is made for lands in the default
partition: none is ever refused or lost, and it moves when its month is made. On SQLite there are no
partitions, and everything here does nothing.
"""

import re
from collections.abc import Iterator

from django.db import OperationalError, connection, transaction

from billing.months import Month

TABLE = "billing_usagerecord"
DEFAULT = f"{TABLE}_default"
AHEAD = 3  # months after the running one
LOCK_WAIT = "5s"  # calls wait as long at most; who cannot have the lock comes again later
LOCK_NOT_AVAILABLE = "55P03"  # the message is in the language of the server
MONTHLY = re.compile(rf"{TABLE}_y(\d{{4}})m(\d{{2}})")


def is_on() -> bool:
    if connection.vendor != "postgresql":
        return False
    return bool(_fetch("SELECT 1 FROM pg_partitioned_table WHERE partrelid = %s::regclass", TABLE))


def months() -> list[Month]:
    """That have a partition, the oldest first."""
    names = _fetch(
        "SELECT c.relname FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid"
        " WHERE inhparent = %s::regclass", TABLE,
    )
    found = [MONTHLY.fullmatch(name) for (name,) in names]
    return sorted(Month(int(one[1]), int(one[2])) for one in found if one)


def make_ahead(running: Month) -> list[Month]:
    """The running month and the next ones, where they are not there yet. A month whose lock could
    not be had is made the next time: until then its rows go to the default partition."""
    if not is_on():
        return []
    made = []
    known = set(months())
    for month in (running.plus(number) for number in range(AHEAD + 1)):
        if month not in known and _made(month):
            made.append(month)
    if made:
        _run(f"ANALYZE {TABLE}")  # nobody else does it for the table as a whole
    return made


def drop(month: Month) -> bool:
    """All of its rows at once, however many. False: the lock could not be had."""
    name = name_of(month)
    try:
        with transaction.atomic():
            _run(f"SET LOCAL lock_timeout = '{LOCK_WAIT}'")
            _run(f"ALTER TABLE {TABLE} DETACH PARTITION {name}")
            _run(f"DROP TABLE {name}")
    except OperationalError as error:
        return _unless_locked(error)
    return True


def name_of(month: Month) -> str:
    return f"{TABLE}_y{month.year:04d}m{month.number:02d}"


def _made(month: Month) -> bool:
    try:
        with transaction.atomic():
            for statement in _making(month):
                _run(statement)
    except OperationalError as error:
        return _unless_locked(error)
    return True


def _unless_locked(error: OperationalError) -> bool:
    if getattr(error.__cause__, "sqlstate", "") != LOCK_NOT_AVAILABLE:
        raise error
    return False


def _making(month: Month) -> Iterator[str]:
    """A table of its own, filled with what the default partition has of the month, then attached:
    so calls wait for a moment and not while rows move."""
    name, low, high = name_of(month), month.start.isoformat(), month.plus(1).start.isoformat()
    within = f"at >= '{low}' AND at < '{high}'"
    yield f"SET LOCAL lock_timeout = '{LOCK_WAIT}'"
    yield f"CREATE TABLE {name} (LIKE {TABLE} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"
    yield f"LOCK TABLE {DEFAULT} IN ACCESS EXCLUSIVE MODE"
    yield f"INSERT INTO {name} SELECT * FROM {DEFAULT} WHERE {within}"
    yield f"DELETE FROM {DEFAULT} WHERE {within}"
    yield f"ALTER TABLE {TABLE} ATTACH PARTITION {name} FOR VALUES FROM ('{low}') TO ('{high}')"


def _run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _fetch(statement: str, *params: str) -> list[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return list(cursor.fetchall())
