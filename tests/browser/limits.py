"""Budgets that are nearly full, alerts in every state, and somebody who is slowed down."""

from datetime import timedelta

from accounts.models import User
from accounts.throttles import throttle_set
from billing.alerting.channels import channel_make
from billing.alerting.evaluation import evaluate
from billing.alerting.states import HOUR, acknowledge, snooze
from billing.budget_changes import budget_set, cap_raise
from billing.budgets import rule_of_budget, window_get
from billing.models import Budget, UsageRecord, Window
from billing.models_operator import Alert, AlertDelivery, AlertRule
from costcontrol.lib import clock

DOLLAR = 1_000_000_000
ACTOR = "alice@example.com"
PLATFORM, RULE = 1, 1  # the first of the shipped rows


def limits_make(customer: User) -> None:
    now = clock.now()
    mail, _none = channel_make(
        kind="email", name="Operations", address="ops@example.org", actor=ACTOR, now=now
    )
    channel_make(
        kind="webhook", name="Pager", address="https://pager.example.com/in", actor=ACTOR, now=now
    )
    AlertRule.objects.get(pk=RULE).channels.add(mail)
    AlertRule.objects.create(
        kind="user", scope_kind="user", threshold=DOLLAR, made_by=ACTOR, made_at=now
    )
    spent(Budget.objects.get(pk=PLATFORM), percent=97)
    for kind, name, percent in (("tier", "premium", 60), ("user", str(customer.pk), 101)):
        values: dict[str, int | str] = {"cap_nanos": 2 * DOLLAR}
        spent(budget_set(kind, name, "month", values, actor=ACTOR, now=now), percent=percent)
    raised = budget_set("provider", "openai", "day", {"cap_nanos": DOLLAR}, actor=ACTOR, now=now)
    cap_raise(raised.pk, cap_nanos=3 * DOLLAR, reason="a launch", actor=ACTOR, now=now)
    spends_much(customer)
    evaluate(now=now)
    first, second = Alert.objects.filter(rule__kind="budget").order_by("pk")[:2]
    acknowledge(first.pk, actor=ACTOR, now=now)
    snooze(second.pk, HOUR, actor=ACTOR, now=now)
    AlertDelivery.objects.update(state="failed", last_error="It did not answer in time.")
    throttle_set(
        user=customer, requests_per_minute=6, until=now + timedelta(hours=1),
        reason="a loop in their script", actor=ACTOR, now=now,
    )


def spent(budget: Budget, *, percent: int) -> None:
    ref = window_get(rule_of_budget(budget), now=clock.now())
    Window.objects.filter(pk=ref.id).update(spent=budget.cap_nanos * percent // 100)


def spends_much(customer: User) -> None:
    """In the last minutes; unlike the other calls these are of today."""
    row = UsageRecord.objects.filter(user_id=customer.pk, cost_nanos__gt=0).order_by("-pk").first()
    assert row
    row.pk, row.reservation_id, row.debate_id = None, None, ""
    row.at, row.cost_nanos = clock.now() - timedelta(minutes=5), 2 * DOLLAR
    row.save(force_insert=True)
