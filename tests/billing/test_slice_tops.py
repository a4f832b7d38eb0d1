"""The first users and the others as one: the same sums as all of them, now and before."""

from datetime import timedelta
from typing import Any

import pytest

from billing.reports import slice_tops, slices
from billing.reports.ranges import last_days
from billing.reports.slices import OTHERS, Ask, SliceFilters, SliceRow, Slices
from tests.costcontrol.dashboard.rows import NOW, call, rolled_up

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


def ask(**filters: Any) -> Ask:
    return Ask(last_days(7, zone="Asia/Seoul", now=NOW), NOW, SliceFilters(**filters), "user")


def cost(row: SliceRow) -> int:
    return row.cost_nanos


def by_bucket(found: Slices) -> dict[int, tuple[int, int]]:
    sums: dict[int, tuple[int, int]] = {}
    for row in found.rows:
        calls, nanos = sums.get(row.bucket, (0, 0))
        sums[row.bucket] = (calls + row.calls, nanos + row.cost_nanos)
    return sums


@pytest.fixture(autouse=True)
def few_are_few(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slice_tops, "FEW", 2)
    for user in range(1, 7):
        for back in (0, 2, 9):
            call(NOW - timedelta(days=back), user_id=user, cost_nanos=user * 100 + back)
    call(NOW - timedelta(days=8), user_id=99)
    call(NOW - timedelta(days=40), user_id=99)
    rolled_up()
    call(user_id=5, cost_nanos=10_000)  # in no sum yet


def test_the_first_are_told_apart_and_the_others_are_what_is_left() -> None:
    found, every = slice_tops.load(ask(), rank=cost, most=2), slices.load(ask())
    assert {row.key for row in found.rows} == {"5", "6", OTHERS}
    assert found.others == {"1", "2", "3", "4"}
    assert by_bucket(found) == by_bucket(every)
    assert found.total.cost_nanos == every.total.cost_nanos
    assert [row for row in found.rows if row.key == "5"] == [
        row for row in every.rows if row.key == "5"
    ]


def test_the_period_before_is_of_the_same_users() -> None:
    now = slice_tops.load(ask(), rank=cost, most=2)
    found, every = slice_tops.load_previous(now), slices.load_previous(ask())
    assert found is not None
    assert every is not None
    assert {row.key for row in found.rows} == {"5", "6", OTHERS}
    assert by_bucket(found) == by_bucket(every)
    assert "99" in found.others


def test_few_users_and_other_questions_are_read_as_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not slice_tops.load(ask(call_kind="closing"), rank=cost, most=2).others
    monkeypatch.setattr(slice_tops, "FEW", 200)
    assert not slice_tops.load(ask(), rank=cost, most=2).others
