"""The forecast, made again for days of the past, against what they cost."""

import pytest

from bench.forecast import backtested, demo_history, generated
from billing.reports.backtest import Score, backtest
from tests.billing.test_forecast import MONDAY, weeks

SEEDS = 3


@pytest.fixture(scope="module")
def demo() -> list[Score]:
    return backtested([demo_history(f"own {n}", days=92) for n in range(SEEDS)], step=5)


def test_the_interval_holds_what_the_demo_platform_costs(demo: list[Score]) -> None:
    """Growth, weekends and a launch day; all distances together."""
    tried = sum(each.tried for each in demo)
    assert tried > 60
    assert 0.80 <= sum(each.covered for each in demo) / tried <= 0.95
    assert 0.80 <= sum(each.total_covered for each in demo) / tried <= 0.97


def test_the_forecast_of_the_demo_misses_less_than_the_plain_guess(demo: list[Score]) -> None:
    missed = sum(each.error_nanos for each in demo)
    assert 0 < missed < sum(each.naive_error_nanos for each in demo)


def test_generated_weeks_with_growth_and_a_launch_are_held() -> None:
    found = backtested(
        [generated(900 + n, noise=0.2, growth=1.1) for n in range(SEEDS)], step=9
    )
    tried = sum(each.tried for each in found)
    assert 0.80 <= sum(each.covered for each in found) / tried <= 0.97


def test_only_days_whose_truth_is_known_are_tried() -> None:
    found = backtest(weeks(8), first_day=MONDAY, horizons=(1, 30))
    assert [(each.horizon, each.tried) for each in found] == [(1, 21), (30, 0)]
    assert found[1].coverage is None
    assert found[1].against_naive is None


def test_a_regular_week_is_forecast_better_than_its_average() -> None:
    (found,) = backtest(weeks(10), first_day=MONDAY, horizons=(1,))
    assert found.covered >= 0.9 * found.tried
    assert 2 * found.error_nanos < found.naive_error_nanos
