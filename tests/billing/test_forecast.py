"""What the next days will cost, and on which day a limit is reached."""

import random
from datetime import date, timedelta

import pytest

from billing.forecast import Expected, Forecast, days_to_limit, forecast

MONDAY = date(2026, 6, 1)
WEEK = (100, 100, 100, 100, 100, 50, 50)
DOLLAR = 1_000_000_000


def weeks(number: int, *, scale: int = DOLLAR) -> list[int]:
    return [each * scale for _ in range(number) for each in WEEK]


def noisy(days: int, *, seed: int = 1, noise: float = 0.1) -> list[int]:
    chance = random.Random(seed)
    return [round(WEEK[n % 7] * DOLLAR * chance.lognormvariate(0, noise)) for n in range(days)]


def test_less_than_two_weeks_say_nothing() -> None:
    found = forecast(weeks(2)[:13], first_day=MONDAY, days=30)
    assert (found.is_known, found.method, found.days) == (False, "unknown", ())


def test_nothing_was_ever_spent() -> None:
    assert not forecast([0] * 60, first_day=MONDAY, days=7).is_known


def test_a_regular_week_is_forecast_as_it_was() -> None:
    found = forecast(weeks(12), first_day=MONDAY, days=7)
    expected = [each.middle / DOLLAR for each in found.days]
    assert expected == pytest.approx(WEEK, rel=0.1)
    assert [each.day for each in found.days] == [
        MONDAY + timedelta(days=84 + n) for n in range(7)
    ]


def test_days_of_the_week_follow_the_calendar_not_the_place() -> None:
    """The history begins on a Thursday, so its third and fourth days are the weekend."""
    history = [WEEK[(3 + n) % 7] * DOLLAR for n in range(84)]
    found = forecast(history, first_day=MONDAY + timedelta(days=3), days=7)
    cheap = {each.day.weekday() for each in found.days if each.middle < 75 * DOLLAR}
    assert cheap == {5, 6}


def test_growth_goes_on_and_fades() -> None:
    history = [round(100 * DOLLAR * 1.01**n) for n in range(84)]
    found = forecast(history, first_day=MONDAY, days=30)
    assert history[-1] < found.days[29].middle < history[-1] * 1.01**30


def test_one_launch_day_does_not_become_the_new_usual() -> None:
    history = noisy(70)
    launched = [*history[:-1], 5 * history[-1]]
    calm, after = (forecast(each, first_day=MONDAY, days=7) for each in (history, launched))
    assert after.totals[6].middle < 1.2 * calm.totals[6].middle


def test_low_middle_and_high_stand_in_this_order_and_never_below_nothing() -> None:
    found = forecast(noisy(40, noise=0.8), first_day=MONDAY, days=60)
    assert all(0 <= each.low <= each.middle <= each.high for each in found.days + found.totals)


def test_the_sum_of_a_month_is_known_better_than_its_days() -> None:
    found = forecast(noisy(200, noise=0.3), first_day=MONDAY, days=30)
    lowest = sum(each.low for each in found.days)
    highest = sum(each.high for each in found.days)
    whole = found.totals[-1]
    assert lowest < whole.low < whole.high < highest


@pytest.mark.parametrize(("so_far", "part"), [(0, 1.0), (30, 0.5), (400, 0.5), (400, 0.0)])
def test_today_costs_what_was_spent_and_what_usually_comes_later(
    so_far: int, part: float
) -> None:
    """Each day of the history had this part of its cost later than it is now."""
    history = weeks(8)
    usual = forecast(history, first_day=MONDAY, days=3)
    rests = [round(part * cost) for cost in history]
    found = forecast(history, first_day=MONDAY, days=3, so_far=so_far * DOLLAR, rests=rests)
    for name in ("low", "middle", "high"):
        expected = so_far * DOLLAR + part * getattr(usual.days[0], name)
        assert getattr(found.days[0], name) == pytest.approx(expected, rel=0.05)
        assert getattr(found.days[0], name) == getattr(found.totals[0], name)
    assert found.days[1:] == usual.days[1:]
    assert found.totals[2].middle == pytest.approx(sum(each.middle for each in found.days), abs=2)


def test_a_day_that_is_nearly_over_costs_what_was_spent() -> None:
    history = weeks(8)
    rests = [0] * len(history)
    found = forecast(history, first_day=MONDAY, days=1, so_far=7 * DOLLAR, rests=rests)
    assert (found.days[0].low, found.days[0].high) == (7 * DOLLAR, 7 * DOLLAR)


