"""What the ledger says of a replay, so far as a certain debate: read from the rows, added up.

Usage rows are the only source, as for every figure of the product. Groups of rows count as one row
for `billing.savings`, whose causes are sums.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, Sum

from billing.models import UsageRecord
from billing.savings import PRECOMPUTE_TIER
from routing.models import StoredAnswer

Key = tuple[str, ...]
COLUMNS = (
    "outcome", "tier", "call_kind", "model_class", "deployment", "cache_layer", "complexity",
)
SUMS = ("cost_nanos", "baseline_nanos", "prompt_cache_nanos")


@dataclass(frozen=True, slots=True)
class Group:
    """All rows that agree in everything that their saving depends on."""

    outcome: str
    tier: str
    call_kind: str
    model_class: str
    deployment: str
    cache_layer: str
    complexity: str
    calls: int
    unknown: int  # of them without a baseline
    cost_nanos: int
    baseline_nanos: int
    prompt_cache_nanos: int

    @property
    def key(self) -> Key:
        return tuple(getattr(self, name) for name in COLUMNS)


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the first debates. `keys`: different ones that have a stored answer; `shareable`: calls
    whose answer others may be given."""

    debates: int
    groups: tuple[Group, ...]
    keys: int
    variants: int
    shareable: int

    def dumps(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def loads(cls, data: Mapping[str, Any]) -> "Figures":
        groups = tuple(Group(**group) for group in data["groups"])
        return cls(**{**data, "groups": groups})


def read(*, first: str, last: str, debates: int, until: datetime, shareable: int) -> Figures:
    """`first` and `last`: ids of debates; answers that were made ahead belong to any of them."""
    stored = StoredAnswer.objects.filter(made_at__lte=until)
    keys = stored.aggregate(keys=Count("key", distinct=True), variants=Count("pk"))
    rows = UsageRecord.objects.filter(
        Q(debate_id__gte=first, debate_id__lte=last) | Q(tier=PRECOMPUTE_TIER)
    )
    return Figures(debates, groups_of(rows), keys["keys"], keys["variants"], shareable)


def groups_of(rows: Any) -> tuple[Group, ...]:
    sums = {f"sum_{name}": Sum(name, default=0) for name in SUMS}
    known = rows.order_by().values(*COLUMNS).annotate(
        calls=Count("pk"), known=Count("baseline_nanos"), **sums
    )
    return tuple(map(_group, known))


def _group(row: Mapping[str, Any]) -> Group:
    values: dict[str, Any] = {name: row[name] or "" for name in COLUMNS}
    sums: dict[str, Any] = {name: int(row[f"sum_{name}"]) for name in SUMS}
    return Group(**values, calls=row["calls"], unknown=row["calls"] - row["known"], **sums)


def added(parts: Iterable[Figures]) -> Figures:
    """Of all parts: no key and no debate is in two of them."""
    every = list(parts)
    sums: dict[Key, Group] = {}
    for group in (group for part in every for group in part.groups):
        sums[group.key] = _plus(sums[group.key], group) if group.key in sums else group
    return Figures(
        sum(part.debates for part in every), tuple(sums[key] for key in sorted(sums)),
        *(sum(getattr(part, name) for part in every) for name in ("keys", "variants", "shareable")),
    )


def _plus(one: Group, other: Group) -> Group:
    numbers = ("calls", "unknown", *SUMS)
    sums: dict[str, Any] = {
        name: getattr(one, name) + getattr(other, name) for name in numbers
    }
    return replace(one, **sums)
