"""The last turn written anew, and what users think of what was stored."""

from typing import Any

import pytest

from accounts.models import User
from billing.models import UsageRecord
from costcontrol.lib import clock
from costcontrol.lib.errors import Conflict
from routing.debates import messages, turns
from routing.debates.errors import DebateOver, StageOutOfOrder, TurnInProgress, TurnUnknown
from routing.models import BackgroundCall, Debate, StoredAnswer, Turn
from tests.routing.debates.playing import (
    becomes,
    caller_of,
    debate_make,
    ended,
    next_turn,
    person_make,
    rows_make,
    run,
    until,
    working,
)
from tests.routing.debates.test_shared import on_topic

Status, Source = Turn.Status, Turn.Source
pytestmark = [pytest.mark.usefixtures("stage"), pytest.mark.postgresql]


def anew(turn: Turn, **more: Any) -> Turn:
    return turns.turn_anew(turn.debate, turn.number, now=clock.now(), **more)


async def opened() -> tuple[Debate, Turn]:
    """Two turns in: the first opening was said last, live."""
    debate = await run(on_topic, await run(rows_make, model="words"))
    async with working():
        await ended(await run(next_turn, debate))
        opening = await ended(await run(next_turn, debate))
        await until(BackgroundCall.objects.filter(
            debate=debate, kind="opening_analysis", answer_id__gt=0
        ).exists)
    return debate, opening


def written(number: int, status: str = Status.COMPLETED, **columns: Any) -> Turn:
    """One turn that somebody said, as a row."""
    debate = debate_make(person_make())
    at = clock.now()
    facts = {"source": "live", "text": "So it is.", "created_at": at, "completed_at": at}
    return Turn.objects.create(
        debate=debate, number=number, step=0, stage="opening", kind="moderator_intro",
        status=status, **{**facts, **columns},
    )


async def test_it_is_another_text_for_the_same_step_and_the_old_one_is_out_of_the_debate() -> None:
    debate, old = await opened()
    await run(becomes, "echo")
    new = await run(anew, old)
    assert (new.number, new.step, new.is_fresh) == (old.number + 1, old.step, True)
    async with working():
        new = await ended(new)
    assert (new.source, new.text != old.text, new.cost_nanos > 0) == (Source.LIVE, True, True)
    assert (await run(Turn.objects.get, pk=old.pk)).status == Status.REPLACED
    rows = await run(lambda: list(StoredAnswer.objects.filter(kind="opening_statement")))
    assert {row.text for row in rows} == {old.text, new.text}
    assert {new.answer_id, old.answer_id} == {row.pk for row in rows}
    following = await run(next_turn, debate)
    assert (following.step, following.number) == (old.step + 1, new.number + 1)


async def test_what_was_learnt_from_the_old_text_is_learnt_from_the_new_one() -> None:
    debate, old = await opened()
    await run(becomes, "echo")
    learnt = BackgroundCall.objects.filter(debate=debate, kind="opening_analysis")
    before = await run(learnt.get)
    async with working():
        await ended(await run(anew, old))
        after = await until(learnt.first, is_it=bool)
    assert after is not None
    assert after.answer_id != before.answer_id


async def test_what_is_being_learnt_from_the_old_text_is_not_taken_for_the_new_one() -> None:
    """Asked for at once: what follows the old text is still under way."""
    debate = await run(on_topic, await run(rows_make, model="words:15"))
    learnt = BackgroundCall.objects.filter(debate=debate, kind="opening_analysis")
    async with working():
        await ended(await run(next_turn, debate))
        old = await ended(await run(next_turn, debate))
        await run(becomes, "echo")
        new = await ended(await run(anew, old))
        row = await until(learnt.first, is_it=bool)
    assert row is not None
    analysis = await run(StoredAnswer.objects.get, pk=row.answer_id)
    assert analysis.fields["statement_id"] == new.answer_id != old.answer_id


