"""A finished debate, said again: the same events in the same order, whatever the speed. Pure.

An id is "<turn>.<n>". Pieces of text are cut the same way each time, so that a reader can go on
where they were.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from routing.debates import sayings
from routing.debates.events import Place, Sent
from routing.debates.shown import Whole, transition_to
from routing.models import Turn

SECONDS_A_CHARACTER = 0.02  # at speed 1
SECONDS_A_TURN = 1.0
FASTEST = 20
USER = "user"  # whoever it was
PRIVATE = ("id", "attempt", "model_class")  # of the owner
PIECE = re.compile(r".{12,}?(?:\s+|$)|.+$", re.DOTALL)  # ends with a word


def replay(whole: Whole) -> list[Sent]:
    turns = [turn for turn in whole.turns if turn.status == Turn.Status.COMPLETED]
    said = [
        Sent(Place(turn.number, n), kind, dict(data), is_last=False)
        for turn in sorted(turns, key=lambda turn: turn.number)
        for n, (kind, data) in enumerate(_of_turn(whole, turn), start=1)
    ]
    last = said[-1].place if said else Place(0, 0)
    kind, data = sayings.finished(whole.debate)
    return [*said, Sent(Place(last.attempt, last.seq + 1), kind, dict(data), is_last=True)]


def _of_turn(whole: Whole, turn: Turn) -> Iterator[tuple[str, dict[str, Any]]]:
    kind, data = sayings.started(whole.debate, turn, transition=transition_to(whole, turn))
    is_users = turn.source == Turn.Source.USER
    name = {"speaker_name": USER} if is_users else {}
    public = {key: value for key, value in data.items() if key not in PRIVATE}
    yield kind, {**public, "source": USER if is_users else "replay", **name}
    for kind, data in sayings.searched(turn, language=whole.debate.language):
        yield kind, dict(data)
    for text in PIECE.findall(turn.text):
        yield sayings.PIECE, {"text": text}
    yield "turn.completed", {"turn": turn.number, "text_length": len(turn.text)}


def pauses(events: list[Sent], *, speed: int) -> Iterator[tuple[Sent, float]]:
    """Each event, and how long to wait after it. Speed 0: not at all."""
    for event, following in pairwise([*events, None]):
        assert event
        said = event.data["text"] if event.kind == sayings.PIECE else ""
        seconds = len(said) * SECONDS_A_CHARACTER
        if following is not None and event.kind == "turn.completed":
            seconds = SECONDS_A_TURN
        yield event, seconds / speed if speed else 0.0
