"""Who is told that a limit is nearly used up: everybody at 80 and 100 percent, and as they wish.

Once a minute, about the windows that something was booked in since the last looks. The first look
of a process takes all that are open, so that a worker that was away forgets nobody.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, Q, QuerySet

from accounts.types import Payer
from billing import credits
from billing.budgets import current_windows
from billing.models import (
    Budget,
    CreditGrant,
    Customer,
    LedgerEntry,
    Metric,
    ScopeKind,
    SentNotice,
    SpendingAlert,
    Window,
)
from billing.notices import notice_send
from billing.payments.customers import customer_of
from billing.purses import payer_of
from costcontrol.lib.errors import NotFound
from costcontrol.lib.money import format_usd
from costcontrol.lib.sentences import Sentence as _

Kind = SpendingAlert.Kind
DEFAULTS = frozenset((80, 100))
FULL, FULL_OF_MONEY = 100, 99  # the last percent of money rarely pays for another call
PERCENT_OF = {True: Kind.QUOTA_PERCENT, False: Kind.OVERAGE_PERCENT}  # of the plan, beyond it
Wishes = dict[tuple[str, str], set[int]]
PAYERS = (ScopeKind.USER, ScopeKind.ORGANISATION)
NAMES = {
    Metric.DEBATES: _("Debates today"),
    Metric.REQUESTS: _("Calls outside debates today"),
    Metric.USD: _("Model costs today"),
}

_seen: list[int] = []  # the newest booking at the last looks


def forget_all() -> None:
    _seen.clear()


def alerts_send(*, now: datetime) -> int:
    """How many notices went out."""
    newest = LedgerEntry.objects.aggregate(pk=Max("pk"))["pk"] or 0
    windows, wishes = list(_changed(now)), _wishes()
    sent = sum(_percents(window, wishes, now) for window in windows
               if window.scope_kind != ScopeKind.CREDIT)
    sent += sum(_credit(customer, now) for customer in _with_less_credit(windows, now))
    _seen[:] = [*_seen[-1:], newest]
    return sent


def _changed(now: datetime) -> QuerySet[Window]:
    """Booked in since the look before the last: what was being written then is seen now."""
    rows = current_windows(now).filter(
        Q(scope_kind__in=PAYERS, period=Budget.Period.DAY, metric__in=NAMES)
        | Q(scope_kind__in=(ScopeKind.OVERAGE, ScopeKind.CREDIT)),
        cap__gt=0,
    )
    if not _seen:
        return rows
    return rows.filter(pk__in=LedgerEntry.objects.filter(pk__gt=_seen[0]).values("window"))


def _percents(window: Window, wishes: Wishes, now: datetime) -> bool:
    """The highest of the wished percents that is passed, unless it was told before. A limit that
    was raised is another one."""
    is_quota = window.scope_kind in PAYERS
    payer, wish = payer_of_window(window), PERCENT_OF[is_quota]
    wished = DEFAULTS | wishes.get((str(payer), wish), set())
    percent = max((one for one in wished if is_passed(window, one)), default=None)
    if percent is None:
        return False
    kind, about = ("quota" if is_quota else "overage"), f"{window.pk} {window.cap} {percent}"
    if SentNotice.objects.filter(kind=kind, about=about).exists():
        return False
    context = (_about_limit if is_quota else _about_ceiling)(window, percent)
    return _told(payer, kind, about, context, now)


def _wishes() -> Wishes:
    """The percents that payers asked for, by payer and kind of alert."""
    rows = SpendingAlert.objects.filter(kind__in=PERCENT_OF.values(), is_on=True)
    found: Wishes = {}
    for row in rows.select_related("customer"):
        found.setdefault((str(payer_of(row.customer)), row.kind), set()).add(row.threshold)
    return found


def is_passed(window: Window, percent: int) -> bool:
    if percent >= FULL and window.metric == Metric.USD:
        percent = FULL_OF_MONEY
    return window.spent * 100 >= window.cap * percent


def payer_of_window(window: Window) -> Payer:
    if window.scope_kind in PAYERS:
        return Payer(window.scope_kind, window.scope_id)
    kind, _colon, id = window.scope_id.partition(":")
    return Payer(kind, id)


def _told(payer: Payer, kind: str, about: str, context: dict[str, Any], now: datetime) -> bool:
    try:
        customer = customer_of(payer)
    except NotFound:  # deleted since
        return False
    return notice_send(customer=customer, kind=kind, about=about, context=context, now=now)


def _about_limit(window: Window, percent: int) -> dict[str, Any]:
    is_money = window.metric == Metric.USD
    used, limit = (
        (format_usd(n, places=2) if is_money else f"{n:,}") for n in (window.spent, window.cap)
    )
    return {
        "percent": percent, "limit_name": NAMES[Metric(window.metric)], "used": used,
        "limit": limit, "resets_at": window.end, "is_full": percent >= FULL,
    }


def _about_ceiling(window: Window, percent: int) -> dict[str, Any]:
    return {
        "percent": percent, "spent_nanos": window.spent, "ceiling_nanos": window.cap,
        "is_full": percent >= FULL, "period_end": window.end,
    }


def _with_less_credit(windows: Iterable[Window], now: datetime) -> QuerySet[Customer]:
    """Who wishes to be told, among those whose credit was used or has ended lately."""
    payers = [payer_of_window(w) for w in windows if w.scope_kind == ScopeKind.CREDIT]
    ended = CreditGrant.objects.filter(lapsed_at__gt=now - timedelta(hours=1)).values("customer")
    wish = SpendingAlert.objects.filter(kind=Kind.CREDIT_BELOW, is_on=True).values("customer")
    return Customer.objects.filter(
        Q(user__in=[int(p.id) for p in payers if p.kind == ScopeKind.USER])
        | Q(organisation__in=[int(p.id) for p in payers if p.kind == ScopeKind.ORGANISATION])
        | Q(pk__in=ended),
        pk__in=wish,
    ).order_by("pk")


def _credit(customer: Customer, now: datetime) -> bool:
    """Once for each threshold, until credit is bought again."""
    left = credits.balance(customer, now=now).left_nanos
    wishes = customer.alerts.filter(kind=Kind.CREDIT_BELOW, is_on=True, threshold__gt=left)
    below = wishes.order_by("threshold").values_list("threshold", flat=True).first()
    if below is None:
        return False
    bought = customer.grants.aggregate(pk=Max("pk"))["pk"]
    about = f"below {below} after {bought}"
    return notice_send(
        customer=customer, kind="credit_low", about=about, now=now,
        context={"left_nanos": left, "below_nanos": below},
    )