async def test_what_a_stored_text_made_superfluous_is_found_out_for_the_new_one() -> None:
    await opened()
    await run(StoredAnswer.objects.filter(kind="core_arguments").delete)
    debate = await run(on_topic, await run(person_make))
    await run(next_turn, debate)
    stored = await run(next_turn, debate)
    assert stored.source == Source.CACHE
    learnt = BackgroundCall.objects.filter(debate=debate, kind="core_arguments")
    spared = await run(learnt.get)
    assert (await run(UsageRecord.objects.get, call_id=spared.call_id)).outcome == "cached"
    await run(becomes, "echo")
    async with working():
        await ended(await run(anew, stored))
        found = await until(learnt.first, is_it=bool)
    assert found is not None
    assert (await run(UsageRecord.objects.get, call_id=found.call_id)).outcome == "complete"


async def test_a_new_text_that_does_not_come_leaves_the_old_one_where_it_was() -> None:
    debate, old = await opened()
    await run(becomes, "down")
    async with working():
        new = await ended(await run(anew, old))
    assert new.status == Status.FAILED
    assert (await run(Turn.objects.get, pk=old.pk)).status == Status.COMPLETED
    await run(becomes, "words")
    assert (await run(next_turn, debate)).step == old.step + 1


async def test_after_one_that_did_not_come_it_can_be_asked_for_again() -> None:
    debate, old = await opened()
    async with working():
        for model in ("down", "down", "echo"):
            await run(becomes, model)
            new = await ended(await run(anew, old))
            again = await run(Turn.objects.get, pk=old.pk)
            assert again.status == (Status.REPLACED if model == "echo" else Status.COMPLETED)
    assert (new.status, new.step) == (Status.COMPLETED, old.step)
    assert (await run(next_turn, debate)).step == old.step + 1


@pytest.mark.django_db
class TestWhichTurn:
    def test_asked_again_with_the_same_key_it_is_the_same_one(self) -> None:
        turn = written(1)
        first = anew(turn, idempotency_key="k")
        assert anew(turn, idempotency_key="k").pk == first.pk
        with pytest.raises(TurnInProgress):
            anew(turn, idempotency_key="another")
        with pytest.raises(Conflict):
            turns.turn_anew(turn.debate, 7, now=clock.now(), idempotency_key="k")

    def test_one_that_is_stopped_before_it_began_leaves_the_old_one(self) -> None:
        turn = written(1)
        turns.turn_cancel(anew(turn), now=clock.now())
        turn.refresh_from_db()
        assert turn.status == Status.COMPLETED

    @pytest.mark.parametrize("columns", [
        {"source": "user"}, {"source": "template"}, {"status": Status.FAILED},
        {"status": Status.REPLACED},
    ])
    def test_only_what_a_model_wrote_to_its_end(self, columns: dict[str, Any]) -> None:
        with pytest.raises(StageOutOfOrder):
            anew(written(1, **columns))

    def test_only_the_last_one(self) -> None:
        turn = written(1)
        at = clock.now()
        Turn.objects.create(
            debate=turn.debate, number=2, step=1, stage="pro_argument", kind="opening_statement",
            speaker="pro1", status=Status.COMPLETED, source="live", text="Aye.", created_at=at,
            completed_at=at,
        )
        with pytest.raises(StageOutOfOrder):
            anew(turn)
        with pytest.raises(TurnUnknown):
            turns.turn_anew(turn.debate, 3, now=at)

    def test_not_of_a_debate_that_is_over(self) -> None:
        turn = written(1)
        Debate.objects.filter(pk=turn.debate_id).update(status=Debate.Status.FINISHED)
        with pytest.raises(DebateOver):
            anew(turn)


async def test_bad_ratings_of_several_people_end_a_stored_answer() -> None:
    _debate, opening = await opened()

    def heard_by_another() -> Turn:
        debate = on_topic(person_make())
        next_turn(debate)
        return next_turn(debate)

    def rate(turn: Turn, rating: int) -> None:
        user = User.objects.get(pk=turn.debate.user_id)
        messages.message_rate(
            turn.pk, {"rating": rating}, caller=caller_of(user), now=clock.now()
        )

    second, third = await run(heard_by_another), await run(heard_by_another)
    assert {second.answer_id, third.answer_id} == {opening.answer_id}
    assert opening.answer_id
    answer = StoredAnswer.objects.filter(pk=opening.answer_id)
    await run(rate, second, -1)
    assert (await run(answer.get)).ended_at is None
    await run(rate, third, -1)
    assert (await run(answer.get)).ended_why == "rated"
    assert (await run(heard_by_another)).status == Status.QUEUED

