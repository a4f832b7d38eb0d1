"""Users by spend, and the page of one: figures, quotas, what they pay, who is unusual, the form."""

import csv
import html
import io
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent, Throttle, User
from accounts.services import api_key_issue
from billing import credits
from billing.models import Customer, Metric, Subscription, Window
from billing.models_operator import Alert, AlertRule
from billing.reports import users as report
from billing.reports.users import Recent
from tests.costcontrol.dashboard import rows
from tests.costcontrol.dashboard.files import said_in
from tests.costcontrol.dashboard.rows import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
LIST, CSV = "/dashboard/users/", "/dashboard/users.csv"
SCRIPT = "<script>alert(1)</script>"
HOSTILE = ("' OR 1=1; --", SCRIPT, "\x00", "x" * 3_000, "-1", "%", "9" * 30)
DOLLAR = 1_000_000_000
MOST_QUERIES = 27
MOST_QUERIES_OF_ONE = 30


@pytest.fixture
def staff(client: Client, alice: User) -> Client:
    alice.user_permissions.set(Permission.objects.filter(codename="change_throttle"))
    client.force_login(alice)
    return client


@pytest.fixture
def bob(db: None) -> User:
    return rows.person()


def read(client: Client, path: str = LIST, status: int = 200, **query: str) -> str:
    response = client.get(path, query)
    assert response.status_code == status
    return " ".join(html.unescape(response.content.decode()).split())


def page_of(user: User) -> str:
    return f"{LIST}{user.pk}/"


def subscribed(user: User, minor: int) -> None:
    customer = Customer.objects.create(user=user, stripe_id="cus_1")
    Subscription.objects.create(
        customer=customer, stripe_id="sub_1", status="active", tier_id="premium",
        currency="usd", amount_minor=minor, interval="month", started_at=NOW - timedelta(days=90),
        seen_at=NOW,
    )


def test_the_dearest_come_first_with_plan_and_spend(staff: Client, bob: User) -> None:
    carol = rows.person("carol@example.com", tier="free")
    rows.call(user_id=bob.pk)
    rows.call(user_id=bob.pk, at=NOW - timedelta(days=3))
    rows.call(user_id=carol.pk, cost_nanos=DOLLAR)
    assert "hours are not added up yet" in read(staff)
    rows.rolled_up()
    said = read(staff)
    assert "not added up yet" not in said
    assert said.index("carol@example.com") < said.index("bob@example.com")
    assert "2 users spent $1.50." in said
    assert 'value="500000000"' in said
    assert f"/dashboard/users/{bob.pk}/" in said


def test_filters_narrow_who_is_listed(staff: Client, bob: User) -> None:
    carol = rows.person("carol@example.com", tier="free")
    rows.call(user_id=bob.pk)
    rows.call(user_id=carol.pk, tier="free", language="en")
    assert "carol@example.com" not in read(staff, tier="premium")
    assert "bob@example.com" not in read(staff, language="en").partition("users-title")[2]
    assert "No user matches" in read(staff, tier="enterprise")
    alone = read(staff, user="carol@example.com").partition("users-title")[2]
    assert "bob@example.com" not in alone
    assert "1 user spent $0.2500." in alone


def test_a_user_without_calls_is_still_found(staff: Client, bob: User) -> None:
    said = read(staff, user="bob@example.com")
    assert "No calls in these days" in said
    assert f"/dashboard/users/{bob.pk}/" in said


def test_pages_are_cut_by_spend_and_id_even_among_equals(bob: User, staff: Client) -> None:
    made = [rows.person(f"u{number:03}@example.com") for number in range(report.PAGE + 3)]
    for user in made:
        rows.call(user_id=user.pk)
    said = read(staff)
    assert "u049@example.com" in said
    assert "u050@example.com" not in said
    place = f"250000000-{made[49].pk}"
    assert f"after={place}" in said
    rest = read(staff, after=place)
    assert "u049@example.com" not in rest
    assert "u050@example.com" in rest
    assert "u052@example.com" in rest


