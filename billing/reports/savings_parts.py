"""The parts of a savings report: by layer, by anything else, and the searches. Pure functions."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from billing.reports.savings_sums import (
    Priced,
    SavingSum,
    Statement,
    cause_of_hit,
    statement_of,
)
from billing.savings import LAYERS, SEARCH_CACHE, TEMPLATE


@dataclass(frozen=True, slots=True)
class LayerLine:
    """`hits` of the `asked` calls; a template is no hit, so `asked` is None for it."""

    layer: str
    hits: int
    asked: int | None
    saved_nanos: int


def by_layer(rows: Sequence[Priced]) -> tuple[LayerLine, ...]:
    """Searches are told apart, whatever layer they were stored in."""
    asked, hits, saved = 0, dict[str, int](), dict[str, int]()
    for each in rows:
        row, calls = each.row, each.row.answered - each.row.own
        asked += calls if row.is_asked_for else 0
        if row.cache_layer:
            name = cause_of_hit(row)
            hits[name] = hits.get(name, 0) + calls
            saved[name] = saved.get(name, 0) + each.causes[name]
    names = (*LAYERS, TEMPLATE, SEARCH_CACHE)
    more = sorted({each.row.cache_layer for each in rows} - {"", *names})
    return tuple(
        LayerLine(name, hits.get(name, 0), None if name == TEMPLATE else asked, saved.get(name, 0))
        for name in (*names, *more)
    )


def grouped(
    rows: Iterable[Priced], key: Callable[[SavingSum], str]
) -> tuple[tuple[str, Statement], ...]:
    """A statement for each key, the one with the dearest baseline first."""
    groups: dict[str, list[Priced]] = {}
    for each in rows:
        groups.setdefault(key(each.row), []).append(each)
    found = [(name, statement_of(group)) for name, group in groups.items()]
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
