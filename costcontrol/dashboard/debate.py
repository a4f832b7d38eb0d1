"""What one debate cost, as its page shows it: cards, a chart by stage, tables, and its calls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from billing.reports.call_lines import user_names
from billing.reports.debates import DebateCall, DebateCosts, Part, debate_costs
from costcontrol.dashboard.caches_words import variant_link
from costcontrol.dashboard.calls import badge_of
from costcontrol.dashboard.components import (
    Cell,
    Column,
    Figure,
    KpiCard,
    Table,
    badge,
    count,
    link,
    money,
    share,
    text,
)
from costcontrol.dashboard.debate_words import USES, said
from costcontrol.dashboard.debates import debate_url, titles_of, uuid_of
from costcontrol.lib.money import credits, to_usd
from routing.call_kinds import CALL_KINDS
from routing.models import Turn
from routing.reports.stored_entry import variants_of

if TYPE_CHECKING:
    from plotly.graph_objects import Figure as PlotlyFigure

MAX_CALLS = 300
PLACES = 6
BACKGROUND = frozenset(kind.name for kind in CALL_KINDS.values() if not kind.is_streamed)
# Property of a call: title of its table, heading of the first column.
TABLES = {
    "kind": (gettext_lazy("By kind of call"), gettext_lazy("Kind")),
    "speaker": (gettext_lazy("By speaker"), gettext_lazy("Speaker")),
    "model_class": (gettext_lazy("By class of model"), gettext_lazy("Class")),
    "source": (gettext_lazy("By where the answer came from"), gettext_lazy("Source")),
    "language": (gettext_lazy("By language"), gettext_lazy("Language")),
    "use": (gettext_lazy("By use"), gettext_lazy("Use")),
}


@dataclass(frozen=True, slots=True)
class DebateView:
    """All that the template needs. `others`: (who, address) of debates of the same name."""

    costs: DebateCosts
    title: str
    user: str
    cards: tuple[KpiCard, ...]
    figure: Figure
    tables: tuple[Table, ...]
    calls: Table
    is_cut: bool
    calls_url: str
    others: tuple[tuple[str, str], ...]


def debate_view(debate_id: str, *, user_id: int | None, zone: str) -> DebateView | None:
    """None: no call was made in it, or not by this user."""
    costs = debate_costs(
        debate_id, background=BACKGROUND, user_id=user_id, shown=_shown(debate_id)
    )
    if costs is None:
        return None
    names = user_names([costs.user_id, *costs.others])
    return DebateView(
        costs=costs, title=titles_of([debate_id]).get(debate_id, ""),
        user=_name(costs.user_id, names), cards=_cards(costs), figure=_figure(costs),
        tables=tuple(
            _parts(name, str(title), str(head), costs) for name, (title, head) in TABLES.items()
        ),
        calls=_calls(costs.calls[:MAX_CALLS], zone=zone), is_cut=len(costs.calls) > MAX_CALLS,
        calls_url=f"{reverse('dashboard:calls')}?{urlencode({'debate': debate_id})}",
        others=tuple(
            (_name(each, names), debate_url(debate_id, each, zone=zone)) for each in costs.others
        ),
    )


def _shown(debate_id: str) -> frozenset[Any] | None:
    """Calls whose text stands in a turn. None: not a debate of ours, so we do not know."""
    key = uuid_of(debate_id)
    turns = Turn.objects.filter(debate=key) if key else Turn.objects.none()
    found = list(turns.values_list("call_id", "text"))
    return frozenset(call_id for call_id, said in found if call_id and said) if found else None


def _name(user_id: int, names: dict[int, str]) -> str:
    return names.get(user_id) or _("user %(number)d") % {"number": user_id}


def _cards(costs: DebateCosts) -> tuple[KpiCard, ...]:
    wasted = [call for call in costs.calls if call.is_wasted]
    in_credits = _("%(credits)s credits") % {"credits": credits(costs.cost_nanos)}
    return (
        KpiCard(_("Cost"), money(costs.cost_nanos, places=4), note=in_credits),
        KpiCard(_("Calls"), count(len(costs.calls))),
        KpiCard(
            _("Spent on what nobody read"), money(costs.unread_nanos, places=4),
            note=ngettext("%(count)d call", "%(count)d calls", len(wasted))
            % {"count": len(wasted)},
        ),
        KpiCard(_("Share of it"), share(_share(costs.unread_nanos, costs.cost_nanos))),
        *_searched(costs),
    )


def _searched(costs: DebateCosts) -> tuple[KpiCard, ...]:
    """Web searches are billed apart from tokens. No card where none was bought."""
    if not costs.searches:
        return ()
    note = ngettext("%(count)d search, in the cost", "%(count)d searches, in the cost",
                    costs.searches) % {"count": costs.searches}
    return (KpiCard(_("Web searches"), money(costs.search_nanos, places=4), note=note),)


def _figure(costs: DebateCosts) -> Figure:
    name, title, heading = ("stage", _("Cost, by stage"), _("Stage"))
    if not any(call.stage for call in costs.calls):  # whoever made them does not say
        name, title, heading = ("kind", _("Cost, by kind of call"), _("Kind"))
    return Figure(
        id="stages", title=title, table=_parts(name, title, heading, costs),
        note=_("What the ledger booked. A call behind the scenes is of use when the prompt of "
               "another call was made of its answer, and a turn when it was shown."),
        json="" if not costs.cost_nanos else _bars(name, _ranked(name, costs)).to_json(),
        is_empty=not costs.cost_nanos, height="medium" if name == "stage" else "large",
        empty_text=_("It cost nothing: models that are free, or stored answers, said all of it."),
    )


def _ranked(name: str, costs: DebateCosts) -> list[Part]:
    """Stages in their order, else what costs most first."""
    parts = list(costs.by(name))
    return parts if name == "stage" else sorted(parts, key=lambda part: -part.cost_nanos)


def _bars(name: str, parts: Sequence[Part]) -> "PlotlyFigure":
    from plotly.graph_objects import Figure as PlotlyFigure

    names = [said(name, part.key) for part in parts]
    used = [part.cost_nanos - part.unread_nanos for part in parts]
    is_flat = name != "stage"  # kinds have long names, which stand beside their bars
    traces = [
        _trace(_("Of use"), "c1", names, used, is_flat=is_flat),
        _trace(_("Nobody read it"), "c4", names, [part.unread_nanos for part in parts],
               is_flat=is_flat),
    ]
    of_names = {"type": "category", "automargin": True}
    of_dollars = {"rangemode": "tozero", "tickprefix": "$"}
    return PlotlyFigure(data=traces, layout={
        "template": "none", "barmode": "stack", "showlegend": True,
        "hovermode": "y unified" if is_flat else "x unified",
        "xaxis": of_dollars if is_flat else of_names,
        "yaxis": of_names | {"autorange": "reversed"} if is_flat else of_dollars,
    })


def _trace(
    name: str, color: str, names: list[str], nanos: list[int], *, is_flat: bool
) -> dict[str, Any]:
    dollars = [float(to_usd(each)) for each in nanos]
    x, y = (dollars, names) if is_flat else (names, dollars)
    return {
        "type": "bar", "name": name, "x": x, "y": y, "orientation": "h" if is_flat else "v",
        "meta": {"color": color}, "hovertemplate": "%{x:$,.6f}" if is_flat else "%{y:$,.6f}",
    }


def _parts(name: str, title: str, heading: str, costs: DebateCosts) -> Table:
    numbers = (_("Calls"), _("Cost"), _("Share"), _("Nobody read"))
    parts, whole = _ranked(name, costs), costs.cost_nanos
    total = Part("", len(costs.calls), whole, costs.unread_nanos)
    rows = [_part_row(said(name, part.key), part, whole) for part in parts]
    return Table(
        title, (Column(heading), *(Column(each, is_number=True) for each in numbers)),
        (_part_row(_("Total"), total, whole), *rows), is_caption_hidden=True,
    )


def _part_row(label: str, part: Part, whole: int) -> tuple[Cell, ...]:
    return (
        text(label), count(part.calls), money(part.cost_nanos, places=PLACES),
        share(_share(part.cost_nanos, whole)), money(part.unread_nanos, places=PLACES),
    )


def _share(part: int, whole: int) -> int | None:
    return round(10_000 * part / whole) if whole else None


def _calls(calls: Sequence[DebateCall], *, zone: str) -> Table:
    variants = variants_of(call.answer_id for call in calls)
    names = (_("Time"), _("Stage"), _("Kind"), _("Speaker"), _("Route"), _("Outcome"), _("Use"))
    columns = (*(Column(each) for each in names), Column(_("Cost"), is_number=True))
    rows = tuple(_call_row(call, zone, variants) for call in calls)
    return Table(_("Calls, in order"), columns, rows, is_caption_hidden=True)


def _call_row(call: DebateCall, zone: str, variants: Mapping[int, int]) -> tuple[Cell, ...]:
    time = f"{call.at.astimezone(ZoneInfo(zone)):%m-%d %H:%M:%S}"
    ended, (use, tone) = badge_of(call.outcome, call.error_code, call.cache_layer), USES[call.use]
    return (
        link(time, _call_url(call, zone)), text(said("stage", call.stage)), text(call.kind or None),
        text(call.speaker or None), _route(call, variants), badge(ended.text, ended.tone),
        badge(str(use), tone), money(call.cost_nanos, places=PLACES),
    )


def _route(call: DebateCall, variants: Mapping[int, int]) -> Cell:
    """Who answered, and with which stored answer."""
    route = call.deployment if call.source == "provider" else said("source", call.source)
    variant, answer_url = variant_link(call.answer_id, variants)
    return link(f"{route}, {variant}", answer_url) if variant else text(route)


def _call_url(call: DebateCall, zone: str) -> str:
    query = f"?{urlencode({'zone': zone})}" if zone != settings.DEFAULT_ZONE else ""
    return reverse("dashboard:call", args=[call.call_id]) + query
