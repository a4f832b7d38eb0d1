"""What one usage row saved against its baseline, and by which cause. The only definition.

A row of our own work (answers made ahead, judges, embeddings) has no baseline: nobody would have
needed it, so it saved minus its cost. A row that was refused saved nothing; a failed attempt saved
minus its cost; a row without a baseline is not known, which is not 0; every other row saved
baseline - cost. A price that was corrected is a row of differences: it takes off savings, by the
cause of the row that it corrects, and is no call (`billing.corrections`).

Each row has its causes in a fixed order, and they add up to what it saved. An answer from a cache:
all of it by its layer, or `search_cache` for a search. From a provider: `prompt_cache` is what the
provider's own cache made cheaper (below 0 where writing to it cost more than reading saved);
`machine` is the price of our own one, below 0; `route` is the rest, what a cheaper model took
less. So the parts that are never above 0 (`OWN_COSTS`) are what saving cost.

In Python for one call, in SQL for sums; a test holds them together.
"""

from collections.abc import Iterable
from typing import Protocol

from billing.models import UsageRecord
from billing.prices import Price, cost
from billing.usage import Usage

Outcome = UsageRecord.Outcome
LAYERS = ("exact", "shared", "pattern", "precomputed")  # caches, in the order they are asked
TEMPLATE = "template"  # written by nobody: it saves, and is no cache hit
SEARCH_CACHE, PROMPT_CACHE, ROUTE = "search_cache", "prompt_cache", "route"
LOCAL, PRECOMPUTE, HELPERS, FAILED = "machine", "precompute", "helpers", "failed"
CAUSES = (*LAYERS, TEMPLATE, SEARCH_CACHE, PROMPT_CACHE, ROUTE)
OWN_COSTS = (LOCAL, PRECOMPUTE, HELPERS, FAILED)

PRECOMPUTE_TIER = "precompute"  # whoever makes answers ahead
HELPER_KINDS = ("judge", "embedding")  # calls that decide about answers
SEARCH_KIND = "rag_search"
LOCAL_CLASS = "local"

IS_ATTEMPT: str = "outcome <> 'corrected'"  # whatever is counted; a correction is only added up
IS_CALL: str = "outcome NOT IN ('failed', 'corrected')"
IS_ANSWERED: str = "outcome NOT IN ('failed', 'refused', 'corrected')"
OF_ANSWERED: str = f"({IS_ANSWERED} OR (outcome = 'corrected' AND corrects_outcome <> 'failed'))"
IS_AHEAD: str = f"tier = '{PRECOMPUTE_TIER}'"
_KINDS = "', '".join(HELPER_KINDS)
IS_HELPER: str = f"call_kind IN ('{_KINDS}')"
IS_OWN: str = f"({IS_AHEAD} OR {IS_HELPER})"
IS_KNOWN: str = f"({OF_ANSWERED} AND baseline_nanos IS NOT NULL AND NOT {IS_OWN})"
IS_COMPARED: str = f"({IS_KNOWN} AND {IS_ATTEMPT})"  # the calls of it
IS_CACHED: str = f"({IS_KNOWN} AND outcome = 'cached')"
IS_FROM_PROVIDER: str = f"({IS_KNOWN} AND outcome <> 'cached')"
IS_FAILED: str = f"((outcome = 'failed' OR corrects_outcome = 'failed') AND NOT {IS_OWN})"
IS_LOCAL: str = f"({IS_FROM_PROVIDER} AND model_class = '{LOCAL_CLASS}')"
IS_SEARCH: str = f"call_kind = '{SEARCH_KIND}'"
SAVED: str = (
    f"CASE WHEN {IS_OWN} THEN -cost_nanos WHEN outcome = 'refused' THEN 0"
    " WHEN outcome = 'failed' THEN -cost_nanos ELSE baseline_nanos - cost_nanos END"
)
SAVED_CACHE: str = (
    f"CASE WHEN {IS_CACHED} AND NOT {IS_SEARCH} THEN baseline_nanos - cost_nanos ELSE 0 END"
)
SAVED_SEARCH: str = (
    f"CASE WHEN {IS_CACHED} AND {IS_SEARCH} THEN baseline_nanos - cost_nanos ELSE 0 END"
)
SAVED_PROMPT_CACHE: str = f"CASE WHEN {IS_FROM_PROVIDER} THEN prompt_cache_nanos ELSE 0 END"
SAVED_ROUTE: str = (
    f"CASE WHEN {IS_LOCAL} THEN baseline_nanos - prompt_cache_nanos"
    f" WHEN {IS_FROM_PROVIDER} THEN baseline_nanos - cost_nanos - prompt_cache_nanos ELSE 0 END"
)
SAVED_LOCAL: str = f"CASE WHEN {IS_LOCAL} THEN -cost_nanos ELSE 0 END"
SAVED_PRECOMPUTE: str = f"CASE WHEN {IS_AHEAD} THEN -cost_nanos ELSE 0 END"
SAVED_HELPERS: str = f"CASE WHEN {IS_HELPER} AND NOT {IS_AHEAD} THEN -cost_nanos ELSE 0 END"
SAVED_FAILED: str = f"CASE WHEN {IS_FAILED} THEN -cost_nanos ELSE 0 END"

