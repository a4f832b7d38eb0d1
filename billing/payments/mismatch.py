"""What does not fit between a payer's plan here and what Stripe said at the last look.

A look puts a plan right by itself, so these stay only where it cannot: something that somebody has
to decide, or a plan that was changed by hand since.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Organisation, User
from billing.models import Customer, Subscription
from billing.payments.standing import FULL, NONE, PAST_DUE, tier_due
from costcontrol.lib.sentences import Sentence as _


def mismatches(users: Iterable[User], *, now: datetime) -> Mapping[int, tuple[str, ...]]:
    """By user, in sentences; whoever fits is not in it. Two queries. An organisation's plan is the
    organisation's: its members are not in it."""
    by_id = {user.pk: user for user in users}
    customers = Customer.objects.filter(user_id__in=by_id).select_related("base_tier")
    known = {row.pk: row for row in customers}
    rows = _subscriptions(known)
    found = {
        customer.user_id or 0: tuple(_of(by_id[customer.user_id or 0], customer, rows[pk], now))
        for pk, customer in known.items()
    }
    return {pk: said for pk, said in found.items() if said}


@dataclass(frozen=True, slots=True)
class Differing:
    """An organisation whose plan is not what Stripe said, and how."""

    customer_id: int
    name: str
    why: tuple[str, ...]


def organisations(*, now: datetime) -> tuple[Differing, ...]:
    """All that pay, or paid, and do not fit, by their names. Two queries."""
    customers = Customer.objects.filter(organisation__isnull=False).select_related(
        "base_tier", "organisation__tier"
    )
    known = {row.pk: row for row in customers.order_by("organisation__name", "pk")}
    rows = _subscriptions(known)
    found = (
        Differing(pk, row.organisation.name, tuple(_of(row.organisation, row, rows[pk], now)))
        for pk, row in known.items() if row.organisation
    )
    return tuple(each for each in found if each.why)


def _subscriptions(customers: Collection[int]) -> Mapping[int, list[Subscription]]:
    rows: dict[int, list[Subscription]] = defaultdict(list)
    if customers:
        for row in Subscription.objects.filter(customer__in=customers).select_related("tier"):
            rows[row.customer_id].append(row)
    return rows


def _of(
    owner: User | Organisation, customer: Customer, rows: list[Subscription], now: datetime
) -> Iterator[str]:
    due = tier_due(customer, rows, now=now)
    if due.pk != owner.tier_id:
        yield _("The plan here is %(have)s; by what Stripe said last it should be %(due)s.") % {
            "have": owner.tier.title, "due": due.title,
        }
    alive = [row for row in rows if row.status in Subscription.ACCESS and row.ended_at is None]
    if len(alive) > 1:
        yield _("More than one subscription is being paid: %(ids)s.") % {
            "ids": ", ".join(sorted(row.stripe_id for row in alive)),
        }
    for row in rows:
        if row.status not in FULL | NONE | {PAST_DUE}:
            yield _("%(id)s has the status “%(status)s”, which is not known here, so it gives "
                    "nothing.") % {"id": row.stripe_id, "status": row.status}
        elif row.tier is None and row in alive:
            yield _("%(id)s is being paid, but no plan has its price %(price)s, so it gives "
                    "nothing.") % {"id": row.stripe_id, "price": row.price_id}
