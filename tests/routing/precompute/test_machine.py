"""A run from its estimate to answers in the store, at half the price."""

import json
from datetime import timedelta

import pytest
from pytest_django import Settings

from accounts.models import User
from billing.models import ModelPrice, Window
from billing.prices import Price, cost
from billing.usage import Usage
from costcontrol.lib import clock
from costcontrol.lib.errors import Conflict
from routing.cache import patterns
from routing.models import PrecomputeItem, PrecomputeRun, StoredAnswer
from routing.precompute import machine, runs
from routing.types import Reuse
from tests.routing.precompute.house import (
    ACTOR,
    OPUS,
    assert_adds_up,
    debates_make,
    made_of,
    rows_of,
    run_make,
    run_started,
    statuses,
    to_the_end,
)
from tests.upstreams.batches import BatchUpstream

pytestmark = pytest.mark.postgresql


def test_a_run_makes_what_pays(user: User, upstream: BatchUpstream) -> None:
    debates_make(user, 40)
    run = run_started(clock.now())
    planned = run.items.count()
    to_the_end(run, clock.now())
    assert run.status == PrecomputeRun.Status.FINISHED
    assert statuses(run) == {"made": planned}
    assert planned >= 10
    assert StoredAnswer.objects.filter(origin="batch").count() == planned
    assert_adds_up(run, upstream)


def test_what_was_made_is_what_a_debate_looks_for(user: User, upstream: BatchUpstream) -> None:
    debates_make(user, 40)
    run = run_started(clock.now())
    now = to_the_end(run, clock.now())
    answer = made_of(run, "opening_statement")[0]
    found = patterns.lookup(
        Reuse(answer.fields), route=f"premium {OPUS}", user_id=user.pk, now=now
    )
    assert found
    assert (found.layer, found.text) == ("precomputed", answer.text)


def test_it_is_billed_at_the_prices_of_batches(user: User, upstream: BatchUpstream) -> None:
    debates_make(user, 40)
    run = run_started(clock.now())
    to_the_end(run, clock.now())
    price = ModelPrice.objects.get(model="claude-opus-5-5", processing="standard")
    online = Price(
        0, "", "", "", 0, price.fresh_input, price.cache_read, price.cache_write, price.output,
        price.search_usd,
    )
    rows = [row for row in rows_of(run) if row.call_kind == "opening_statement"]
    assert rows
    for row in rows:
        usage = Usage(row.fresh_input_tokens, output_tokens=row.output_tokens)
        assert row.cost_nanos * 2 == cost(usage, online)
        assert row.price_output == price.output / 2
        assert (row.tier, row.key_prefix, row.cache_layer, row.user_id) == ("precompute", "", "", 0)
        assert row.outcome == "complete"


def test_later_levels_read_what_earlier_ones_wrote(user: User, upstream: BatchUpstream) -> None:
    debates_make(user, 40)
    run = run_started(clock.now())
    to_the_end(run, clock.now())
    opening = run.items.filter(kind="opening_statement").first()
    assert opening
    prompt = prompt_of(upstream, opening.call_id.hex)
    assert "Duty binds." in prompt  # of the core arguments
    analysis = run.items.get(
        kind="opening_analysis", fields__statement_id=opening.answer_id
    )
    assert opening.call_id.hex in prompt_of(upstream, analysis.call_id.hex)  # its statement
    levels = list(run.batches.order_by("pk").values_list("level", flat=True))
    assert levels == sorted(levels)


def prompt_of(upstream: BatchUpstream, custom_id: str) -> str:
    requests = [each for batch in upstream.batches.values() for each in batch.requests]
    return json.dumps(next(each for each in requests if each["custom_id"] == custom_id))


def test_the_month_counts_it(user: User, upstream: BatchUpstream) -> None:
    debates_make(user, 40)
    run = run_started(clock.now())
    to_the_end(run, clock.now())
    month = Window.objects.get(scope_kind="tier", scope_id="precompute", period="month")
    assert (month.spent, month.held) == (run.cost_nanos, 0)
    platform = Window.objects.get(scope_kind="platform", period="day")
    assert platform.spent == run.cost_nanos


def test_off_is_off(user: User, settings: Settings) -> None:
    debates_make(user, 40)
    settings.PRECOMPUTE_MONTHLY_USD = "0"
    run = run_make(clock.now())
    assert run.items.exists()  # to estimate costs nothing
    with pytest.raises(Conflict, match="PRECOMPUTE_MONTHLY_USD"):
        runs.run_start(run, actor=ACTOR, now=clock.now())


