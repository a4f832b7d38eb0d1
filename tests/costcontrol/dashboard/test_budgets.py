"""The page of budgets and alerts: what is shown, what staff change, and that all is audited."""

import html
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent, Throttle, User
from billing.alerting.evaluation import evaluate
from billing.alerting.states import acknowledge
from billing.budgets import rule_of_budget, window_get
from billing.models import Budget, Window
from billing.models_operator import Alert, AlertDelivery, AlertRule
from tests.billing.alerting.rows import ALICE, channel
from tests.costcontrol.dashboard import rows
from tests.costcontrol.dashboard.rows import NOW

pytestmark = pytest.mark.django_db
PAGE, DOLLAR = "/dashboard/budgets/", 1_000_000_000
CHANGES = ("budget", "alert", "alertrule", "alertchannel", "throttle")
MOST_QUERIES = 16
HOSTILE = ("' OR 1=1; --", "<script>alert(1)</script>", "\x00", "x" * 3_000, "-1", "%", "9" * 30)


@pytest.fixture
def staff(client: Client, alice: User) -> Client:
    wanted = [f"change_{name}" for name in CHANGES]
    alice.user_permissions.set(Permission.objects.filter(codename__in=wanted))
    client.force_login(alice)
    return client


def budget(cap: int = 10 * DOLLAR, spent: int = 0, **more: Any) -> Budget:
    facts = {"scope_kind": "platform", "scope_id": "", "period": "day"} | more
    row = Budget.objects.create(cap_nanos=cap, **facts)
    ref = window_get(rule_of_budget(row), now=NOW)
    Window.objects.filter(pk=ref.id).update(spent=spent)
    return row


def rule(kind: str = "budget", threshold: int = 80, **more: Any) -> AlertRule:
    return AlertRule.objects.create(
        kind=kind, threshold=threshold, made_by=ALICE, made_at=NOW, **more
    )


def read(client: Client, path: str = "", status: int = 200, **query: str) -> str:
    return words(client.get(f"{PAGE}{path}", query), status)


def post(client: Client, path: str, status: int = 200, **form: Any) -> str:
    return words(client.post(f"{PAGE}{path}", form, follow=True), status)


def words(response: Any, status: int) -> str:
    assert response.status_code == status
    return " ".join(html.unescape(response.content.decode()).split())


def cap_now(row: Budget) -> int:
    return Window.objects.get(pk=window_get(rule_of_budget(row), now=NOW).id).cap


def test_budgets_have_names_and_say_what_is_spent_and_left(staff: Client) -> None:
    bob = rows.person("bob@example.com")
    budget(spent=9 * DOLLAR)
    budget(2 * DOLLAR, scope_kind="user", scope_id=str(bob.pk), period="month")
    said = read(staff)
    for part in ("The whole platform, today", "user bob@example.com, this month",
                 'value="9000000000"', 'data-tone="warn"'):
        assert part.lower() in said.lower()
    assert "bob@example.com" not in read(staff, kind="platform")


def test_budgets_are_paged_by_key_the_platforms_first(staff: Client) -> None:
    for number in range(30):
        budget(scope_kind="debate", scope_id=f"d{number:02}", period="total")
    budget()
    first = read(staff)
    assert "The whole platform" in first
    assert "d18" in first
    assert "d19" not in first
    more = first.split('class="pager"')[1].split('href="')[1].split('"')[0]
    rest = words(staff.get(more), 200)
    assert "d19" in rest
    assert "d29" in rest
    assert "d18" not in rest