def test_quotas_of_today_are_those_of_the_ledger(staff: Client, bob: User) -> None:
    rows.call(user_id=bob.pk)
    for metric, spent in ((Metric.DEBATES, 3), (Metric.REQUESTS, 40)):
        Window.objects.create(
            scope_kind="user", scope_id=str(bob.pk), metric=metric, period="day", cap=50,
            start=NOW - timedelta(hours=1), end=NOW + timedelta(hours=5), spent=spent, held=1,
            rank=30,
        )
    said = read(staff)
    assert "4 of 50" in said
    assert "41 of 50" in said


def test_what_users_bring_in_is_of_the_same_days(staff: Client, bob: User) -> None:
    subscribed(bob, 3000)
    rows.call(user_id=bob.pk, cost_nanos=DOLLAR)
    days = report.Range(NOW.date() - timedelta(days=9), NOW.date() - timedelta(days=0), "UTC")
    earned = report.earned_of([bob.pk], days=days, now=days.end)
    assert earned == {bob.pk: 10 * DOLLAR}
    said = read(staff, **{"from": "2026-11-11", "to": "2026-11-20", "zone": "UTC"})
    assert "bob@example.com" not in said.partition("users-title")[2]
    assert 'value="-' not in read(staff)


def test_whoever_pays_nothing_has_no_margin(staff: Client, bob: User) -> None:
    rows.call(user_id=bob.pk)
    assert "not known" in read(staff).partition("users-title")[2]


