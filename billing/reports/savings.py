"""What was saved, and by what: an estimate against the named baseline. Parts add up."""

from operator import attrgetter

from billing.reports.facts import Facts
from billing.reports.reading import UsageSum
from billing.reports.shapes import Series, Unit
from billing.reports.spend import Saved
from billing.savings import (
    CAUSES,
    FAILED,
    HELPERS,
    LOCAL,
    OWN_COSTS,
    PRECOMPUTE,
    PROMPT_CACHE,
    ROUTE,
    SEARCH_CACHE,
    known_sum,
)

saved_by_causes = attrgetter(
    "saved_cache_nanos", "saved_search_nanos", "saved_prompt_cache_nanos", "saved_route_nanos",
    "saved_local_nanos", "saved_precompute_nanos", "saved_helpers_nanos", "saved_failed_nanos",
)


def by_cause(facts: Facts) -> Series:
    """Own costs are never above 0. Layers that these names do not cover follow at the end."""
    sums: dict[str, dict[int, int | None]] = {cause: {} for cause in (*CAUSES, *OWN_COSTS)}
    for row in facts.usage:
        for cause, nanos in causes(row).items():
            line = sums.setdefault(cause, {})
            line[row.bucket] = (line.get(row.bucket) or 0) + nanos
    return facts.series(sums, Unit.NANOS)


def causes(row: UsageSum) -> dict[str, int]:
    """What is not 0."""
    parts = {
        row.cache_layer: row.saved_cache_nanos,
        SEARCH_CACHE: row.saved_search_nanos,
        PROMPT_CACHE: row.saved_prompt_cache_nanos,
        ROUTE: row.saved_route_nanos,
        LOCAL: row.saved_local_nanos,
        PRECOMPUTE: row.saved_precompute_nanos,
        HELPERS: row.saved_helpers_nanos,
        FAILED: row.saved_failed_nanos,
    }
    return {cause: nanos for cause, nanos in parts.items() if nanos}


def saved(facts: Facts) -> Saved | None:
    """None: nothing is known, which is not a saving of 0."""
    compared = sum(row.compared for row in facts.usage)
    nanos = known_sum(sum(map(sum, map(saved_by_causes, facts.usage))), compared)
    if nanos is None:
        return None
    names = {name for row in facts.usage for name in (row.first_baseline, row.last_baseline)}
    return Saved(
        nanos=nanos,
        baseline_nanos=sum(row.baseline_nanos for row in facts.usage),
        baselines=tuple(sorted(names - {""})),
        calls=compared,
    )
