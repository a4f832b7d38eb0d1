"""What is made one by one through the gateway: by idle local models, and anew when it grows old."""

import asyncio
from collections.abc import Awaitable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from pytest_django import Settings

from accounts import auth
from accounts.models import User
from billing import gauge, ledger
from billing.ledger import Attempt
from billing.models import Reservation, UsageRecord, Window
from costcontrol.lib import clock, database, redis
from routing import health, keeper, snapshot
from routing.cache.keys import key_of
from routing.debates.philosophers import character_from
from routing.debates.reuse import About, reuse_of
from routing.debates.types import Cast
from routing.models import (
    AnswerSeen,
    CallKindRow,
    Philosopher,
    PrecomputeRun,
    StoredAnswer,
    Topic,
)
from routing.precompute import ahead, machine, refresh
from tests.billing.conftest import append_only as append_only
from tests.billing.conftest import committed as committed
from tests.routing.debates.playing import becomes, rows_make, simulated
from tests.routing.precompute.house import debates_make, run_started

pytestmark = pytest.mark.postgresql


@pytest.fixture
def user(committed: None, settings: Settings) -> Iterator[User]:
    """Whose calls are all answered by simulated models."""
    settings.PRECOMPUTE_MONTHLY_USD = "5"
    gauge.forget_all()
    auth.forget_all()
    redis.breaker.cache_clear()
    health.forget_all()
    yield rows_make(model="echo")
    keeper._rows.clear()
    database.close_threads()
    gauge.forget_all()
    snapshot.forget()


def answer(**changes: Any) -> StoredAnswer:
    """An opening past its soft end, and served since."""
    topic = Topic.objects.order_by("popularity_rank")[0]
    person = Philosopher.objects.get(key="kant", is_current=True)
    about = About(topic.pk, topic.epoch, topic.en, "en", Cast((character_from(person, "en"),), ()))
    reuse = reuse_of("opening_statement", about, kinds=snapshot.load().kinds, speaker="pro1")
    assert reuse
    now = clock.now()
    facts: dict[str, Any] = {
        "key": key_of(reuse, route="premium fake/premium"), "variant": 1,
        "kind": "opening_statement", "topic_key": topic.pk,
        "side": "pro", "philosopher": "kant", "language": "en", "route": "premium fake/premium",
        "fields": dict(reuse.fields), "text": "What I said then.", "deployment": "fake/premium",
        "model_class": "premium", "origin": "live", "call_id": uuid4(),
        "made_at": now - timedelta(days=80), "soft_until": now - timedelta(days=8),
        "hard_until": now + timedelta(days=10), "served_at": now - timedelta(days=1), "served": 4,
    }
    return StoredAnswer.objects.create(**facts | changes)


def refreshed() -> int:
    return asyncio.run(ended(refresh.refresh_answers()))


async def ended(work: Awaitable[int]) -> int:
    """And the connections of its loop with it."""
    count = await work
    await redis.client().aclose()
    return count


def test_an_answer_that_grows_old_and_is_asked_for_is_made_anew(user: User) -> None:
    old = answer()
    assert refreshed() == 1
    old.refresh_from_db()
    assert old.ended_why == "refreshed"
    new = StoredAnswer.objects.get(key=old.key, ended_at=None)
    assert (new.variant, new.origin, new.route) == (old.variant, "ahead", old.route)
    assert new.soft_until > clock.now() + timedelta(days=30)
    row = UsageRecord.objects.get(call_id=new.call_id)
    assert (row.tier, row.user_id, row.outcome) == ("precompute", 0, "complete")
    assert new.cost_nanos == row.cost_nanos > 0
    month = Window.objects.get(scope_kind="tier", scope_id="precompute")
    assert month.spent == row.cost_nanos
    assert ledger.differences() == []


@pytest.mark.parametrize(
    "changes",
    [{"served_at": None}, {"served_at": clock.now() - timedelta(days=20)},
     {"soft_until": clock.now() + timedelta(days=3)}, {"ended_at": clock.now()},
     {"hard_until": clock.now() - timedelta(hours=1)}, {"kind": "attack_response"},
     {"owner_id": 7}],
    ids=["never served", "not served since", "still fresh", "ended", "too old", "of one debate",
         "of a user's own philosopher"],
)
def test_no_other_answer_is(user: User, changes: dict[str, Any]) -> None:
    answer(**changes)
    assert refreshed() == 0
    assert not UsageRecord.objects.exists()


