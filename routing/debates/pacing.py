"""What was there at once, told like what is being written.

A stored answer or a template is treated as if somebody had begun to write it when it was asked for:
each piece is due so many seconds later. Whoever comes late, or back, is told at once what is due,
and all readers see the same. Nothing is held back from the debate itself.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from costcontrol.lib import clock
from routing.debates.events import Sent
from routing.debates.sayings import PIECE
from routing.models import Turn

SECONDS_A_CHARACTER = 0.01  # about as models write
AT_ONCE = (Turn.Source.CACHE, Turn.Source.TEMPLATE)


def due_of(turn: Turn, told: Sequence[Sent]) -> datetime | None:
    """When the first of the events that a reader still has to be told is due: when all text before
    it would be written. None: it was written as its readers were told it."""
    begun_at = turn.completed_at
    if turn.source not in AT_ONCE or begun_at is None or turn.started_at != begun_at:
        return None
    return begun_at + _writing(len(turn.text) - sum(map(_letters, told)))


def batches(told: Sequence[Sent], due: datetime | None) -> Iterator[tuple[list[Sent], float]]:
    """What to send, and how long to wait before; `due`: the first. None: everything at once."""
    if due is None:
        yield list(told), 0.0
        return
    batch: list[Sent] = []
    for event in told:
        pause_s = (due - clock.now()).total_seconds()
        if pause_s > 0 and batch:
            yield batch, 0.0
            batch = []
        if pause_s > 0:
            yield [event], pause_s
        else:
            batch.append(event)
        due += _writing(_letters(event))
    if batch:
        yield batch, 0.0


def _letters(event: Sent) -> int:
    return len(event.data["text"]) if event.kind == PIECE else 0


def _writing(letters: int) -> timedelta:
    return timedelta(seconds=letters * SECONDS_A_CHARACTER)
