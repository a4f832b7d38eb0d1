"""The pages about revenue: figures, lists, exports, what staff do by hand, and their states."""

import csv
import html
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import Permission
from django.http import HttpResponse

from accounts.models import AuditEvent, Organisation, User
from billing.models import Customer, StripeEvent
from billing.reports.webhooks import FailedEvent, Queue
from costcontrol.dashboard.components import Tone
from costcontrol.dashboard.health import payments
from tests.billing import paying
from tests.costcontrol.dashboard import rows
from tests.costcontrol.dashboard.conftest import Page
from tests.costcontrol.dashboard.test_overview import figures

pytestmark = pytest.mark.django_db(transaction=True)
PAGE, CUSTOMERS = "/dashboard/revenue/", "/dashboard/revenue/customers/"
MOST_QUERIES = 30  # session, subscriptions, invoices, days of payers, three months of credit, lists
NOW, DAY = rows.NOW, timedelta(days=1)
HOSTILE = ("' OR 1=1; --", "<script>alert(1)</script>", "\x00", "x" * 3_000, "-1", "9" * 40, "%")


@pytest.fixture(autouse=True)
def alice_is_allowed(alice: User) -> None:
    wanted = ("change_customer", "change_stripeevent")
    alice.user_permissions.set(Permission.objects.filter(codename__in=wanted))


def text_of(response: HttpResponse) -> str:
    assert response.status_code == 200
    return " ".join(html.unescape(response.content.decode()).split())


def read(page: Page, path: str = PAGE, **query: str) -> str:
    return text_of(page.get(path, query))


def export(page: Page, name: str, **query: str) -> list[dict[str, str]]:
    response = page.get(f"/dashboard/revenue/{name}.csv", query)
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(response.content.decode())))


def event(**columns: Any) -> StripeEvent:
    usual: dict[str, Any] = {
        "id": "evt_1", "type": "invoice.paid", "created_at": NOW, "received_at": NOW,
        "is_live": False, "next_try_at": NOW,
    }
    return StripeEvent.objects.create(**usual | columns)


def test_it_says_what_comes_in_and_what_is_left(page: Page) -> None:
    buyer = paying.customer("min@example.org", currency="usd")
    paying.subscription(buyer)
    paying.subscription(currency="krw", amount_minor=28_000, tier_id="enterprise")
    paying.invoice(buyer, paid_at=NOW)
    rows.call(NOW - DAY, user_id=buyer.user_id, payer=f"user:{buyer.user_id}")
    rows.rolled_up()
    said = read(page)
    assert '<data class="money" value="39000000000"' in said  # $19 + ₩28,000
    assert "₩28,000 + $19.00" in said
    assert "1 USD = 1,400 KRW" in said
    assert set(figures(said)) == {"collected", "movements", "margin-by-plan"}
    assert "$0.2500" in said or "$0.25" in said


def test_the_rate_of_the_operator_is_used_and_named(
    page: Page, settings: LazySettings
) -> None:
    settings.KRW_PER_USD = 2_000
    paying.subscription(currency="krw", amount_minor=28_000)
    said = read(page)
    assert '<data class="money" value="14000000000"' in said
    assert "1 USD = 2,000 KRW" in said


def test_an_export_says_what_its_chart_says(page: Page) -> None:
    buyer = paying.customer()
    paying.subscription(buyer)
    paying.invoice(buyer, paid_at=NOW, refunded_minor=400)
    paying.invoice(buyer, paid_at=NOW - 40 * DAY, currency="krw", paid_minor=14_000)
    kept = {(row["month"], row["currency"]): row["kept_minor"] for row in export(page, "collected")}
    assert kept["2026-11", "usd"] == "1500"
    assert kept["2026-10", "krw"] == "14000"
    drawn = {trace["name"]: sum(trace["y"]) for trace in figures(read(page))["collected"]["data"]}
    assert drawn == {"KRW": 10.0, "USD": 15.0}
    assert sum(int(row["new_count"]) for row in export(page, "movements")) == 1
    assert export(page, "margin-by-plan")[0]["paying"] == "1"
    assert export(page, "credit") != []
    assert page.get("/dashboard/revenue/secrets.csv").status_code == 404


def test_a_failed_payment_is_listed_with_what_happens_next(page: Page) -> None:
    buyer = paying.customer("late@example.org")
    paying.subscription(buyer, status="past_due", past_due_since=NOW - 2 * DAY)
    paying.invoice(buyer, status="open", tries=2, paid_at=None, paid_minor=0,
                   next_try_at=NOW + DAY)
    said = read(page)
    assert "late@example.org" in said
    assert "$19.00 is owed" in said
    assert "1 past due are not in it" in said
    assert "30 Nov 2026, 12:04" in said  # seven days of grace


