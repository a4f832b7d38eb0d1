"""Old answers that have time for it are made anew in batches, at half the price."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import AuditEvent, User
from billing.models import UsageRecord, Window
from costcontrol.lib import clock
from routing import snapshot
from routing.cache import patterns
from routing.models import AnswerSeen, CallKindRow, Deployment, PrecomputeRun, StoredAnswer
from routing.precompute import renewals, runs, stale
from routing.precompute.learning import lessons_of
from tests.routing.precompute.house import (
    ACTOR,
    assert_adds_up,
    old_answer,
    statuses,
    to_the_end,
)
from tests.upstreams.batches import BatchUpstream

pytestmark = pytest.mark.postgresql


def begun(now: datetime | None = None) -> PrecomputeRun:
    run = renewals.begin(now=now or clock.now())
    assert run
    return run


def test_an_old_answer_is_made_anew_at_half_the_price(user: User, upstream: BatchUpstream) -> None:
    old = old_answer()
    run = begun()
    to_the_end(run, clock.now())
    assert (run.status, run.kind, statuses(run)) == ("finished", "refresh", {"made": 1})
    old.refresh_from_db()
    assert old.ended_why == "refreshed"
    new = StoredAnswer.objects.get(key=old.key, ended_at=None)
    assert (new.variant, new.origin, new.route) == (old.variant, "batch", old.route)
    record = UsageRecord.objects.get(call_id=new.call_id)
    assert (record.tier, record.cost_nanos) == ("precompute", new.cost_nanos)
    assert record.reason.startswith("made anew in a batch")
    standard = snapshot.latest().prices.price("anthropic", "claude-opus-5-5", input_tokens=100)
    assert record.price_output * 2 == standard.output
    month = Window.objects.get(scope_kind="tier", scope_id="precompute", period="month")
    assert (month.spent, month.held) == (run.cost_nanos, 0)
    assert_adds_up(run, upstream)


def test_what_was_learnt_from_an_opening_is_made_anew_with_it(
    user: User, upstream: BatchUpstream
) -> None:
    old = old_answer()
    analysis = old_answer("opening_analysis", of=old.pk)
    run = begun()
    to_the_end(run, clock.now())
    assert statuses(run) == {"made": 2}
    new = StoredAnswer.objects.get(kind="opening_statement", ended_at=None)
    learnt = StoredAnswer.objects.filter(kind="opening_analysis", ended_at=None).latest("pk")
    assert learnt.fields["statement_id"] == new.pk
    analysis.refresh_from_db()
    assert analysis.ended_at is None  # of the old opening: not paid for again, nobody asks for it
    assert_adds_up(run, upstream)


def test_what_was_learnt_from_one_that_is_fresh_is_made_anew_alone(
    user: User, upstream: BatchUpstream
) -> None:
    fresh = old_answer(soft_until=clock.now() + timedelta(days=3))
    old = old_answer("opening_analysis", of=fresh.pk)
    run = begun()
    to_the_end(run, clock.now())
    old.refresh_from_db()
    assert old.ended_why == "refreshed"
    assert StoredAnswer.objects.get(key=old.key, ended_at=None).fields == old.fields


def test_what_was_learnt_from_one_that_has_ended_is_not(user: User) -> None:
    ended = old_answer(ended_at=clock.now())
    old_answer("opening_analysis", of=ended.pk)
    assert renewals.begin(now=clock.now()) is None


@pytest.mark.parametrize(
    "changes",
    [{"served_at": None}, {"served_at": clock.now() - timedelta(days=20)},
     {"soft_until": clock.now() + timedelta(days=3)}, {"ended_at": clock.now()},
     {"hard_until": clock.now() + timedelta(hours=71)}, {"owner_id": 7}],
    ids=["never served", "not served since", "still fresh", "ended", "no time for a batch",
         "of a user's own philosopher"],
)
def test_no_other_answer_is(user: User, changes: dict[str, Any]) -> None:
    old_answer(**changes)
    assert renewals.begin(now=clock.now()) is None
    assert not PrecomputeRun.objects.exists()


def test_each_old_answer_is_made_by_one_way_only(user: User) -> None:
    """At once what is near its end or takes no batches, the others in batches; none by both."""
    waits, ends = old_answer(), old_answer(variant=2, hard_until=clock.now() + timedelta(hours=70))
    now = clock.now()
    assert [old.row for old in stale.in_batches(most=9, now=now)] == [waits]
    assert [old.row for old in stale.at_once(most=9, now=now)] == [ends]
    later = now + timedelta(days=8)
    assert {old.row for old in stale.at_once(most=9, now=later)} == {waits}
    begun()
    assert not stale.at_once(most=9, now=later)  # under way


def test_one_whose_model_takes_no_batches_is_made_at_once(user: User) -> None:
    Deployment.objects.create(
        name="house/big", provider="openai", model="big", model_class="premium",
        base_url="http://127.0.0.1:9/v1", price_provider="local", languages=["ko", "en"],
    )
    snapshot.forget()
    row = old_answer(deployment="house/big")
    assert renewals.begin(now=clock.now()) is None
    assert [old.row for old in stale.at_once(most=9, now=clock.now())] == [row]


def test_one_of_a_kind_that_staff_keep_out_of_batches_is_made_at_once(user: User) -> None:
    CallKindRow.objects.filter(name="opening_statement").update(is_batchable=False)
    snapshot.forget()
    row = old_answer()
    assert renewals.begin(now=clock.now()) is None
    assert [old.row for old in stale.at_once(most=9, now=clock.now())] == [row]


def test_one_run_at_a_time_and_they_are_gathered(user: User, upstream: BatchUpstream) -> None:
    old_answer()
    run, now = begun(), clock.now()
    old_answer(variant=2)
    assert renewals.begin(now=now + timedelta(hours=7)) is None  # one is under way
    to_the_end(run, now)
    assert renewals.begin(now=now + timedelta(hours=1)) is None
    assert begun(now + timedelta(hours=7)).items.count() == 1
    assert AuditEvent.objects.filter(action="precompute_start").count() == 2


def test_the_months_money_is_not_passed(user: User, settings: Settings) -> None:
    old_answer()
    settings.PRECOMPUTE_MONTHLY_USD = "0.001"
    assert renewals.begin(now=clock.now()) is None
    settings.PRECOMPUTE_MONTHLY_USD = "0"
    assert renewals.begin(now=clock.now()) is None


def test_an_answer_that_is_cut_leaves_the_old_one_and_is_tried_a_day_later(
    user: User, upstream: BatchUpstream
) -> None:
    old, now = old_answer(), clock.now()
    upstream.faults.cut_texts = {0}
    run = begun()
    to_the_end(run, now)
    assert statuses(run) == {"failed": 1}
    old.refresh_from_db()
    assert old.ended_at is None
    assert run.cost_nanos > 0
    assert renewals.begin(now=now + timedelta(hours=12)) is None
    StoredAnswer.objects.filter(pk=old.pk).update(served_at=now + timedelta(days=2))
    assert begun(now + timedelta(days=2))


def test_what_the_provider_did_not_come_to_is_in_the_next_run(
    user: User, upstream: BatchUpstream
) -> None:
    old_answer()
    upstream.faults.fates = {0: "expired"}
    run, now = begun(), clock.now()
    to_the_end(run, now)
    assert (statuses(run), run.cost_nanos) == ({"expired": 1}, 0)
    assert begun(now + timedelta(hours=7))


def test_one_that_was_taken_down_meanwhile_stays_down(user: User, upstream: BatchUpstream) -> None:
    old = old_answer()
    run = begun()
    patterns.end([old.pk], why="purged", now=clock.now())
    to_the_end(run, clock.now())
    item = run.items.get()
    assert (item.status, item.error) == ("skipped", "gone")
    assert not StoredAnswer.objects.filter(key=old.key, ended_at=None).exists()
    assert_adds_up(run, upstream)


def test_a_run_can_be_stopped_like_any_other(user: User, upstream: BatchUpstream) -> None:
    old = old_answer()
    run = begun()
    runs.run_stop(run, actor=ACTOR)
    to_the_end(run, clock.now())
    old.refresh_from_db()
    assert (run.status, run.cost_nanos, old.ended_at) == ("stopped", 0, None)
    assert_adds_up(run, upstream)


def test_the_same_text_again_is_not_new_to_whoever_has_read_it(
    user: User, upstream: BatchUpstream
) -> None:
    old = old_answer()
    AnswerSeen.objects.create(user_id=user.pk, answer=old, at=clock.now())
    upstream.answer = lambda _custom_id, _prompt: old.text
    to_the_end(begun(), clock.now())
    new = StoredAnswer.objects.get(key=old.key, ended_at=None)
    assert new.pk != old.pk
    assert new.seen.filter(user_id=user.pk).exists()


def test_runs_that_make_anew_teach_nothing_about_ranks(user: User, upstream: BatchUpstream) -> None:
    old_answer()
    to_the_end(begun(), clock.now())
    assert not lessons_of(now=clock.now()).bands
