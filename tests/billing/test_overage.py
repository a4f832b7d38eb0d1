"""Use beyond the plan: off until somebody allows it, never above what they allow."""

from datetime import UTC, datetime

import pytest

from accounts.models import AuditEvent
from accounts.services import tiers_load
from billing import ledger, overage
from billing.budgets import book_version
from billing.holds import NoRoom
from billing.models import Customer, Window
from billing.purses import payer_of
from costcontrol.lib.errors import BadRequest
from costcontrol.lib.money import from_usd
from tests.billing.books import NOW, counters
from tests.billing.purses import DAY, beyond, customer_make

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
DECEMBER = datetime(2026, 11, 30, 15, tzinfo=UTC)  # midnight in Seoul


@pytest.fixture(autouse=True)
def tiers(db: None) -> None:
    tiers_load()


@pytest.fixture
def alice() -> Customer:
    return customer_make()


def allow(customer: Customer, nanos: int | None) -> None:
    overage.ceiling_set(customer=customer, nanos=nanos, actor="alice@example.com", now=NOW)


def window(customer: Customer) -> Window:
    return Window.objects.get(scope_kind="overage", scope_id=str(payer_of(customer)))


def test_it_is_off_until_it_is_allowed(alice: Customer) -> None:
    with pytest.raises(NoRoom):
        beyond(alice, 1)
    assert overage.usage_of(alice, now=NOW) == overage.OverageUsage(None, 0, 0, DECEMBER)


def test_no_more_than_the_ceiling_is_used_in_a_month(alice: Customer) -> None:
    allow(alice, 100)
    ledger.settle(beyond(alice, 90), charged=90)
    with pytest.raises(NoRoom):
        beyond(alice, 15)
    assert overage.usage_of(alice, now=NOW) == overage.OverageUsage(100, 90, 0, DECEMBER)


def test_a_new_month_begins_at_nothing(alice: Customer) -> None:
    allow(alice, 100)
    ledger.settle(beyond(alice, 100), charged=100)
    beyond(alice, 60, now=DECEMBER)
    assert overage.usage_of(alice, now=DECEMBER).held_nanos == 60
    assert overage.usage_of(alice, now=DECEMBER - DAY).spent_nanos == 100


@pytest.mark.parametrize(("ceiling", "fits"), [(150, True), (95, False), (None, False)])
def test_a_new_ceiling_holds_at_once(alice: Customer, ceiling: int | None, fits: bool) -> None:
    allow(alice, 100)
    ledger.settle(beyond(alice, 90), charged=90)
    allow(alice, ceiling)
    assert window(alice).cap == (ceiling or 0)
    assert counters(window(alice)) == (90, 0)  # used stays used, and is billed
    if fits:
        beyond(alice, 15)
        return
    with pytest.raises(NoRoom):
        beyond(alice, 15)


def test_a_month_that_begins_later_has_the_ceiling_of_then(alice: Customer) -> None:
    allow(alice, 100)
    beyond(alice, 10)
    allow(alice, 40)
    beyond(alice, 40, now=DECEMBER)
    assert Window.objects.get(scope_kind="overage", start=DECEMBER).cap == 40


@pytest.mark.parametrize("nanos", [0, -5, from_usd("1000.000000001")])
def test_a_ceiling_of_nothing_or_too_much_is_refused(alice: Customer, nanos: int) -> None:
    with pytest.raises(BadRequest, match="a month, or switch it off"):
        allow(alice, nanos)
    alice.refresh_from_db()
    assert alice.overage_ceiling_nanos is None


def test_every_change_is_written_down_and_known_to_all_processes(alice: Customer) -> None:
    before = book_version()
    allow(alice, 100)
    allow(alice, None)
    assert book_version() == before + 2
    events = AuditEvent.objects.filter(action="overage_ceiling").order_by("pk")
    assert [(e.actor, e.before, e.after) for e in events] == [
        ("alice@example.com", {"nanos": None}, {"nanos": 100}),
        ("alice@example.com", {"nanos": 100}, {"nanos": None}),
    ]
