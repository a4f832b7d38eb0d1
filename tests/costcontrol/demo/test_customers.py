"""Who pays in the demo: consistent with the calls, and nothing that Stripe is asked about."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import AuditEvent, User
from accounts.services import tiers_load
from billing.models import CreditGrant, Customer, Invoice, Subscription
from billing.plans import packs_load, plans_load
from costcontrol.demo import customers, house, script
from costcontrol.demo.people import LEAVES, SHARED, everybody
from costcontrol.demo.scenario import Scenario

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)
SCENARIO = Scenario(now=NOW, days=14, debates_a_day=3)


@pytest.fixture(autouse=True)
def furnished(db: None) -> None:
    tiers_load()
    plans_load()
    packs_load()
    house._people()
    customers.furnish(SCENARIO)


def contract(name: str) -> Subscription:
    return Subscription.objects.get(stripe_id=f"sub_demo_{name}")


def test_everybody_on_a_paid_plan_pays_or_shares() -> None:
    paid = {each.name for each in everybody() if each.tier != "free"}
    sharing = {each.name for each in everybody() if each.account in SHARED} - SHARED.keys()
    assert Customer.objects.count() == len(paid - sharing | SHARED.keys())
    assert Customer.objects.filter(organisation__isnull=False).count() == len(SHARED)


def test_nobody_is_known_at_stripe() -> None:
    assert not Customer.objects.filter(stripe_id__isnull=False).exists()


def test_a_plan_is_paid_before_its_first_call_and_until_the_last() -> None:
    calls = [call for _day, lanes in script.days(SCENARIO) for lane in lanes for call in lane]
    members = [call for call in calls if call.person.name.startswith("member-")]
    assert members
    for call in members:
        row = contract(call.person.name)
        assert row.started_at is not None
        assert row.started_at <= call.at
        assert row.ended_at is None or call.at < row.ended_at + timedelta(days=1)


def test_invoices_follow_the_periods_and_only_the_late_one_is_open() -> None:
    assert Invoice.objects.get(status="open").stripe_id.startswith(f"in_demo_{customers.LATE}_")
    late = contract(customers.LATE)
    assert (late.status, late.past_due_since) == ("past_due", NOW - customers.LATE_FOR)
    for row in Subscription.objects.filter(status="active"):
        last = row.customer.invoices.exclude(subject__startswith="Credit").first()
        assert last is not None
        assert last.created_at == row.period_start
        assert row.period_end is not None
        assert last.created_at <= NOW < row.period_end


def test_whoever_left_is_on_the_free_plan() -> None:
    for name in LEAVES:
        assert User.objects.get(external_id=name).tier_id == "free"
        assert contract(name).status == "canceled"
    assert AuditEvent.objects.filter(action="tier_change").count() == len(LEAVES)
    assert CreditGrant.objects.count() == len(customers.BUYERS)


@pytest.mark.parametrize("days", [1, 8, 92])
def test_it_can_be_made_for_any_length(days: int) -> None:
    CreditGrant.objects.all().delete()
    Customer.objects.all().delete()
    customers.furnish(Scenario(now=NOW, days=days))
    assert Subscription.objects.exists()
