"""A reader of one turn: rows first, then what comes over Valkey, each event once and in order.

Whatever does not follow on what the reader has is not guessed at: the rows are read.
"""

import asyncio
from collections.abc import AsyncGenerator
from uuid import UUID

from django.db import DatabaseError

from costcontrol.lib import database
from routing.debates.events import Place, Sent, events_after
from routing.debates.news import Inbox, channel_of, news, sent_of

POLL_S = 0.5  # while Valkey is away
LOOK_S = 3.0  # while nothing comes: a worker may have died after it wrote and before it sent


async def follow(turn_id: UUID, place: Place) -> AsyncGenerator[list[Sent]]:
    """What comes after this place, up to the last event. An empty list: nothing for a moment."""
    with news().following(channel_of(turn_id)) as inbox:
        is_over = False
        while not is_over:
            await inbox.wait(LOOK_S if news().is_alive else POLL_S)
            events = await _come(inbox, turn_id, place)
            yield events
            if events:
                place, is_over = events[-1].place, events[-1].is_last


async def _come(inbox: Inbox, turn_id: UUID, place: Place) -> list[Sent]:
    messages, must_look = inbox.taken()
    come = [event for message in messages for event in sent_of(message) if event.place > place]
    if come and not must_look and is_gapless(come, place):
        return come
    try:
        return await database.run(events_after, turn_id, place)
    except DatabaseError:
        inbox.look()  # it is away: again, a moment later
        await asyncio.sleep(POLL_S)
        return []


def is_gapless(events: list[Sent], place: Place) -> bool:
    """Each follows on the one before. Another attempt may have begun with events unseen."""
    for event in events:
        if event.place != (place.attempt, place.seq + 1):
            return False
        place = event.place
    return True
