"""Usage rows added up for savings, and the statement that is made of them against any baseline.

A statement adds up: baseline - what every cause saved + what saving cost + calls that could not be
compared = spend, to the nano.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
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
    LAYERS,
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


@dataclass(frozen=True, slots=True)
class SavingSum:
    """Sums of one bucket, by the names of `measures.SAVING`. Tier and language where asked for; the
    class only of what a local model answered."""

    bucket: int
    model_class: str
    call_kind: str
    cache_layer: str
    tier: str
    language: str
    answered: int
    own: int
    compared: int
    cost_nanos: int
    compared_nanos: int
    baseline_nanos: int
    prompt_cache_nanos: int
    precompute_nanos: int
    helpers_nanos: int
    failed_nanos: int
    input_tokens: int
    output_tokens: int
    compared_searches: int
    searches: int
    search_nanos: int

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


def statement_of(rows: Iterable[SavingSum], against: Named | None) -> Statement:
    """All of them together."""
    found: dict[str, int] = {}
    whole = compared = cost = known_cost = 0
    for row in rows:
        whole += baseline_nanos(row, against)
        compared, cost = compared + row.compared, cost + row.cost_nanos
        known_cost += row.compared_nanos
        for cause, nanos in causes_of(row, against).items():
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
    saved = baseline_nanos(row, against) - row.compared_nanos
    own = {PRECOMPUTE: row.precompute_nanos, HELPERS: row.helpers_nanos, FAILED: row.failed_nanos}
    if row.cache_layer:
        return {_cause_of_hit(row): saved} | own
    local = row.compared_nanos if row.model_class == LOCAL_CLASS else 0
    return own | {
        PROMPT_CACHE: row.prompt_cache_nanos, LOCAL: -local,
        ROUTE: saved - row.prompt_cache_nanos + local,
    }


def _order(found: Mapping[str, int]) -> tuple[str, ...]:
    """A layer that we do not know stands at the end."""
    return (*CAUSES, *sorted(found.keys() - set(CAUSES) - set(OWN_COSTS)))


@dataclass(frozen=True, slots=True)
class LayerLine:
    """`hits` of the `asked` calls; a template is no hit, so `asked` is None for it."""

    layer: str
    hits: int
    asked: int | None
    saved_nanos: int


def by_layer(rows: Sequence[SavingSum], against: Named | None) -> tuple[LayerLine, ...]:
    """Searches are told apart, whatever layer they were stored in."""
    asked = sum(row.answered - row.own for row in rows if row.is_asked_for)
    names = (*LAYERS, TEMPLATE, SEARCH_CACHE)
    more = sorted({row.cache_layer for row in rows} - {"", *names})
    return tuple(_layer_line(name, rows, asked, against) for name in (*names, *more))


def _layer_line(
    name: str, rows: Sequence[SavingSum], asked: int, against: Named | None
) -> LayerLine:
    own = [row for row in rows if row.cache_layer and _cause_of_hit(row) == name]
    return LayerLine(
        name, sum(row.answered - row.own for row in own), None if name == TEMPLATE else asked,
        sum(causes_of(row, against).get(name, 0) for row in own),
    )


def _cause_of_hit(row: SavingSum) -> str:
    return SEARCH_CACHE if row.call_kind == SEARCH_KIND else row.cache_layer


def grouped(
    rows: Iterable[SavingSum], key: Callable[[SavingSum], str], against: Named | None
) -> tuple[tuple[str, Statement], ...]:
    """A statement for each key, the one with the dearest baseline first."""
    groups: dict[str, list[SavingSum]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    found = [(name, statement_of(group, against)) for name, group in groups.items()]
    found = [(name, each) for name, each in found if each.baseline_nanos or each.cost_nanos]
    return tuple(sorted(found, key=lambda pair: (-pair[1].baseline_nanos, pair[0])))


@dataclass(frozen=True, slots=True)
class Searches:
    """Web searches that were bought, apart from tokens, and those that were not needed."""

    bought: int
    cost_nanos: int
    stored: int
    by_kind: tuple[tuple[str, int, int], ...] = ()  # kind, searches, nanos


def searches_of(rows: Sequence[SavingSum]) -> Searches:
    kinds: dict[str, tuple[int, int]] = {}
    for row in rows:
        if row.searches or row.search_nanos:
            count, nanos = kinds.get(row.call_kind, (0, 0))
            kinds[row.call_kind] = (count + row.searches, nanos + row.search_nanos)
    return Searches(
        bought=sum(row.searches for row in rows),
        cost_nanos=sum(row.search_nanos for row in rows),
        stored=sum(row.compared_searches for row in rows if row.cache_layer),
        by_kind=tuple((kind, *found) for kind, found in sorted(kinds.items())),
    )