def test_whoever_costs_more_than_they_pay_is_named(page: Page) -> None:
    buyer = paying.customer("heavy@example.org")
    paying.subscription(buyer, amount_minor=100)
    rows.call(NOW - DAY, payer=f"user:{buyer.user_id}", cost_nanos=3 * 10**9)
    rows.rolled_up()
    said = read(page)
    assert f'<a href="/dashboard/calls/?user={buyer.user_id}">heavy@example.org</a>' in said
    assert "-$2.02" in said  # $1 a month, of which this day has half to come


def test_without_stripe_and_customers_it_says_so(page: Page) -> None:
    said = read(page)
    assert "Payments are off" in said
    assert "Nobody pays yet" in said
    assert "There are no customers yet" in read(page, CUSTOMERS)


def test_with_stripe_it_does_not_say_that_payments_are_off(
    page: Page, settings: LazySettings
) -> None:
    settings.STRIPE_SECRET_KEY = "sk_test_1"
    assert "Payments are off" not in read(page)


# --- who pays -------------------------------------------------------------------------------------


def test_customers_are_found_by_email(page: Page) -> None:
    for name in ("min", "kim"):
        paying.subscription(paying.customer(f"{name}@example.org"))
    said = read(page, CUSTOMERS, q="KIM@")
    assert "kim@example.org" in said
    assert "min@example.org" not in said
    assert "No customer found" in read(page, CUSTOMERS, q="nobody")


def test_a_line_says_plan_status_price_and_the_last_payment(page: Page) -> None:
    buyer = paying.customer("min@example.org")
    paying.subscription(buyer, status="canceled", ended_at=NOW - 50 * DAY, tier_id="enterprise")
    paying.subscription(buyer, is_ending=True, interval="year", amount_minor=19_000)
    paying.invoice(buyer, paid_at=NOW - DAY, refunded_minor=900)
    said = read(page, CUSTOMERS)
    assert "premium" in said
    assert "enterprise" not in said
    assert "active, ends" in said
    assert "$190.00" in said
    assert "$10.00" in said


def test_pages_of_customers_follow_one_another(page: Page) -> None:
    for number in range(60):
        paying.customer(f"buyer-{number:03d}@example.com")
    found: list[str] = []
    url = CUSTOMERS
    for _page in range(2):
        said = text_of(page.get(url))
        found += re.findall(r"buyer-\d+@example.com(?=<span class=\"cell-note\">)", said)
        more = re.search(r'rel="next" href="([^"]+)"', said)
        url = more[1] if more else ""
    assert url == ""
    assert found == [f"buyer-{number:03d}@example.com" for number in reversed(range(60))]


def test_the_page_at_stripe_is_linked_when_stripe_is_on(
    page: Page, settings: LazySettings
) -> None:
    buyer = paying.customer()
    assert "dashboard.stripe.com" not in read(page, CUSTOMERS)
    settings.STRIPE_SECRET_KEY = "sk_test_1"
    assert f"https://dashboard.stripe.com/test/customers/{buyer.stripe_id}" in read(page, CUSTOMERS)
    settings.STRIPE_SECRET_KEY = "sk_live_1"
    assert f"https://dashboard.stripe.com/customers/{buyer.stripe_id}" in read(page, CUSTOMERS)


def test_a_customer_whose_account_is_gone_is_still_listed(page: Page) -> None:
    buyer = paying.customer()
    paying.subscription(buyer, status="canceled", ended_at=NOW)
    Customer.objects.update(user=None)
    assert "deleted account" in read(page, CUSTOMERS)
    assert read(page)


def test_a_frozen_customer_is_unfrozen_once_and_it_is_audited(page: Page) -> None:
    buyer = paying.customer(frozen_at=NOW, frozen_reason="disputed dp_1")
    assert "disputed dp_1" in read(page, CUSTOMERS)
    for _time in range(2):
        assert page.post(f"{CUSTOMERS}{buyer.pk}/unfreeze/", {"q": "a b"}).status_code == 302
    buyer.refresh_from_db()
    assert (buyer.frozen_at, buyer.frozen_reason) == (None, "")
    made = AuditEvent.objects.get(action="customer_unfreeze")
    assert made.actor == "alice@example.com"
    assert made.before["reason"] == "disputed dp_1"
    assert "Unfreeze" not in read(page, CUSTOMERS)


# --- notices --------------------------------------------------------------------------------------


