"""The exports that can be read, told apart by their header. A new one is one entry in FORMATS.

Answers of vendors' APIs are read the same way; their columns are named as in the answer, with a dot
before what stands in an object of its own. Nobody has to tell them apart: we know what we asked."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

COUNTS = (
    "requests", "fresh_input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens",
)


@dataclass(frozen=True, slots=True)
class Format:
    """`signs`: columns that only this export has together. `counts`: our columns, and which of
    theirs are added up for them. `whole_input`: a column that includes what the cache gave and
    took; fresh input is what is left of it where it has no column of its own. `any_model`: money
    may belong to no single model. `is_cents`: `cost` is in cents, else in dollars."""

    title: str
    provider: str  # empty: anybody's
    signs: frozenset[str]
    days: tuple[str, ...]  # the first of them that is there
    model: str
    counts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    whole_input: str = ""
    cost: str = ""
    currency: str = ""
    any_model: bool = False
    is_cents: bool = False


ANTHROPIC_USAGE = Format(
    "Anthropic, usage", "anthropic",
    signs=frozenset({"usage_date_utc", "model_version", "usage_output_tokens"}),
    days=("usage_date_utc",), model="model_version",
    counts={
        "fresh_input_tokens": ("usage_input_tokens_no_cache",),
        "cache_read_tokens": ("usage_input_tokens_cache_read",),
        "cache_write_tokens": (
            "usage_input_tokens_cache_write", "usage_input_tokens_cache_write_5m",
            "usage_input_tokens_cache_write_1h",
        ),
        "output_tokens": ("usage_output_tokens",),
    },
)
ANTHROPIC_COST = Format(
    "Anthropic, cost", "anthropic", signs=frozenset({"usage_date_utc", "model", "cost_usd"}),
    days=("usage_date_utc",), model="model", cost="cost_usd", any_model=True,
)
OPENAI_USAGE = Format(
    "OpenAI, usage", "openai", signs=frozenset({"num_model_requests", "model", "input_tokens"}),
    days=("start_time_iso", "start_time"), model="model",
    counts={
        "requests": ("num_model_requests",),
        "fresh_input_tokens": ("input_uncached_tokens",),
        "cache_read_tokens": ("input_cached_tokens",),
        "cache_write_tokens": ("input_cache_write_tokens",),
        "output_tokens": ("output_tokens",),
    },
    whole_input="input_tokens",
)
OPENAI_COST = Format(
    "OpenAI, cost", "openai", signs=frozenset({"amount_value", "line_item"}),
    days=("start_time_iso", "start_time"), model="line_item", cost="amount_value",
    currency="amount_currency", any_model=True,
)
OURS = Format(
    "day and model", "", signs=frozenset({"day", "model"}), days=("day",), model="model",
    counts={name: (name,) for name in COUNTS}, cost="cost_usd", any_model=True,
)
NO_SIGNS: frozenset[str] = frozenset()
ANTHROPIC_USAGE_API = Format(
    "Anthropic, usage", "anthropic", signs=NO_SIGNS, days=("day",), model="model",
    counts={
        "fresh_input_tokens": ("uncached_input_tokens",),
        "cache_read_tokens": ("cache_read_input_tokens",),
        "cache_write_tokens": (
            "cache_creation.ephemeral_5m_input_tokens", "cache_creation.ephemeral_1h_input_tokens",
        ),
        "output_tokens": ("output_tokens",),
    },
)
ANTHROPIC_COST_API = Format(
    "Anthropic, cost", "anthropic", signs=NO_SIGNS, days=("day",), model="model", cost="amount",
    currency="currency", any_model=True, is_cents=True,
)
OPENAI_USAGE_API = Format(
    "OpenAI, usage", "openai", signs=NO_SIGNS, days=("day",), model="model",
    counts=OPENAI_USAGE.counts, whole_input="input_tokens",
)
OPENAI_COST_API = Format(
    "OpenAI, cost", "openai", signs=NO_SIGNS, days=("day",), model="line_item",
    cost="amount.value", currency="amount.currency", any_model=True,
)
FORMATS = (ANTHROPIC_USAGE, ANTHROPIC_COST, OPENAI_USAGE, OPENAI_COST, OURS)


def format_of(header: Collection[str]) -> Format | None:
    """None: no export that is known here, or one without anything to count."""
    found = next((each for each in FORMATS if each.signs <= set(header)), None)
    if found is None:
        return None
    counted = {name for names in found.counts.values() for name in names} | {found.cost}
    return found if counted & set(header) else None
