"""Credit: given once, used in the order in which it ends, gone when it has ended, to the nano."""

from datetime import timedelta

import pytest
from django.core.exceptions import ObjectDoesNotExist

from accounts.models import Organisation
from accounts.services import tiers_load
from billing import credits, ledger
from billing.credits import GrantLeft
from billing.holds import NoRoom
from billing.models import CreditGrant, Customer, Window
from billing.purses import payer_of
from costcontrol.lib.errors import BadRequest, Conflict
from tests.billing.books import NOW, counters
from tests.billing.purses import DAY, beyond, credit_window, customer_make, give, left

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


@pytest.fixture(autouse=True)
def tiers(db: None) -> None:
    tiers_load()


@pytest.fixture
def alice() -> Customer:
    return customer_make()


def amounts(grant: CreditGrant) -> tuple[int, int, int]:
    """(credit, lapsed, taken back) now."""
    grant.refresh_from_db()
    return grant.nanos, grant.lapsed_nanos, grant.reversed_nanos


def spend(customer: Customer, nanos: int, **more: object) -> None:
    ledger.settle(beyond(customer, nanos, **more), charged=nanos)  # type: ignore[arg-type]


def assert_the_cap_is_the_sum_of_the_grants(customer: Customer) -> None:
    rows = CreditGrant.objects.filter(customer=customer)
    assert credit_window(customer).cap == sum(map(credits.counted, rows))
    assert ledger.differences() == []


# --- given ----------------------------------------------------------------------------------


def test_what_is_given_is_left(alice: Customer) -> None:
    give(alice, 100, days=2, source="stripe:1")
    give(alice, 50, days=1, source="stripe:2")
    balance = credits.balance(alice, now=NOW)
    assert (balance.left_nanos, balance.held_nanos) == (150, 0)
    assert balance.grants == (
        GrantLeft("stripe:2", 50, NOW + DAY), GrantLeft("stripe:1", 100, NOW + 2 * DAY)
    )


def test_the_same_source_gives_once(alice: Customer) -> None:
    first = give(alice, 100, source="stripe:1")
    assert give(alice, 999, source="stripe:1").pk == first.pk
    assert left(alice) == 100


def test_the_source_of_somebody_else_gives_nothing(alice: Customer) -> None:
    give(alice, 100, source="stripe:1")
    bob = customer_make("bob")
    with pytest.raises(Conflict):
        give(bob, 100, source="stripe:1")
    assert left(bob) == 0


@pytest.mark.parametrize("nanos", [0, -1, 10**15 + 1])
def test_nothing_negative_or_huge_is_given(alice: Customer, nanos: int) -> None:
    with pytest.raises(BadRequest):
        give(alice, nanos)
    assert not Window.objects.filter(scope_kind="credit").exists()


def test_who_never_had_credit_has_none(alice: Customer) -> None:
    assert credits.balance(alice, now=NOW) == credits.Balance(0, 0, ())
    with pytest.raises(ObjectDoesNotExist):
        credit_window(alice)


def test_credit_of_an_organisation_is_its_own() -> None:
    team = Customer.objects.create(organisation=Organisation.objects.create(name="Team"))
    give(team, 100)
    spend(team, 30)
    assert credit_window(team).scope_id == f"org:{team.organisation_id}"
    assert left(team) == 70


def test_a_payment_for_a_deleted_account_is_noted_and_nobody_can_use_it() -> None:
    gone = Customer.objects.create()
    give(gone, 100)
    assert left(gone) == 100
    assert payer_of(gone).kind == "customer"


# --- used -----------------------------------------------------------------------------------


def test_what_ends_first_is_used_first(alice: Customer) -> None:
    give(alice, 100, days=9, source="late")
    give(alice, 50, days=1, source="soon")
    spend(alice, 60)
    assert [(g.source, g.left_nanos) for g in credits.balance(alice, now=NOW).grants] == [
        ("late", 90)
    ]


def test_what_is_held_is_not_left(alice: Customer) -> None:
    give(alice, 100)
    beyond(alice, 40)
    balance = credits.balance(alice, now=NOW)
    assert (balance.left_nanos, balance.held_nanos) == (60, 40)


def test_more_than_is_left_is_refused(alice: Customer) -> None:
    give(alice, 10)
    with pytest.raises(NoRoom):
        beyond(alice, 11)
    beyond(alice, 10)
    assert counters(credit_window(alice)) == (0, 10)


def test_a_bill_above_the_hold_is_booked_and_the_next_credit_pays_it(alice: Customer) -> None:
    give(alice, 100)
    ledger.settle(beyond(alice, 90), charged=130)
    assert left(alice) == 0
    give(alice, 100)
    assert left(alice) == 70
    assert_the_cap_is_the_sum_of_the_grants(alice)


# --- ended ----------------------------------------------------------------------------------


def test_what_is_unused_at_its_end_is_gone_and_no_more(alice: Customer) -> None:
    soon, late = give(alice, 50, days=1), give(alice, 100, days=9)
    spend(alice, 20)
    assert left(alice, now=NOW + DAY) == 100
    assert credits.lapse_all(now=NOW + DAY) == 1
    assert (amounts(soon), amounts(late)) == ((50, 30, 0), (100, 0, 0))
    assert left(alice, now=NOW + DAY) == 100
    assert_the_cap_is_the_sum_of_the_grants(alice)


