"""What the page about caches shows: each layer's state, hits and size; kinds of call; what a model
had to answer, and why."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.reports import layers
from billing.reports.layers import EXACT, LAYERS, STORED, KindSum, LayerFacts, LayerSum
from billing.savings import SEARCH_CACHE, TEMPLATE
from costcontrol.dashboard import caches_charts, caches_costs
from costcontrol.dashboard.caches_reasons import reasons
from costcontrol.dashboard.caches_state import CachesState
from costcontrol.dashboard.components import (
    Cell,
    Column,
    Figure,
    Table,
    Tone,
    badge,
    count,
    duration,
    money,
    share,
    text,
)
from costcontrol.dashboard.layer_names import LAYER_NAMES, level_name
from costcontrol.dashboard.overview import stale_text
from routing.models import CallKindRow, Deployment, PrecomputeRun
from routing.reports import stored
from routing.reports.stored import Made, Size

OF_ALL = gettext_lazy("all answered calls, without templates")
OF_STORABLE = gettext_lazy("answered calls of kinds that are stored, without L1’s and templates")
OF_SEARCHES = gettext_lazy("answered searches")
NO_RATE = gettext_lazy("not counted as a hit")


@dataclass(frozen=True, slots=True)
class Switch:
    """Whether a layer is on, and what to do to have it so."""

    layer: str
    title: str
    is_on: bool
    how: str


@dataclass(frozen=True, slots=True)
class CachesPage:
    switches: tuple[Switch, ...]
    layers: Table
    costs: Table
    judged: str
    figures: tuple[Figure, ...]
    kinds: Table
    reasons: Table | None  # None: not known for this filter
    has_calls: bool
    stale: str  # what the figures lack


@dataclass(frozen=True)
class CachesFacts:
    """What the tables of the page and their files are made of. `storable`: kinds of call."""

    state: CachesState
    facts: LayerFacts
    sums: tuple[LayerSum, ...]
    kinds: tuple[KindSum, ...]
    storable: Set[str]
    switches: tuple[Switch, ...]
    sizes: Mapping[str, Size]
    made: Made | None  # None: not known for this filter

    @property
    def by_models(self) -> int:
        """Calls that could have come from the store, and were answered by a model."""
        return sum(each.by_models for each in self.kinds if each.kind in self.storable)


def caches_facts(state: CachesState, *, now: datetime) -> CachesFacts:
    facts = layers.load(state.shared.question, kind=state.kind)
    rows, sizes = list(CallKindRow.objects.all()), stored.sizes(now=now)
    storable = {row.name for row in rows if row.key_fields and row.variants and row.is_enabled}
    return CachesFacts(
        state, facts, layers.layer_sums(facts, storable=storable), layers.kind_sums(facts),
        storable, tuple(_switches(rows, sizes)), sizes, _made(state, now),
    )


def caches_page(state: CachesState, *, now: datetime) -> CachesPage:
    found = caches_facts(state, now=now)
    facts = found.facts
    return CachesPage(
        found.switches, _layers(found.sums, found.switches, found.sizes),
        caches_costs.table(caches_costs.costs_of(facts, found.sums, now=now)),
        caches_costs.judged_words(facts, now=now),
        tuple(caches_charts.draw(chart, facts, state) for chart in caches_charts.CHARTS),
        _kinds(found.kinds), _reasons(found), bool(facts.calls),
        stale_text(lag_s=facts.lag_s, missing_hours=facts.missing_hours),
    )


def _switches(rows: Sequence[CallKindRow], sizes: Mapping[str, Size]) -> Iterator[Switch]:
    is_exact_on, is_shared_on = settings.CACHE_TTL_S > 0, settings.CACHE_SHARED
    yield _switch("exact", is_exact_on, _("Set CACHE_TTL_S to the seconds it keeps an answer."))
    yield _switch("shared", True, "")
    yield _switch("pattern", is_shared_on, _("Set CACHE_SHARED to 1 and start the product again."))
    has_ahead = bool(sizes["precomputed"].entries) or PrecomputeRun.objects.exists()
    how = _("Nothing was made ahead yet: start a run on the page about answers made ahead.")
    if not is_shared_on:
        how = _("It needs L2: set CACHE_SHARED to 1 and start the product again.")
    yield _switch("precomputed", is_shared_on and has_ahead, how)
    can_search = Deployment.objects.filter(can_search=True, is_enabled=True).exists()
    how = _("No model can search: in the settings, tick “searches the web” for one of Anthropic’s.")
    yield _switch(SEARCH_CACHE, is_shared_on and can_search, how)
    has_templates = any(row.may_be_template and row.is_enabled for row in rows)
    how = _("In the settings, tick “a template may answer” for a kind of call.")
    yield _switch(TEMPLATE, has_templates, how)


def _switch(layer: str, is_on: bool, how: str) -> Switch:
    return Switch(layer, level_name(layer), is_on, how)


def _layers(
    sums: Sequence[LayerSum], switches: Sequence[Switch], sizes: Mapping[str, Size]
) -> Table:
    names = (_("Answered"), _("Of"), _("Hit rate"), _("Entries"), _("Distinct keys"),
             _("Age, on average"), _("Characters"))
    columns = (Column(_("Layer")), Column(_("Saved"), is_number=True), Column(_("State")),
               *(Column(name, is_number=True) for name in names))
    on = {switch.layer: switch.is_on for switch in switches}
    rows = tuple(_layer(each, on.get(each.layer), sizes.get(each.layer)) for each in sums)
    return Table(_("Layers, in the order in which a call asks them"), columns, rows,
                 is_caption_hidden=True)


def _layer(each: LayerSum, is_on: bool | None, size: Size | None) -> tuple[Cell, ...]:
    return (
        text(level_name(each.layer)), money(each.saved_nanos, places=4),
        _state(is_on), count(each.answered), count(each.asked, note=_denominator(each)),
        share(rate(each.answered, each.asked)),
        *_size(size),
    )


def _state(is_on: bool | None) -> Cell:
    if is_on is None:
        return text(None)
    return badge(_("on"), Tone.OK) if is_on else badge(_("off"), Tone.OFF)


def _denominator(each: LayerSum) -> str:
    words = {
        **dict.fromkeys(EXACT, OF_ALL), **dict.fromkeys(STORED, OF_STORABLE),
        SEARCH_CACHE: OF_SEARCHES,
    }
    return str(words.get(each.layer, NO_RATE))


def _size(size: Size | None) -> tuple[Cell, ...]:
    if size is None:
        return (count(None),) * 4
    age = None if size.age_s is None else size.age_s * 1000
    return count(size.entries), count(size.keys), duration(age), count(size.characters)


def _kinds(found: Sequence[KindSum]) -> Table:
    names = (_("Calls"), _("By a model"), *(capfirst(str(LAYER_NAMES[layer])) for layer in LAYERS),
             _("Hit rate"), _("Saved"))
    columns = (Column(_("Kind")), *(Column(name, is_number=True) for name in names))
    return Table(
        _("Calls, by kind"), columns, tuple(map(_kind, found)), is_caption_hidden=True,
        empty_text=_("No call of these days says of which kind it is: only those of debates do."),
    )


def _kind(each: KindSum) -> tuple[Cell, ...]:
    return (
        text(each.kind), count(each.answered), count(each.by_models),
        *(count(each.by_layer.get(layer, 0)) for layer in LAYERS),
        share(rate(each.hits, each.asked)), money(each.saved_nanos, places=4),
    )


def _made(state: CachesState, now: datetime) -> Made | None:
    days, chosen = state.shared.range, state.shared.question.filters
    if chosen.tier:
        return None  # of a stored answer it is not known for which plan it was made
    return stored.made(
        start=days.start, end=min(days.end, now + timedelta.resolution), kind=state.kind,
        language=chosen.language, deployment=chosen.deployment,
    )


def _reasons(found: CachesFacts) -> Table | None:
    if found.made is None:
        return None
    columns = (Column(_("Why a model answered")), Column(_("Calls"), is_number=True),
               Column(_("Share"), is_number=True))
    rows = tuple(
        (text(each.words, note=each.note), count(each.calls),
         share(rate(each.calls, found.by_models)))
        for each in reasons(found.by_models, found.made)
    )
    return Table(_("Why a model answered"), columns, rows, is_caption_hidden=True)


def rate(part: int, whole: int | None) -> int | None:
    return round(10_000 * part / whole) if whole else None
