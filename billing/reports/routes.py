"""Where the calls went: to which deployment, or into which cache."""

from billing.reports.facts import Facts
from billing.reports.reading import UsageSum
from billing.reports.shapes import Part

MOST = 10
OTHER = "other"


def mix(facts: Facts) -> tuple[Part, ...]:
    """Dearest first, at most ten and the rest. Refused calls went nowhere and are not in it."""
    sums: dict[str, tuple[int, int]] = {}
    for row in facts.usage:
        calls, cost = sums.get(route_of(row), (0, 0))
        sums[route_of(row)] = (calls + row.answered, cost + row.cost_nanos)
    parts = [Part(key, calls, cost) for key, (calls, cost) in sums.items() if calls or cost]
    parts.sort(key=lambda part: (-part.cost_nanos, -part.calls, part.key))
    return tuple(parts[:MOST]) + rest(parts[MOST:])


def route_of(row: UsageSum) -> str:
    return f"cache.{row.cache_layer}" if row.cache_layer else row.deployment or OTHER


def rest(parts: list[Part]) -> tuple[Part, ...]:
    if not parts:
        return ()
    calls = sum(part.calls for part in parts)
    return (Part(OTHER, calls, sum(part.cost_nanos for part in parts)),)
