"""What one usage row saved against its baseline, and by which cause. The only definition.

A row that was refused saved nothing; a failed attempt saved minus its cost; a row without a
baseline is not known, which is not 0; every other row saved baseline - cost. Answers from a cache
saved all of it by their layer. Of the rest, `prompt_cache` is what the provider's own prompt cache
made cheaper (less than nothing where writing to it cost more than reading saved), and `route` is
what is left: a cheaper model. So the causes of a row add up to what it saved.

In Python for one call, in SQL for sums; a test holds them together.
"""

from collections.abc import Iterable
from typing import Protocol

from billing.models import UsageRecord
from billing.prices import Price, cost
from billing.usage import Usage

Outcome = UsageRecord.Outcome
PROMPT_CACHE, ROUTE, FAILED = "prompt_cache", "route", "failed"

IS_CALL = "outcome <> 'failed'"
IS_ANSWERED = "outcome NOT IN ('failed', 'refused')"
IS_KNOWN = f"({IS_ANSWERED} AND baseline_nanos IS NOT NULL)"
IS_FROM_PROVIDER = f"({IS_KNOWN} AND outcome <> 'cached')"
SAVED = (
    "CASE WHEN outcome = 'refused' THEN 0 WHEN outcome = 'failed' THEN -cost_nanos"
    " ELSE baseline_nanos - cost_nanos END"
)
SAVED_CACHE = (
    f"CASE WHEN {IS_KNOWN} AND outcome = 'cached' THEN baseline_nanos - cost_nanos ELSE 0 END"
)
SAVED_PROMPT_CACHE = f"CASE WHEN {IS_FROM_PROVIDER} THEN prompt_cache_nanos ELSE 0 END"
SAVED_ROUTE = (
    f"CASE WHEN {IS_FROM_PROVIDER} THEN baseline_nanos - cost_nanos - prompt_cache_nanos"
    " ELSE 0 END"
)
SAVED_FAILED = "CASE WHEN outcome = 'failed' THEN -cost_nanos ELSE 0 END"


class Row(Protocol):
    """A usage row, or what a report says of one."""

    @property
    def outcome(self) -> str: ...
    @property
    def cache_layer(self) -> str: ...
    @property
    def cost_nanos(self) -> int: ...
    @property
    def baseline_nanos(self) -> int | None: ...
    @property
    def prompt_cache_nanos(self) -> int: ...


def saved_nanos(row: Row) -> int | None:
    """None: not known."""
    if row.outcome == Outcome.REFUSED:
        return 0
    if row.outcome == Outcome.FAILED:
        return -row.cost_nanos
    return None if row.baseline_nanos is None else row.baseline_nanos - row.cost_nanos


def saved_by_call(rows: Iterable[Row]) -> int | None:
    """The sum of what is known of its rows. None: of no row it is known."""
    known = [one for row in rows if (one := saved_nanos(row)) is not None]
    return sum(known) if known else None


def causes(row: Row) -> dict[str, int]:
    """By cause; their sum is what the row saved. Empty where nothing is known or saved."""
    saved = saved_nanos(row)
    if saved is None or row.outcome == Outcome.REFUSED:
        return {}
    if row.outcome == Outcome.FAILED:
        return {FAILED: saved}
    if row.outcome == Outcome.CACHED:
        return {row.cache_layer: saved}
    return {PROMPT_CACHE: row.prompt_cache_nanos, ROUTE: saved - row.prompt_cache_nanos}


def prompt_cache_nanos(usage: Usage, price: Price) -> int:
    """What the provider's prompt cache saved: cost plus this is the cost without it, to the nano.

    Below 0 where writing cost more than reading saved.
    """
    fresh = Usage(
        fresh_input_tokens=usage.input_tokens, output_tokens=usage.output_tokens,
        searches=usage.searches,
    )
    return cost(fresh, price) - cost(usage, price)