def test_a_run_is_started_once(user: User) -> None:
    debates_make(user, 40)
    run = run_started(clock.now())
    with pytest.raises(Conflict, match="before"):
        runs.run_start(run, actor=ACTOR, now=clock.now())


def test_nothing_that_pays_is_nothing_to_start(user: User) -> None:
    run = run_make(clock.now())
    assert not run.items.exists()
    with pytest.raises(Conflict, match="nothing"):
        runs.run_start(run, actor=ACTOR, now=clock.now())


def test_a_budget_that_is_too_small_makes_what_it_can(
    user: User, upstream: BatchUpstream
) -> None:
    """What is held is the worst case: an opening does not fit, what is shorter does."""
    debates_make(user, 40)
    run = run_started(clock.now())
    PrecomputeRun.objects.filter(pk=run.pk).update(budget_nanos=10_000_000)
    to_the_end(run, clock.now())
    assert run.cost_nanos <= 10_000_000
    found = statuses(run)
    assert found["made"] > 0
    assert found["skipped"] > 0
    assert {code.partition("|")[0] for code in
            run.items.filter(status="skipped").values_list("error", flat=True)} <= {
        "budget", "statement"}
    assert_adds_up(run, upstream)


def test_the_months_budget_holds(
    user: User, upstream: BatchUpstream, settings: Settings
) -> None:
    debates_make(user, 40)
    run = run_make(clock.now())
    settings.PRECOMPUTE_MONTHLY_USD = "0.01"
    runs.run_start(run, actor=ACTOR, now=clock.now())
    to_the_end(run, clock.now())
    assert 0 < run.cost_nanos <= 10_000_000
    assert run.items.filter(status="skipped", error="month").exists()
    assert_adds_up(run, upstream)


def test_two_runs_do_not_make_the_same_twice(user: User, upstream: BatchUpstream) -> None:
    debates_make(user, 40)
    first, second = run_started(clock.now()), run_started(clock.now())
    now = to_the_end(first, clock.now())
    to_the_end(second, now)
    skipped = second.items.filter(status="skipped", error="enough").count()
    assert skipped + second.items.filter(error="kept").count() + statuses(second).get(
        "made", 0) >= second.items.count() - second.items.filter(error="statement").count()
    keys = StoredAnswer.objects.filter(kind="stance_statements").values_list("key", "variant")
    assert len(keys) == len(set(keys)) == 1
    assert_adds_up(second, upstream)


def test_a_new_estimate_leaves_out_what_is_there(user: User, upstream: BatchUpstream) -> None:
    debates_make(user, 40)
    run = run_started(clock.now())
    now = to_the_end(run, clock.now())
    assert not run_make(now).items.exists()


def test_a_stopped_run_sends_no_more_and_keeps_what_comes_back(
    user: User, upstream: BatchUpstream
) -> None:
    debates_make(user, 40)
    upstream.ends_at_once = False
    run, now = run_started(clock.now()), clock.now()
    machine.step(run.pk, now=now)
    assert run.items.filter(status="sent").exists()
    runs.run_stop(run, actor=ACTOR)
    upstream.faults.fates = {0: "succeeded"}  # it was done before the cancel came
    machine.step(run.pk, now=now + timedelta(minutes=11))
    upstream.end_all()
    to_the_end(run, now + timedelta(minutes=22))
    assert run.status == PrecomputeRun.Status.STOPPED
    assert all(batch.is_cancelled for batch in upstream.batches.values())
    found = statuses(run)
    assert found["made"] == len(upstream.batches)
    assert found["skipped"] == run.items.count() - found["made"]
    assert_adds_up(run, upstream)


def test_one_that_was_stopped_before_it_was_sent_costs_nothing(
    user: User, upstream: BatchUpstream
) -> None:
    debates_make(user, 40)
    run = run_started(clock.now())
    runs.run_stop(run, actor=ACTOR)
    to_the_end(run, clock.now())
    assert run.status == PrecomputeRun.Status.STOPPED
    assert run.cost_nanos == 0
    assert not upstream.batches
    assert_adds_up(run, upstream)


def test_a_changed_catalogue_is_noticed(user: User, upstream: BatchUpstream) -> None:
    debates_make(user, 40)
    run = run_started(clock.now())
    item = run.items.filter(level=0).first()
    assert item
    fields = item.fields | {"topic_epoch": 0}
    PrecomputeItem.objects.filter(pk=item.pk).update(fields=fields)
    to_the_end(run, clock.now())
    item.refresh_from_db()
    assert (item.status, item.error) == ("skipped", "changed")
    assert_adds_up(run, upstream)
