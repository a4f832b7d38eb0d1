"""Usage rows by month on PostgreSQL: nothing changes for anybody, months come and go."""

import uuid
from datetime import UTC, datetime
from importlib import import_module
from threading import Event, Thread
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable

from billing import partitions
from billing.models import LateRow, UsageRecord
from billing.months import Month, month_at
from costcontrol.lib import clock

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
LONG_AGO = datetime(2025, 3, 31, 23, 59, 59, 999_999, tzinfo=UTC)
AHEAD = datetime(2031, 5, 1, tzinfo=UTC)
MARCH, MAY = Month(2025, 3), Month(2031, 5)


def record(at: datetime, **columns: Any) -> UsageRecord:
    return UsageRecord.objects.create(
        call_id=uuid.uuid4(), attempt=1, at=at, user_id=1, tier="free", requested_model="auto",
        outcome="complete", confidence="exact", **columns,
    )


def fetch(sql: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [row[0] for row in cursor.fetchall()]


def rows_in(table: str) -> int:
    (count,) = fetch(f"SELECT COUNT(*) FROM {table}")
    return int(count)


def test_the_running_month_and_the_next_three_are_there() -> None:
    running = month_at(clock.now())
    assert partitions.is_on()
    assert set(partitions.months()) >= {running.plus(number) for number in range(4)}
    record(clock.now())
    assert rows_in(partitions.name_of(running)) == 1
    assert partitions.make_ahead(running) == []


def test_a_row_of_no_month_is_kept_and_moves_when_its_month_is_made() -> None:
    row = record(AHEAD, cost_nanos=7)
    assert rows_in(partitions.DEFAULT) == 1
    assert partitions.make_ahead(MAY.plus(-1)) == [MAY.plus(number) for number in range(-1, 3)]
    assert (rows_in(partitions.DEFAULT), rows_in(partitions.name_of(MAY))) == (0, 1)
    assert UsageRecord.objects.get(pk=row.pk).cost_nanos == 7


def test_a_month_goes_with_all_its_rows_and_no_other() -> None:
    partitions.make_ahead(MARCH)
    record(LONG_AGO)
    kept = record(MARCH.plus(1).start)
    LateRow.objects.all().delete()
    assert partitions.drop(MARCH)
    assert list(UsageRecord.objects.all()) == [kept]
    assert MARCH not in partitions.months()
    assert not LateRow.objects.exists()  # nothing is to be added up anew


def test_a_late_row_of_any_month_leaves_its_mark() -> None:
    record(LONG_AGO)
    partitions.make_ahead(MARCH.plus(1))
    record(MARCH.plus(1).start)
    row = record(clock.now())
    row.at = MARCH.plus(1).start  # to another month
    row.save()
    hours = [int(at.timestamp()) // 3600 for at in (LONG_AGO, MARCH.plus(1).start)]
    marks = sorted(LateRow.objects.values_list("hour", flat=True))
    assert marks == [hours[0], hours[1], hours[1]]


def test_one_reservation_has_one_row_at_its_time() -> None:
    key = uuid.uuid4()
    record(LONG_AGO, reservation_id=key)
    with pytest.raises(IntegrityError), transaction.atomic():
        record(LONG_AGO, reservation_id=key)


def test_a_table_with_rows_is_converted_as_it_stands() -> None:
    migration = import_module("billing.migrations.0021_usage_by_month")
    names = set(fetch(INDEXES))
    with_plain_table()
    rows = [record(LONG_AGO), record(AHEAD), record(clock.now(), reservation_id=uuid.uuid4())]
    UsageRecord.objects.filter(pk=rows[1].pk).update(id=1_000_000)
    before = list(UsageRecord.objects.order_by("at").values())
    plain = set(fetch(INDEXES))
    with connection.schema_editor(atomic=False) as editor:
        migration.partition(None, editor)
        for constraint in LATER:
            editor.add_constraint(UsageRecord, constraint)
    assert list(UsageRecord.objects.order_by("at").values()) == before
    assert record(clock.now()).pk == 1_000_001
    assert set(fetch(INDEXES)) == names
    later = {constraint.name for constraint in LATER}
    assert {name for name in plain if not name.startswith("billing_usagerecord")} == {
        name for name in names - later if not name.startswith("billing_usagerecord")
    }
    assert rows_in(partitions.name_of(MARCH)) == rows_in(partitions.name_of(MAY)) == 1
    LateRow.objects.all().delete()
    record(LONG_AGO)
    assert LateRow.objects.count() == 1
    assert partitions.is_on()


LATER = UsageRecord._meta.constraints  # came when there were months
INDEXES = "SELECT indexname FROM pg_indexes WHERE tablename = 'billing_usagerecord'"


def with_plain_table() -> None:
    """As it was before there were months."""
    triggers = import_module("billing.migrations.0007_late_rows").POSTGRESQL[2:]
    with connection.schema_editor(atomic=False) as editor:
        editor.execute("DROP TABLE billing_usagerecord CASCADE")
        editor.create_model(UsageRecord)
    with connection.schema_editor(atomic=False) as editor:
        for constraint in LATER:
            editor.remove_constraint(UsageRecord, constraint)
    with connection.cursor() as cursor:
        for statement in triggers:
            cursor.execute(statement)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("committed")
def test_who_cannot_have_the_lock_comes_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitions, "LOCK_WAIT", "50ms")
    with reading(record(clock.now()).pk):
        assert partitions.make_ahead(MAY) == []
        assert record(AHEAD).pk  # calls go on
    assert partitions.make_ahead(MAY) == [MAY.plus(number) for number in range(4)]
    for number in range(4):
        assert partitions.drop(MAY.plus(number))


def test_a_lock_that_is_taken_is_known_in_the_language_of_any_server() -> None:
    korean = "\uc7a0\uae08 \uc2dc\uac04 \ucd08\uacfc"
    taken = OperationalError(korean)
    taken.__cause__ = LockNotAvailable(korean)
    assert not partitions._unless_locked(taken)
    with pytest.raises(OperationalError):
        partitions._unless_locked(OperationalError("the disk is full"))


class reading:
    """Somebody else's transaction that has the table open."""

    def __init__(self, pk: int) -> None:
        self._pk, self._reads, self._ends = pk, Event(), Event()
        self._thread = Thread(target=self._read)

    def _read(self) -> None:
        try:
            with transaction.atomic():
                assert UsageRecord.objects.filter(pk=self._pk).exists()
                self._reads.set()
                self._ends.wait(20)
        finally:
            connection.close()

    def __enter__(self) -> None:
        self._thread.start()
        assert self._reads.wait(20)

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()