def test_a_budget_is_made_and_changed_by_the_rules_of_the_admin(staff: Client) -> None:
    rows.person("bob@example.com")
    post(staff, "new/", scope_kind="user", scope_id="bob@example.com", period="day", cap="2.50",
         soft_percent="70", zone="UTC", reason="a trial")
    made = Budget.objects.get(scope_kind="user")
    assert (made.cap_nanos, made.soft_percent, made.zone) == (2_500_000_000, 70, "UTC")
    post(staff, f"{made.pk}/", cap="3", soft_percent="80", zone="UTC")
    assert cap_now(made) == 3 * DOLLAR
    events = AuditEvent.objects.filter(action="budget_set").order_by("pk")
    assert [(each.actor, each.reason) for each in events] == [
        ("alice@example.com", "a trial"), ("alice@example.com", "")
    ]


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"cap": "-1"}, "is not an amount"), ({"soft_percent": "101"}, "from 0 to 100"),
        ({"soft_percent": "00000200"}, "from 0 to 100"),
        ({"scope_kind": "user", "scope_id": "who@example.org"}, "There is no user"),
        ({"scope_kind": "credit"}, "Choose what the budget is of"),
        ({"zone": "Mars/Base"}, "is not a time zone"), ({"period": "week"}, "Choose a period"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_saved(
    staff: Client, form: dict[str, str], sentence: str
) -> None:
    usual = {"scope_kind": "platform", "period": "day", "cap": "5", "zone": "UTC"}
    assert sentence in post(staff, "new/", 400, **usual | form)
    assert not Budget.objects.exists()


def test_there_is_one_budget_for_a_scope_and_period(staff: Client) -> None:
    budget()
    said = post(staff, "new/", 400, scope_kind="platform", period="day", cap="5")
    assert "There is such a budget already" in said


def test_what_the_hard_stop_would_do_is_shown_before(staff: Client) -> None:
    for day in range(1, 6):
        rows.call(NOW - timedelta(days=day), cost_nanos=day * DOLLAR)
    rows.rolled_up()
    said = read(staff, "new/", scope_kind="platform", period="day", cap="4")
    for part in ("every call that costs money is refused",
                 "It would have been reached on 2 of the last 30 days",
                 "The dearest day cost $5.00"):
        assert part in said
    assert not Budget.objects.exists()


def test_what_would_stop_calls_now_is_asked_once_more(staff: Client) -> None:
    row = budget(spent=5 * DOLLAR)
    said = post(staff, f"{row.pk}/", 409, cap="4")
    assert "$5.00 are spent or held already, so this stops them now" in said
    assert cap_now(row) == 10 * DOLLAR
    post(staff, f"{row.pk}/", cap="4", confirm="1")
    assert cap_now(row) == 4 * DOLLAR


def test_a_window_is_raised_once_with_a_reason(staff: Client) -> None:
    row = budget(spent=9 * DOLLAR)
    assert "Write down why" in post(staff, f"{row.pk}/raise/", cap="15")
    assert "not more than it may spend now" in post(staff, f"{row.pk}/raise/", cap="9", reason="x")
    assert "in dollars" in post(staff, f"{row.pk}/raise/", cap="much", reason="x")
    assert cap_now(row) == 10 * DOLLAR
    said = post(staff, f"{row.pk}/raise/", cap="15", reason="a launch")
    assert "Raised once: the next one begins with $10.00 again." in said
    assert cap_now(row) == 15 * DOLLAR
    assert AuditEvent.objects.get(action="budget_raise").reason == "a launch"
    post(staff, f"{row.pk}/raise/end/")
    assert cap_now(row) == 10 * DOLLAR
    assert "not raised any more" in post(staff, f"{row.pk}/raise/end/")


def test_a_budget_is_deleted_with_a_tick(staff: Client) -> None:
    row = budget()
    assert "Nothing was changed" in post(staff, f"{row.pk}/delete/")
    post(staff, f"{row.pk}/delete/", confirm="1", reason="not needed")
    assert not Budget.objects.exists()
    assert AuditEvent.objects.get(action="budget_delete").reason == "not needed"
    assert post(staff, f"{row.pk}/delete/", 404, confirm="1")


def test_open_alerts_come_first_and_what_did_not_arrive_is_flagged(staff: Client) -> None:
    of = rule()
    of.channels.add(channel())
    budget(spent=9 * DOLLAR)
    budget(spent=9 * DOLLAR, period="month")
    evaluate(now=NOW)
    first, second = Alert.objects.order_by("pk")
    acknowledge(first.pk, actor=ALICE, now=NOW)
    AlertDelivery.objects.filter(alert=second).update(
        state="failed", last_error="It did not answer in time."
    )
    said = read(staff)
    heads = [f'id="alert-{alert.pk}"' for alert in (second, first)]
    assert said.index(heads[0]) < said.index(heads[1])
    assert "Not delivered to “email ops”. It did not answer in time." in said
    assert "1 message is on its way" in said


def test_alerts_are_acknowledged_and_put_off(staff: Client) -> None:
    rule()
    budget(spent=9 * DOLLAR)
    evaluate(now=NOW)
    alert = Alert.objects.get()
    assert "has it in hand" in post(staff, f"alerts/{alert.pk}/acknowledge/")
    said = post(staff, f"alerts/{alert.pk}/snooze/", until="hour")
    assert "put off until 25 Nov 2026, 13:04" in said
    assert "how long it is put off" in post(staff, f"alerts/{alert.pk}/snooze/", until="ever")
    alert.refresh_from_db()
    assert (alert.state, alert.changed_by) == ("snoozed", "alice@example.com")
    assert "There is no such alert" in post(staff, f"alerts/{alert.pk + 1}/acknowledge/")


def test_one_press_slows_down_the_user_an_alert_is_about(staff: Client) -> None:
    bob = rows.person("bob@example.com")
    rows.call(user_id=bob.pk, cost_nanos=2 * DOLLAR)
    rule("user", DOLLAR, scope_kind="user")
    evaluate(now=NOW)
    said = read(staff)
    assert "bob@example.com: $2.00 in 60 minutes" in said
    form = said.split(f'action="/dashboard/budgets/users/{bob.pk}/throttle/"')[1]
    assert 'name="requests_per_minute" value="6"' in form
    assert 'name="reason" value="$2.00 in 60 minutes"' in form
    said = post(staff, f"users/{bob.pk}/throttle/", requests_per_minute="6", until="hour",
                reason="$2.00 in 60 minutes")
    row = Throttle.objects.get()
    assert (row.user, row.requests_per_minute) == (bob, 6)
    assert row.until == NOW + timedelta(hours=1)
    assert "6 calls a minute" in said
    post(staff, f"users/{bob.pk}/throttle/lift/")
    assert not Throttle.objects.exists()


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"requests_per_minute": "many"}, "how many calls"), ({"until": "ever"}, "until when"),
        ({"requests_per_minute": "0"}, "no calls at all"), ({"reason": ""}, "Write down why"),
    ],
)
def test_a_throttle_needs_a_number_a_time_a_reason_and_a_tick(
    staff: Client, form: dict[str, str], sentence: str
) -> None:
    bob = rows.person("bob@example.com")
    usual = {"requests_per_minute": "6", "until": "hour", "reason": "why"}
    assert sentence in post(staff, f"users/{bob.pk}/throttle/", **usual | form)
    assert not Throttle.objects.exists()


