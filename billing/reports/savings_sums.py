"""Usage rows added up for savings, and the statement that is made of them against any baseline.

A statement adds up: baseline - what every cause saved + what saving cost + calls that could not be
compared = spend, to the nano.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta

from billing import measures
from billing.baselines import ByKind, Named
from billing.reports import reading
from billing.reports.shapes import Filters
from billing.reports.spans import Source, Span
from billing.savings import (
    CAUSES,
    CLASS_OF_CAUSES,
    FAILED,
    HELPERS,
    KIND_OF_CAUSES,
    LOCAL,
    LOCAL_CLASS,
    OWN_COSTS,
    PRECOMPUTE,
    PROMPT_CACHE,
    ROUTE,
    SEARCH_CACHE,
    SEARCH_KIND,
    TEMPLATE,
)

NOTHING = Filters()
OF_CAUSES = (
    "compared_nanos", "baseline_nanos", "prompt_cache_nanos", "precompute_nanos", "helpers_nanos",
    "failed_nanos",
)
OF_RATES = ("input_tokens", "output_tokens", "compared_searches")  # what a kind's price is asked of


@dataclass(frozen=True, slots=True)
class SavingSum:
    """Sums of one bucket, by the names of `measures.SAVING`. Tier and language where asked for; the
    class only of what a local model answered."""

    bucket: int
    model_class: str
    call_kind: str
    cache_layer: str
    tier: str = ""
    language: str = ""
    answered: int = 0
    own: int = 0
    compared: int = 0
    cost_nanos: int = 0
    compared_nanos: int = 0
    baseline_nanos: int = 0
    prompt_cache_nanos: int = 0
    precompute_nanos: int = 0
    helpers_nanos: int = 0
    failed_nanos: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    compared_searches: int = 0
    searches: int = 0
    search_nanos: int = 0

    @property
    def is_asked_for(self) -> bool:
        """By somebody, and answered by a cache or a model: what hit rates are about."""
        return self.cache_layer != TEMPLATE


@dataclass(frozen=True, slots=True)
class Statement:
    """`causes` and `own_costs` (never above 0) in their order; `uncompared`: calls that no baseline
    is known of, in money."""

    baseline_nanos: int = 0
    cost_nanos: int = 0
    compared: int = 0
    uncompared_nanos: int = 0
    causes: Mapping[str, int] = field(default_factory=dict)
    own_costs: Mapping[str, int] = field(default_factory=dict)

    @property
    def gross_nanos(self) -> int:
        return sum(self.causes.values())

    @property
    def own_nanos(self) -> int:
        return sum(self.own_costs.values())

    @property
    def saved_nanos(self) -> int:
        """Net: what is left of the savings when their own costs are taken off."""
        return self.gross_nanos + self.own_nanos

    @property
    def is_known(self) -> bool:
        return bool(self.compared)


def sums_of(
    spans: Sequence[Span], filters: Filters, *, is_fine: bool = False
) -> tuple[SavingSum, ...]:
    """By bucket, class, kind and layer; `is_fine`: by tier and language too, without buckets."""
    names: tuple[str, ...] = (CLASS_OF_CAUSES, "call_kind", "cache_layer")
    if is_fine:
        names = (*names, "tier", "language")
        spans = reading.runs(spans)
    cube = measures.SAVING.only(each.name for each in fields(SavingSum))
    blank = () if is_fine else ("", "")
    rows = reading.rows_of(cube, names, spans, filters)
    return tuple(SavingSum(*row[:4], *(row[4:6] if is_fine else blank), *row[len(names) + 1:])
                 for row in rows)


def charted(
    spans: Sequence[Span], filters: Filters, against: Named | None
) -> tuple[SavingSum, ...]:
    """By bucket, all that causes ask and nothing else: kinds of call are told apart only where the
    baseline prices them."""
    is_by_kind = against is not None and isinstance(against.how, ByKind)
    kind = "call_kind" if is_by_kind else KIND_OF_CAUSES
    cube = measures.SAVING.only((*OF_CAUSES, *(OF_RATES if is_by_kind else ())))
    names = [measure.name for measure in cube.measures]
    return tuple(
        SavingSum(*row[:4], **dict(zip(names, row[4:], strict=True)))
        for row in reading.rows_of(cube, (CLASS_OF_CAUSES, kind, "cache_layer"), spans, filters)
    )


def sums_between(start: datetime, end: datetime) -> tuple[SavingSum, ...]:
    """Of the rows of [start, end] themselves."""
    return sums_of([Span(0, start, end + timedelta.resolution, Source.LIVE)], NOTHING)


def baseline_nanos(row: SavingSum, against: Named | None) -> int:
    """None: what the rows themselves were compared with."""
    if against is None or not isinstance(against.how, ByKind):
        return row.baseline_nanos
    return against.how.rate(row.call_kind).nanos(
        input_tokens=row.input_tokens, output_tokens=row.output_tokens,
        searches=row.compared_searches,
    )


@dataclass(frozen=True, slots=True)
class Priced:
    """A sum with what one baseline makes of it, which is asked once."""

    row: SavingSum
    baseline_nanos: int
    causes: Mapping[str, int]


def priced(rows: Iterable[SavingSum], against: Named | None) -> tuple[Priced, ...]:
    return tuple(
        Priced(row, whole, _causes(row, whole))
        for row in rows for whole in (baseline_nanos(row, against),)
    )


def statement_of(rows: Iterable[Priced]) -> Statement:
    """All of them together."""
    found: dict[str, int] = {}
    whole = compared = cost = known_cost = 0
    for each in rows:
        row, whole = each.row, whole + each.baseline_nanos
        compared, cost = compared + row.compared, cost + row.cost_nanos
        known_cost += row.compared_nanos
        for cause, nanos in each.causes.items():
            found[cause] = found.get(cause, 0) + nanos
    apart = sum(found.get(name, 0) for name in (PRECOMPUTE, HELPERS, FAILED))
    return Statement(
        baseline_nanos=whole, cost_nanos=cost, compared=compared,
        uncompared_nanos=cost - known_cost + apart,
        causes={name: found.get(name, 0) for name in _order(found) if name not in OWN_COSTS},
        own_costs={name: found.get(name, 0) for name in OWN_COSTS},
    )


def causes_of(row: SavingSum, against: Named | None) -> dict[str, int]:
    """The rule of `billing.savings`, of rows that are alike in all that it asks about."""
    return _causes(row, baseline_nanos(row, against))


def _causes(row: SavingSum, whole: int) -> dict[str, int]:
    saved = whole - row.compared_nanos
    own = {PRECOMPUTE: row.precompute_nanos, HELPERS: row.helpers_nanos, FAILED: row.failed_nanos}
    if row.cache_layer:
        return {cause_of_hit(row): saved} | own
    local = row.compared_nanos if row.model_class == LOCAL_CLASS else 0
    return own | {
        PROMPT_CACHE: row.prompt_cache_nanos, LOCAL: -local,
        ROUTE: saved - row.prompt_cache_nanos + local,
    }


def _order(found: Mapping[str, int]) -> tuple[str, ...]:
    """A layer that we do not know stands at the end."""
    return (*CAUSES, *sorted(found.keys() - set(CAUSES) - set(OWN_COSTS)))


def cause_of_hit(row: SavingSum) -> str:
    return SEARCH_CACHE if row.call_kind == SEARCH_KIND else row.cache_layer
