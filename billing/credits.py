"""Credit: model calls paid beforehand, used after the plan's quota. See docs/credits.md.

A grant is a row; what is used of all grants of a payer is one window of the ledger, whose cap is
the sum of what the grants still count for. Grants are used in the order in which they end, so how
much of each is left is arithmetic over the window's `spent + held`. What is unused of a grant that
has ended, by its date or because it was taken back, is taken off its row and the cap, under the
window's lock: before credit is used, and by a task.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from accounts.services import audit
from billing.budgets import book_changed, window_get
from billing.models import CreditGrant, Customer, Window
from billing.purses import credit_rule, payer_of
from costcontrol.lib.errors import BadRequest, Conflict
from costcontrol.lib.sentences import Sentence as _

MOST_NANOS = 10**15  # a million dollars: more is a mistake
SETTLING = timedelta(hours=1)  # so long after its end a call in flight may give some back


@dataclass(frozen=True, slots=True)
class GrantLeft:
    source: str
    left_nanos: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Balance:
    """`left_nanos` is free; `held_nanos` is set aside for calls that are running."""

    left_nanos: int
    held_nanos: int
    grants: tuple[GrantLeft, ...]


@transaction.atomic
def grant(
    *, customer: Customer, source: str, nanos: int, expires_at: datetime, charge_id: str = "",
    now: datetime,
) -> CreditGrant:
    """Give credit. The same source again changes nothing."""
    if not 0 < nanos <= MOST_NANOS:
        raise BadRequest(_("Credit must be more than nothing, and less than a million dollars."))
    if known := CreditGrant.objects.filter(source=source).first():
        return _same(known, customer)
    window = _all_locked(customer, now)
    made, is_new = CreditGrant.objects.get_or_create(
        source=source,
        defaults={"customer": customer, "nanos": nanos, "expires_at": expires_at,
                  "charge_id": charge_id, "granted_at": now},
    )
    if is_new:
        close_ended(window, customer_id=customer.pk, now=now)
        audit("ledger", "credit_grant", f"customer {customer.pk}", None,
              {"source": source, "nanos": nanos, "expires_at": expires_at.isoformat()})
    return _same(made, customer)


def _same(known: CreditGrant, customer: Customer) -> CreditGrant:
    if known.customer_id != customer.pk:
        raise Conflict(_("This credit was given to somebody else."))
    return known


@transaction.atomic
def take_back(*, charge_id: str, now: datetime) -> int:
    """The money went back: so does what is unused of the grants it paid for. How much that was."""
    running = CreditGrant.objects.filter(charge_id=charge_id, lapsed_at=None, expires_at__gt=now)
    first = running.select_related("customer").first() if charge_id else None
    if first is None:
        return 0
    window = _all_locked(first.customer, now)
    ended = set(running.filter(customer=first.customer).values_list("pk", flat=True))
    taken = close_ended(window, customer_id=first.customer_id, now=now, also=ended)
    if ended:
        audit("ledger", "credit_take_back", f"customer {first.customer_id}", None,
              {"charge": charge_id, "nanos": taken})
    return taken


def balance(customer: Customer, *, now: datetime) -> Balance:
    """What is left. Reads only: what has ended is not counted, whether it was taken off or not."""
    window = _windows(customer).first()
    held, used = (window.held, window.spent + window.held) if window else (0, 0)
    grants = grants_of(customer.pk, now)
    lefts = tuple(
        GrantLeft(row.source, left, row.expires_at)
        for row, left in zip(grants, unused(grants, used), strict=True)
        if left and not has_ended(row, now)
    )
    return Balance(sum(each.left_nanos for each in lefts), held, lefts)


def _all_locked(customer: Customer, now: datetime) -> Window:
    """In the order of all changes: customer, book, window."""
    Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
    book_changed()
    return locked_window(customer, now=now)


def locked_window(customer: Customer, *, now: datetime) -> Window:
    """The customer's one credit window, made if this is their first credit."""
    ref = window_get(credit_rule(payer_of(customer)), now=now)
    return Window.objects.select_for_update().get(pk=ref.id)


def _windows(customer: Customer) -> QuerySet[Window]:
    rule = credit_rule(payer_of(customer))
    return Window.objects.filter(scope_kind=rule.scope_kind, scope_id=rule.scope_id)


def grants_of(customer_id: int, now: datetime) -> list[CreditGrant]:
    """Those that count for something, in the order in which they are used: ended ones first."""
    rows = CreditGrant.objects.filter(customer_id=customer_id).exclude(
        nanos=F("lapsed_nanos") + F("reversed_nanos")
    )
    return sorted(rows, key=lambda row: (not has_ended(row, now), row.expires_at, row.pk))


def has_ended(row: CreditGrant, now: datetime) -> bool:
    return row.expires_at <= now or row.lapsed_at is not None


def counted(row: CreditGrant) -> int:
    """What a grant adds to the cap."""
    return row.nanos - row.lapsed_nanos - row.reversed_nanos


def unused(grants: Sequence[CreditGrant], used: int) -> list[int]:
    """What is unused of each, the first being used first."""
    lefts = []
    for row in grants:
        taken = min(counted(row), max(0, used))
        lefts.append(counted(row) - taken)
        used -= taken
    return lefts


def close_ended(
    window: Window, *, customer_id: int, now: datetime, also: Iterable[int] = ()
) -> int:
    """Take off what is unused of grants that have ended, and set the cap. `window` is locked.

    `also`: grants that end now because their money went back. Returns what was taken back.
    """
    grants = grants_of(customer_id, now)
    lefts = unused(grants, window.spent + window.held)
    taken = sum(_close(row, left, row.pk in set(also), now)
                for row, left in zip(grants, lefts, strict=True))
    cap = sum(counted(row) for row in grants)
    if cap != window.cap:
        window.cap = cap
        window.save(update_fields=["cap"])
    return taken


def _close(row: CreditGrant, left: int, is_taken_back: bool, now: datetime) -> int:
    """What was taken back of one grant."""
    if not (is_taken_back or has_ended(row, now)) or (row.lapsed_at is not None and not left):
        return 0
    row.lapsed_at = row.lapsed_at or now
    is_taken_back = row.lapsed_at < row.expires_at
    if is_taken_back:
        row.reversed_nanos += left
    else:
        row.lapsed_nanos += left
    row.save(update_fields=["lapsed_at", "reversed_nanos", "lapsed_nanos"])
    return left if is_taken_back else 0


def lapse_all(*, now: datetime) -> int:
    """Every grant that ended, and those that ended lately again: of calls that were in flight then
    something may have come back. How many customers those are."""
    ended = CreditGrant.objects.filter(
        Q(expires_at__lte=now, lapsed_at=None) | Q(lapsed_at__gt=now - SETTLING)
    )
    customers = Customer.objects.filter(pk__in=ended.values("customer")).order_by("pk")
    for customer in customers:
        with transaction.atomic():
            window = locked_window(customer, now=now)
            close_ended(window, customer_id=customer.pk, now=now)
    return len(customers)
