"""What a free question is made of, and one line of its answer."""

from dataclasses import dataclass, fields
from typing import NamedTuple

from billing.slice_measures import SLICED_BY

NONE = "none"  # a column that holds nothing: answered by no cache, of no kind
OTHERS = "…other"  # a key that no column holds
USER = "user"
GROUPS = ("", *SLICED_BY, USER)


@dataclass(frozen=True, slots=True)
class SliceFilters:
    """What a question is narrowed to; empty: not at all. `NONE`: rows where the column is empty,
    so `cache_layer=NONE` is what no cache answered."""

    tier: str = ""
    language: str = ""
    provider: str = ""
    deployment: str = ""
    model_class: str = ""
    call_kind: str = ""
    cache_layer: str = ""
    outcome: str = ""
    user_id: int | None = None

    @property
    def columns(self) -> dict[str, str | int]:
        """By column, as it stands in a table."""
        chosen = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: "" if value == NONE else value
            for name, value in chosen.items()
            if value not in ("", None)
        }


NO_FILTERS = SliceFilters()


class SliceRow(NamedTuple):
    """Sums of one bucket and key; the measures of `slice_measures.MEASURES`, in their order: a
    tuple, for there is one for each user."""

    bucket: int
    key: str
    attempts: int
    calls: int
    answered: int
    cost_nanos: int
    estimated_nanos: int
    compared: int
    baseline_nanos: int
    saved_nanos: int
    fresh_input_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    output_tokens: int