def test_a_failed_notice_is_tried_again_and_it_is_audited(page: Page) -> None:
    event(state="failed", tries=9, note="no such customer")
    said = read(page)
    assert "no such customer" in said
    assert "Try again" in said
    assert page.post("/dashboard/revenue/notices/evt_1/retry/").status_code == 302
    row = StripeEvent.objects.get()
    assert (row.state, row.tries, row.next_try_at) == ("pending", 0, NOW)
    assert AuditEvent.objects.get(action="stripe_event_retry").before["tries"] == 9
    page.post("/dashboard/revenue/notices/evt_1/retry/")  # it is not failed any more
    assert AuditEvent.objects.filter(action="stripe_event_retry").count() == 1


def test_a_notice_that_waits_too_long_is_said(page: Page) -> None:
    event(received_at=NOW - timedelta(minutes=9))
    assert '<span class="badge" data-tone="warn">behind</span>' in read(page)


def test_staff_without_permission_look_and_change_nothing(page: Page, alice: User) -> None:
    alice.user_permissions.clear()
    buyer = paying.customer(frozen_at=NOW)
    event(state="failed")
    assert "Unfreeze" not in read(page, CUSTOMERS)
    assert "Try again" not in read(page)
    assert page.post(f"{CUSTOMERS}{buyer.pk}/unfreeze/").status_code == 403
    assert page.post("/dashboard/revenue/notices/evt_1/retry/").status_code == 403
    buyer.refresh_from_db()
    assert buyer.frozen_at == NOW


def test_what_is_done_by_hand_needs_a_post(page: Page) -> None:
    assert page.get(f"{CUSTOMERS}1/unfreeze/").status_code == 405
    assert page.get("/dashboard/revenue/notices/evt_1/retry/").status_code == 405


@pytest.mark.parametrize(
    ("queue", "tone"),
    [
        (None, Tone.OFF),
        (Queue(0, None, (), 0, NOW), Tone.OK),
        (Queue(3, NOW - timedelta(minutes=2), (), 0, NOW), Tone.OK),
        (Queue(3, NOW - timedelta(minutes=6), (), 0, NOW), Tone.WARN),
        (Queue(0, None, (FailedEvent("e", "t", "c", NOW, 1, ""),), 1, NOW), Tone.BAD),
    ],
)
def test_the_health_strip_has_a_line_for_payments(queue: Queue | None, tone: Tone) -> None:
    part = payments(queue, now=NOW)
    assert part.badge.tone == tone
    assert bool(part.note) is (tone is not Tone.OK)


# --- whatever is asked ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", [PAGE, CUSTOMERS, "/dashboard/revenue/simulator/",
                                  "/dashboard/revenue/collected.csv"])
def test_it_is_for_staff_alone(page: Page, path: str) -> None:
    page.client.logout()
    assert page.get(path).status_code == 302
    page.client.force_login(rows.person())
    assert page.get(path).status_code == 403


@pytest.mark.parametrize("name", ["zone", "q", "before"])
def test_whatever_the_address_says_there_is_a_page(page: Page, name: str) -> None:
    paying.subscription()
    for text in HOSTILE:
        for path in (PAGE, CUSTOMERS):
            response = page.get(path, {name: text})
            assert response.status_code == 200
            assert "<script>alert" not in response.content.decode()


def test_queries_do_not_grow_with_the_customers(page: Page) -> None:
    paying.subscription()
    few = len(page.queries_of(PAGE))
    for number in range(12):
        buyer = paying.customer()
        paying.subscription(buyer, started_at=NOW - 70 * DAY)
        paying.invoice(buyer, paid_at=NOW - number * DAY)
        paying.invoice(buyer, status="open", tries=1, paid_at=None, paid_minor=0)
    queries = page.queries_of(PAGE)
    assert len(queries) <= few + 2, "\n".join(query[:120] for query in queries)
    assert len(queries) <= MOST_QUERIES, "\n".join(query[:120] for query in queries)
    assert len(page.queries_of(CUSTOMERS)) <= 10


def test_organisations_whose_plan_is_not_what_stripe_said_are_shown(page: Page) -> None:
    """Users have a page of their own that says it of them."""
    for name, tier in (("Acme", "free"), ("Fits", "premium")):
        made = Organisation.objects.create(name=name, tier_id=tier)
        paid = Customer.objects.create(organisation=made, stripe_id=f"cus_{name}")
        Customer.objects.filter(pk=paid.pk).update(base_tier="free")
        paying.subscription(paid)
    said = read(page).partition("Organisations that differ from Stripe")[2]
    assert "Acme" in said
    assert "by what Stripe said last it should be Premium" in said
    assert "Fits" not in said.partition("</table>")[0]
    Organisation.objects.filter(name="Acme").update(tier_id="premium")
    assert "Organisations that differ from Stripe" not in read(page)
