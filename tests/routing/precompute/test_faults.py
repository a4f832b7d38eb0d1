"""Whatever comes back from a provider: each item is closed once, its money too, and it is said."""

from datetime import timedelta

import pytest

from accounts.models import User
from billing.models import UsageRecord
from costcontrol.lib import clock
from routing.models import PrecomputeBatch, PrecomputeRun, StoredAnswer
from routing.precompute import machine, words
from tests.routing.precompute.house import (
    OPUS,
    assert_adds_up,
    debates_make,
    rows_of,
    run_started,
    statuses,
    to_the_end,
)
from tests.upstreams.batches import BatchUpstream

KINDS = ["stance_statements", "core_arguments"]  # one batch each


@pytest.fixture
def run(user: User) -> PrecomputeRun:
    """Five answers: one of Haiku, four of Opus."""
    debates_make(user, 40)
    return run_started(clock.now(), kinds=KINDS)


def opus(run: PrecomputeRun) -> PrecomputeBatch:
    return run.batches.get(deployment=OPUS)


def errors(run: PrecomputeRun) -> list[str]:
    return sorted(run.items.exclude(error="").values_list("error", flat=True))


@pytest.mark.parametrize(
    ("fate", "status", "said"),
    [("errored", "failed", "refused it"), ("expired", "expired", "24 hours"),
     ("canceled", "skipped", "cancelled"), ("lost", "failed", "no result")],
)
def test_a_batch_that_comes_back_in_part(
    run: PrecomputeRun, upstream: BatchUpstream, fate: str, status: str, said: str
) -> None:
    upstream.faults.fates = {1: fate}
    to_the_end(run, clock.now())
    assert statuses(run) == {"made": 4, status: 1}
    [error] = errors(run)
    assert said in str(words.sentence(error))
    free = [row for row in rows_of(run) if row.outcome == "failed"]
    assert [row.cost_nanos for row in free] == [0]
    assert_adds_up(run, upstream)


def test_results_out_of_order_are_put_where_they_belong(
    run: PrecomputeRun, upstream: BatchUpstream
) -> None:
    upstream.faults.is_reversed = True
    to_the_end(run, clock.now())
    for item in run.items.filter(kind="core_arguments"):
        assert item.answer
        assert item.call_id.hex in item.answer.text
    assert_adds_up(run, upstream)


def test_results_that_come_twice_count_once(run: PrecomputeRun, upstream: BatchUpstream) -> None:
    upstream.faults.is_twice = True
    to_the_end(run, clock.now())
    assert statuses(run) == {"made": 5}
    assert opus(run).counts["twice"] == 4
    assert_adds_up(run, upstream)


def test_names_that_nobody_knows_are_counted_and_left(
    run: PrecomputeRun, upstream: BatchUpstream
) -> None:
    upstream.faults.strangers = 2
    to_the_end(run, clock.now())
    assert statuses(run) == {"made": 5}
    assert opus(run).counts["unknown"] == 2
    assert_adds_up(run, upstream)


def test_a_line_that_cannot_be_read(run: PrecomputeRun, upstream: BatchUpstream) -> None:
    """Nobody knows whose it is; one has no result, so it may be that one's."""
    upstream.faults.fates = {1: "garbled"}
    to_the_end(run, clock.now())
    assert opus(run).counts["unreadable"] == 1
    assert errors(run) == ["garbled"]
    assert run.items.get(status="failed").cost_nanos > 0
    assert_adds_up(run, upstream)


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "empty"), ("  \n", "empty"), ('{"arguments": [', "unusable")],
)
def test_what_cannot_be_used_is_paid_and_not_kept(
    run: PrecomputeRun, upstream: BatchUpstream, text: str, code: str
) -> None:
    upstream.faults.texts = {1: text}
    to_the_end(run, clock.now())
    item = run.items.get(status="failed")
    assert item.error == code
    assert item.cost_nanos > 0
    assert item.answer is None
    assert_adds_up(run, upstream)


def test_half_an_answer_is_not_kept(run: PrecomputeRun, upstream: BatchUpstream) -> None:
    upstream.faults.cut_texts = {1}
    to_the_end(run, clock.now())
    assert errors(run) == ["cut"]
    assert StoredAnswer.objects.count() == 4
    assert_adds_up(run, upstream)


def test_results_that_break_off_are_read_again(
    run: PrecomputeRun, upstream: BatchUpstream
) -> None:
    upstream.faults.cut_after = 2
    now = clock.now()
    machine.step(run.pk, now=now)
    machine.step(run.pk, now=now + timedelta(minutes=11))
    assert opus(run).status == "ended"
    assert opus(run).error.startswith("reading|")
    assert 0 < statuses(run)["sent"] < 5
    upstream.faults.cut_after = None
    to_the_end(run, now + timedelta(minutes=22))
    assert statuses(run) == {"made": 5}
    assert opus(run).counts == {}
    assert_adds_up(run, upstream)