@pytest.mark.parametrize(("recent", "is_outlier"), [
    (Recent(DOLLAR, 0), True), (Recent(DOLLAR, DOLLAR // 4), False),
    (Recent(DOLLAR, DOLLAR // 5), True), (Recent(DOLLAR // 20, 0), False),
])
def test_unusual_is_much_more_than_ones_own_days(recent: Recent, is_outlier: bool) -> None:
    assert recent.is_outlier is is_outlier


def test_unusual_users_are_flagged(staff: Client, bob: User) -> None:
    carol = rows.person("carol@example.com")
    for days in range(1, 9):
        rows.call(NOW - timedelta(days=days), user_id=carol.pk, cost_nanos=DOLLAR)
    for user in (bob, carol):
        rows.call(NOW - timedelta(hours=2), user_id=user.pk, cost_nanos=2 * DOLLAR)
    rows.rolled_up()
    recent = report.recent_of([bob.pk, carol.pk], now=NOW)
    assert recent[bob.pk] == Recent(2 * DOLLAR, 0)
    assert recent[carol.pk].usual_nanos == DOLLAR
    assert read(staff).partition("users-title")[2].count(">unusual<") == 1
    assert "The last 24 hours cost $2.00." in read(staff, page_of(bob))


def test_the_list_takes_as_many_queries_for_fifty_as_for_one(staff: Client) -> None:
    counts = []
    for number in (1, 49):
        for each in range(number):
            user = rows.person(f"{number}-{each}@example.com")
            rows.call(user_id=user.pk)
        with CaptureQueriesContext(connection) as seen:
            read(staff)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= MOST_QUERIES


def test_the_file_has_everybody_and_no_formulas(staff: Client) -> None:
    mallory = rows.person("mallory@example.com")
    User.objects.filter(pk=mallory.pk).update(email="=1+1@example.com")
    rows.call(user_id=mallory.pk)
    lines = list(csv.DictReader(io.StringIO(said_in(staff.get(CSV)))))
    assert [line["user"] for line in lines] == ["'=1+1@example.com"]
    assert lines[0]["cost_nanos"] == "250000000"


# --- one user -------------------------------------------------------------------------------------


def test_the_page_of_one_has_spend_by_kind_keys_and_links(staff: Client, bob: User) -> None:
    rows.call(user_id=bob.pk, call_kind="rebuttal")
    rows.call(user_id=1, call_kind="judge")
    key, secret = api_key_issue(user=bob, name="laptop", actor="bob")
    said = read(staff, page_of(bob))
    for part in ("bob@example.com", "rebuttal", "Premium", key.prefix, "laptop", "0 of 50",
                 f"user={bob.pk}", f"/admin/accounts/user/{bob.pk}/change/"):
        assert part in said
    for part in (secret, key.digest, "judge"):
        assert part not in said


def test_its_file_has_the_same_sums(staff: Client, bob: User) -> None:
    rows.call(user_id=bob.pk, call_kind="rebuttal")
    text = staff.get(f"{LIST}{bob.pk}.csv").content.decode()
    lines = list(csv.DictReader(io.StringIO(text)))
    assert sum(int(line["rebuttal_nanos"] or 0) for line in lines) == 250_000_000


def test_alerts_about_the_user_are_there_and_no_others(staff: Client, bob: User) -> None:
    rule = AlertRule.objects.create(
        kind="user", threshold=1, window_minutes=60, made_by="a", made_at=NOW
    )
    for user_id, period in ((bob.pk, "one"), (bob.pk + 1, "two")):
        Alert.objects.create(
            rule=rule, period=period, threshold=1, subject=f"user:{user_id}", value=DOLLAR,
            opened_at=NOW, changed_at=NOW, details={
                "scope_kind": "user", "scope_id": str(user_id), "window_minutes": 60, "calls": 1,
                "cost_nanos": DOLLAR,
            },
        )
    assert read(staff, page_of(bob)).count('class="alert"') == 1


def test_the_form_slows_the_user_down_and_is_audited(staff: Client, bob: User) -> None:
    said = read(staff, page_of(bob))
    action = f"/dashboard/budgets/users/{bob.pk}/throttle/"
    assert f'action="{action}"' in said
    staff.post(action, {"requests_per_minute": "6", "until": "hour", "reason": "too quick"})
    assert Throttle.objects.get().user == bob
    assert AuditEvent.objects.get().reason == "too quick"
    assert "slowed down" in read(staff, page_of(bob))


def test_the_form_says_what_it_would_have_refused(staff: Client, bob: User) -> None:
    assert "made no call in the last 24 hours" in read(staff, page_of(bob))
    for second in range(10):
        rows.call(NOW + timedelta(seconds=second - 30), user_id=bob.pk)
    for path in (page_of(bob), f"/dashboard/budgets/users/{bob.pk}/throttle/"):
        said = read(staff, path)
        assert "Of the 10 calls of the last 24 hours" in said
        assert "70.0%" in said  # with 3 a minute
        assert "40.0%" in said  # with 6


def test_without_the_permission_there_is_no_form(staff: Client, alice: User, bob: User) -> None:
    alice.user_permissions.clear()
    assert "<form method=\"post\" action=\"/dashboard/budgets/" not in read(staff, page_of(bob))


def test_the_page_of_one_takes_few_queries(staff: Client, bob: User) -> None:
    rows.call(user_id=bob.pk)
    with CaptureQueriesContext(connection) as seen:
        read(staff, page_of(bob))
    assert len(seen) <= MOST_QUERIES_OF_ONE


def test_nobody_is_404(staff: Client) -> None:
    read(staff, f"{LIST}9999999999/", status=404)


@pytest.mark.parametrize("name", ["user", "tier", "after", "range", "zone"])
def test_nothing_in_the_address_breaks_them(staff: Client, bob: User, name: str) -> None:
    for text in HOSTILE:
        for path in (LIST, page_of(bob)):
            response: Any = staff.get(path, {name: text})
            assert response.status_code == 200
            assert SCRIPT not in response.content.decode()


# --- who is unusual, and what does not fit with Stripe --------------------------------------------


def test_whoever_is_unusual_is_named_whatever_days_are_looked_at(
    staff: Client, bob: User
) -> None:
    carol = rows.person("carol@example.com")
    for days in range(1, 9):
        rows.call(NOW - timedelta(days=days), user_id=carol.pk, cost_nanos=DOLLAR)
    rows.call(NOW - timedelta(hours=2), user_id=bob.pk, cost_nanos=2 * DOLLAR)
    rows.call(NOW - timedelta(hours=2), user_id=0, cost_nanos=9 * DOLLAR)  # the platform's own
    rows.rolled_up()
    assert report.outliers(now=NOW) == {bob.pk: Recent(2 * DOLLAR, 0)}
    query = {"from": "2026-11-01", "to": "2026-11-05", "tier": "free"}
    said = read(staff, **query)
    card = said.partition("unusual-title")[2].partition("users-title")[0]
    assert f"/dashboard/users/{bob.pk}/" in card
    assert "carol@example.com" not in card
    assert "there was nothing before" in card


def test_nobody_unusual_is_no_empty_card(staff: Client, bob: User) -> None:
    rows.call(user_id=bob.pk, cost_nanos=1_000)
    rows.rolled_up()
    assert "unusual-title" not in read(staff)


def test_plans_have_their_users_quotas_and_spend(staff: Client, bob: User) -> None:
    rows.person("carol@example.com", tier="free")
    rows.call(user_id=bob.pk, cost_nanos=DOLLAR)
    card = read(staff).partition("plans-title")[2]
    row = card.partition("/admin/accounts/tier/premium/change/")[2].partition("</tr>")[0]
    assert 'value="1000000000"' in row
    assert ">2<" in row  # bob and alice
    assert "50" in row


def test_a_plan_that_is_not_what_stripe_said_is_flagged(staff: Client, bob: User) -> None:
    subscribed(bob, 3000)
    rows.call(user_id=bob.pk)
    assert "differs from Stripe" not in read(staff)
    User.objects.filter(pk=bob.pk).update(tier_id="free")
    said = read(staff).partition("users-title")[2]
    assert "differs from Stripe" in said
    assert "by what Stripe said last it should be Premium" in said
    assert "by what Stripe said last it should be Premium" in read(staff, page_of(bob))


@pytest.mark.parametrize(("columns", "why"), [
    ({"stripe_id": "sub_2"}, "More than one subscription is being paid: sub_1, sub_2."),
    ({"stripe_id": "sub_2", "status": "odd"}, "sub_2 has the status “odd”"),
])
def test_what_nobody_decided_about_is_flagged(
    staff: Client, bob: User, columns: dict[str, Any], why: str
) -> None:
    subscribed(bob, 3000)
    first = Subscription.objects.get()
    first.pk = None
    for name, value in columns.items():
        setattr(first, name, value)
    first.save()
    rows.call(user_id=bob.pk)
    assert why in read(staff, page_of(bob))


def test_a_price_that_no_plan_has_is_flagged(staff: Client, bob: User) -> None:
    subscribed(bob, 3000)
    Subscription.objects.update(tier=None, price_id="price_9")
    assert "no plan has its price price_9" in read(staff, page_of(bob))


def test_credit_that_is_left_stands_on_the_page_of_one(staff: Client, bob: User) -> None:
    assert "Credit left" not in read(staff, page_of(bob))
    customer = Customer.objects.create(user=bob, stripe_id="cus_1")
    credits.grant(
        customer=customer, source="staff:1", nanos=7 * DOLLAR,
        expires_at=NOW + timedelta(days=30), now=NOW,
    )
    said = read(staff, page_of(bob))
    assert "Credit left" in said
    assert 'value="7000000000"' in said


def test_the_file_says_plan_and_margin(staff: Client, bob: User) -> None:
    subscribed(bob, 3000)
    rows.call(user_id=bob.pk, cost_nanos=DOLLAR)
    (line,) = csv.DictReader(io.StringIO(said_in(staff.get(CSV))))
    assert line["plan"] == "premium"
    assert int(line["earned_nanos"]) - DOLLAR == int(line["margin_nanos"])
    assert int(line["earned_nanos"]) > 20 * DOLLAR
