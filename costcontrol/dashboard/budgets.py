"""The page of budgets: how full each one is, by its name, with what happens next."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from billing.budgets import current_windows
from billing.models import Budget, Metric, ScopeKind
from billing.reports.budget_today import BudgetToday, budgets_of
from billing.reports.scope_names import scope_names
from billing.scopes import BUDGETED
from costcontrol import formats
from costcontrol.dashboard.cards import PERIODS, budget_note
from costcontrol.dashboard.components import BudgetBar
from costcontrol.dashboard.csvs import Row
from costcontrol.dashboard.filter_bar import Choice
from costcontrol.lib.money import to_usd

A_PAGE = 20
MOST_EXPORTED = 10_000
ORDER = (
    ScopeKind.PLATFORM, ScopeKind.PROVIDER, ScopeKind.TIER, ScopeKind.ORGANISATION, ScopeKind.USER,
    ScopeKind.KEY, ScopeKind.DEBATE,
)


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """`raised_from`: what the budget itself allows, while the running window has more."""

    budget: BudgetToday
    name: str
    bar: BudgetBar
    raised_from: int | None = None

    @property
    def is_alone(self) -> bool:
        """No end: it cannot be raised for one window."""
        return self.budget.period == Budget.Period.TOTAL


@dataclass(frozen=True, slots=True)
class BudgetsPage:
    lines: tuple[BudgetLine, ...]
    kinds: tuple[Choice, ...]
    more_url: str
    first_url: str
    is_any: bool


def page_of(query: Mapping[str, str], *, now: datetime, zone: str) -> BudgetsPage:
    """Never fails: what is no kind or place shows all, from the first."""
    kind = query.get("kind", "") if query.get("kind", "") in BUDGETED else ""
    after = _place(query.get("after", ""))
    rows = list(_from(ranked(kind), after)[: A_PAGE + 1])
    here, shown = reverse("dashboard:budgets"), rows[:A_PAGE]
    chosen = {"kind": kind} if kind else {}
    more = ""
    if len(rows) > A_PAGE:
        last = shown[-1]
        more = f"{here}?{urlencode(chosen | {'after': f'{place_of(last)}_{last.pk}'})}"
    return BudgetsPage(
        lines=lines_of(shown, now=now, zone=zone), kinds=_kinds(kind), more_url=more,
        first_url=f"{here}?{urlencode(chosen)}" if after else "",
        is_any=bool(rows) or Budget.objects.exists(),
    )


def ranked(kind: str = "") -> QuerySet[Budget]:
    places = [When(scope_kind=each, then=Value(n)) for n, each in enumerate(ORDER)]
    rows = Budget.objects.annotate(
        place=Case(*places, default=Value(len(ORDER)), output_field=IntegerField())
    ).order_by("place", "pk")
    return rows.filter(scope_kind=kind) if kind else rows


def place_of(budget: Budget) -> int:
    return ORDER.index(ScopeKind(budget.scope_kind))


def _from(rows: QuerySet[Budget], after: tuple[int, int] | None) -> QuerySet[Budget]:
    if after is None:
        return rows
    place, pk = after
    return rows.filter(Q(place__gt=place) | Q(place=place, pk__gt=pk))


def _place(text: str) -> tuple[int, int] | None:
    place, _sep, pk = text.partition("_")
    if all(part.isascii() and part.isdecimal() and len(part) < 19 for part in (place, pk)):
        return min(int(place), len(ORDER)), int(pk)
    return None


def _kinds(chosen: str) -> tuple[Choice, ...]:
    known = [Choice(kind, str(ScopeKind(kind).label), kind == chosen) for kind in ORDER]
    return (Choice("", _("all"), not chosen), *known)


def lines_of(rows: list[Budget], *, now: datetime, zone: str) -> tuple[BudgetLine, ...]:
    names = scope_names((row.scope_kind, row.scope_id) for row in rows)
    raised = raised_now(rows, now)
    return tuple(
        _line(each, names[each.scope_kind, each.scope_id], raised.get(key_of(each)), zone)
        for each in budgets_of(rows, now=now)
    )


def key_of(each: Budget | BudgetToday) -> tuple[str, str, str]:
    return each.scope_kind, each.scope_id, each.period


def raised_now(rows: list[Budget], now: datetime) -> Mapping[tuple[str, str, str], int]:
    """What their budgets allow, of windows that have more."""
    found = current_windows(now).filter(
        metric=Metric.USD, raised_from__isnull=False,
        scope_kind__in={row.scope_kind for row in rows},
        scope_id__in={row.scope_id for row in rows},
    )
    columns = ("scope_kind", "scope_id", "period", "raised_from")
    return {
        (kind, id, period): raised_from
        for kind, id, period, raised_from in found.values_list(*columns)
        if raised_from is not None
    }


def _line(budget: BudgetToday, name: str, raised_from: int | None, zone: str) -> BudgetLine:
    period = str(PERIODS.get(Budget.Period(budget.period), budget.period))
    notes = [budget_note(budget, zone)]
    if raised_from is not None:
        notes.append(
            _("Raised once: the next one begins with %(cap)s again.")
            % {"cap": formats.money(raised_from)}
        )
    bar = BudgetBar(
        label=capfirst(f"{name}, {period}"), cap_nanos=budget.cap, spent_nanos=budget.spent,
        held_nanos=budget.held, projected_nanos=budget.projected,
        soft_percent=budget.soft_percent, note=" ".join(note for note in notes if note),
    )
    return BudgetLine(budget, name, bar, raised_from)


def csv_rows(*, now: datetime) -> Iterator[Row]:
    yield [
        "scope_kind", "scope_id", "period", "cap_nanos", "cap_usd", "spent_nanos", "spent_usd",
        "held_nanos", "left_nanos", "projected_nanos", "soft_percent", "raised_from_nanos",
        "resets_at",
    ]
    rows = list(ranked()[:MOST_EXPORTED])
    raised = raised_now(rows, now)
    for each in budgets_of(rows, now=now):
        yield [
            each.scope_kind, each.scope_id, each.period, each.cap, to_usd(each.cap), each.spent,
            to_usd(each.spent), each.held, each.left, each.projected, each.soft_percent,
            raised.get(key_of(each)), each.resets_at.isoformat() if each.resets_at else "",
        ]
