"""Usage & billing as a page: what is used and left, the plan, what went wrong, the file."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Tier, User
from accounts.services import api_key_issue
from accounts.types import Payer
from billing import credits, overage
from billing.models import Metric
from billing.reports import own_usage
from billing.reports.ranges import last_days
from tests.costcontrol.account import customers
from tests.costcontrol.account.customers import NOW, PERIOD_END, SEOUL, XSS, read, words
from tests.costcontrol.dashboard import rows

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
MOST_QUERIES = 15  # session, user, membership, customer, credit, budgets, windows, plan, chart
DOLLAR = 10**9


@pytest.fixture
def bob(db: None) -> User:
    return customers.person()


def payer(user: User) -> Payer:
    return Payer("user", str(user.pk))


def test_strangers_are_sent_to_the_sign_in_and_back(client: Client) -> None:
    response = client.get("/account/")
    assert response.status_code == 302
    assert response["Location"] == "/login/?next=/account/"


# --- what is used --------------------------------------------------------------------------------


def test_it_shows_what_is_used_in_progress_and_left(client: Client, bob: User) -> None:
    customers.debates_used(bob, 2, held=1)
    said = words(read(client, bob))
    assert "Debates 2 of 5 left used 2 in progress 1 left 2" in said
    assert "Single calls outside debates 300 of 300 left" in said


def test_it_says_how_long_the_rest_lasts_at_this_pace(client: Client, bob: User) -> None:
    customers.debates_used(bob, 3)  # in 12 h 4 min: the other two last 8 h 2 min 40 s
    assert "At this pace it lasts until about 20:00." in read(client, bob)


def test_slow_use_lasts_for_the_rest_of_the_day(client: Client, bob: User) -> None:
    customers.debates_used(bob, 1)
    assert "At this pace it lasts for the rest of the day." in read(client, bob)


def test_without_use_there_is_no_pace(client: Client, bob: User) -> None:
    assert "At this pace" not in read(client, bob)


@pytest.mark.parametrize(
    ("zone", "time"), [("", "00:00"), ("Europe/Berlin", "16:00"), ("No/Where", "00:00")]
)
def test_a_new_day_begins_at_a_time_of_the_reader_s_zone(
    client: Client, bob: User, zone: str, time: str
) -> None:
    bob.zone = zone
    bob.save()
    assert f"A new day begins at {time}, in 11 h 56 min." in read(client, bob)


def test_unlimited_plans_say_so(client: Client) -> None:
    said = read(client, customers.person(tier="enterprise"))
    assert "Your plan has no daily limits." in said


# --- model costs are for who pays them -----------------------------------------------------------


def test_customers_do_not_see_what_models_cost(client: Client, bob: User) -> None:
    assert "Model costs" not in read(client, bob)


def test_who_has_credit_sees_it(client: Client, bob: User) -> None:
    row = customers.customer(bob)
    credits.grant(customer=row, source="test", nanos=10 * DOLLAR,
                  expires_at=NOW + timedelta(days=30), now=NOW)
    said = words(read(client, bob))
    assert "Model costs $0.05 of $0.05 left" in said.replace("$0.0500", "$0.05")
    assert "$10.00 left" in said
    assert "$10.00 until 25 Dec 2026" in said


def test_who_allows_use_beyond_the_plan_sees_how_much_it_was(client: Client, bob: User) -> None:
    customers.customer(bob, overage_ceiling_nanos=50 * DOLLAR)
    said = words(read(client, bob))
    assert "$0.00 used of at most $50.00" in said
    assert "Counted until 1 Dec 2026." in said


# --- used up -------------------------------------------------------------------------------------


def test_a_full_limit_says_when_it_opens_what_still_works_and_what_helps(
    client: Client, bob: User
) -> None:
    customers.debates_used(bob, 5)
    customers.used(payer(bob), Metric.REQUESTS, 90, cap=300)
    said = words(read(client, bob))
    assert "Today’s debates are used up. It opens again at 00:00, in 11 h 56 min." in said
    assert "Single calls outside debates: 210 calls left." in said
    assert "Debates that have begun: they go on to their end." in said
    assert "Premium has 50 debates a day. See the plans" in said
    assert "Buy credit" in said


def test_credit_goes_on_where_the_plan_ends(client: Client, bob: User) -> None:
    row = customers.customer(bob)
    credits.grant(customer=row, source="test", nanos=DOLLAR,
                  expires_at=NOW + timedelta(days=30), now=NOW)
    customers.debates_used(bob, 5)
    assert "New calls: they are paid from your credit" in read(client, bob)


def test_frozen_credit_does_not(client: Client, bob: User) -> None:
    row = customers.customer(bob, frozen_at=NOW)
    credits.grant(customer=row, source="test", nanos=DOLLAR,
                  expires_at=NOW + timedelta(days=30), now=NOW)
    customers.debates_used(bob, 5)
    said = read(client, bob)
    assert "New calls: they are paid" not in said
    assert "Credit and use beyond the plan are paused." in said


# --- the days ------------------------------------------------------------------------------------


def calls_of_many_days(user: User) -> None:
    for hours in (0, 1, 5, 13, 30, 31, 200, 719):
        rows.call(NOW - timedelta(hours=hours, minutes=1), user_id=user.pk)
        rows.hit(NOW - timedelta(hours=hours, minutes=3), user_id=user.pk)
    rows.call(NOW - timedelta(hours=2), user_id=user.pk, outcome=rows.Outcome.REFUSED)
    rows.call(NOW - timedelta(hours=2), user_id=user.pk, outcome=rows.Outcome.FAILED)
    rows.call(NOW, user_id=user.pk + 1)  # somebody else's


def test_today_is_what_the_api_says(client: Client, bob: User) -> None:
    calls_of_many_days(bob)
    _key, secret = api_key_issue(user=bob, actor="test")
    told = client.get("/api/v1/me/usage", headers={"Authorization": f"Bearer {secret}"}).json()
    days = last_days(30, zone=settings.DEFAULT_ZONE, now=NOW)
    today = own_usage.daily([bob.pk], days=days).calls[-1]
    assert told["calls_answered"] == today.answered == 6
    assert told["calls_from_cache"] == today.from_cache == 3
    assert told["calls_refused"] == today.refused == 1
    assert told["input_tokens"] == today.input_tokens == 600
    assert told["output_tokens"] == today.output_tokens == 300


def test_days_are_cut_where_the_reader_lives(bob: User) -> None:
    rows.call(NOW - timedelta(hours=13), user_id=bob.pk)  # 23:04 in Seoul, 09:04 in New York

    def answered(zone: str) -> list[int]:
        days = last_days(2, zone=zone, now=NOW)
        return [calls.answered for calls in own_usage.daily([bob.pk], days=days).calls]

    assert answered(SEOUL) == [1, 0]
    assert answered("America/New_York") == [0, 1]


def test_any_number_of_days_is_one_query(bob: User, django_assert_num_queries: Any) -> None:
    calls_of_many_days(bob)
    with django_assert_num_queries(1):
        own_usage.daily([bob.pk], days=last_days(90, zone=SEOUL, now=NOW))


def test_the_chart_its_table_and_the_file_tell_the_same(client: Client, bob: User) -> None:
    calls_of_many_days(bob)
    said = read(client, bob)
    drawn = json.loads(said.split('<script type="application/json">')[1].split("</script>")[0])
    model, stored = (trace["y"] for trace in drawn["data"])
    table = list(csv.DictReader(io.StringIO(client.get("/account/usage.csv").content.decode())))
    assert [int(row["calls_answered"]) for row in table] == [
        a + b for a, b in zip(model, stored, strict=True)
    ]
    assert [int(row["calls_from_cache"]) for row in table] == stored
    assert sum(stored) == 7  # the eighth is 30 days old
    assert "Answered by a model" in said


@pytest.mark.parametrize(
    ("asked", "days"),
    [("7", 7), ("90", 90), ("0", 1), ("99999", 30), ("-3", 30), ("x", 30), ("", 30), ("400", 90)],
)
def test_the_file_has_so_many_days(client: Client, bob: User, asked: str, days: int) -> None:
    client.force_login(bob)
    response = client.get("/account/usage.csv", {"days": asked})
    assert len(response.content.decode().splitlines()) == days + 1


def test_who_looks_after_the_bills_sees_all_members_calls_a_member_their_own(
    client: Client, bob: User
) -> None:
    organisation = customers.member(bob, role="billing")
    eve = customers.person("eve@example.com")
    customers.member(eve, role="member", organisation=organisation)
    rows.call(user_id=bob.pk)
    rows.call(user_id=eve.pk)

    def answered(user: User) -> int:
        client.force_login(user)
        table = csv.DictReader(io.StringIO(client.get("/account/usage.csv").content.decode()))
        return sum(int(row["calls_answered"]) for row in table)

    assert (answered(bob), answered(eve)) == (2, 1)


def test_a_member_sees_the_shared_quota_and_who_can_change_the_plan(
    client: Client, bob: User
) -> None:
    organisation = customers.member(bob, role="member")
    Tier.objects.filter(name="enterprise").update(debates_per_day=70)
    customers.used(Payer("org", str(organisation.pk)), Metric.DEBATES, 70, cap=70)
    said = words(read(client, bob))
    assert "Today, all members together" in said
    assert "0 of 70 left" in said
    assert "Ask an owner of your organisation" in said
    assert "Owners of your organisation, and who looks after its bills, can change" in said
    assert "Next invoice" not in said
    assert "Buy credit" not in said


# --- the plan ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({}, "Renews on 20 Dec 2026."),
        ({"is_ending": True}, "Cancelled. It stays until 20 Dec 2026, then the free plan holds."),
        (
            {"tier_id": "enterprise", "next_tier_id": "premium"},
            "On 20 Dec 2026 it becomes Premium.",
        ),
        (
            {"status": "trialing", "trial_end": PERIOD_END},
            "The trial ends on 20 Dec 2026. Then you pay for it, unless you cancel before.",
        ),
    ],
)
def test_the_plan_says_what_happens_to_it_next(
    client: Client, columns: dict[str, Any], sentence: str
) -> None:
    bob, _row = customers.paying(**columns)
    assert sentence in read(client, bob)


def test_the_next_invoice_is_the_plan_s(client: Client) -> None:
    bob, _row = customers.paying(currency="krw", amount_minor=26_000)
    assert "Next invoice ₩26,000 On 20 Dec 2026." in words(read(client, bob))


def test_after_a_downgrade_it_is_the_smaller_plan_s(client: Client) -> None:
    bob, _row = customers.paying(
        tier_id="enterprise", amount_minor=19_900, next_tier_id="premium"
    )
    assert "Next invoice $19.00" in words(read(client, bob))


@pytest.mark.parametrize("columns", [{"is_ending": True}, {"status": "canceled"}])
def test_after_a_cancellation_there_is_none(client: Client, columns: dict[str, Any]) -> None:
    bob, _row = customers.paying(**columns)
    assert "Next invoice There is nothing to pay." in words(read(client, bob))


def test_without_stripe_the_page_says_so(client: Client, bob: User) -> None:
    assert "Payments are not set up on this server. Everything else works." in read(client, bob)


# --- what went wrong -----------------------------------------------------------------------------


def test_a_failed_payment_says_until_when_the_plan_stays(client: Client, settings: Any) -> None:
    settings.STRIPE_SECRET_KEY = "sk_test_nobody"
    bob, _row = customers.paying(status="past_due", past_due_since=NOW - timedelta(days=1))
    said = read(client, bob)
    assert "Your last payment failed." in said
    assert "Premium stays until 1 Dec 2026, 12:04 (Asia/Seoul)." in said
    assert 'action="/account/card/"' in said


def test_a_suspended_plan_says_what_brings_it_back(client: Client) -> None:
    bob, _row = customers.paying(status="unpaid")
    assert "Premium is paused, because it was not paid." in read(client, bob)


def test_a_payment_to_confirm_links_to_its_page(client: Client) -> None:
    bob, row = customers.paying(status="incomplete")
    customers.invoice(row, status="open", page_url="https://pay.example/1")
    said = read(client, bob)
    assert "Your bank wants you to confirm the payment." in said
    assert 'href="https://pay.example/1"' in said


def test_a_page_that_is_no_web_page_is_not_linked(client: Client) -> None:
    bob, row = customers.paying(status="incomplete")
    customers.invoice(row, status="open", page_url="javascript:alert(1)")
    assert "javascript:" not in read(client, bob)


def test_names_are_text(client: Client) -> None:
    bob, _row = customers.paying()
    Tier.objects.filter(name="premium").update(title=XSS)
    client.force_login(bob)
    for path in ("/account/", "/account/plans/", "/account/plans/premium_month_usd/"):
        assert XSS not in client.get(path).content.decode()


# --- back from a payment -------------------------------------------------------------------------


@pytest.mark.parametrize("session", ["cs_unknown", XSS, "\x00", "x" * 3000, "' OR 1=1 --"])
def test_a_payment_nobody_began_is_no_payment(client: Client, session: str) -> None:
    bob, _row = customers.paying()
    client.force_login(bob)
    response = client.get("/account/", {"checkout": session})
    assert response.status_code == 200
    assert "payment has arrived" not in response.content.decode()
    assert XSS not in response.content.decode()
    assert client.get("/account/confirming/", {"checkout": session}).status_code == 404


def test_the_page_is_few_queries_and_says_how_many(client: Client) -> None:
    bob, row = customers.paying()
    credits.grant(customer=row, source="test", nanos=DOLLAR,
                  expires_at=NOW + timedelta(days=30), now=NOW)
    for _number in range(5):
        customers.invoice(row)
    calls_of_many_days(bob)
    client.force_login(bob)
    client.get("/account/")  # the session's own writes
    with CaptureQueriesContext(connection) as seen:
        client.get("/account/")
    assert len(seen) <= MOST_QUERIES, [each["sql"][:100] for each in seen.captured_queries]


def test_use_beyond_the_plan_does_not_go_on_while_a_bill_is_not_paid(
    client: Client, bob: User
) -> None:
    row = customers.customer(bob)
    overage.ceiling_set(customer=row, nanos=DOLLAR, actor="bob", now=NOW)
    customers.debates_used(bob, 5)
    assert "New calls: they are paid" in read(client, bob)
    customers.invoice(row, status="open", paid_minor=0, tries=1)
    assert "New calls: they are paid" not in read(client, bob)
