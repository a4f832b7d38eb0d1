"""Plan, then credit, then beyond the plan, then a refusal."""


import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from accounts.models import Organisation, Tier
from accounts.services import tiers_load
from billing import credits, ledger, overage
from billing.budgets import Rule, WindowRef, window_get
from billing.holds import MustWait, NoRoom
from billing.models import (
    Customer,
    Invoice,
    Metric,
    Reservation,
    Subscription,
    UsageRecord,
    Window,
)
from billing.purses import payer_of, purses_of
from tests.billing.books import NOW, counters, lease_end
from tests.billing.purses import (
    A_NANO_A_TOKEN,
    beyond,
    credit_window,
    customer_make,
    give,
    left,
    pay,
    plan,
    windows_of,
)

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


@pytest.fixture(autouse=True)
def tiers(db: None) -> None:
    tiers_load()


@pytest.fixture
def hundred(db: None) -> Tier:
    """A plan of a hundred nanos and five calls a day."""
    return plan(usd_per_day_nanos=100, requests_per_day=5, concurrent_calls=9)


@pytest.fixture
def alice(hundred: Tier) -> Customer:
    return customer_make(tier="tiny")


def windows(customer: Customer, tier: Tier) -> tuple[WindowRef, ...]:
    return windows_of(payer_of(customer), tier)


def of(refs: tuple[WindowRef, ...], metric: str) -> Window:
    return Window.objects.get(pk=next(r.id for r in refs if r.rule.metric == metric))


def allow(customer: Customer, nanos: int | None) -> None:
    overage.ceiling_set(customer=customer, nanos=nanos, actor="test", now=NOW)


# --- the order ------------------------------------------------------------------------------


def test_the_plan_pays_first(alice: Customer, hundred: Tier) -> None:
    give(alice, 1000)
    refs = windows(alice, hundred)
    _key, paid = pay(alice, 100, *refs)
    assert (paid.paid_from, paid.windows) == ("plan", refs)
    assert left(alice) == 1000


def test_then_credit_which_stands_in_for_money_and_calls_of_the_plan(
    alice: Customer, hundred: Tier
) -> None:
    give(alice, 1000)
    refs = windows(alice, hundred)
    pay(alice, 60, *refs)
    key, paid = pay(alice, 60, *refs)
    assert paid.paid_from == "credit"
    assert {w.rule.scope_kind for w in paid.windows} == {"user", "credit"}
    ledger.settle(key, charged=50)
    assert counters(of(refs, "usd")) == (0, 60)
    assert counters(of(refs, "requests")) == (0, 1)
    assert counters(of(refs, "concurrent")) == (0, 1)
    assert left(alice) == 950


def test_then_what_the_customer_allows_beyond_the_plan(alice: Customer, hundred: Tier) -> None:
    give(alice, 30)
    allow(alice, 500)
    refs = windows(alice, hundred)
    assert [pay(alice, n, *refs)[1].paid_from for n in (100, 30, 40)] == [
        "plan", "credit", "overage"
    ]
    assert overage.usage_of(alice, now=NOW).held_nanos == 40


def test_then_it_is_refused_by_the_limit_of_the_plan(alice: Customer, hundred: Tier) -> None:
    give(alice, 30)
    allow(alice, 40)
    refs = windows(alice, hundred)
    for nanos in (100, 30, 40):
        ledger.settle(pay(alice, nanos, *refs)[0], charged=nanos)
    with pytest.raises(NoRoom) as refused:
        pay(alice, 20, *refs)
    assert [w.rule.scope_kind for w in refused.value.windows] == ["user"]


def test_without_credit_nothing_stands_in(alice: Customer, hundred: Tier) -> None:
    refs = windows(alice, hundred)
    ledger.settle(pay(alice, 100, *refs)[0], charged=100)
    with pytest.raises(NoRoom):
        pay(alice, 20, *refs)
    assert not Window.objects.filter(scope_kind__in=["credit", "overage"]).exists()


@pytest.mark.parametrize("metric", ["usd", "requests"])
def test_either_limit_of_the_plan_is_stood_in_for(
    metric: str, alice: Customer, hundred: Tier
) -> None:
    give(alice, 1000)
    refs = windows(alice, hundred)
    Window.objects.filter(pk=of(refs, metric).pk).update(cap=0)
    assert pay(alice, 20, *refs)[1].paid_from == "credit"


