"""Use beyond the plan: only for who asked for it, up to a ceiling of their own, billed monthly.

Its window is a month of the server's zone; its cap is the ceiling, and a new ceiling holds at once.
"""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from accounts.services import audit
from billing.budgets import book_changed, current_windows, locked, span
from billing.models import Budget, Customer, ScopeKind, Window
from billing.purses import payer_of
from costcontrol.lib.errors import BadRequest
from costcontrol.lib.money import format_usd, from_usd
from costcontrol.lib.sentences import Sentence as _


@dataclass(frozen=True, slots=True)
class OverageUsage:
    """This month. `ceiling_nanos` None: switched off."""

    ceiling_nanos: int | None
    spent_nanos: int
    held_nanos: int
    period_end: datetime


@transaction.atomic
def ceiling_set(*, customer: Customer, nanos: int | None, actor: str, now: datetime) -> None:
    """At most so much a month beyond the plan, from this call on; None switches it off.

    What is used stays used, and is billed.
    """
    if nanos is not None and not 0 < nanos <= most_nanos():
        raise BadRequest(
            _("Choose a ceiling above $0 and up to %(most)s a month, or switch it off.")
            % {"most": format_usd(most_nanos(), places=2)}
        )
    row = Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
    before, row.overage_ceiling_nanos = row.overage_ceiling_nanos, nanos
    row.save(update_fields=["overage_ceiling_nanos"])
    customer.overage_ceiling_nanos = nanos
    _cap_apply(row, nanos or 0, now)
    audit(actor, "overage_ceiling", f"customer {row.pk}", {"nanos": before}, {"nanos": nanos})


def most_nanos() -> int:
    return from_usd(str(settings.OVERAGE_MOST_USD))


def _cap_apply(customer: Customer, cap: int, now: datetime) -> None:
    book_changed()
    windows = locked(_windows(customer, now))
    for window in windows:
        window.cap = cap
    Window.objects.bulk_update(windows, ["cap"])


def usage_of(customer: Customer, *, now: datetime) -> OverageUsage:
    window = _windows(customer, now).first()
    _start, end = span(Budget.Period.MONTH, zone=settings.DEFAULT_ZONE, now=now)
    assert end is not None
    spent, held = (window.spent, window.held) if window else (0, 0)
    until = window.end if window and window.end else end
    return OverageUsage(customer.overage_ceiling_nanos, spent, held, until)


def _windows(customer: Customer, now: datetime) -> QuerySet[Window]:
    return current_windows(now).filter(
        scope_kind=ScopeKind.OVERAGE, scope_id=str(payer_of(customer))
    )
