"""Whole debates whose money runs out in the middle: finished all the same, and nothing kept."""

from typing import Any

import pytest
from django.db.models import F, Sum

from accounts.models import Tier, User
from billing import gauge, ledger
from billing.models import LedgerEntry, Reservation, UsageRecord, Window
from costcontrol.lib import clock
from costcontrol.lib.errors import QuotaExceeded
from routing import snapshot
from routing.debates import money, services, states
from routing.models import Debate, Deployment, Topic, Turn, TurnEvent
from tests.flows.rows import price
from tests.routing.debates.playing import (
    caller_of,
    debate_make,
    ended,
    next_turn,
    person_make,
    play,
    rows_make,
    run,
    until,
    working,
)

pytestmark = [pytest.mark.usefixtures("stage"), pytest.mark.postgresql]
OPEN = (Reservation.State.HELD, Reservation.State.SENT)
DOLLAR = 10**9
FAIR = {"topic_key": "fair", "topic": "Is it fair?"}


def opened(cap: int = 5 * DOLLAR, **columns: Any) -> Debate:
    """Of somebody with a ceiling a day. Economy costs a tenth of mid, premium ten times as much."""
    user = rows_make()
    for place, model_class in enumerate(("economy", "mid", "premium")):
        row = Deployment.objects.get(name=f"fake/{model_class}")
        row.model, row.price_provider = "words", f"vendor-{model_class}"
        row.save()
        price(f"vendor-{model_class}", "words", fresh_input=10**place, output=4 * 10**place)
    Tier.objects.filter(name="enterprise").update(
        usd_per_day_nanos=cap, debates_per_day=3, is_economy_exempt=True, requests_per_minute=2
    )
    snapshot.forget()
    if columns.get("topic_key"):
        Topic.objects.get_or_create(
            key="fair", defaults={"ko": "공정한가?", "en": FAIR["topic"], "popularity_rank": 999}
        )
    debate = debate_make(user, **columns)
    open_it(debate)
    return debate


def another(debate: Debate) -> Debate:
    """Somebody else's, about the same."""
    made = debate_make(person_make(), format=debate.format, **FAIR)
    open_it(made)
    return made


def open_it(debate: Debate) -> None:
    who = caller_of(User.objects.get(pk=debate.user_id))
    money.debate_open(debate, caller=who, snapshot=snapshot.latest(), now=clock.now())


def money_of(debate: Debate) -> Window:
    return Window.objects.get(scope_kind="user", scope_id=str(debate.user_id), metric="usd")


def close_budget(debate: Debate) -> None:
    """Nothing is left but what the debate holds."""
    Window.objects.filter(pk=money_of(debate).pk).update(cap=F("spent") + F("held"))
    gauge.forget_all()


def overrun() -> list[int]:
    rows = Window.objects.filter(metric="usd").values_list("pk", "cap", "spent", "held")
    return [pk for pk, cap, spent, held in rows if spent + held > cap]


def classes(debate: Debate) -> list[str]:
    turns = Turn.objects.filter(debate=debate).order_by("number")
    return list(turns.values_list("model_class", flat=True))


def still_open() -> int:
    return Reservation.objects.filter(state__in=OPEN).count()


@pytest.mark.parametrize("is_lean", [True, False])
async def test_a_debate_is_finished_when_the_budget_closes_in_its_middle(is_lean: bool) -> None:
    debate = await run(opened, is_lean=is_lean)
    async with working():
        for _ in range(3):
            await ended(await run(next_turn, debate))
        await run(close_budget, debate)
        played = await play(debate)
        await until(still_open, is_it=lambda count: count == 0)
    assert len(played) == 11
    assert {turn.status for turn in played} == {Turn.Status.COMPLETED}
    assert await run(overrun) == []
    assert await run(ledger.differences) == []
    assert (await run(money_of, debate)).held == 0


