"""How often the forecast's interval held the truth, and how often a quiet day was taken for an
anomaly: over many seeds of the demo's workload and of generated histories.

    python -m bench.forecast --seeds 40

The demo's demand grows, rests on weekends and has a launch day; costs are its output tokens at one
price, so nothing is replayed and no model is called.
"""

import argparse
import os
import random
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

from billing.anomalies import anomalies
from billing.forecast import forecast
from billing.reports.backtest import FIRST_ORIGIN, HORIZONS, Score, backtest, summed

NOW = datetime(2026, 11, 26, tzinfo=UTC)
NANOS_A_TOKEN = 15_000
WEEK = (1.0, 1.02, 1.06, 1.04, 0.92, 0.7, 0.82)  # Monday first
DAYS, LAUNCH = 120, 2.4
HOURS_OVER = (1, 6, 12, 18, 22)
RESTS = 56  # days, as billing.reports.day_rest.DAYS


def main() -> None:
    seeds = _asked().seeds
    _tell("demo workload", [demo_history(f"seed {n}") for n in range(seeds)])
    for noise in (0.07, 0.12, 0.25):
        for growth in (0.0, 1.1):
            name = f"generated, growth {growth}, noise {noise:.0%}"
            _tell(name, [generated(n, noise=noise, growth=growth) for n in range(seeds)])
    _tell_today([hourly_history(f"seed {n}") for n in range(seeds)])
    for noise in (0.07, 0.12, 0.25, 0.4):
        _tell_alarms(noise, seeds)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=40)
    return parser.parse_args()


def demo_history(seed: str, *, days: int = DAYS) -> tuple[date, list[int]]:
    """Whole days of the demo's demand, priced."""
    first, hours = hourly_history(seed, days=days)
    return first, [sum(day) for day in hours]


def hourly_history(seed: str, *, days: int = DAYS) -> tuple[date, list[list[int]]]:
    """The same by hour of UTC: 24 of each day."""
    from costcontrol.demo import script
    from costcontrol.demo.scenario import Scenario

    found = list(script.days(Scenario(now=NOW, seed=seed, days=days)))[:-1]
    costs = [[0] * 24 for _ in found]
    for (_, lanes), day in zip(found, costs, strict=True):
        for call in (call for lane in lanes for call in lane):
            day[call.at.hour] += call.output_tokens * NANOS_A_TOKEN
    return found[0][0], costs


def generated(
    seed: int, *, noise: float, growth: float, days: int = DAYS, launch: float = LAUNCH
) -> tuple[date, list[int]]:
    """`growth`: of the whole time. A launch day somewhere in the middle, unless it is 1."""
    chance = random.Random(seed)
    first, special = date(2026, 6, 1 + seed % 7), round(days * chance.uniform(0.3, 0.7))
    costs = []
    for n in range(days):
        usual = (1 + growth * n / days) * WEEK[(first + timedelta(days=n)).weekday()]
        usual *= chance.lognormvariate(0, noise) * (launch if n == special else 1)
        costs.append(round(2_000_000_000 * usual))
    return first, costs


def backtested(histories: Iterable[tuple[date, Sequence[int]]], *, step: int = 5) -> list[Score]:
    found = [backtest(costs, first_day=first, step=step) for first, costs in histories]
    return [
        summed(horizon, (each for scores in found for each in scores if each.horizon == horizon))
        for horizon in HORIZONS
    ]


def todays(
    first: date, days: Sequence[Sequence[int]], *, over: int, step: int = 5
) -> tuple[int, int, int, int]:
    """Days tried when so many hours of them were over, those whose end was held, what was missed
    and what they cost, in nanos."""
    costs, tried, held, missed, cost = [sum(day) for day in days], 0, 0, 0, 0
    for origin in range(FIRST_ORIGIN, len(days), step):
        rests = [sum(day[over:]) for day in days[max(0, origin - RESTS):origin]]
        so_far, truth = sum(days[origin][:over]), costs[origin]
        [today] = forecast(
            costs[:origin], first_day=first, days=1, so_far=so_far, rests=rests
        ).days
        tried, held = tried + 1, held + (today.low <= truth <= today.high)
        missed, cost = missed + abs(truth - today.middle), cost + truth
    return tried, held, missed, cost


def false_alarms(seed: int, *, noise: float) -> tuple[int, int]:
    """Days of a quiet history that were called anomalies, and days looked at."""
    first, costs = generated(seed, noise=noise, growth=0.5, launch=1.0)
    looked = len(costs) - 28
    return len(anomalies(costs, first_day=first, days=looked)), looked


def _tell(name: str, histories: Sequence[tuple[date, Sequence[int]]]) -> None:
    print(f"\n{name}: {len(histories)} histories")
    print(f"{'days':>5} {'n':>6} {'day held':>9} {'sum held':>9} {'error / plain guess':>20}")
    for score in backtested(histories):
        print(
            f"{score.horizon:>5} {score.tried:>6} {_percent(score.coverage):>9}"
            f" {_percent(score.total_coverage):>9} {_percent(score.against_naive):>20}"
        )


def _tell_today(histories: Sequence[tuple[date, Sequence[Sequence[int]]]]) -> None:
    print(f"\ndemo workload, today's end: {len(histories)} histories")
    print(f"{'hours over':>10} {'n':>6} {'held':>9} {'mean miss / cost':>18}")
    for over in HOURS_OVER:
        found = [todays(first, days, over=over) for first, days in histories]
        tried, held, missed, cost = (sum(column) for column in zip(*found, strict=True))
        print(f"{over:>10} {tried:>6} {held / tried:>9.1%} {missed / cost:>18.1%}")


def _tell_alarms(noise: float, seeds: int) -> None:
    found = [false_alarms(seed, noise=noise) for seed in range(10 * seeds)]
    alarms, looked = (sum(column) for column in zip(*found, strict=True))
    print(f"\nquiet, noise {noise:.0%}: {alarms} false alarms in {looked} days"
          f" = {100 * alarms / looked:.2f} per 100 days")


def _percent(basis_points: int | None) -> str:
    return "-" if basis_points is None else f"{basis_points / 100:.1f}%"


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "costcontrol.settings")
    django.setup()
    main()
