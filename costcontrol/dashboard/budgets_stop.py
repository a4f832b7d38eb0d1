"""What a budget would do, before it is saved: what stops, whether at once, and how often it would
have in the last 30 days."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.budgets import current_windows
from billing.models import Budget, Metric, ScopeKind, Window
from billing.reports.slices import SliceFilters, day_costs
from costcontrol import formats

LOOKED_AT = 30  # days


@dataclass(frozen=True, slots=True)
class Stop:
    """`is_at_once`: more than the cap is spent or held already."""

    sentences: tuple[str, ...]
    is_at_once: bool


def stop_of(
    kind: str, scope_id: str, period: str, cap_nanos: int, *, zone: str, now: datetime
) -> Stop:
    window = current_windows(now).filter(
        scope_kind=kind, scope_id=scope_id, period=period, metric=Metric.USD
    ).order_by("start").first()
    used = window.spent + window.held if window else 0
    is_at_once = used >= cap_nanos
    said = [what_stops(kind)]
    if is_at_once:
        said.append(_at_once(used, window))
    said += _past(kind, scope_id, period, cap_nanos, zone=zone, now=now)
    return Stop(tuple(said), is_at_once)


def what_stops(kind: str) -> str:
    go_on = _("Stored answers and models that cost nothing go on.")
    stops = {
        ScopeKind.PLATFORM: _("When it is used up, every call that costs money is refused, "
                              "whoever makes it."),
        ScopeKind.PROVIDER: _("When it is used up, nothing more is sent to this provider. Calls "
                              "go to others where the routes have any, else they are refused."),
        ScopeKind.TIER: _("When it is used up, calls that cost money are refused to all users of "
                          "this tier."),
        ScopeKind.USER: _("When it is used up, this user's calls that cost money are refused, "
                          "whatever their plan allows."),
        ScopeKind.ORGANISATION: _("When it is used up, calls that cost money are refused to all "
                                  "members."),
        ScopeKind.KEY: _("When it is used up, calls with this key that cost money are refused."),
        ScopeKind.DEBATE: _("When it is used up, this debate gets no more calls that cost money."),
    }
    return f"{stops.get(ScopeKind(kind), '')} {go_on}".strip()


def _at_once(used: int, window: Window | None) -> str:
    return _("%(used)s are spent or held already, so this stops them now.") % {
        "used": formats.money(used)
    }


def _past(
    kind: str, scope_id: str, period: str, cap: int, *, zone: str, now: datetime
) -> list[str]:
    filters = filters_of(kind, scope_id)
    if filters is None or period == Budget.Period.TOTAL:
        return []
    today = now.astimezone(ZoneInfo(zone)).date()
    rows = day_costs(
        zone=zone, first=today - timedelta(days=LOOKED_AT), last=today - timedelta(days=1),
        now=now, filters=filters,
    )
    costs = [row.cost_nanos for row in rows.values()]
    if not costs:
        return [_("Nothing was spent on it in the last 30 days.")]
    if period == Budget.Period.MONTH:
        return [_("The last 30 days cost %(cost)s together.") % {
            "cost": formats.money(sum(costs))
        }]
    return [_days(sum(cost >= cap for cost in costs), max(costs))]


def _days(over: int, most: int) -> str:
    dearest = _("The dearest day cost %(most)s.") % {"most": formats.money(most)}
    if not over:
        return f"{_('It would not have been reached on any of the last 30 days.')} {dearest}"
    reached = ngettext(
        "It would have been reached on %(days)d of the last 30 days.",
        "It would have been reached on %(days)d of the last 30 days.", over,
    ) % {"days": over}
    return f"{reached} {dearest}"


def filters_of(kind: str, scope_id: str) -> SliceFilters | None:
    """None: days of such a scope are not known."""
    match kind:
        case ScopeKind.PLATFORM:
            return SliceFilters()
        case ScopeKind.PROVIDER:
            return SliceFilters(provider=scope_id)
        case ScopeKind.TIER:
            return SliceFilters(tier=scope_id)
        case ScopeKind.USER if scope_id.isdecimal():
            return SliceFilters(user_id=int(scope_id))
    return None
