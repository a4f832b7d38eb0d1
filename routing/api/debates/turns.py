"""`/api/v1/debates/{id}/turns` and what is said: the next turn, to stop one, the user's own texts.

Turns are written by the worker of debates; here they are only asked for.
"""

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from costcontrol.lib import clock
from costcontrol.lib.sentences import Sentence as _
from routing.api.debates import schema
from routing.api.debates.base import (
    DebateView,
    arrived_at,
    body_of,
    caller_of,
    debate_of,
    idempotency_key,
    turn_of,
)
from routing.api.debates.door import number_in
from routing.debates import messages, own_texts, shown, turns
from routing.debates.errors import MessageUnknown
from routing.debates.orders import text_in
from routing.models import Turn


class TurnsView(DebateView):
    @schema.NEXT
    def post(self, request: Request, debate_id: str) -> Response:
        self.admit(request)
        debate, now = debate_of(request, debate_id), clock.now()
        turn = turns.turn_next(
            debate, caller=caller_of(request), now=now, idempotency_key=idempotency_key(request),
            expected_turn=number_in(body_of(request), "expected_turn"),
            stage=text_in(body_of(request), "stage"), speaker=text_in(body_of(request), "speaker"),
            asked_at=arrived_at(request),
        )
        return Response(_turn(request, turn), 202 if turn.created_at == now else 200)


class TurnView(DebateView):
    @schema.STOP
    def delete(self, request: Request, debate_id: str, number: str) -> Response:
        turn = turn_of(debate_of(request, debate_id), number)
        turn = turns.turn_cancel(turn, now=clock.now())
        return Response(_turn(request, turn), 202 if turn.status in shown.ACTIVE else 200)


class AnewView(DebateView):
    @schema.ANEW
    def post(self, request: Request, debate_id: str, number: str) -> Response:
        self.admit(request)
        debate, now = debate_of(request, debate_id), clock.now()
        turn = turns.turn_anew(
            debate, turn_of(debate, number).number, now=now,
            idempotency_key=idempotency_key(request),
        )
        return Response(_turn(request, turn), 202 if turn.created_at == now else 200)


class MessagesView(DebateView):
    @schema.SAY
    def post(self, request: Request, debate_id: str) -> Response:
        self.admit(request)
        debate, now = debate_of(request, debate_id), clock.now()
        text, is_pass = messages.users_text(body_of(request))
        turn = turns.message_add(
            debate, text=text, is_pass=is_pass, caller=caller_of(request), now=now,
            idempotency_key=idempotency_key(request),
        )
        return Response(_turn(request, turn), 201 if turn.created_at == now else 200)

    @schema.DELETE_TEXTS
    def delete(self, request: Request, debate_id: str) -> Response:
        debate, now = debate_of(request, debate_id), clock.now()
        count = own_texts.texts_delete(debate, now=now)
        return Response({"messages": count, "texts_deleted_at": now})


class RatingView(DebateView):
    @schema.RATE
    def post(self, request: Request, message_id: str) -> Response:
        self.admit(request)
        try:
            wanted = UUID(message_id)
        except ValueError:
            raise MessageUnknown(_("There is no such message.")) from None
        turn = messages.message_rate(
            wanted, body_of(request), caller=caller_of(request), now=clock.now()
        )
        return Response({"id": str(turn.pk), "rating": turn.rating, "note": turn.rating_note})


def _turn(request: Request, turn: Turn) -> dict[str, Any]:
    whole = shown.outline_of(turn.debate)
    return shown.turn_json(whole, turn, may_see_costs=caller_of(request).may_see_costs)
