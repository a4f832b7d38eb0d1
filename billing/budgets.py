"""Which windows a call is counted in, and how full they are.

A window is made on first use, in a transaction of its own that locks the rule it takes its cap
from: a cap that changes at the same moment is either read here or applied to the new row by
`caps_apply`. Days are local days of the rule's zone, converted to UTC.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from accounts.models import Tier, User
from accounts.services import audit
from accounts.types import TierRules
from billing.models import BookVersion, Budget, Metric, ScopeKind, Window

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ALWAYS = "always"
BOOK = 1

# Lock order: cold rows first, the row that everybody shares last.
RANKS = {
    ScopeKind.DEBATE: 10,
    ScopeKind.KEY: 20,
    ScopeKind.USER: 30,
    ScopeKind.TIER: 60,
    ScopeKind.PROVIDER: 70,
    ScopeKind.PLATFORM: 90,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """A limit: how much of a metric one scope may use in one period."""

    scope_kind: str
    scope_id: str
    metric: str
    period: str
    cap: int
    soft_percent: int = 80
    zone: str = "Asia/Seoul"


@dataclass(frozen=True, slots=True)
class WindowRef:
    """A window that exists, and the rule behind it."""

    id: int
    rule: Rule
    start: datetime
    end: datetime | None


class Book:
    """An immutable snapshot of all budget rows, by scope, and which version of them it is."""

    def __init__(self, rules: Iterable[Rule], version: int = 0) -> None:
        self.version = version
        self._by_scope: dict[tuple[str, str], list[Rule]] = {}
        for rule in rules:
            self._by_scope.setdefault((rule.scope_kind, rule.scope_id), []).append(rule)

    @classmethod
    def load(cls) -> "Book":
        version = book_version()  # first: a change in between only means another reload
        return cls((rule_of_budget(row) for row in Budget.objects.all()), version)

    def of(self, scope_kind: str, scope_id: str) -> list[Rule]:
        return self._by_scope.get((scope_kind, scope_id), [])


def book_version() -> int:
    return BookVersion.objects.values_list("version", flat=True).first() or 0


def book_changed() -> None:
    """In the transaction that changes a budget or a plan: every process reloads before it holds."""
    BookVersion.objects.get_or_create(pk=BOOK)
    BookVersion.objects.filter(pk=BOOK).update(version=F("version") + 1)


def rule_of_budget(row: Budget) -> Rule:
    return Rule(
        row.scope_kind, row.scope_id, Metric.USD, row.period, row.cap_nanos, row.soft_percent,
        row.zone,
    )


def span(period: str, *, zone: str, now: datetime) -> tuple[datetime, datetime | None]:
    """[start, end) in UTC of the period that contains `now`. End None: never ends."""
    if period in (Budget.Period.TOTAL, ALWAYS):
        return EPOCH, None
    tz = ZoneInfo(zone)
    day = now.astimezone(tz).date()
    if period == Budget.Period.MONTH:
        day = day.replace(day=1)
        return _midnight(day, tz), _midnight((day + timedelta(days=32)).replace(day=1), tz)
    return _midnight(day, tz), _midnight(day + timedelta(days=1), tz)


def _midnight(day: date, tz: ZoneInfo) -> datetime:
    """The first instant of a local day, in UTC (`fold=0`; right where midnight does not exist)."""
    return datetime.combine(day, time(0), tz).astimezone(UTC)


def rules_of_call(
    book: Book, *, tier: TierRules, user_id: int, key_prefix: str, provider: str, debate_id: str,
) -> list[Rule]:
    """Every limit that one call must fit in. A user's own budget replaces the plan's ceiling."""
    user = str(user_id)
    rules = [
        *book.of(ScopeKind.PLATFORM, ""),
        *book.of(ScopeKind.PROVIDER, provider),
        *book.of(ScopeKind.TIER, tier.name),
        *book.of(ScopeKind.KEY, key_prefix),
        *(book.of(ScopeKind.USER, user) or tier_money(tier, user)),
        *tier_counts(tier, user, debate_id),
    ]
    if debate_id:
        rules += book.of(ScopeKind.DEBATE, debate_id)
    return rules


def tier_money(tier: TierRules, user: str) -> list[Rule]:
    if tier.usd_per_day_nanos is None:
        return []
    return [_user_rule(user, Metric.USD, Budget.Period.DAY, tier.usd_per_day_nanos)]


def tier_counts(tier: TierRules, user: str, debate_id: str) -> list[Rule]:
    """Calls at once; and calls of this debate, or calls outside debates."""
    rules = []
    if tier.concurrent_calls is not None:
        rules.append(_user_rule(user, Metric.CONCURRENT, ALWAYS, tier.concurrent_calls))
    if debate_id and tier.calls_per_debate is not None:
        rules.append(
            Rule(ScopeKind.DEBATE, f"{user}:{debate_id}", Metric.REQUESTS, Budget.Period.TOTAL,
                 tier.calls_per_debate)
        )
    if not debate_id and tier.requests_per_day is not None:
        rules.append(_user_rule(user, Metric.REQUESTS, Budget.Period.DAY, tier.requests_per_day))
    return rules


def debates_rule(tier: TierRules, user_id: int) -> Rule | None:
    if tier.debates_per_day is None:
        return None
    return _user_rule(str(user_id), Metric.DEBATES, Budget.Period.DAY, tier.debates_per_day)


def _user_rule(user: str, metric: str, period: str, cap: int) -> Rule:
    return Rule(ScopeKind.USER, user, metric, period, cap, zone=settings.DEFAULT_ZONE)


def window_get(rule: Rule, *, now: datetime) -> WindowRef:
    """The window of this rule at this time, made if it is the first call in it.

    A window that is already open in another zone is kept until it ends: changing the zone never
    reopens a day that is spent.
    """
    window = _open_window(rule, now) or _window_make(rule, now=now)
    return WindowRef(window.pk, rule, window.start, window.end)


def _open_window(rule: Rule, now: datetime) -> Window | None:
    same = _current(now).filter(
        scope_kind=rule.scope_kind, scope_id=rule.scope_id, metric=rule.metric, period=rule.period
    )
    return same.order_by("start").first()


@transaction.atomic
def _window_make(rule: Rule, *, now: datetime) -> Window:
    cap = _locked_cap(rule)
    if made := _open_window(rule, now):  # by somebody else, while we waited for the lock
        return made
    start, end = span(rule.period, zone=rule.zone, now=now)
    window, _ = Window.objects.get_or_create(
        scope_kind=rule.scope_kind, scope_id=rule.scope_id, metric=rule.metric,
        period=rule.period, start=start, zone=rule.zone,
        defaults={"end": end, "cap": cap, "soft_percent": rule.soft_percent,
                  "rank": RANKS[ScopeKind(rule.scope_kind)]},
    )
    return window


def _locked_cap(rule: Rule) -> int:
    """The cap as it is now, which may be newer than the caller's view of it. The row it comes
    from is locked, so that no change of a budget or a plan can pass the new window by."""
    budget = (
        Budget.objects.select_for_update()
        .filter(scope_kind=rule.scope_kind, scope_id=rule.scope_id, period=rule.period)
        .first()
    )
    if rule.metric == Metric.USD and budget is not None:
        return budget.cap_nanos
    cap = _locked_plan_cap(rule) if rule.scope_kind == ScopeKind.USER else None
    return rule.cap if cap is None else cap


def _locked_plan_cap(rule: Rule) -> int | None:
    """User first, then plan: a join would lose the row if the plan changed while we waited."""
    user = User.objects.select_for_update(no_key=True).filter(pk=int(rule.scope_id)).first()
    if user is None:
        return None
    tier = Tier.objects.select_for_update(no_key=True).get(pk=user.tier_id)
    return plan_caps(TierRules.of(tier)).get((rule.metric, rule.period))


def plan_caps(tier: TierRules) -> dict[tuple[str, str], int | None]:
    """What a plan gives each of its users, by metric and period. None: unlimited."""
    return {
        (Metric.USD, Budget.Period.DAY): tier.usd_per_day_nanos,
        (Metric.DEBATES, Budget.Period.DAY): tier.debates_per_day,
        (Metric.REQUESTS, Budget.Period.DAY): tier.requests_per_day,
        (Metric.CONCURRENT, ALWAYS): tier.concurrent_calls,
    }


@transaction.atomic
def caps_apply(*, scope_kind: str, scope_id: str, at: datetime) -> int:
    """Give the current windows of a scope the caps of its budgets. Returns how many changed."""
    book_changed()
    rows = Budget.objects.select_for_update().filter(scope_kind=scope_kind, scope_id=scope_id)
    budgets = {row.period: row for row in rows}
    windows = _locked(
        _current(at).filter(
            scope_kind=scope_kind, scope_id=scope_id, metric=Metric.USD, period__in=budgets
        )
    )
    for window in windows:
        budget = budgets[window.period]
        window.cap, window.soft_percent = budget.cap_nanos, budget.soft_percent
    return Window.objects.bulk_update(windows, ["cap", "soft_percent"])


@transaction.atomic
def tier_change(*, user: User, tier: Tier, actor: str, at: datetime) -> None:
    """Move a user to another plan: tier, caps of the current windows and audit row in one go.

    What is already spent stays spent.
    """
    locked = User.objects.select_for_update().get(pk=user.pk)
    before, locked.tier = locked.tier_id, tier
    locked.save(update_fields=["tier"])
    user.tier = tier
    user_caps_apply(user=locked, at=at)
    audit(actor=actor, action="tier_change", target=str(user), before={"tier": before},
          after={"tier": tier.pk})


@transaction.atomic
def user_caps_apply(*, user: User, at: datetime) -> None:
    """Set the caps of a user's open windows to what the plan says now."""
    book_changed()
    caps = plan_caps(TierRules.of(user.tier))
    own = {"scope_kind": ScopeKind.USER, "scope_id": str(user.pk)}
    if Budget.objects.filter(period=Budget.Period.DAY, **own).exists():
        del caps[Metric.USD, Budget.Period.DAY]
    changed = []
    for window in _locked(_current(at).filter(**own)):
        cap = caps.get((window.metric, window.period))
        if cap is not None:
            window.cap = cap
            changed.append(window)
    Window.objects.bulk_update(changed, ["cap"])


@transaction.atomic
def tier_caps_apply(*, tier: Tier, at: datetime) -> int:
    """After a plan was edited: the open windows of all its users."""
    book_changed()
    open_ids = _current(at).filter(scope_kind=ScopeKind.USER).values_list("scope_id", flat=True)
    users = User.objects.filter(tier=tier, pk__in=[int(pk) for pk in set(open_ids)])
    for user in users.select_related("tier").order_by("pk"):
        user_caps_apply(user=user, at=at)
    return len(users)


def _locked(windows: QuerySet[Window]) -> list[Window]:
    """Locked in the ledger's order, so that a change of caps and a call never deadlock."""
    return list(windows.select_for_update().order_by("rank", "pk"))


def _current(at: datetime) -> QuerySet[Window]:
    return Window.objects.filter(Q(end__isnull=True) | Q(end__gt=at), start__lte=at)
