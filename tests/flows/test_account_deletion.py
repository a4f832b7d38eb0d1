"""A closed account: what was asked and answered is gone, what was used stays, without a name."""

from datetime import timedelta

import pytest
import redis
from django.conf import settings

from accounts.closing import account_close
from accounts.models import User
from accounts.services import api_key_issue
from billing.models import LedgerEntry, UsageRecord
from costcontrol.lib import clock
from routing import forgetting
from routing.cache.singleflight import entry_name
from routing.models import CallText, IdempotentReply, Philosopher
from tests.flows.rows import (
    CENT,
    Account,
    account,
    assert_the_books_agree,
    paid_body,
    records_of,
    spent_by,
)
from tests.flows.server import Gateway


def answers_of(user: User) -> set[str]:
    """What Valkey holds for them."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        return {name.decode() for name in client.scan_iter(f"{entry_name(str(user.uuid))}*")}


def text_kept(user: User) -> None:
    now = clock.now()
    [row] = records_of(Account(user, ""), count=1)
    CallText.objects.create(
        call_id=row.call_id, user_id=user.pk, at=now, messages=[], answer="Secret",
        expires_at=now + timedelta(days=7),
    )


@pytest.mark.postgresql
def test_words_go_numbers_stay_and_others_notice_nothing(gateway: Gateway) -> None:
    alice, bob = account("premium"), account("premium")
    for who in (alice, bob):
        gateway.post(who, paid_body(), idempotency_key="once")
        text_kept(who.user)
    assert len(answers_of(alice.user)) == len(answers_of(bob.user)) == 1
    assert IdempotentReply.objects.filter(user_id=alice.user.pk).exists()

    account_close(alice.user, at=clock.now())

    assert not answers_of(alice.user)
    assert not CallText.objects.filter(user_id=alice.user.pk).exists()
    assert not IdempotentReply.objects.filter(user_id=alice.user.pk).exists()
    [row] = records_of(alice, count=1)
    assert row.cost_nanos == CENT
    assert LedgerEntry.objects.filter(reservation_id=row.reservation_id).exists()
    assert spent_by(alice) == (CENT, 0)
    assert_the_books_agree()
    assert len(answers_of(bob.user)) == 1
    assert CallText.objects.filter(user_id=bob.user.pk).exists()

    gateway.sees_new_rows()
    assert gateway.post(alice, paid_body()).status == 401
    assert gateway.post(bob, paid_body()).headers["x-cache"] == "hit"


def test_end_users_go_with_the_account_that_brought_them(gateway: Gateway) -> None:
    frontend = account("premium", is_service=True)
    gateway.post(frontend, paid_body(), x_end_user="debater-7")
    debater = User.objects.get(owner=frontend.user)
    User.objects.filter(pk=debater.pk).update(tier="premium")
    gateway.sees_new_rows()
    gateway.post(frontend, paid_body(), x_end_user="debater-7")
    assert answers_of(debater)
    account_close(frontend.user, at=clock.now())
    debater.refresh_from_db()
    assert not answers_of(debater)
    assert (debater.is_active, debater.external_id) == (False, f"deleted-{debater.pk}")
    assert UsageRecord.objects.filter(user_id=debater.pk).exists()


def test_what_a_call_leaves_that_was_running_meanwhile_goes_within_the_hour(
    gateway: Gateway
) -> None:
    alice = account("premium")
    gateway.post(alice, paid_body())
    account_close(alice.user, at=clock.now())
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.set(entry_name(f"{alice.user.uuid}:late"), b"{}", ex=60)
    text_kept(alice.user)
    Philosopher.objects.create(key="own-late", owner_id=alice.user.pk, name_ko="x", name_en="x")
    assert forgetting.stragglers(now=clock.now()) == 3
    assert not answers_of(alice.user)
    assert not Philosopher.objects.filter(owner_id=alice.user.pk).exists()
    assert not CallText.objects.filter(user_id=alice.user.pk).exists()


def test_address_is_free_again(gateway: Gateway) -> None:
    alice = account("premium")
    account_close(alice.user, at=clock.now())
    again = User.objects.create_user(alice.email, tier_id="premium")
    _key, secret = api_key_issue(user=again, actor="tests")
    reply = gateway.post(Account(again, secret), paid_body())
    assert (reply.status, reply.headers["x-cache"]) == (200, "miss")
