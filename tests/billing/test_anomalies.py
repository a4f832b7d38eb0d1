"""Days out of the ordinary: found when they are, left alone when they are not."""

from datetime import date, timedelta

from bench.forecast import false_alarms
from billing.anomalies import anomalies, contributors, expected_band, is_known
from tests.billing.test_forecast import DOLLAR, MONDAY, noisy, weeks


def test_a_day_that_costs_double_is_named_with_what_was_expected() -> None:
    history = noisy(60)
    history[57] *= 2  # a Thursday
    (found,) = anomalies(history, first_day=MONDAY, days=14)
    assert found.day == MONDAY + timedelta(days=57)
    assert found.is_high
    assert found.expected_low < found.expected < found.expected_high < found.value
    assert found.delta_nanos == history[57] - found.expected


def test_a_day_that_costs_next_to_nothing_is_one_too() -> None:
    history = noisy(60)
    history[58] //= 10
    (found,) = anomalies(history, first_day=MONDAY, days=14)
    assert not found.is_high
    assert found.delta_nanos < 0


def test_a_quiet_saturday_is_none_but_a_quiet_monday_is() -> None:
    history = noisy(84)
    history[77] = history[76]  # Monday as little as Sunday
    (found,) = anomalies(history, first_day=MONDAY, days=14)
    assert found.day.weekday() == 0


def test_two_weeks_before_are_needed() -> None:
    history = weeks(2)
    assert not is_known(history)
    assert anomalies([*history[:-1], 99 * history[-1]], first_day=MONDAY) == ()
    assert is_known([*history, DOLLAR])


def test_small_differences_may_be_left_out() -> None:
    history = noisy(60)
    history[57] *= 2
    assert anomalies(history, first_day=MONDAY, least_nanos=10_000 * DOLLAR) == ()


def test_the_newest_comes_first() -> None:
    history = noisy(70)
    history[57], history[66] = 3 * history[57], 3 * history[66]
    found = anomalies(history, first_day=MONDAY, days=28)
    assert [each.day for each in found] == [
        MONDAY + timedelta(days=66), MONDAY + timedelta(days=57)
    ]


def test_contributors_of_a_dimension_add_up_to_the_jump() -> None:
    opus, luna = [60] * 29, [40] * 29
    opus[28] = 190
    found = contributors(
        {"opus": opus, "luna": luna}, dimension="deployment", place=28, expected=100
    )
    assert [(each.key, each.delta_nanos) for each in found] == [("opus", 130)]
    assert sum(each.delta_nanos for each in found) == 230 - 100


def test_a_drop_names_first_what_fell_most() -> None:
    keys = {"free": [50] * 29, "premium": [50] * 28 + [5], "enterprise": [20] * 28 + [10]}
    found = contributors(keys, dimension="tier", place=28, expected=120)
    assert [each.key for each in found] == ["premium", "enterprise"]


def test_what_is_new_is_a_contributor() -> None:
    keys = {"old": [100] * 29, "new": [0] * 28 + [80]}
    (found,) = contributors(keys, dimension="user", place=28, expected=100)
    assert (found.key, found.delta_nanos) == ("new", 80)


def test_anomalies_carry_the_contributors_of_every_dimension() -> None:
    history = noisy(60)
    jump = history[57]
    parts = {
        "tier": {"free": list(history), "premium": [0] * 60},
        "kind": {"closing": list(history)},
    }
    history[57] += jump
    parts["tier"]["premium"][57] = jump
    parts["kind"]["closing"][57] += jump
    (found,) = anomalies(history, first_day=MONDAY, days=14, parts=parts)
    assert {each.dimension: each.key for each in found.contributors[:1]} == {"tier": "premium"}
    assert found.contributors[-1].dimension == "kind"


def test_quiet_histories_raise_fewer_than_one_false_alarm_in_100_days() -> None:
    found = [false_alarms(seed, noise=0.25) for seed in range(5000, 5030)]
    alarms, looked = (sum(column) for column in zip(*found, strict=True))
    assert looked == 30 * 92
    assert alarms / looked < 0.01


def test_the_band_of_each_day_is_made_of_the_days_before() -> None:
    history = noisy(40)
    changed = [*history[:30], *(9 * each for each in history[30:])]
    first, second = (
        list(expected_band(each, first_day=MONDAY))[:16] for each in (history, changed)
    )
    assert [day for day, *_ in first] == [MONDAY + timedelta(days=14 + n) for n in range(16)]
    assert [round(each[2], -6) for each in first] == [round(each[2], -6) for each in second]


def test_a_zone_or_a_scope_is_only_a_name() -> None:
    history = noisy(60)
    history[57] *= 3
    (found,) = anomalies(history, first_day=date(2026, 6, 1), days=14, scope="tier:premium")
    assert found.scope == "tier:premium"