async def test_it_goes_on_with_a_smaller_model_and_says_so() -> None:
    debate = await run(opened)
    async with working():
        for _ in range(2):
            await ended(await run(next_turn, debate))
        await run(close_budget, debate)
        await play(debate)
    found = await run(classes, debate)
    assert "premium" in found[:2] or "mid" in found[:2]
    after = await run(Debate.objects.get, pk=debate.pk)
    assert after.degraded_reason
    told = TurnEvent.objects.filter(turn__debate=debate, kind="degraded")
    assert await run(told.count) >= 1


async def test_its_cost_is_what_the_ledger_booked_to_the_nano() -> None:
    debate = await run(opened, is_lean=False)
    async with working():
        await play(debate)
        await until(still_open, is_it=lambda count: count == 0)
    window = await run(money_of, debate)
    assert await run(sums, debate, window) == (window.spent, window.spent)
    assert window.spent > 0


def sums(debate: Debate, window: Window) -> tuple[int, int]:
    """What its usage rows say, and what was booked."""
    rows = UsageRecord.objects.filter(debate_id=str(debate.pk)).aggregate(sum=Sum("cost_nanos"))
    entries = LedgerEntry.objects.filter(window=window).aggregate(sum=Sum("delta"))
    return rows["sum"], entries["sum"]


async def test_while_it_is_held_for_nobody_else_of_the_plan_gets_its_money() -> None:
    """A second debate does not open where the first one holds the rest."""
    debate = await run(opened)
    await run(close_budget, debate)
    other = await run(lambda: debate_make(User.objects.get(pk=debate.user_id)))
    with pytest.raises(QuotaExceeded, match="Limit reached"):
        await run(open_it, other)
    async with working():
        await play(debate)
        await until(still_open, is_it=lambda count: count == 0)
    assert (await run(money_of, debate)).held == 0


async def test_what_a_crashed_worker_left_is_released_when_its_lease_ends() -> None:
    debate = await run(opened)

    def dies() -> tuple[int, int]:
        Reservation.objects.filter(state__in=OPEN).update(
            lease_until_ms=1
        )
        return ledger.sweep()

    assert await run(dies) == (2, 0)
    assert (await run(money_of, debate)).held == 0


async def test_a_debate_that_was_cancelled_while_its_worker_was_dead_holds_nothing_again() -> None:
    debate = await run(opened)
    turn = await run(next_turn, debate)
    await run(states.turn_begin, turn, now=clock.now())  # by a worker that died
    await run(services.debate_cancel, debate, now=clock.now())
    async with working():
        assert (await ended(turn)).status == Turn.Status.CANCELLED
    assert await run(still_open) == 0


async def test_its_own_calls_wait_for_each_other_where_few_may_run_at_once() -> None:
    """None is refused or left out because others of the same debate are under way."""
    debate = await run(opened, is_lean=False)

    def one_at_a_time() -> None:
        for model_class in ("economy", "mid", "premium"):
            price(f"vendor-{model_class}", "words:3", fresh_input=1, output=4)
        Deployment.objects.filter(name__startswith="fake/").update(model="words:3")
        Tier.objects.filter(name="enterprise").update(concurrent_calls=1)
        snapshot.forget()

    await run(one_at_a_time)
    async with working():
        for _ in range(3):
            turn = await ended(await run(next_turn, debate))
            assert turn.status == Turn.Status.COMPLETED, turn.error
    rows = UsageRecord.objects.filter(call_kind__in=("core_arguments", "rag_query"))
    assert set(await run(lambda: list(rows.values_list("speaker", "outcome")))) == {
        ("pro1", "complete"), ("con1", "complete")
    }
    assert await run(rows.count) == 4


async def test_a_stage_that_begins_with_a_stored_turn_has_its_money_held_all_the_same() -> None:
    first = await run(opened, cap=50 * DOLLAR, format="2v2", **FAIR)
    async with working():
        for _turn in range(2):
            await ended(await run(next_turn, first))
    second = await run(another, first)
    async with working():
        stored = [await run(next_turn, second) for _turn in range(2)]
        assert [turn.source for turn in stored] == ["cache", "cache"]
        live = await ended(await run(next_turn, second))
    assert (live.stage, live.source) == ("pro_argument", "live")
    held = Reservation.objects.filter(call_id=second.pk, facts__name="stage:pro_argument")
    assert await run(held.count) == 1