def test_a_rule_is_made_from_what_the_address_says(staff: Client) -> None:
    rows.person("bob@example.com")
    said = read(staff, "rules/new/", kind="budget", scope_kind="user", scope_id="bob@example.com",
                threshold="90")
    for part in ('value="user" selected', 'value="bob@example.com"', 'value="90"'):
        assert part in said
    mail = channel()
    said = post(staff, "rules/new/", kind="budget", scope_kind="user", scope_id="bob@example.com",
                threshold="90", window_minutes="60", channels=[str(mail.pk)])
    assert "User bob@example.com: 90% of the budget or more is used" in said.replace(
        "</strong>", ""
    )
    assert list(AlertRule.objects.get().channels.all()) == [mail]


def test_rules_that_reach_nobody_are_warned_of(staff: Client) -> None:
    warning = "Nobody is told: no rule has a channel."
    AlertRule.objects.all().delete()
    assert warning not in read(staff, "rules/")
    row = rule()
    assert warning in read(staff, "rules/")
    row.channels.add(channel())
    assert warning not in read(staff, "rules/")
    row.channels.update(is_on=False)
    assert warning in read(staff, "rules/")


def test_a_rule_is_changed_and_switched(staff: Client) -> None:
    row = rule("error_rate", 500)
    assert 'value="5"' in read(staff, f"rules/{row.pk}/")
    said = post(staff, f"rules/{row.pk}/", 400, scope_kind="platform", threshold="0")
    assert "This is no threshold" in said
    post(staff, f"rules/{row.pk}/", scope_kind="platform", threshold="7.5", window_minutes="30")
    row.refresh_from_db()
    assert (row.kind, row.threshold, row.window_minutes) == ("error_rate", 750, 30)
    post(staff, f"rules/{row.pk}/switch/", on="0")
    row.refresh_from_db()
    assert not row.is_on