def test_a_reply_that_was_not_heard_is_looked_for(
    run: PrecomputeRun, upstream: BatchUpstream
) -> None:
    upstream.faults.hangs_up_after_create = 2
    to_the_end(run, clock.now())
    assert statuses(run) == {"made": 5}
    assert len(upstream.batches) == 2
    assert_adds_up(run, upstream)


def test_a_request_that_did_not_arrive_is_sent_again(
    run: PrecomputeRun, upstream: BatchUpstream
) -> None:
    upstream.faults.hangs_up_before_create = 2
    to_the_end(run, clock.now())
    assert statuses(run) == {"made": 5}
    assert_adds_up(run, upstream)


def test_anothers_batch_of_the_same_size_is_given_back(
    run: PrecomputeRun, upstream: BatchUpstream
) -> None:
    """Anthropic's batches carry no name: only the results tell whose they are."""
    upstream.faults.hangs_up_before_create = 2
    now = clock.now()
    machine.step(run.pk, now=now)
    upstream.foreign("anthropic", total=4)
    to_the_end(run, now + timedelta(minutes=11))
    assert statuses(run) == {"made": 5}
    lost = run.batches.get(status="lost")
    assert lost.error == "foreign"
    assert_adds_up(run, upstream)


def test_a_provider_that_is_away_for_a_day_is_given_up(
    run: PrecomputeRun, upstream: BatchUpstream
) -> None:
    upstream.faults.status = 529
    now = clock.now()
    machine.step(run.pk, now=now)
    assert {batch.error.partition("|")[0] for batch in run.batches.all()} == {"unsent"}
    to_the_end(run, now + timedelta(hours=25))
    assert run.status == "failed"
    assert {code.partition("|")[0] for code in errors(run)} == {"gave_up"}
    assert run.cost_nanos == 0
    assert_adds_up(run, upstream)


def test_a_provider_that_fails_inside_may_have_it(
    run: PrecomputeRun, upstream: BatchUpstream
) -> None:
    """Nobody can look for it for two days: what it may cost is counted."""
    upstream.faults.status = 500
    now = clock.now()
    machine.step(run.pk, now=now)
    machine.step(run.pk, now=now + timedelta(hours=25))
    assert statuses(run) == {"planned": 5}
    to_the_end(run, now + timedelta(hours=49))
    assert statuses(run) == {"expired": 5}
    assert_adds_up(run, upstream)


def test_a_batch_that_is_refused_as_a_whole(run: PrecomputeRun, upstream: BatchUpstream) -> None:
    upstream.faults.status = 400
    to_the_end(run, clock.now())
    assert run.status == "failed"
    assert statuses(run) == {"failed": 5}
    assert str(words.sentence(opus(run).error)).startswith("The provider refused the whole batch.")
    assert_adds_up(run, upstream)


def test_one_that_never_ends_is_cancelled_and_then_written_off(
    run: PrecomputeRun, upstream: BatchUpstream
) -> None:
    upstream.ends_at_once = False
    now = clock.now()
    machine.step(run.pk, now=now)
    machine.step(run.pk, now=now + timedelta(hours=25))
    assert not any(batch.is_cancelled for batch in upstream.batches.values())
    machine.step(run.pk, now=now + timedelta(hours=27))
    assert all(batch.is_cancelled for batch in upstream.batches.values())
    to_the_end(run, now + timedelta(hours=49))
    assert statuses(run) == {"expired": 5}
    assert run.cost_nanos > 0
    rows = rows_of(run)
    assert {row.confidence for row in rows} == {UsageRecord.Confidence.ESTIMATED}
    assert_adds_up(run, upstream)


def test_usage_that_is_not_told_is_an_estimate(
    run: PrecomputeRun, upstream: BatchUpstream
) -> None:
    upstream.tells_usage = False
    to_the_end(run, clock.now())
    assert {row.confidence for row in rows_of(run)} == {UsageRecord.Confidence.ESTIMATED}
    assert run.cost_nanos > 0
    assert not StoredAnswer.objects.exists()  # what is not counted is not stored
    assert_adds_up(run, upstream)


def test_a_batch_is_asked_more_seldom_the_older_it_is(
    run: PrecomputeRun, upstream: BatchUpstream
) -> None:
    upstream.ends_at_once = False
    now = clock.now()
    machine.step(run.pk, now=now)
    asked = len(upstream.asked)
    machine.step(run.pk, now=now + timedelta(seconds=5))
    assert len(upstream.asked) == asked
    machine.step(run.pk, now=now + timedelta(seconds=16))
    assert len(upstream.asked) == asked + 2
    machine.step(run.pk, now=now + timedelta(hours=2))
    asked = len(upstream.asked)
    machine.step(run.pk, now=now + timedelta(hours=2, minutes=9))
    assert len(upstream.asked) == asked
