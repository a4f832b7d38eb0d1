"""Rules and channels as staff make them: units, scopes, secrets, and the audit log."""

import json
from typing import Any

import pytest

from accounts.models import AuditEvent, User
from accounts.services import tiers_load
from billing.alerting.channels import (
    channel_get,
    channel_make,
    channel_switch,
    check_address,
    shown_address,
)
from billing.alerting.defaults import RULES, rules_load
from billing.alerting.rules import Typed, rule_change, rule_make, rule_switch, threshold_typed
from billing.models_operator import Alert, AlertChannel, AlertRule
from costcontrol.lib.errors import BadRequest, NotFound
from tests.billing.alerting.rows import ALICE, calls, channel, look, messages, rule
from tests.billing.books import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
SLACK = "https://hooks.slack.com/services/T0/B0/s3cr3t"


def make(kind: str = "budget", scope: str = "platform", threshold: str = "80",
         **more: Any) -> AlertRule:
    typed = Typed(kind, scope, more.pop("scope_id", ""), threshold, **more)
    return rule_make(typed, actor=ALICE, now=NOW, request_id="r-1")


@pytest.mark.parametrize(
    ("kind", "scope", "typed", "kept"),
    [
        ("budget", "platform", "80", 80), ("forecast", "platform", "100%", 100),
        ("anomaly", "platform", "2", 2), ("error_rate", "platform", "2.5", 250),
        ("unpriced", "platform", "1", 1), ("reconcile", "provider", "1.25 ", 125),
        ("user", "user", "$0.50", 500_000_000),
    ],
)
def test_thresholds_are_typed_as_people_say_them(
    kind: str, scope: str, typed: str, kept: int
) -> None:
    row = make(kind, scope, typed)
    assert row.threshold == kept
    assert make(kind, scope, threshold_typed(row)).threshold == kept


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("budget", ""), ("budget", "0"), ("budget", "-5"), ("budget", "80.5"), ("budget", "x"),
        ("budget", "NaN"), ("budget", "1e999999"), ("budget", "1001"), ("error_rate", "100.01"),
        ("user", "0"), ("user", "1e30"), ("anomaly", "101"),
    ],
)
def test_what_is_no_threshold_is_refused(kind: str, typed: str) -> None:
    with pytest.raises(BadRequest, match="no threshold") as refused:
        make(kind, "user" if kind == "user" else "platform", typed)
    assert refused.value.param == "threshold"


@pytest.mark.parametrize(
    ("facts", "param"),
    [
        ({"kind": "nonsense"}, "kind"), ({"kind": "unpriced", "scope": "user"}, "scope_kind"),
        ({"scope": "user", "scope_id": "who@example.org"}, "scope_id"),
        ({"kind": "anomaly", "scope": "tier"}, "scope_id"),
        ({"window_minutes": "0"}, "window_minutes"), ({"window_minutes": "1441"}, "window_minutes"),
    ],
)
def test_what_else_is_wrong_is_said_at_its_field(facts: dict[str, str], param: str) -> None:
    with pytest.raises(BadRequest) as refused:
        make(**facts)
    assert refused.value.param == param
    assert not AlertRule.objects.exists()


def test_scopes_are_typed_as_people_call_them() -> None:
    tiers_load()
    user = User.objects.create_user("ben@example.org")
    assert make(scope="user", scope_id="ben@example.org").scope_id == str(user.pk)
    assert make(scope="user").scope_id == ""  # all of them


def test_changes_are_in_the_audit_log_and_the_kind_stays() -> None:
    mail = channel()
    row = make(channels=(mail.pk, mail.pk + 1))
    typed = Typed("budget", "platform", "", "90")
    rule_change(row.pk, typed, actor=ALICE)
    event = AuditEvent.objects.get(action="alert_rule_change")
    assert (event.before["threshold"], event.after["threshold"]) == (80, 90)
    assert (event.before["channels"], event.after["channels"]) == (["email ops"], [])
    assert AuditEvent.objects.get(action="alert_rule_create").request_id == "r-1"
    with pytest.raises(BadRequest, match="kind of a rule stays"):
        rule_change(row.pk, Typed("user", "user", "", "1"), actor=ALICE)
    with pytest.raises(NotFound):
        rule_change(row.pk + 1, typed, actor=ALICE)


def test_alerts_of_a_rule_that_is_switched_off_are_over_and_nobody_is_told() -> None:
    row = rule("user", 1, scope_kind="user", channels=[channel()])
    calls(1, user_id=7)
    look()
    rule_switch(row.pk, is_on=False, actor=ALICE, now=NOW)
    assert Alert.objects.get().state == "resolved"
    assert messages() == [("opened", "email ops")]
    rule_switch(row.pk, is_on=True, actor=ALICE, now=NOW)
    assert look(1) == ["open"]  # it still holds
    assert messages() == [("opened", "email ops")]
    actions = AuditEvent.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions)[-2:] == ["alert_rule_off", "alert_rule_on"]


def test_secrets_are_given_once_and_stand_in_no_log() -> None:
    hook, secret = channel_make(
        kind="webhook", name="pager", address="https://pager.example.com/in?token=t0k3n",
        actor=ALICE, now=NOW,
    )
    channel_make(kind="slack", name="ops", address=SLACK, actor=ALICE, now=NOW)
    channel_switch(hook.pk, is_on=False, actor=ALICE)
    assert len(secret) > 40
    logged = json.dumps(list(AuditEvent.objects.values("target", "before", "after")))
    for hidden in (secret, "t0k3n", "s3cr3t", "/services/"):
        assert hidden not in logged
    made = AuditEvent.objects.get(target="pager", action="alert_channel_create")
    assert made.after["address"] == shown_address(hook) == "https://pager.example.com/…"


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("email", "nobody"), ("email", "a@b@c"), ("slack", "http://hooks.slack.com/x"),
        ("webhook", "https://127.0.0.1/"), ("webhook", "https://localhost:8000/"),
        ("webhook", "https://[::1]/"), ("webhook", "https://192.168.0.1/"),
        ("webhook", f"https://example.com/{'x' * 500}"), ("email", "x\ny@example.org"),
    ],
)
def test_addresses_that_cannot_be_meant_are_refused(kind: str, address: str) -> None:
    with pytest.raises(BadRequest) as refused:
        check_address(kind, address)
    assert refused.value.param == "address"


def test_a_channel_is_switched_off_and_on() -> None:
    mail = channel()
    assert not channel_switch(mail.pk, is_on=False, actor=ALICE).is_on
    assert not AlertChannel.objects.get().is_on
    channel_switch(mail.pk, is_on=False, actor=ALICE)  # again: nothing to write down
    assert AuditEvent.objects.filter(action="alert_channel_off").count() == 1
    with pytest.raises(NotFound):
        channel_get(mail.pk + 1)


def test_shipped_rules_come_once_whatever_becomes_of_them() -> None:
    assert rules_load(now=NOW) == len(RULES)
    AlertRule.objects.filter(threshold=95).delete()
    AlertRule.objects.filter(threshold=80).update(threshold=70)
    assert rules_load(now=NOW) == 0