def test_the_secret_of_a_channel_is_shown_once(staff: Client) -> None:
    said = post(staff, "channels/", kind="webhook", name="pager",
                address="https://pager.example.com/in?token=t0k3n")
    secret = said.split("alert_")[1].split("<")[0]
    assert len(secret) > 40
    again = read(staff, "channels/")
    assert "https://pager.example.com/…" in again
    for hidden in (secret, "t0k3n"):
        assert hidden not in again
    assert "t0k3n" not in said


def test_a_wrong_address_of_a_webhook_is_not_shown_again(staff: Client) -> None:
    said = post(staff, "channels/", 400, kind="slack", name="ops",
                address="http://hooks.slack.com/s3cr3t")
    assert "must begin with https://" in said
    assert "s3cr3t" not in said


def test_a_test_says_what_came_of_it(staff: Client, mailoutbox: list[Any]) -> None:
    mail = channel()
    assert "The test was delivered to “email ops”." in post(staff, f"channels/{mail.pk}/test/")
    assert mailoutbox[0].to == ["ops@example.org"]
    hook = channel("webhook", "https://nobody.invalid/")
    said = post(staff, f"channels/{hook.pk}/test/")
    assert "did not reach “webhook ops”. There is no server of that name." in said
    post(staff, f"channels/{hook.pk}/switch/", on="0")
    assert "Nothing is sent" not in read(staff, "channels/")
    hook.refresh_from_db()
    assert not hook.is_on


def test_who_may_not_change_reads_and_is_refused(client: Client, alice: User) -> None:
    client.force_login(alice)
    row, of, hook = budget(spent=9 * DOLLAR), rule(), channel()
    evaluate(now=NOW)
    alert = Alert.objects.get()
    for path in ("", f"{row.pk}/", "alerts/", "rules/", f"rules/{of.pk}/", "channels/",
                 f"users/{alice.pk}/throttle/"):
        said = read(client, path)
        assert said.count('method="post"') == said.count('action="/i18n/') + said.count(
            'action="/logout/"'
        )
    for path in ("new/", f"{row.pk}/", f"{row.pk}/raise/", f"{row.pk}/raise/end/",
                 f"{row.pk}/delete/", f"alerts/{alert.pk}/acknowledge/",
                 f"alerts/{alert.pk}/snooze/", f"users/{alice.pk}/throttle/",
                 f"users/{alice.pk}/throttle/lift/", "rules/new/", f"rules/{of.pk}/",
                 f"rules/{of.pk}/switch/", "channels/", f"channels/{hook.pk}/test/",
                 f"channels/{hook.pk}/switch/"):
        assert client.post(f"{PAGE}{path}").status_code == 403, path
    assert not AuditEvent.objects.exclude(action="alert_channel_create").exists()


def test_exports_have_exact_values(staff: Client) -> None:
    rule()
    budget(spent=9 * DOLLAR)
    evaluate(now=NOW)
    lines = staff.get(f"{PAGE}budgets.csv").content.decode().splitlines()
    assert lines[1].startswith("platform,,day,10000000000,10,9000000000,9,0,1000000000,")
    lines = staff.get(f"{PAGE}alerts.csv").content.decode().splitlines()
    assert ",budget,platform:/day,2026-11-24T15:00Z 10000000000,80,90,percent,open," in lines[1]


@pytest.mark.parametrize("path", ["", "new/", "alerts/", "rules/new/", "channels/"])
def test_whatever_the_address_says_there_is_a_page(staff: Client, path: str) -> None:
    for value in HOSTILE:
        names = ("kind", "after", "scope_kind", "scope_id", "threshold", "cap", "period", "zone")
        response = staff.get(f"{PAGE}{path}", dict.fromkeys(names, value))
        assert response.status_code == 200
        assert b"<script>alert" not in response.content


def test_a_full_page_takes_few_queries(staff: Client) -> None:
    for number in range(20):
        bob = rows.person(f"u{number}@example.com")
        budget(spent=9 * DOLLAR, scope_kind="user", scope_id=str(bob.pk))
    rule(scope_kind="user").channels.add(channel())
    evaluate(now=NOW)
    with CaptureQueriesContext(connection) as seen:
        read(staff)
    assert len(seen) <= MOST_QUERIES
    assert Alert.objects.count() == 20
