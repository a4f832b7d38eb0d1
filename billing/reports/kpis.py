"""The six figures at the top, and what they were in the period before."""

from billing import histograms
from billing.measures import PROVIDER
from billing.reports import debates, errors, latency, savings
from billing.reports.facts import Facts
from billing.reports.shapes import Kpi, Unit

P95 = 95


def kpis(facts: Facts, previous: Facts) -> tuple[Kpi, ...]:
    return (
        Kpi("spend", Unit.NANOS, facts.cost_nanos, previous.cost_nanos),
        Kpi("saved", Unit.NANOS, saved(facts), saved(previous), is_less_better=False),
        Kpi(
            "cost_per_debate", Unit.NANOS,
            debates.cost_per_debate(facts), debates.cost_per_debate(previous),
        ),
        Kpi(
            "cache_hits", Unit.BASIS_POINTS, cache_hits(facts), cache_hits(previous),
            is_less_better=False,
        ),
        Kpi("latency_p95", Unit.MS, latency_p95(facts), latency_p95(previous)),
        Kpi("error_rate", Unit.BASIS_POINTS, error_rate(facts), error_rate(previous)),
    )


def saved(facts: Facts) -> int | None:
    found = savings.saved(facts)
    return None if found is None else found.nanos


def cache_hits(facts: Facts) -> int | None:
    """Of the answered calls, those that a cache answered."""
    answered = sum(row.answered for row in facts.usage)
    hits = sum(row.answered for row in facts.usage if row.cache_layer)
    return share(hits, answered)


def latency_p95(facts: Facts) -> int | None:
    return histograms.percentile(latency.of_range(facts, PROVIDER), P95)


def error_rate(facts: Facts) -> int | None:
    """Of all calls, those that ended in an error. What we refused on purpose is none."""
    failed = sum(row.attempts for row in facts.outcomes if errors.is_failed_call(row))
    return share(failed, facts.calls)


def share(part: int, whole: int) -> int | None:
    """In hundredths of a percent. None: there is nothing to have a share of."""
    return round(part * 10_000 / whole) if whole else None
