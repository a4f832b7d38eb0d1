"""Our row of a payer, and the customer at Stripe that belongs to it: one each, made once."""

from datetime import datetime

from django.db import transaction

from accounts.models import Organisation, Tier, User
from accounts.types import Payer
from billing.models import Customer, StripeRequest
from billing.payments import requests
from billing.payments.facts import METADATA_CUSTOMER
from billing.purses import payer_of
from costcontrol.lib.errors import NotFound
from costcontrol.lib.sentences import Sentence as _

USUAL_CURRENCY = "usd"


def customer_of(payer: Payer) -> Customer:
    """The row of who pays, made on first sight. No network."""
    own = {"organisation_id" if payer.kind == "org" else "user_id": int(payer.id)}
    if row := Customer.objects.filter(**own).first():
        return row
    tier = _owner_tier(payer)
    return Customer.objects.get_or_create(**own, defaults={"base_tier": tier})[0]


def _owner_tier(payer: Payer) -> Tier:
    """What somebody has before they ever paid is what they have without paying."""
    owners = Organisation.objects if payer.kind == "org" else User.objects
    owner = owners.select_related("tier").filter(pk=int(payer.id)).first()
    if owner is None:
        raise NotFound(_("This account does not exist any more."))
    tier: Tier = owner.tier
    return tier


def payer_of_customer(customer: Customer) -> Payer | None:
    """Nobody after the account was deleted."""
    is_gone = customer.organisation_id is None and customer.user_id is None
    return None if is_gone else payer_of(customer)


@transaction.atomic
def base_tier_set(*, payer: Payer, tier: Tier) -> None:
    """Staff gave somebody a plan: they keep it when a subscription ends."""
    Customer.objects.filter(pk=customer_of(payer).pk).update(base_tier=tier)


def owner_email(customer: Customer) -> str:
    """Where Stripe sends receipts: to the person, or to the first owner of the organisation."""
    if customer.user is not None:
        return customer.user.email or ""
    if customer.organisation is None:
        return ""
    owners = customer.organisation.members.filter(role="owner").select_related("user")
    first = owners.order_by("pk").first()
    return (first.user.email or "") if first else ""


def currency_of(customer: Customer) -> str:
    """Of the subscription; else the one they bought credit in last."""
    if customer.currency:
        return customer.currency
    last = customer.requests.filter(kind=requests.PACK, state=requests.DONE).order_by("pk").last()
    return str(last.params["grant"]["currency"]) if last else USUAL_CURRENCY


def stripe_id_of(customer: Customer, *, now: datetime) -> str:
    """The customer at Stripe, made if it is the first time they buy something."""
    if not customer.stripe_id:
        call = {"email": owner_email(customer), "metadata": {METADATA_CUSTOMER: str(customer.pk)}}
        customer_run(requests.request_open(
            customer=customer, kind=requests.CUSTOMER, now=now, params={"call": call}
        ))
        customer.refresh_from_db(fields=["stripe_id"])
    return str(customer.stripe_id)


def customer_run(row: StripeRequest) -> None:
    made = requests.request_run(
        row, lambda client: client.v1.customers.create(row.params["call"], requests.key(row))
    )
    Customer.objects.filter(pk=row.customer_id, stripe_id__isnull=True).update(stripe_id=made.id)
