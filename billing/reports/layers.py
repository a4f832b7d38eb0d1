"""What each cache layer answered, of how many calls, and what that saved. Templates are no hits.

Read from the usage rows themselves: no table of hours tells kinds of call apart, and only calls of
some kinds can be answered from the store. Rows that nobody answered are not opened for it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import timedelta

from billing import savings
from billing.measures import Cube, Measure, count_if
from billing.reports.ranges import Bucket
from billing.reports.reading import rows_of
from billing.reports.shapes import Line, Question, Series, Unit
from billing.reports.spans import Source, Span
from billing.savings import SEARCH_CACHE, SEARCH_KIND, TEMPLATE

EXACT = ("exact", "shared")
STORED = ("pattern", "precomputed")
LAYERS = (*savings.LAYERS, TEMPLATE)  # as rows say, in the order in which a call asks them
LINES = (*savings.LAYERS, SEARCH_CACHE, TEMPLATE)  # as they are summed: searches by themselves
CACHED = Cube(
    table="",
    dimensions=("call_kind", "cache_layer"),
    measures=(
        count_if("answered", savings.IS_ANSWERED),
        Measure("saved_nanos", "COALESCE(baseline_nanos - cost_nanos, 0)"),
    ),
    rows="outcome = 'cached'",
)
KINDS = Cube(
    table="",
    dimensions=("call_kind",),
    measures=(count_if("answered", "1 = 1"),),
    # What is made ahead and vectors are no calls of anybody. This all stands in `usage_by_time`.
    rows=f"{savings.IS_ANSWERED} AND NOT {savings.IS_OWN}",
)


@dataclass(frozen=True, slots=True)
class CachedSum:
    """What one layer answered of one kind of call in one bucket."""

    bucket: int
    call_kind: str
    cache_layer: str
    answered: int
    saved_nanos: int

    @property
    def line(self) -> str:
        """Searches are stored like answers, and are a line of their own, as in the ledger."""
        is_search = self.call_kind == SEARCH_KIND and self.cache_layer in STORED
        return SEARCH_CACHE if is_search else self.cache_layer


@dataclass(frozen=True, slots=True)
class LayerSum:
    """`asked`: calls that this layer could have answered; what a template answered is in no rate,
    neither above nor below. None: a template is no hit."""

    layer: str
    answered: int
    asked: int | None
    saved_nanos: int


@dataclass(frozen=True, slots=True)
class KindSum:
    """`answered`: all calls of the kind, however; `by_layer`: of these, without a model."""

    kind: str
    answered: int
    by_layer: Mapping[str, int]
    saved_nanos: int

    @property
    def hits(self) -> int:
        return sum(number for layer, number in self.by_layer.items() if is_hit(layer))

    @property
    def asked(self) -> int:
        """What the hits are a share of."""
        return self.answered - self.by_layer.get(TEMPLATE, 0)

    @property
    def by_models(self) -> int:
        return self.answered - sum(self.by_layer.values())


@dataclass(frozen=True, slots=True)
class LayerFacts:
    """`kind`: empty, or the only kind of call it is about."""

    question: Question
    kind: str
    buckets: tuple[Bucket, ...]
    cached: tuple[CachedSum, ...]
    answered: Mapping[str, int]  # by kind

    @property
    def calls(self) -> int:
        return sum(self.answered.values())


def is_hit(layer: str) -> bool:
    return layer not in ("", TEMPLATE)


def load(question: Question, *, kind: str = "") -> LayerFacts:
    """Two queries."""
    buckets = question.range.buckets
    parts = spans(buckets, question)
    whole = [Span(0, parts[0].start, parts[-1].end, Source.LIVE)] if parts else []
    rows = rows_of(CACHED, CACHED.dimensions, parts, question.filters)
    cached = tuple(row for row in (CachedSum(*row) for row in rows) if kind in ("", row.call_kind))
    counted = rows_of(KINDS, KINDS.dimensions, whole, question.filters)
    answered = {name: number for _bucket, name, number in counted if kind in ("", name)}
    return LayerFacts(question, kind, buckets, cached, answered)


def spans(buckets: tuple[Bucket, ...], question: Question) -> list[Span]:
    until = question.now + timedelta.resolution  # what happens now is in it
    return [
        Span(number, bucket.start, min(bucket.end, until), Source.LIVE)
        for number, bucket in enumerate(buckets) if bucket.start < until
    ]


def answers(facts: LayerFacts) -> Series:
    """Calls answered without a model, by layer."""
    return _series(facts, "answered", Unit.CALLS)


def saved(facts: LayerFacts) -> Series:
    return _series(facts, "saved_nanos", Unit.NANOS)


def layer_sums(facts: LayerFacts, *, storable: Set[str]) -> tuple[LayerSum, ...]:
    """`storable`: kinds of call that have a key; only these could come from the store."""
    hits, money = _sums(facts, "answered"), _sums(facts, "saved_nanos")
    kinds = storable | {row.call_kind for row in facts.cached if row.cache_layer in STORED}
    asked = dict.fromkeys(EXACT, facts.calls - hits.get(TEMPLATE, 0))
    asked |= dict.fromkeys(STORED, _left_for_the_store(facts, kinds - {SEARCH_KIND}))
    asked[SEARCH_CACHE] = _left_for_the_store(facts, {SEARCH_KIND})
    return tuple(
        LayerSum(name, hits.get(name, 0), asked.get(name), money.get(name, 0))
        for name in _names(hits)
    )


def _left_for_the_store(facts: LayerFacts, kinds: Set[str]) -> int:
    """Calls of these kinds that neither L1 nor a template answered."""
    answered = sum(number for kind, number in facts.answered.items() if kind in kinds)
    return answered - sum(
        row.answered for row in facts.cached
        if row.cache_layer in (*EXACT, TEMPLATE) and row.call_kind in kinds
    )


def kind_sums(facts: LayerFacts) -> tuple[KindSum, ...]:
    """Kinds of debate calls, the most calls first; a call without a kind is in none."""
    layers: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    money: dict[str, int] = defaultdict(int)
    for row in facts.cached:
        layers[row.call_kind][row.cache_layer] += row.answered
        money[row.call_kind] += row.saved_nanos
    found = [
        KindSum(kind, number, dict(layers[kind]), money[kind])
        for kind, number in facts.answered.items() if kind
    ]
    return tuple(sorted(found, key=lambda each: (-each.answered, each.kind)))


def _series(facts: LayerFacts, column: str, unit: Unit) -> Series:
    """What the future brings is not known, which is not 0."""
    sums: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for row in facts.cached:
        sums[row.line][row.bucket] += getattr(row, column)
    known = {span.bucket for span in spans(facts.buckets, facts.question)}
    return Series(
        facts.buckets,
        tuple(
            Line(name, tuple(
                sums[name][number] if number in known else None
                for number in range(len(facts.buckets))
            ))
            for name in _names(sums)
        ),
        unit,
    )


def _sums(facts: LayerFacts, column: str) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for row in facts.cached:
        found[row.line] += getattr(row, column)
    return found


def _names(seen: Iterable[str]) -> tuple[str, ...]:
    """Those we know, and whatever else rows say at the end."""
    return (*LINES, *sorted(set(seen) - set(LINES)))