@pytest.mark.parametrize(
    "scope", [("platform", ""), ("provider", "openai"), ("tier", "tiny"), ("key", "abcd1234"),
              ("user", "7"), ("debate", "d")],
)  # fmt: skip
def test_no_other_limit_is(scope: tuple[str, str], alice: Customer, hundred: Tier) -> None:
    give(alice, 1000)
    allow(alice, 1000)
    full = window_get(Rule(*scope, Metric.USD, "day", 0), now=NOW)
    for is_plan_full in (False, True):
        refs = windows(alice, hundred)
        if is_plan_full:
            Window.objects.filter(pk=of(refs, "requests").pk).update(cap=0)
        with pytest.raises(NoRoom) as refused:
            pay(alice, 20, *refs, full)
        assert full in refused.value.windows
    assert left(alice) == 1000


def test_calls_at_once_are_limited_whoever_pays(alice: Customer, hundred: Tier) -> None:
    give(alice, 1000)
    refs = windows(alice, hundred)
    Window.objects.filter(pk=of(refs, "concurrent").pk).update(cap=0)
    with pytest.raises(NoRoom) as refused:
        pay(alice, 20, *refs)
    assert [w.rule.metric for w in refused.value.windows] == ["concurrent"]


# --- waiting and shortening -----------------------------------------------------------------


def test_while_calls_in_flight_may_give_back_the_plan_is_waited_for(
    alice: Customer, hundred: Tier
) -> None:
    give(alice, 1000)
    refs = windows(alice, hundred)
    pay(alice, 90, *refs)
    with pytest.raises(MustWait):
        pay(alice, 50, *refs, may_wait=True)
    assert pay(alice, 50, *refs, may_wait=False)[1].paid_from == "credit"


def test_where_waiting_cannot_help_credit_pays_at_once(alice: Customer, hundred: Tier) -> None:
    give(alice, 1000)
    refs = windows(alice, hundred)
    ledger.settle(pay(alice, 90, *refs)[0], charged=90)
    assert pay(alice, 50, *refs, may_wait=True)[1].paid_from == "credit"


def test_calls_in_flight_on_credit_are_waited_for_too(alice: Customer, hundred: Tier) -> None:
    give(alice, 50)
    beyond(alice, 40)
    with pytest.raises(MustWait):
        beyond(alice, 30, may_wait=True)


def test_no_answer_is_shortened_that_somebody_pays_for_whole(
    alice: Customer, hundred: Tier
) -> None:
    give(alice, 50)
    allow(alice, 1000)
    refs = windows(alice, hundred)
    ledger.settle(pay(alice, 60, *refs)[0], charged=60)
    held = pay(alice, 90, *refs)[1]
    assert (held.paid_from, held.held.output_tokens) == ("overage", 90)


def test_who_pays_last_shortens_it(alice: Customer, hundred: Tier) -> None:
    give(alice, 50)
    refs = windows(alice, hundred)
    ledger.settle(pay(alice, 90, *refs)[0], charged=90)
    held = pay(alice, 90, *refs)[1]
    assert (held.paid_from, held.held.output_tokens) == ("credit", 50)


def test_what_is_left_of_the_plan_is_used_when_less_is_left_beyond_it(
    alice: Customer, hundred: Tier
) -> None:
    give(alice, 5)
    refs = windows(alice, hundred)
    ledger.settle(pay(alice, 60, *refs)[0], charged=60)
    held = pay(alice, 90, *refs)[1]
    assert (held.paid_from, held.held.output_tokens) == ("plan", 40)


# --- calls that cost nothing ----------------------------------------------------------------


def free(customer: Customer, *refs: WindowRef) -> str:
    price = A_NANO_A_TOKEN.__class__(**{
        **{name: getattr(A_NANO_A_TOKEN, name) for name in A_NANO_A_TOKEN.__slots__}, "output": 0
    })
    return pay(customer, 90, *refs, price=price)[1].paid_from


def test_a_call_that_costs_nothing_goes_on_beyond_its_quota_only_while_something_is_left(
    alice: Customer, hundred: Tier
) -> None:
    refs = windows(alice, hundred)
    assert [free(alice, *refs) for _ in range(5)] == ["plan"] * 5
    with pytest.raises(NoRoom):
        free(alice, *refs)
    give(alice, 10)
    assert free(alice, *refs) == "credit"
    assert credits.balance(alice, now=NOW) == credits.balance(alice, now=NOW)
    assert left(alice) == 10
    ledger.settle(beyond(alice, 10), charged=10)
    with pytest.raises(NoRoom):
        free(alice, *refs)


# --- who may not ----------------------------------------------------------------------------


