"""What users say in a debate, and what they say about it: checked, and ratings. Synchronous."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from accounts.types import Caller
from costcontrol.lib.errors import BadRequest
from costcontrol.lib.sentences import Sentence as _
from routing.cache import patterns
from routing.debates.errors import MessageUnknown, TextTooLong
from routing.debates.orders import is_printable, text_in
from routing.models import Debate, Turn

MAX_TEXT_CHARACTERS = 4_000
MAX_NOTE_CHARACTERS = 500


def users_text(data: Mapping[str, Any]) -> tuple[str, bool]:
    """(text, whether they pass). Raises BadRequest, TextTooLong."""
    is_pass, text = data.get("pass") is True, text_in(data, "text").strip()
    if bool(text) == is_pass:
        raise BadRequest(
            _("Send what you want to say as “text”, or “pass”: true to say nothing."), param="text"
        )
    if len(text) > MAX_TEXT_CHARACTERS:
        raise TextTooLong(
            _("Your text has %(count)d characters, and %(limit)d is the most. Shorten it.")
            % {"count": len(text), "limit": MAX_TEXT_CHARACTERS},
            param="text", limit=MAX_TEXT_CHARACTERS,
        )
    if not is_printable(text):
        raise BadRequest(
            _("Your text has control characters in it. Send it as plain text."), param="text"
        )
    return text, is_pass


def message_rate(
    message_id: UUID, data: Mapping[str, Any], *, caller: Caller, now: datetime
) -> Turn:
    """Of one's own debates, and only what was written to its end. Raises MessageUnknown."""
    rating, note = data.get("rating"), text_in(data, "note").strip()
    if isinstance(rating, bool) or rating not in (-1, 1):
        raise BadRequest(_("“rating” is 1 for good or -1 for bad."), param="rating")
    if len(note) > MAX_NOTE_CHARACTERS or not is_printable(note):
        raise TextTooLong(
            _("A note has at most %(limit)d characters of plain text.")
            % {"limit": MAX_NOTE_CHARACTERS},
            param="note", limit=MAX_NOTE_CHARACTERS,
        )
    turn = _rateable(message_id, caller)
    turn.rating, turn.rating_note = rating, note
    turn.save(update_fields=["rating", "rating_note"])
    if turn.answer_id:  # others are given it too: enough bad ratings end that
        patterns.rate(
            turn.answer_id, user_id=caller.user_id, rating=rating,
            is_staff=caller.is_staff, now=now,
        )
    if note:  # there is a text of theirs again, to be deleted in its turn
        Debate.objects.filter(pk=turn.debate_id).update(texts_deleted_at=None)
    return turn


def _rateable(message_id: UUID, caller: Caller) -> Turn:
    turn = Turn.objects.filter(
        pk=message_id, debate__user_id=caller.user_id, status=Turn.Status.COMPLETED
    ).exclude(source=Turn.Source.USER).first()
    if turn is None:
        raise MessageUnknown(
            _("There is no such message, or it is not finished. Only what was written in a debate "
              "of your own can be rated.")
        )
    return turn