def test_credit_lapses_before_it_is_used_also_when_no_task_runs(alice: Customer) -> None:
    give(alice, 50, days=1)
    give(alice, 10, days=9)
    with pytest.raises(NoRoom):
        beyond(alice, 11, now=NOW + DAY)
    beyond(alice, 10, now=NOW + DAY)
    assert_the_cap_is_the_sum_of_the_grants(alice)


def test_the_last_moment_still_counts_and_the_end_does_not(alice: Customer) -> None:
    give(alice, 10, days=1)
    beyond(alice, 5, now=NOW + DAY - timedelta(microseconds=1))
    with pytest.raises(NoRoom):
        beyond(alice, 5, now=NOW + DAY)


def test_a_call_in_flight_at_the_end_keeps_what_it_holds(alice: Customer) -> None:
    soon = give(alice, 50, days=1)
    call = beyond(alice, 14)
    credits.lapse_all(now=NOW + DAY)
    assert amounts(soon) == (50, 36, 0)
    ledger.settle(call, charged=14)
    assert counters(credit_window(alice)) == (14, 0)


def test_what_such_a_call_gives_back_is_not_credit_again(alice: Customer) -> None:
    soon = give(alice, 50, days=1)
    give(alice, 5, days=9)
    call = beyond(alice, 14)
    credits.lapse_all(now=NOW + DAY)
    ledger.settle(call, charged=4)
    assert left(alice, now=NOW + DAY) == 5
    with pytest.raises(NoRoom):
        beyond(alice, 6, now=NOW + DAY)
    beyond(alice, 5, now=NOW + DAY)
    credits.lapse_all(now=NOW + DAY)
    assert amounts(soon) == (50, 46, 0)
    assert_the_cap_is_the_sum_of_the_grants(alice)


def test_nor_is_what_a_late_correction_gives_back(alice: Customer) -> None:
    soon = give(alice, 50, days=1)
    call = beyond(alice, 14)
    ledger.sql.dialect().close(
        ledger.sql.Close(id=call, state=ledger.State.ESTIMATED, kind="estimate", charged=14)
    )
    credits.lapse_all(now=NOW + DAY)
    ledger.settle(call, charged=4)
    credits.lapse_all(now=NOW + DAY)
    assert amounts(soon) == (50, 46, 0)
    assert left(alice, now=NOW + DAY) == 0
    assert_the_cap_is_the_sum_of_the_grants(alice)


def test_lapsing_again_changes_nothing(alice: Customer) -> None:
    soon = give(alice, 50, days=1)
    credits.lapse_all(now=NOW + DAY)
    before = amounts(soon)
    assert credits.lapse_all(now=NOW + DAY) == 1
    assert credits.lapse_all(now=NOW + 3 * DAY) == 0
    assert amounts(soon) == before


# --- taken back -----------------------------------------------------------------------------


def test_only_what_is_unused_is_taken_back(alice: Customer) -> None:
    refunded, kept = give(alice, 50, days=5, charge="ch_1"), give(alice, 100, days=9)
    spend(alice, 20)
    assert credits.take_back(charge_id="ch_1", now=NOW) == 30
    assert (amounts(refunded), amounts(kept)) == ((50, 0, 30), (100, 0, 0))
    assert left(alice) == 100
    assert_the_cap_is_the_sum_of_the_grants(alice)


def test_what_comes_after_others_is_taken_back_whole(alice: Customer) -> None:
    give(alice, 100, days=5)
    refunded = give(alice, 50, days=9, charge="ch_1")
    spend(alice, 20)
    assert credits.take_back(charge_id="ch_1", now=NOW) == 50
    assert amounts(refunded) == (50, 0, 50)
    assert left(alice) == 80


def test_taking_back_twice_takes_once(alice: Customer) -> None:
    give(alice, 50, charge="ch_1")
    assert [credits.take_back(charge_id="ch_1", now=NOW) for _ in range(2)] == [50, 0]


def test_credit_that_comes_after_a_refund_is_not_taken(alice: Customer) -> None:
    """Also if it ends before the one that was refunded, part of which was used."""
    give(alice, 50, days=9, charge="ch_1")
    spend(alice, 20)
    credits.take_back(charge_id="ch_1", now=NOW)
    give(alice, 10, days=1)
    assert left(alice) == 10
    spend(alice, 10)
    assert_the_cap_is_the_sum_of_the_grants(alice)


def test_what_has_lapsed_is_not_taken_back_too(alice: Customer) -> None:
    grant = give(alice, 50, days=1, charge="ch_1")
    assert credits.take_back(charge_id="ch_1", now=NOW + DAY) == 0
    credits.lapse_all(now=NOW + DAY)
    assert amounts(grant) == (50, 50, 0)


@pytest.mark.parametrize("charge", ["", "ch_unknown"])
def test_no_charge_takes_nothing(alice: Customer, charge: str) -> None:
    give(alice, 50)
    assert credits.take_back(charge_id=charge, now=NOW) == 0
    assert left(alice) == 50