def test_an_evening_that_mostly_brings_nothing_may_still_bring_much() -> None:
    """On one evening in seven a third of a day's cost came: that is no part of every evening."""
    history = weeks(8)
    rests = [cost // 3 if n % 7 == 0 else 0 for n, cost in enumerate(history)]
    [today] = forecast(history, first_day=MONDAY, days=1, so_far=50 * DOLLAR, rests=rests).days
    usual = forecast(history, first_day=MONDAY, days=1).days[0].middle
    assert today.low == 50 * DOLLAR
    assert today.middle == pytest.approx(50 * DOLLAR + usual / 21, rel=0.05)
    assert today.high > 50 * DOLLAR + usual / 4


@pytest.mark.parametrize("history", [
    [*weeks(12)[:50], 3_000 * DOLLAR, *weeks(12)[51:]],  # one day cost thirty times as much
    [cost // 10 if n < 60 else cost for n, cost in enumerate(weeks(12))],  # ten times as much since
])
def test_a_day_out_of_all_proportion_does_not_make_today_dearer(history: list[int]) -> None:
    """Whatever was missed on past days: what is left of today is a part of what it is to cost."""
    usual = forecast(history, first_day=MONDAY, days=1).days[0].middle
    for part in (1.0, 0.25):
        rests = [round(part * cost) for cost in history[-56:]]
        [today] = forecast(history, first_day=MONDAY, days=1, rests=rests).days
        assert today.middle == pytest.approx(part * usual, rel=0.01)


def test_more_days_never_cost_less_than_fewer() -> None:
    totals = forecast(noisy(120, noise=0.6), first_day=MONDAY, days=60).totals
    for name in ("low", "middle", "high"):
        values = [getattr(each, name) for each in totals]
        assert values == sorted(values)


def test_a_user_with_few_days_is_forecast_by_the_average() -> None:
    history = [7 * DOLLAR if n % 7 == 2 else 0 for n in range(56)]
    found = forecast(history, first_day=MONDAY, days=7)
    assert found.method == "average"
    assert found.totals[6].middle == pytest.approx(7 * DOLLAR, rel=0.01)
    assert found.days[0].low == 0


def given(*days: tuple[int, int, int]) -> Forecast:
    each = [Expected(MONDAY + timedelta(days=n), *found) for n, found in enumerate(days)]
    totals = [
        Expected(day.day, *(sum(found[place] for found in days[:n + 1]) for place in range(3)))
        for n, day in enumerate(each)
    ]
    return Forecast(tuple(each), tuple(totals), "weekly", 90)


def test_a_budget_of_a_month_is_used_up_by_all_its_days() -> None:
    found = days_to_limit(given(*[(5, 10, 20)] * 6), cap_nanos=50, spent_nanos=20)
    assert found.earliest == MONDAY + timedelta(days=1)
    assert found.likely == MONDAY + timedelta(days=2)
    assert found.latest == MONDAY + timedelta(days=5)


def test_a_budget_of_a_day_is_used_up_by_one() -> None:
    found = days_to_limit(given((1, 2, 3), (2, 4, 9), (3, 8, 12)), cap_nanos=8, is_daily=True)
    assert (found.earliest, found.likely) == (
        MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)
    )
    assert found.latest is None


def test_a_period_that_ends_before_is_safe() -> None:
    found = days_to_limit(given(*[(5, 10, 20)] * 6), cap_nanos=50, until=MONDAY)
    assert found.is_safe


def test_a_budget_that_is_used_up_already_is_reached_at_once() -> None:
    found = days_to_limit(given((0, 1, 2)), cap_nanos=50, spent_nanos=60)
    assert found.latest == MONDAY


def test_what_is_remembered_of_one_history_is_not_said_of_another() -> None:
    costs = [100 + n % 7 for n in range(40)]
    first = date(2026, 1, 5)
    found = forecast(costs, first_day=first, days=7)
    assert forecast(costs, first_day=first, days=7) == found
    assert forecast([*costs[:-1], 190], first_day=first, days=7).days != found.days
    assert len(forecast(costs, first_day=first, days=3).days) == 3
    a_day_later = forecast(costs, first_day=first + timedelta(days=1), days=7)
    assert [each.day for each in a_day_later.days] == [
        each.day + timedelta(days=1) for each in found.days
    ]
