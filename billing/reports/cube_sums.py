"""What reports get of each cube: its sums, by bucket and what they are asked by.

Tuples with names, for there are thousands of them on a page.
"""

from dataclasses import dataclass
from typing import NamedTuple


class UsageSum(NamedTuple):
    """Sums of one bucket and route, by the names of `measures.USAGE`."""

    bucket: int
    deployment: str
    model_class: str
    cache_layer: str
    calls: int
    answered: int
    cost_nanos: int
    compared: int
    baseline_nanos: int
    saved_cache_nanos: int
    saved_search_nanos: int
    saved_prompt_cache_nanos: int
    saved_route_nanos: int
    saved_local_nanos: int
    saved_precompute_nanos: int
    saved_helpers_nanos: int
    saved_failed_nanos: int
    own: int
    first_baseline: str
    last_baseline: str


class OutcomeSum(NamedTuple):
    """How many usage rows of one bucket ended in one way."""

    bucket: int
    outcome: str
    error_code: str
    attempts: int


class CostSum(NamedTuple):
    bucket: int
    tier: str
    deployment: str
    cost_nanos: int


@dataclass(frozen=True, slots=True)
class DebateSum:
    """Debates that had a call in the range, and what these calls cost."""

    debates: int
    calls: int
    cost_nanos: int
