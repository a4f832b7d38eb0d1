"""What each cache layer answered, of how many calls, and what that saved. Templates are no hits.

Made of the sums of savings, which tell kinds of call and layers apart: whole days and hours out of
their tables, and what is not rolled up yet out of the usage rows.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import timedelta

from billing import measures, savings
from billing.reports import reading
from billing.reports.facts import located
from billing.reports.ranges import Bucket
from billing.reports.shapes import Line, Question, Series, Unit
from billing.reports.spans import Span
from billing.savings import HELPERS, KIND_OF_CAUSES, PRECOMPUTE, SEARCH_CACHE, SEARCH_KIND, TEMPLATE

EXACT = ("exact", "shared")
STORED = ("pattern", "precomputed")
LAYERS = (*savings.LAYERS, TEMPLATE)  # as rows say, in the order in which a call asks them
LINES = (*savings.LAYERS, SEARCH_CACHE, TEMPLATE)  # as they are summed: searches by themselves
SUMS = measures.SAVING.only((
    "answered", "own", "compared_nanos", "baseline_nanos", "precompute_nanos", "helpers_nanos",
))
BARS = measures.SAVING.only(("answered", "own", "compared_nanos", "baseline_nanos"))


@dataclass(frozen=True, slots=True)
class CachedSum:
    """What one layer answered of one kind of call; `bucket` is 0 where all are added up."""

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
    """`kind`: empty, or the only kind of call it is about. `is_known`, `lag_s`, `missing_hours`: as
    in `facts.Facts`. `cached`: by kind and layer, of all buckets together; `bars`: by bucket and
    line. `own_nanos`: what our own work cost, by cause."""

    question: Question
    kind: str
    buckets: tuple[Bucket, ...]
    is_known: tuple[bool, ...]
    cached: tuple[CachedSum, ...]
    bars: tuple[CachedSum, ...]
    answered: Mapping[str, int]  # by kind
    own_nanos: Mapping[str, int]
    lag_s: int
    missing_hours: int

    @property
    def calls(self) -> int:
        return sum(self.answered.values())


def is_hit(layer: str) -> bool:
    return layer not in ("", TEMPLATE)


def load(question: Question, *, kind: str = "") -> LayerFacts:
    buckets = question.range.buckets
    until = question.now + timedelta.resolution  # what happens now is in it
    found = located(buckets, until=until, now=question.now)
    own_nanos = {PRECOMPUTE: 0, HELPERS: 0}
    answered: dict[str, int] = defaultdict(int)
    cached: list[CachedSum] = []
    for _all, name, layer, number, own, cost, baseline, ahead, helpers in reading.rows_of(
        SUMS, ("call_kind", "cache_layer"), reading.runs(found.spans), question.filters, kind=kind
    ):
        own_nanos[PRECOMPUTE] -= ahead
        own_nanos[HELPERS] -= helpers
        answered[name] += number - own  # what is made ahead and vectors are no calls of anybody
        if layer:
            cached.append(CachedSum(0, name, layer, number - own, baseline - cost))
    return LayerFacts(
        question, kind, buckets,
        is_known=tuple(
            bucket.start < until and number not in found.missing_buckets
            for number, bucket in enumerate(buckets)
        ),
        cached=tuple(cached), bars=_bars(question, found.spans, kind),
        answered={name: number for name, number in answered.items() if number},
        own_nanos=own_nanos, lag_s=found.lag_s, missing_hours=found.missing_hours,
    )


def _bars(question: Question, spans: Sequence[Span], kind: str) -> tuple[CachedSum, ...]:
    """By bucket: kinds are told apart as far as lines are."""
    return tuple(
        CachedSum(bucket, name, layer, number - own, baseline - cost)
        for bucket, name, layer, number, own, cost, baseline in reading.rows_of(
            BARS, (KIND_OF_CAUSES, "cache_layer"), spans, question.filters, kind=kind
        ) if layer
    )


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
    for row in facts.bars:
        sums[row.line][row.bucket] += getattr(row, column)
    return Series(
        facts.buckets,
        tuple(
            Line(name, tuple(
                sums[name][number] if known else None
                for number, known in enumerate(facts.is_known)
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
