"""Emails about limits: everybody at 80 and 100 percent, more as they wish, each once."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail

from accounts.models import Member, Organisation, Tier, User
from accounts.services import tiers_load
from accounts.types import Payer, TierRules
from billing import alerts, credits, ledger, overage
from billing.alerts import alerts_send
from billing.budgets import Rule, debates_rule, tier_change, window_get
from billing.customer_settings import alert_add
from billing.models import Customer, Window
from billing.purses import payer_of
from tests.billing.books import NOW, held
from tests.billing.purses import DAY, beyond, customer_make, give

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


@pytest.fixture(autouse=True)
def first_look(db: None) -> None:
    tiers_load()
    alerts.forget_all()


@pytest.fixture
def alice() -> Customer:
    return customer_make()


def use(payer: Payer, count: int, *, metric: str = "requests", cap: int = 100) -> Window:
    rule = Rule(payer.kind, payer.id, metric, "day", cap, is_quota=True)
    window = Window.objects.get(pk=window_get(rule, now=NOW).id)
    Window.objects.filter(pk=window.pk).update(cap=cap)
    window.refresh_from_db()
    ledger.settle(held(window, amount=count), charged=count)
    return window


def subjects() -> list[str]:
    found = [message.subject for message in mail.outbox]
    mail.outbox.clear()
    return found


def test_at_eighty_and_at_a_hundred_percent_everybody_is_told_once(alice: Customer) -> None:
    payer = payer_of(alice)
    told = []
    for count in (79, 1, 10, 9, 1):
        use(payer, count)
        alerts_send(now=NOW)
        told.append(subjects())
    assert told == [
        [], ["80% used: Calls outside debates today"], [], [],
        ["Used up: Calls outside debates today"],
    ]


def test_who_jumps_over_both_is_told_the_last_only(alice: Customer) -> None:
    use(payer_of(alice), 100)
    assert [alerts_send(now=NOW), alerts_send(now=NOW)] == [1, 0]
    assert subjects() == ["Used up: Calls outside debates today"]


def test_the_last_percent_of_money_counts_as_all_of_it(alice: Customer) -> None:
    """What is left rarely pays for another call."""
    use(payer_of(alice), 99, metric="usd")
    alerts_send(now=NOW)
    assert subjects() == ["Used up: Model costs today"]


def test_somebody_who_never_paid_is_told_too() -> None:
    bob = User.objects.create_user("bob@example.com")
    use(Payer("user", str(bob.pk)), 5, metric="debates", cap=5)
    assert alerts_send(now=NOW) == 1
    assert mail.outbox[0].to == ["bob@example.com"]
    assert "5 of 5" in str(mail.outbox[0].body)
    assert "Nov. 26, 2026, midnight" in str(mail.outbox[0].body)


def test_nobody_is_told_at_an_address_that_they_did_not_confirm(alice: Customer) -> None:
    User.objects.update(email="other@example.com")
    use(payer_of(alice), 100)
    assert alerts_send(now=NOW) == 0


def test_an_end_user_of_a_service_has_no_address(alice: Customer) -> None:
    assert alice.user
    end_user = User.objects.create(owner=alice.user, external_id="x", tier_id="free")
    use(Payer("user", str(end_user.pk)), 100)
    assert alerts_send(now=NOW) == 0


def test_of_an_organisation_its_owners_and_who_pays_are_told() -> None:
    team = Organisation.objects.create(name="Team")
    for role in ("owner", "billing", "member"):
        user = User.objects.create_user(f"{role}@example.com")
        Member.objects.create(organisation=team, user=user, role=role)
    use(Payer("org", str(team.pk)), 80)
    alerts_send(now=NOW)
    assert [message.to for message in mail.outbox] == [
        ["owner@example.com"], ["billing@example.com"]
    ]


@pytest.mark.parametrize(("count", "told"), [(29, 0), (30, 1)])
def test_a_percent_of_their_own_is_told_as_well(alice: Customer, count: int, told: int) -> None:
    alert_add(customer=alice, kind="quota_percent", threshold=30)
    use(payer_of(alice), count)
    assert alerts_send(now=NOW) == told


def test_a_wish_that_is_off_is_not_told(alice: Customer) -> None:
    alert_add(customer=alice, kind="quota_percent", threshold=30)
    alice.alerts.update(is_on=False)
    use(payer_of(alice), 30)
    assert alerts_send(now=NOW) == 0


def test_a_larger_plan_is_another_limit(alice: Customer) -> None:
    payer, free = payer_of(alice), Tier.objects.get(pk="free")
    assert alice.user
    tier_change(user=alice.user, tier=free, actor="test", at=NOW)
    rule = debates_rule(TierRules.of(free), payer)
    assert rule
    use(payer, 5, metric="debates", cap=5)
    alerts_send(now=NOW)
    tier_change(user=alice.user, tier=Tier.objects.get(pk="premium"), actor="test", at=NOW)
    use(payer, 37, metric="debates", cap=50)
    alerts_send(now=NOW)
    assert subjects() == ["Used up: Debates today", "80% used: Debates today"]


def test_a_day_that_is_over_is_not_told(alice: Customer) -> None:
    use(payer_of(alice), 100)
    assert alerts_send(now=NOW + DAY) == 0


def test_only_windows_that_something_was_booked_in_lately_are_looked_at(alice: Customer) -> None:
    """After the first look of a process, which takes all."""
    use(payer_of(alice), 70)
    for _ in range(3):
        alerts_send(now=NOW)
    assert list(alerts._changed(NOW)) == []
    window = use(payer_of(alice), 5)
    assert list(alerts._changed(NOW)) == [window]


def test_what_was_written_during_a_look_is_seen_by_the_next(alice: Customer) -> None:
    """A booking with a smaller number may be committed after one with a larger number was seen."""
    use(payer_of(alice), 70)
    alerts_send(now=NOW)
    window = use(payer_of(alice), 5)
    alerts_send(now=NOW)
    assert list(alerts._changed(NOW)) == [window]


class TestOverage:
    def allow(self, customer: Customer, nanos: int) -> None:
        overage.ceiling_set(customer=customer, nanos=nanos, actor="test", now=NOW)

    def spend(self, customer: Customer, nanos: int) -> None:
        ledger.settle(beyond(customer, nanos), charged=nanos)

    def test_a_ceiling_is_told_at_eighty_and_a_hundred_percent(self, alice: Customer) -> None:
        self.allow(alice, 100)
        told = []
        for nanos in (79, 1, 19):
            self.spend(alice, nanos)
            alerts_send(now=NOW)
            told.append(subjects())
        assert told == [
            [], ["80% of the ceiling you set beyond your plan is used"],
            ["The ceiling you set beyond your plan is reached"],
        ]

    def test_a_raised_ceiling_is_told_again(self, alice: Customer) -> None:
        self.allow(alice, 100)
        self.spend(alice, 100)
        alerts_send(now=NOW)
        self.allow(alice, 200)
        self.spend(alice, 60)
        alerts_send(now=NOW)
        assert len(subjects()) == 2


class TestCredit:
    def wish(self, customer: Customer, *thresholds: int) -> None:
        for nanos in thresholds:
            alert_add(customer=customer, kind="credit_below", threshold=nanos)

    def spend(self, customer: Customer, nanos: int, **more: Any) -> None:
        ledger.settle(beyond(customer, nanos, **more), charged=nanos)

    def test_who_wishes_is_told_when_less_is_left_and_again_after_the_next_pack(
        self, alice: Customer
    ) -> None:
        self.wish(alice, 50)
        sent = []
        for given, spent in ((100, 50), (0, 1), (0, 5), (100, 10), (0, 100)):
            if given:
                give(alice, given)
            self.spend(alice, spent)
            sent.append(alerts_send(now=NOW))
        assert sent == [0, 1, 0, 0, 1]

    def test_of_several_amounts_the_lowest_that_is_passed_is_told(self, alice: Customer) -> None:
        self.wish(alice, 1_000_000_000, 50, 20)
        give(alice, 100)
        self.spend(alice, 85)
        alerts_send(now=NOW)
        assert [m.subject for m in mail.outbox] == ["$0.00 of your credit is left"]
        assert alerts_send(now=NOW) == 0

    def test_credit_that_ended_unused_is_told_too(self, alice: Customer) -> None:
        self.wish(alice, 50)
        give(alice, 100, days=1)
        self.spend(alice, 10)
        alerts_send(now=NOW)
        later = NOW + DAY + timedelta(minutes=1)
        credits.lapse_all(now=later)
        assert alerts_send(now=later) == 1

    def test_who_never_had_credit_is_not_told_that_it_is_low(self, alice: Customer) -> None:
        self.wish(alice, 50)
        assert alerts_send(now=NOW) == 0
