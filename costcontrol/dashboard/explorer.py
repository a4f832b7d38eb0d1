"""The explorer, put together: one answer as figures, chart and table, and where to go from it."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _

from billing.models import ScopeKind, UsageRecord
from billing.reports import slice_tops
from billing.reports.shapes import Kpi
from billing.reports.slices import NONE, Slices, has_previous
from costcontrol.dashboard import cards, explorer_figure, explorer_table
from costcontrol.dashboard.components import Figure, KpiCard, Table
from costcontrol.dashboard.explorer_measures import BY_KEY, CARDS
from costcontrol.dashboard.explorer_parts import MOST, Answer, answer, ranked_by
from costcontrol.dashboard.explorer_state import ExplorerState
from costcontrol.dashboard.overview import Broken, attempt, late_text, stale_text, than
from costcontrol.dashboard.tables import plain_table, summed_table


@dataclass(frozen=True, slots=True)
class Explored:
    """All that the template needs. `empty`: why there is nothing, in a word for it. `limits`: words
    and addresses for making a budget or an alert for these calls."""

    cards: tuple[KpiCard, ...] = ()
    figure: Figure | None = None
    table: Table | None = None
    stale: str = ""
    late: str = ""
    shortened: str = ""
    no_before: str = ""
    empty: str = ""
    files: tuple[tuple[str, str], ...] = ()
    limits: tuple[tuple[str, str], ...] = ()


def explored(state: ExplorerState) -> Explored | Broken:
    return attempt(lambda: _explored(state), id="explorer", title=_("Spend"))


def _explored(state: ExplorerState) -> Explored:
    rank = ranked_by(state.measure)
    now = slice_tops.load(state.ask, rank=rank.value, most=MOST, only=rank.columns)
    before = slice_tops.load_previous(now) if state.shared.compares else None
    found = answer(now, before, state.measure)
    page = Explored(
        stale=stale_text(lag_s=now.lag_s, missing_hours=now.missing_hours),
        late=late_text(lag_s=now.lag_s, missing_hours=now.missing_hours),
        shortened=_shortened(now), empty=_why_empty(state, found), limits=_limits(state),
    )
    if page.empty:
        return page
    names = explorer_table.names_of(state, found)
    return replace(
        page, cards=_cards(state, found, now), figure=_figure(state, found, names, now, before),
        table=explorer_table.table(state, found, names),
        no_before=_no_before(state, now, before), files=tuple(_files(state)),
    )


def _cards(state: ExplorerState, found: Answer, now: Slices) -> tuple[KpiCard, ...]:
    """Each leads to the page with this figure in the chart."""
    here, words = reverse("dashboard:explorer"), than(now.answered.range, now=now.ask.now)
    shown = []
    for key in CARDS:
        measure, old = BY_KEY[key], found.all.before
        value = measure.value(found.all.whole)
        kpi = Kpi(key, measure.unit, value, measure.value(old) if old else None)
        change = cards.change(kpi, than=words)
        if change:
            is_good = None if measure.is_less_better is None or not change.basis_points else (
                (change.basis_points < 0) == measure.is_less_better
            )
            change = replace(change, is_good=is_good)
        shown.append(KpiCard(
            str(measure.title), cards.CELLS[measure.unit](value), change,
            href=f"{here}?{state.as_query(measure=key)}",
        ))
    return tuple(shown)


def _figure(
    state: ExplorerState, found: Answer, names: dict[str, str], now: Slices,
    before: Slices | None,
) -> Figure:
    lines = explorer_figure.lines_of(state, found, names)
    series = explorer_figure.series_of(lines, now, state.measure.unit)
    title, days = str(state.measure.title), now.answered.range
    make = plain_table if state.measure.is_ratio else summed_table
    return Figure(
        id="over-time", title=title, note=str(state.measure.note), height="large",
        table=make(series, caption=title, days=days),
        json="" if series.is_empty
        else explorer_figure.chart(state, lines, now, before).to_json(),
        csv_url=_file("over-time", "csv", state), is_empty=series.is_empty,
        empty_text=_("All of it is zero. Choose another figure above."),
    )


def _file(name: str, kind: str, state: ExplorerState) -> str:
    return f"{reverse(f'dashboard:explorer_{kind}', args=[name])}?{state.as_query()}"


def _files(state: ExplorerState) -> list[tuple[str, str]]:
    return [
        (_("Groups, CSV"), _file("groups", "csv", state)),
        (_("Groups, JSON"), _file("groups", "json", state)),
        (_("Over time, JSON"), _file("over-time", "json", state)),
    ]


def _shortened(now: Slices) -> str:
    if now.shortened is None:
        return ""
    return _(
        "So many days with these filters would be too much to read at once, so %(first)s to "
        "%(last)s are shown. Take a filter away, or group by something else, to see all of them."
    ) % {"first": now.shortened.first.isoformat(), "last": now.shortened.last.isoformat()}


def _no_before(state: ExplorerState, now: Slices, before: Slices | None) -> str:
    if before is not None or not state.shared.compares:
        return ""
    if has_previous(now.answered):
        return _(
            "The period before is not compared with: it would be too much to read at once. Choose "
            "fewer days, take a filter away, or group by something else."
        )
    return _("There is no whole period before to compare with: the calls began later.")


def _why_empty(state: ExplorerState, found: Answer) -> str:
    if found.all.whole.attempts:
        return ""
    if not UsageRecord.objects.exists():
        return "never"
    return "filters" if state.shared.is_filtered else "range"


def _limits(state: ExplorerState) -> tuple[tuple[str, str], ...]:
    """A limit is for a scope: the narrowest that these filters name."""
    chosen = state.shared.slices
    scopes = (
        (ScopeKind.USER, str(chosen.user_id or "")), (ScopeKind.TIER, chosen.tier),
        (ScopeKind.PROVIDER, chosen.provider), (ScopeKind.PLATFORM, ""),
    )
    kind, name = next(
        (kind, name) for kind, name in scopes
        if kind == ScopeKind.PLATFORM or name not in ("", NONE)
    )
    query = urlencode({"scope_kind": kind, "scope_id": name})
    scope = f"{kind.label}: {name}" if name else str(kind.label)
    return (
        (_("Set a budget for %(scope)s") % {"scope": scope},
         f"{reverse('dashboard:budget_new')}?{query}"),
        (_("Set an alert for %(scope)s") % {"scope": scope},
         f"{reverse('dashboard:alert_rule_new')}?{query}"),
    )


def as_of(state: ExplorerState) -> str:
    return f"{state.shared.question.now.astimezone(ZoneInfo(state.shared.zone)):%H:%M %Z}"
