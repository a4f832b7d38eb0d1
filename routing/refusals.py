"""From full windows to a sentence: which limit, how much is used, when it opens again."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from billing.budgets import WindowRef
from billing.holds import NoRoom
from billing.ledger import Room
from billing.models import Metric, ScopeKind
from costcontrol.lib.errors import BudgetExhausted, QuotaExceeded, RateLimited, Refused
from costcontrol.lib.money import format_usd
from costcontrol.lib.sentences import Sentence
from costcontrol.lib.sentences import Sentence as _

PRIVATE = (
    ScopeKind.PLATFORM, ScopeKind.USER, ScopeKind.ORGANISATION, ScopeKind.CREDIT,
    ScopeKind.OVERAGE,
)
OPERATORS = (ScopeKind.PLATFORM, ScopeKind.TIER, ScopeKind.PROVIDER)


def no_database() -> BudgetExhausted:
    return BudgetExhausted(
        _("The ledger's database is away, so no paid call is made. Cached answers still work."),
        retry_after_s=5, still_works=["cache"],
    )


def of_no_room(
    full: NoRoom, *, now: datetime, upgrade: Mapping[str, Any] | None = None
) -> Refused:
    """The error of the first full window. `upgrade`: what it may say of the next plan up."""
    window = full.windows[0]
    room = full.room_of(window)
    if window.rule.metric == Metric.CONCURRENT:
        return RateLimited(
            _("Already %(limit)d calls at the same time. Wait for one to end.")
            % {"limit": room.cap},
            retry_after_s=1, limit=room.cap, **upgrade or {},
        )
    if window.rule.scope_kind in OPERATORS:
        return _budget(window, now)
    if window.rule.scope_kind in (ScopeKind.CREDIT, ScopeKind.OVERAGE):
        return _nothing_left(window, room, now)
    is_of_plan = window.rule.scope_kind in (ScopeKind.USER, ScopeKind.ORGANISATION)
    return _quota(window, room, now=now, upgrade=(is_of_plan and upgrade) or {})


def _budget(window: WindowRef, now: datetime) -> BudgetExhausted:
    return BudgetExhausted(
        _("The budget of %(scope)s is used up%(until)s. "
          "Cached answers and local models still work.")
        % {"scope": _scope(window), "until": _until(window)},
        retry_after_s=_seconds(window, now), scope=_scope(window), resets_at=_iso(window),
        still_works=["cache", "local"],
    )


def _quota(
    window: WindowRef, room: Room, *, now: datetime, upgrade: Mapping[str, Any]
) -> QuotaExceeded:
    names, sentence = _still_works(window)
    return QuotaExceeded(
        _("Limit reached: %(amount)s%(until)s. %(works)s")
        % {"amount": _amount(window, room), "until": _until(window), "works": sentence},
        retry_after_s=_seconds(window, now), scope=_scope(window), metric=window.rule.metric,
        limit=room.cap, used=room.spent, resets_at=_iso(window), still_works=names, **upgrade,
    )


def _still_works(window: WindowRef) -> tuple[list[str], Sentence]:
    rule = window.rule
    if rule.metric == Metric.DEBATES:
        return ["cache", "open_debates", "calls"], _(
            "Cached answers, debates that are open already and calls outside debates still work."
        )
    if rule.metric == Metric.REQUESTS and rule.scope_kind == ScopeKind.DEBATE:
        return ["cache", "other_debates"], _("Cached answers and other debates still work.")
    if rule.metric == Metric.REQUESTS:
        return ["cache", "debates"], _("Cached answers and calls in debates still work.")
    return ["cache", "local"], _("Cached answers and models that cost nothing still work.")


def _nothing_left(window: WindowRef, room: Room, now: datetime) -> QuotaExceeded:
    """Only of debates that were opened beyond the plan: else the plan's limit is named."""
    return QuotaExceeded(
        _("This debate was opened beyond your plan, and nothing is left there to pay for it. "
          "Cached answers and debates of your plan still work."),
        retry_after_s=_seconds(window, now), scope=_scope(window), metric=window.rule.metric,
        limit=room.cap, used=room.spent, resets_at=_iso(window),
        still_works=["cache", "other_debates"],
    )


def _amount(window: WindowRef, room: Room) -> str:
    used = {"used": room.spent, "limit": room.cap}
    match window.rule.metric:
        case Metric.USD:
            return _("%(used)s of %(limit)s") % {
                "used": format_usd(room.spent), "limit": format_usd(room.cap)
            }
        case Metric.DEBATES:
            return _("%(used)d of %(limit)d debates") % used
        case _:
            return _("%(used)d of %(limit)d calls") % used


def _scope(window: WindowRef) -> str:
    kind, name = window.rule.scope_kind, window.rule.scope_id
    is_private = kind in PRIVATE
    return kind if is_private else f"{kind}:{name}"


def _until(window: WindowRef) -> str:
    return _(" until %(time)s") % {"time": _iso(window)} if window.end else ""


def _iso(window: WindowRef) -> str | None:
    return window.end.isoformat() if window.end else None


def _seconds(window: WindowRef, now: datetime) -> float | None:
    return max(1.0, (window.end - now).total_seconds()) if window.end else None
