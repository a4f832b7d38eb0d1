"""The tables of the page about caches as files: layers, kinds of call, and why a model answered."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from billing.reports.layers import LAYERS
from costcontrol.dashboard.caches import CachesFacts, caches_facts, rate
from costcontrol.dashboard.caches_costs import costs_of
from costcontrol.dashboard.caches_reasons import reasons
from costcontrol.dashboard.caches_state import CachesState
from costcontrol.dashboard.csvs import Row, Value
from costcontrol.lib.money import to_usd


def export(name: str, state: CachesState, *, now: datetime) -> Iterator[Row] | None:
    """The rows of a file. None: there is no such table."""
    rows = TABLES.get(name)
    return None if rows is None else rows(caches_facts(state, now=now), now)


def _layers(found: CachesFacts, now: datetime) -> Iterator[Row]:
    yield (
        "layer", "is_on", "answered", "asked", "hit_rate_bp", "saved_nanos", "saved_usd",
        "own_cost_nanos", "own_cost_usd", "ended_as_wrong", "served_wrongly", "entries",
        "distinct_keys", "age_seconds", "characters",
    )
    on = {switch.layer: int(switch.is_on) for switch in found.switches}
    costs = costs_of(found.facts, found.sums, now=now)
    for each, own in zip(found.sums, costs, strict=True):
        size = found.sizes.get(each.layer)
        yield (
            each.layer, on.get(each.layer), each.answered, each.asked,
            rate(each.answered, each.asked), *_money(each.saved_nanos), *_money(own.own_nanos),
            *((own.wrong.answers, own.wrong.served) if own.wrong else (None, None)),
            *((size.entries, size.keys, _whole(size.age_s), size.characters) if size
              else (None,) * 4),
        )


def _kinds(found: CachesFacts, now: datetime) -> Iterator[Row]:
    del now
    yield ("kind", "calls", "by_models", *LAYERS, "hit_rate_bp", "saved_nanos", "saved_usd")
    for each in found.kinds:
        layers = (each.by_layer.get(layer, 0) for layer in LAYERS)
        yield (each.kind, each.answered, each.by_models, *layers, rate(each.hits, each.asked),
               *_money(each.saved_nanos))


def _reasons(found: CachesFacts, now: datetime) -> Iterator[Row]:
    """Only the header where it is not known."""
    del now
    yield ("reason", "calls", "share_bp")
    if found.made is None:
        return
    for each in reasons(found.by_models, found.made):
        yield (each.key, each.calls, rate(each.calls, found.by_models))


def _money(nanos: int | None) -> tuple[Value, Value]:
    return nanos, None if nanos is None else to_usd(nanos)


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds)


TABLES: Mapping[str, Callable[[CachesFacts, datetime], Iterator[Row]]] = {
    "layers": _layers, "kinds": _kinds, "reasons": _reasons,
}
