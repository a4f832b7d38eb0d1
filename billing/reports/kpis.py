"""The six figures at the top, and what they were in the period before."""

from collections.abc import Callable

from billing import histograms
from billing.measures import PROVIDER
from billing.reports import debates, errors, latency, savings
from billing.reports.facts import Facts
from billing.reports.shapes import Kpi, Unit
from billing.savings import TEMPLATE

P95 = 95


def kpis(facts: Facts, previous: Facts | None) -> tuple[Kpi, ...]:
    """`previous` None: there is no period before to compare with."""
    return tuple(
        Kpi(key, unit, measure(facts), measure(previous) if previous else None, is_less_better)
        for key, unit, measure, is_less_better in MEASURES
    )


def spend(facts: Facts) -> int:
    return facts.cost_nanos


def saved(facts: Facts) -> int | None:
    found = savings.saved(facts)
    return None if found is None else found.nanos


def cache_hits(facts: Facts) -> int | None:
    """Of the calls that a cache or a model answered, those that a cache did. Templates are in
    neither, nor is what we ask for ourselves."""
    asked = [row for row in facts.usage if row.cache_layer != TEMPLATE]
    answered = sum(row.answered - row.own for row in asked)
    return share(sum(row.answered - row.own for row in asked if row.cache_layer), answered)


def latency_p95(facts: Facts) -> int | None:
    return histograms.percentile(latency.of_range(facts, PROVIDER), P95)


def error_rate(facts: Facts) -> int | None:
    """Of all calls, those that ended in an error. What we refused on purpose is none."""
    failed = sum(row.attempts for row in facts.outcomes if errors.is_failed_call(row))
    return share(failed, facts.calls)


def share(part: int, whole: int) -> int | None:
    """In hundredths of a percent. None: there is nothing to have a share of."""
    return round(part * 10_000 / whole) if whole else None


MEASURES: tuple[tuple[str, Unit, Callable[[Facts], int | None], bool], ...] = (
    ("spend", Unit.NANOS, spend, True),
    ("saved", Unit.NANOS, saved, False),
    ("cost_per_debate", Unit.NANOS, debates.cost_per_debate, True),
    ("cache_hits", Unit.BASIS_POINTS, cache_hits, False),
    ("latency_p95", Unit.MS, latency_p95, True),
    ("error_rate", Unit.BASIS_POINTS, error_rate, True),
)