def test_nothing_is_while_precompute_is_off(user: User, settings: Settings) -> None:
    settings.PRECOMPUTE_MONTHLY_USD = "0"
    answer()
    assert refreshed() == 0


def test_one_whose_topic_was_taken_down_is_not(user: User) -> None:
    row = answer()
    Topic.objects.filter(pk=row.topic_key).update(epoch=7)
    assert refreshed() == 0


def test_an_empty_month_leaves_the_old_one(user: User, settings: Settings) -> None:
    settings.PRECOMPUTE_MONTHLY_USD = "0.000001"
    row = answer()
    assert refreshed() == 0
    row.refresh_from_db()
    assert row.ended_at is None


def local_run(user: User) -> PrecomputeRun:
    """What is simple goes to the local model."""
    simulated("echo", model_class="local")
    CallKindRow.objects.filter(name="moderator_intro").update(is_batchable=True)
    health.forget_all()
    snapshot.forget()
    debates_make(user, 60, language="en")
    return run_started(
        clock.now(), kinds=["moderator_intro"], languages=["en"], tier="premium",
        debates_per_day="50",
    )


def worked() -> int:
    return asyncio.run(ended(ahead.work(seconds=5)))


def test_an_idle_local_model_fills_the_store(user: User) -> None:
    run = local_run(user)
    assert machine.step(run.pk, now=clock.now())
    assert not run.batches.exists()
    assert worked() == run.items.count() > 0
    item = run.items.first()
    assert item
    assert item.answer
    assert (item.status, item.answer.origin) == ("made", "ahead")
    assert not machine.step(run.pk, now=clock.now())
    run.refresh_from_db()
    assert run.status == "finished"
    assert run.cost_nanos == sum(UsageRecord.objects.values_list("cost_nanos", flat=True))
    assert ledger.differences() == []


def test_a_model_that_somebody_uses_is_left_alone(user: User) -> None:
    run = local_run(user)
    ledger.reserve(
        uuid4(), holds=[], amount=0, attempt=Attempt(uuid4(), "fake", "echo"), is_sent=True
    )
    assert worked() == 0
    Reservation.objects.all().delete()
    assert worked() == run.items.count()


def test_one_that_was_broken_off_is_written_again(user: User) -> None:
    run = local_run(user)
    item = run.items.first()
    assert item
    run.items.update(status="sent")
    assert worked() == run.items.count()
    before, item = item.call_id, run.items.get(pk=item.pk)
    assert item.status == "made"
    assert item.call_id != before


def test_what_nobody_had_time_for_is_said_after_a_day(user: User) -> None:
    run = local_run(user)
    machine.step(run.pk, now=clock.now() + timedelta(hours=25))
    machine.step(run.pk, now=clock.now() + timedelta(hours=25))
    assert set(run.items.values_list("error", flat=True)) == {"busy"}


def test_one_of_more_than_are_kept_is_made_anew_too(user: User) -> None:
    """Turns that were written anew may have added to them."""
    old = answer(variant=3)
    for variant in range(3):
        answer(variant=variant, text=f"Another text, {variant}.", served_at=None)
    assert refreshed() == 1
    old.refresh_from_db()
    assert old.ended_why == "refreshed"


def test_one_that_could_not_be_made_anew_is_not_paid_for_again_and_again(user: User) -> None:
    row = answer()
    becomes("silent")
    assert refreshed() == 0
    assert refreshed() == 0
    assert UsageRecord.objects.count() == 1
    row.refresh_from_db()
    assert row.ended_at is None


def test_whoever_has_read_a_text_is_not_given_it_again_as_a_new_one(user: User) -> None:
    old = answer()
    assert refreshed() == 1
    made = StoredAnswer.objects.get(key=old.key, ended_at=None)
    StoredAnswer.objects.filter(pk=made.pk).update(
        soft_until=clock.now() - timedelta(days=2), served_at=clock.now()
    )
    AnswerSeen.objects.create(user_id=user.pk, answer=made, at=clock.now())
    assert refreshed() == 1  # an echo says the same again
    again = StoredAnswer.objects.get(key=old.key, ended_at=None)
    assert (again.pk != made.pk, again.text) == (True, made.text)
    assert again.seen.filter(user_id=user.pk).exists()