def test_nothing_is_used_of_a_frozen_customer(alice: Customer) -> None:
    give(alice, 1000)
    allow(alice, 1000)
    Customer.objects.update(frozen_at=NOW)
    assert purses_of(payer_of(alice), book_version=-1, now=NOW) == ()


@pytest.mark.parametrize("status", ["past_due", "unpaid"])
def test_nothing_beyond_the_plan_while_a_payment_is_due_and_credit_stays(
    alice: Customer, status: str
) -> None:
    give(alice, 1000)
    allow(alice, 1000)
    Subscription.objects.create(
        customer=alice, stripe_id="sub_1", status=status, currency="usd", seen_at=NOW
    )
    assert purse_names(alice) == ["credit"]


@pytest.mark.parametrize(("status", "tries", "names"), [
    ("open", 1, ["credit"]), ("uncollectible", 4, ["credit"]), ("open", 0, ["credit", "overage"]),
    ("paid", 1, ["credit", "overage"]), ("void", 1, ["credit", "overage"]),
])
def test_nothing_beyond_the_plan_while_an_invoice_could_not_be_charged(
    alice: Customer, status: str, tries: int, names: list[str]
) -> None:
    """Also one that no subscription is behind, as that of the month before."""
    give(alice, 1000)
    allow(alice, 1000)
    Invoice.objects.create(
        customer=alice, stripe_id="in_1", status=status, tries=tries, currency="usd",
        total_minor=900, created_at=NOW,
    )
    assert purse_names(alice) == names


def purse_names(customer: Customer) -> list[str]:
    return [it.paid_from for it in purses_of(payer_of(customer), book_version=-1, now=NOW)]


def test_credit_of_a_member_stays_theirs_and_the_organisation_pays_with_its_own(
    alice: Customer,
) -> None:
    give(alice, 1000)
    team = Customer.objects.create(organisation=Organisation.objects.create(name="Team"))
    assert purses_of(payer_of(team), book_version=-1, now=NOW) == ()


# --- what it costs to ask -------------------------------------------------------------------


def test_a_call_within_the_plan_asks_nothing_more(
    alice: Customer, hundred: Tier
) -> None:
    give(alice, 1000)
    refs = windows(alice, hundred)
    with CaptureQueriesContext(connection) as asked:
        assert pay(alice, 20, *refs)[1].paid_from == "plan"
    assert not [query for query in asked if "customer" in query["sql"]]


def test_who_has_nothing_is_asked_about_once_in_a_while(
    alice: Customer, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    payer = payer_of(alice)
    with django_assert_num_queries(1):
        purses_of(payer, book_version=1, now=NOW)
    with django_assert_num_queries(0):
        purses_of(payer, book_version=1, now=NOW)


def test_who_has_just_paid_is_known_at_once(alice: Customer, hundred: Tier) -> None:
    refs = windows(alice, hundred)
    ledger.settle(pay(alice, 100, *refs)[0], charged=100)
    with pytest.raises(NoRoom):
        pay(alice, 20, *refs)
    give(alice, 1000)
    assert pay(alice, 20, *refs)[1].paid_from == "credit"


# --- written down ---------------------------------------------------------------------------


def test_a_call_whose_worker_died_is_written_down_with_who_paid(
    alice: Customer, hundred: Tier
) -> None:
    give(alice, 1000)
    key = beyond(alice, 60)
    lease_end(key)
    ledger.sweep()
    assert UsageRecord.objects.get(reservation_id=key).paid_from == "credit"
    assert Reservation.objects.get(pk=key).facts["usage"]["paid_from"] == "credit"


def test_parts_add_up_to_the_ledger(alice: Customer, hundred: Tier) -> None:
    give(alice, 70)
    allow(alice, 35)
    refs = windows(alice, hundred)
    spent = {"plan": 0, "credit": 0, "overage": 0}
    for nanos in (50, 45, 15, 40, 14, 13, 12, 11, 9, 8, 7, 6, 5, 4, 3, 2, 1):
        try:
            key, paid = pay(alice, nanos, *refs)
        except NoRoom:
            continue
        ledger.settle(key, charged=paid.held.amount)
        spent[paid.paid_from] += paid.held.amount
    assert spent["plan"] == counters(of(refs, "usd"))[0] <= 100
    assert spent["credit"] == counters(credit_window(alice))[0] == 70
    assert spent["overage"] == overage.usage_of(alice, now=NOW).spent_nanos <= 35
    assert ledger.differences() == []