# All that causes ask about classes: a third of the rows.
CLASS_OF_CAUSES: str = (
    f"CASE WHEN model_class = '{LOCAL_CLASS}' AND cache_layer = '' THEN model_class ELSE '' END"
)
# And about kinds of call: a twentieth of them.
KIND_OF_CAUSES: str = f"CASE WHEN {IS_SEARCH} THEN call_kind ELSE '' END"


class Row(Protocol):
    """A usage row, or what a report says of one."""

    @property
    def outcome(self) -> str: ...
    @property
    def tier(self) -> str: ...
    @property
    def call_kind(self) -> str: ...
    @property
    def model_class(self) -> str: ...
    @property
    def cache_layer(self) -> str: ...
    @property
    def cost_nanos(self) -> int: ...
    @property
    def baseline_nanos(self) -> int | None: ...
    @property
    def prompt_cache_nanos(self) -> int: ...


def own_cause(row: Row) -> str:
    """Of our own work; empty: somebody asked for it."""
    if row.tier == PRECOMPUTE_TIER:
        return PRECOMPUTE
    return HELPERS if row.call_kind in HELPER_KINDS else ""


def saved_nanos(row: Row) -> int | None:
    """None: not known."""
    if own_cause(row):
        return -row.cost_nanos
    if row.outcome == Outcome.REFUSED:
        return 0
    if row.outcome == Outcome.FAILED:
        return -row.cost_nanos
    return None if row.baseline_nanos is None else row.baseline_nanos - row.cost_nanos


def saved_by_call(rows: Iterable[Row]) -> int | None:
    """The sum of what is known of its rows. None: of no row it is known."""
    known = [one for row in rows if (one := saved_nanos(row)) is not None]
    return sum(known) if known else None


def known_sum(nanos: int, compared: int) -> int | None:
    """What many rows saved together. None: no call of them has a baseline, and none cost anything
    for saving (a failed attempt, our own work); everywhere the same rule."""
    return nanos if compared or nanos else None


def causes(row: Row) -> dict[str, int]:
    """By cause; their sum is what the row saved. Empty where nothing is known or saved.

    In Python a correction is part of the row that it corrects: never ask for it alone.
    """
    saved = saved_nanos(row)
    if saved is None:
        return {}
    if own := own_cause(row):
        return {own: saved}
    if row.outcome == Outcome.REFUSED:
        return {}
    if row.outcome == Outcome.FAILED:
        return {FAILED: saved}
    if row.outcome == Outcome.CACHED:
        return {SEARCH_CACHE if row.call_kind == SEARCH_KIND else row.cache_layer: saved}
    return _of_provider(row, saved)


def _of_provider(row: Row, saved: int) -> dict[str, int]:
    rest = saved - row.prompt_cache_nanos
    if row.model_class != LOCAL_CLASS:
        return {PROMPT_CACHE: row.prompt_cache_nanos, ROUTE: rest}
    return {
        PROMPT_CACHE: row.prompt_cache_nanos, ROUTE: rest + row.cost_nanos,
        LOCAL: -row.cost_nanos,
    }


def prompt_cache_nanos(usage: Usage, price: Price) -> int:
    """What the provider's prompt cache saved: cost plus this is the cost without it, to the nano.

    Below 0 where writing cost more than reading saved.
    """
    fresh = Usage(
        fresh_input_tokens=usage.input_tokens, output_tokens=usage.output_tokens,
        searches=usage.searches,
    )
    return cost(fresh, price) - cost(usage, price)
