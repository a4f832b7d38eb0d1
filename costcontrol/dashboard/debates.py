"""The list of debates as its page shows it: what can be chosen, and one line a debate."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.reports import debate_list as report
from billing.reports.debate_list import DebateLine, Order
from billing.reports.facts import FilterChoices, filters_known
from costcontrol.dashboard import filters
from costcontrol.dashboard.components import Cell, Column, Table, count, link, money, text, when
from costcontrol.dashboard.csvs import Row
from costcontrol.dashboard.filter_bar import Choice, FilterBar, Select, filter_bar
from costcontrol.dashboard.labels import language
from costcontrol.lib.money import to_usd
from routing.debates.types import LANGUAGES
from routing.models import Debate

APPLIES = frozenset({"tier", "language"})
MAX_PAGE = 1_000
MAX_EXPORT = 50_000
ORDER_LABELS = {
    Order.NEWEST: gettext_lazy("newest first"), Order.DEAREST: gettext_lazy("dearest first"),
}
HEADER = (
    "debate_id", "user_id", "user", "language", "calls", "cost_nanos", "cost_usd", "first_call",
    "last_call",
)


@dataclass(frozen=True)
class DebatesState:
    """What the list shows. `shared`: as on other pages."""

    shared: filters.State
    choices: FilterChoices
    order: Order = Order.NEWEST
    number: int = 1

    def as_query(self, **changes: str) -> str:
        order = "" if self.order == Order.NEWEST else str(self.order)
        return self.shared.query_with({"order": order}, changes)


@dataclass(frozen=True, slots=True)
class DebatesPage:
    """All that the template needs. A link is empty where there is nothing behind it."""

    bar: FilterBar
    table: Table
    newer_url: str
    older_url: str
    csv_url: str
    reset_url: str


def state_of(query: Mapping[str, str], *, now: datetime) -> DebatesState:
    """Never fails. No debate is had on one model, so that is no filter here."""
    known = filters_known()
    choices = replace(known, languages=tuple(sorted({*known.languages, *LANGUAGES})))
    shared = filters.state_of(query, choices=choices, now=now, applies=APPLIES)
    order = query.get("order", "")
    return DebatesState(
        shared, choices, Order(order) if order in list(Order) else Order.NEWEST,
        _number(query.get("page", "")),
    )


def _number(asked: str) -> int:
    is_number = asked.isascii() and asked.isdecimal() and len(asked) <= 4
    return min(max(int(asked), 1), MAX_PAGE) if is_number else 1


def debates_page(state: DebatesState, *, today: str) -> DebatesPage:
    here = reverse("dashboard:debates")
    found = report.page(state.shared.question, order=state.order, number=state.number)
    older = state.as_query(page=str(state.number + 1))
    newer = state.as_query(page=str(state.number - 1) if state.number > 2 else "")
    csv_query = state.as_query()
    reset_query = state.shared.as_query(**state.shared.without_filters())
    return DebatesPage(
        bar=_bar(state, today=today), table=_table(found.lines, zone=state.shared.zone),
        newer_url=_address(here, newer) if state.number > 1 else "",
        older_url=_address(here, older) if found.has_more and state.number < MAX_PAGE else "",
        csv_url=_address(reverse("dashboard:debates_csv"), csv_query),
        reset_url=_address(here, reset_query),
    )


def export(state: DebatesState) -> Iterator[Row]:
    yield HEADER
    lines = report.every(state.shared.question, order=state.order, limit=MAX_EXPORT)
    for line in lines:
        yield (
            line.debate_id, line.user_id, line.user, line.language, line.calls, line.cost_nanos,
            to_usd(line.cost_nanos), _iso(line.first_at), _iso(line.last_at),
        )


def debate_url(debate_id: str, user_id: int, *, zone: str = "") -> str:
    """Two users may call a debate the same."""
    query = {"user": str(user_id)} | ({"zone": zone} if zone != settings.DEFAULT_ZONE else {})
    given = {name: value for name, value in query.items() if value}
    return f"{reverse('dashboard:debate', args=[debate_id])}?{urlencode(given)}"


def titles_of(debate_ids: Iterable[str]) -> dict[str, str]:
    """The questions of the catalogue. What a user typed is theirs, and not shown in a list."""
    ids = [found for name in debate_ids if (found := uuid_of(name))]
    rows = Debate.objects.filter(pk__in=ids).exclude(topic_key="")
    return {str(pk): topic for pk, topic in rows.values_list("pk", "topic")}


def uuid_of(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None


def _table(lines: Iterable[DebateLine], *, zone: str) -> Table:
    lines = list(lines)
    titles = titles_of(line.debate_id for line in lines)
    columns = (
        Column(_("Debate")), Column(_("Cost"), is_number=True), Column(_("Calls"), is_number=True),
        Column(_("Last call")), Column(_("User")), Column(_("Language")),
    )
    return Table(
        _("Debates"), columns, tuple(_row(line, titles, zone) for line in lines),
        is_caption_hidden=True,
    )


def _row(line: DebateLine, titles: Mapping[str, str], zone: str) -> tuple[Cell, ...]:
    title = titles.get(line.debate_id, "")
    url = debate_url(line.debate_id, line.user_id, zone=zone)
    return (
        link(title or line.debate_id, url, note=line.debate_id if title else ""),
        money(line.cost_nanos, places=6), count(line.calls), when(line.last_at, zone=zone),
        text(line.user or _("user %(number)d") % {"number": line.user_id}),
        text(language(line.language) or None),
    )


def _bar(state: DebatesState, *, today: str) -> FilterBar:
    orders = tuple(
        Choice(one, str(words), one == state.order) for one, words in ORDER_LABELS.items()
    )
    return filter_bar(
        state.shared, state.choices, today=today, query=state.as_query,
        more=(Select("order", _("Order"), orders),),
    )


def _address(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
