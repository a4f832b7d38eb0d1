"""How full a window is, as one process remembers it."""

from datetime import timedelta

import pytest
from django.conf import settings
from pytest_django import DjangoAssertNumQueries

from billing import gauge
from billing.budgets import Rule
from billing.gauge import Reading
from billing.ledger import Room
from billing.models import Window
from tests.billing.books import NOW

DAY = Rule("platform", "", "usd", "day", 1000)
EVER = Rule("user", "7", "concurrent", "always", 3)


def reading(*, cap: int, spent: int, metric: str = "usd", soft: int = 80) -> Reading:
    rule = Rule("platform", "", metric, "day", cap, soft_percent=soft)
    ref = gauge.WindowRef(1, rule, NOW, None)
    return Reading(ref, Room(1, cap=cap, spent=spent, held=0))


# --- economy mode --------------------------------------------------------------------------


@pytest.mark.parametrize(("spent", "is_reached"), [(799, False), (800, True), (801, True)])
def test_economy_begins_at_the_soft_percent(spent: int, is_reached: bool) -> None:
    assert reading(cap=1000, spent=spent).is_soft_reached is is_reached


def test_a_soft_percent_between_two_nanos_is_reached_at_the_upper_one() -> None:
    assert not reading(cap=9, spent=7).is_soft_reached  # 7.2
    assert reading(cap=9, spent=8).is_soft_reached


def test_a_window_that_counts_calls_never_means_economy() -> None:
    assert not reading(cap=10, spent=10, metric="requests").is_soft_reached


def test_a_budget_of_nothing_is_economy_from_the_start() -> None:
    assert reading(cap=0, spent=0).is_soft_reached


# --- memory ----------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.postgresql
class TestMemory:
    def test_windows_are_made_once_and_then_known_without_a_query(
        self, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        made = gauge.windows([DAY, EVER], now=NOW)
        with django_assert_num_queries(0):
            assert gauge.windows([DAY, EVER], now=NOW) == made
        assert Window.objects.count() == 2

    def test_at_the_end_of_the_day_the_next_window_is_used(self) -> None:
        today = gauge.windows([DAY], now=NOW)[0]
        assert today.end is not None
        before_end = today.end - timedelta(microseconds=1)
        assert gauge.windows([DAY], now=before_end)[0].id == today.id
        assert gauge.windows([DAY], now=today.end)[0].id != today.id

    def test_a_changed_rule_keeps_the_window(self) -> None:
        made = gauge.windows([DAY], now=NOW)[0]
        tighter = Rule("platform", "", "usd", "day", 5, soft_percent=50)
        found = gauge.windows([tighter], now=NOW)[0]
        assert found.id == made.id
        assert found.rule == tighter

    def test_what_was_never_read_is_not_guessed(self) -> None:
        assert gauge.peek([DAY], now=NOW) is None
        gauge.windows([DAY], now=NOW)
        assert gauge.peek([DAY], now=NOW) is None

    def test_a_reading_is_fresh_from_the_database(self) -> None:
        ref = gauge.windows([DAY], now=NOW)[0]
        Window.objects.update(spent=7, held=5)
        found = gauge.read([DAY], now=NOW)
        assert [each.room for each in found] == [Room(ref.id, cap=1000, spent=7, held=5)]

    def test_after_a_reading_a_glance_costs_no_query(
        self, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        read = gauge.read([DAY, EVER], now=NOW)
        with django_assert_num_queries(0):
            assert gauge.peek([DAY, EVER], now=NOW) == read

    def test_one_missing_window_makes_the_glance_useless(self) -> None:
        gauge.read([DAY], now=NOW)
        assert gauge.peek([DAY, EVER], now=NOW) is None

    def test_a_reading_of_another_day_is_not_used(self) -> None:
        found = gauge.read([DAY], now=NOW)[0]
        assert found.window.end is not None
        assert gauge.peek([DAY], now=found.window.end) is None

    def test_a_reading_grows_old(self) -> None:
        gauge.read([DAY], now=NOW)
        assert gauge.peek([DAY], now=NOW, max_age_s=0.0) is None
        assert gauge.peek([DAY], now=NOW, max_age_s=settings.GAUGE_SECONDS * 60) is not None

    def test_a_settlement_is_added_to_what_is_remembered(self) -> None:
        ref = gauge.windows([DAY], now=NOW)[0]
        gauge.note([Room(ref.id, cap=1000, spent=7, held=50)])
        gauge.note_spent([ref.id, ref.id + 1], 30)
        found = gauge.peek([DAY], now=NOW)
        assert found is not None
        assert found[0].room.spent == 37
