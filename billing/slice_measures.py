"""What is added up for free questions: by everything that the filter bar knows."""

from itertools import combinations

from billing import savings
from billing.measures import Cube, Measure, count_if, sum_if

MEASURES = (
    count_if("attempts", savings.IS_ATTEMPT),
    count_if("calls", savings.IS_CALL),
    count_if("answered", savings.IS_ANSWERED),
    Measure("cost_nanos", "cost_nanos"),
    sum_if("estimated_nanos", "confidence = 'estimated'", "cost_nanos"),
    count_if("compared", savings.IS_COMPARED),
    sum_if("baseline_nanos", savings.IS_KNOWN, "baseline_nanos"),
    Measure("saved_nanos", f"COALESCE({savings.SAVED}, 0)"),
    Measure("fresh_input_tokens", "COALESCE(fresh_input_tokens, 0)"),
    Measure("cache_read_tokens", "COALESCE(cache_read_tokens, 0)"),
    Measure("cache_write_tokens", "COALESCE(cache_write_tokens, 0)"),
    Measure("output_tokens", "COALESCE(output_tokens, 0)"),
)
SLICED_BY = (
    "tier", "language", "provider", "deployment", "model_class", "call_kind", "cache_layer",
    "outcome",
)
BY_USER = ("user_id", "tier", "language")
ROWS = Cube("billing_hourlyuserslice", ("user_id", *SLICED_BY), MEASURES)
EVERY_CALL = ""  # the facet of no column
SINGLES: tuple[tuple[str, ...], ...] = tuple((name,) for name in SLICED_BY)
PAIRS: tuple[tuple[str, ...], ...] = tuple(combinations(sorted(SLICED_BY), 2))


def facet_of(names: tuple[str, ...]) -> str:
    """The columns of a facet by one name, in the order of the alphabet."""
    return ",".join(sorted(names))
