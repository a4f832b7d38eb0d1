"""Somebody of the staff closes their account: nothing in alerts says who they were."""

import pytest

from accounts.closing import account_close, shell_address
from accounts.models import User
from accounts.services import tiers_load
from billing.alerting.states import acknowledge
from billing.models import PriceCorrection
from billing.models_fetches import UsageFetch
from billing.models_operator import Alert, AlertChannel, AlertRule, SavedView, UsageImport
from tests.billing.alerting.rows import ALICE, channel, look, rule, spend
from tests.billing.books import NOW
from tests.billing.repricing import make, price_make

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


def test_their_name_goes_and_the_alerts_stay() -> None:
    tiers_load()
    alice = User.objects.create_user(ALICE)
    rule(channels=[channel("email", "Alice@Example.org"), channel()])
    spend(85)
    look()
    acknowledge(Alert.objects.get().pk, actor=ALICE, now=NOW)
    account_close(alice, at=NOW)
    shell = shell_address(alice)
    assert (AlertRule.objects.get().made_by, Alert.objects.get().changed_by) == (shell, shell)
    assert [row.address for row in AlertChannel.objects.all()] == ["ops@example.org"]


def test_their_own_views_go_and_what_others_use_stays_without_their_name() -> None:
    tiers_load()
    alice = User.objects.create_user(ALICE)
    for name, is_shared in (("mine", False), ("ours", True)):
        SavedView.objects.create(
            owner_id=alice.pk, page="calls", name=name, is_shared=is_shared, made_at=NOW
        )
    UsageImport.objects.create(
        provider="openai", source="csv", digest="0", first_day=NOW.date(), last_day=NOW.date(),
        made_at=NOW, made_by=ALICE,
    )
    UsageFetch.objects.create(
        provider="openai", first_day=NOW.date(), last_day=NOW.date(), made_at=NOW, made_by=ALICE
    )
    account_close(alice, at=NOW)
    assert UsageFetch.objects.get().made_by == shell_address(alice)
    assert [view.name for view in SavedView.objects.all()] == ["ours"]
    assert UsageImport.objects.get().made_by == shell_address(alice)


def test_what_they_corrected_stays_without_their_name() -> None:
    tiers_load()
    alice, other = User.objects.create_user(ALICE), make(price_make())
    PriceCorrection.objects.create(
        provider="openai", start=other.start, end=other.end, made_at=NOW, made_by=ALICE,
        posted_by=ALICE,
    )
    account_close(alice, at=NOW)
    shell = shell_address(alice)
    rows = PriceCorrection.objects.order_by("pk").values_list("made_by", "posted_by")
    assert list(rows) == [("ann", ""), (shell, shell)]
