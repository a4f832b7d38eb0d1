"""What was there at once is told as if somebody wrote it; late comers and `pace=0` get it whole."""

from datetime import timedelta
from typing import Any

import pytest

from costcontrol.lib import clock
from routing.debates.events import Place, Sent
from routing.debates.pacing import SECONDS_A_CHARACTER, batches, due_of
from routing.models import Turn

PIECES = ("Good evening to all of you. ", "The question is an old one. ", "Let us begin.")


def told() -> list[Sent]:
    kinds = [("turn.started", {}), *(("delta", {"text": text}) for text in PIECES),
             ("turn.completed", {}), ("usage.updated", {})]
    return [
        Sent(Place(1, at), kind, dict(data), at == len(kinds))
        for at, (kind, data) in enumerate(kinds, start=1)
    ]


def turn(*, ago_s: float = 0.0, **columns: Any) -> Turn:
    at = clock.now() - timedelta(seconds=ago_s)
    facts = {"source": "cache", "text": "".join(PIECES), "started_at": at, "completed_at": at}
    return Turn(**{**facts, **columns})


def waits(turn_: Turn, events: list[Sent]) -> list[tuple[int, float]]:
    """How many events come after how long a pause, when nobody really waits."""
    return [(len(batch), pause_s) for batch, pause_s in batches(events, due_of(turn_, events))]


def test_each_piece_comes_when_the_text_before_it_would_be_written() -> None:
    sent = waits(turn(), told())
    assert sent[0] == (2, 0.0)  # who speaks, and the first words
    lengths = [len(text) * SECONDS_A_CHARACTER for text in PIECES]
    wanted = [lengths[0], sum(lengths[:2]), sum(lengths), sum(lengths)]
    for (count, pause_s), after_s in zip(sent[1:], wanted, strict=True):
        assert count == 1
        assert after_s - 1 < pause_s <= after_s


@pytest.mark.parametrize("source", ["cache", "template"])
def test_who_comes_late_is_told_everything_at_once(source: str) -> None:
    assert waits(turn(ago_s=60, source=source), told()) == [(6, 0.0)]


def test_who_comes_back_goes_on_where_the_others_are() -> None:
    rest = told()[3:]
    sent = waits(turn(), rest)
    assert sent[0][0] == 1
    assert sent[0][1] > len("".join(PIECES[:2])) * SECONDS_A_CHARACTER - 1


def test_what_was_written_live_is_not_held_back() -> None:
    begun = clock.now() - timedelta(seconds=3)
    for written in (turn(source="live"), turn(source="user"), turn(started_at=begun)):
        assert due_of(written, told()) is None
    assert list(batches(told(), None)) == [(told(), 0.0)]
