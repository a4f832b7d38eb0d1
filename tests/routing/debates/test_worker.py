"""Debates as a worker writes them: whole ones, and what may come between."""

import pytest

from routing.models import Debate, TurnEvent
from tests.routing.debates.playing import debate_make, play, rows_make, run, working

pytestmark = [pytest.mark.usefixtures("stage"), pytest.mark.postgresql]


async def test_a_whole_debate_is_written_turn_by_turn() -> None:
    user = await run(rows_make)
    debate = await run(debate_make, user)
    async with working():
        turns = await play(debate)
    assert [turn.stage for turn in turns][:3] == ["opening", "pro_argument", "con_argument"]
    assert all(turn.is_whole and turn.text for turn in turns)
    debate = await run(Debate.objects.get, pk=debate.pk)
    assert debate.status == Debate.Status.FINISHED
    assert debate.worker == ""
    events = await run(lambda: list(TurnEvent.objects.filter(turn=turns[0].pk)))
    kinds = [event.kind for event in events]
    assert kinds[0] == "turn.started"
    assert kinds[-2:] == ["turn.completed", "usage.updated"]
