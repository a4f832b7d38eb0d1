"""The OpenAPI document's words on debates: what each endpoint does, is sent and answers."""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from routing.api.debates import examples
from routing.api.debates import request_serializers as requests
from routing.api.debates import serializers as shapes

View = TypeVar("View", bound=Callable[..., Any])
PROBLEM = "application/problem+json"
EVERYWHERE = ("invalid_request",)
OWN = (*EVERYWHERE, "debate_unknown")
ORDERS = (
    *EVERYWHERE, "philosopher_unknown", "topic_unknown", "topic_blocked", "cast_invalid",
    "language_unavailable", "text_too_long", "rate_limited",
)
BUSY = ("debate_over", "debate_paused", "turn_in_progress", "stage_out_of_order")
KEY = OpenApiParameter(
    "Idempotency-Key", OpenApiTypes.STR, OpenApiParameter.HEADER,
    description="Sent again with the same request, it brings the same answer and takes nothing.",
)


def endpoint(
    name: str, summary: str, about: str, *, asks: Any = None, asked: Any = None, answers: Any,
    example: Any = None, status: int = 200, repeat: str = "", problems: Iterable[str] = EVERYWHERE,
    parameters: Iterable[OpenApiParameter] = (), tag: str = "debates", is_public: bool = False,
) -> Callable[[View], View]:
    replies = {status: _reply(answers, example, "")}
    if repeat:
        replies[200] = _reply(answers, example, repeat)
    sent = [OpenApiExample("Example", value=asked, request_only=True)] if asked else None
    return extend_schema(
        operation_id=name, summary=summary, description=about, request=asks, tags=[tag],
        responses={**replies, **_problems(problems)}, examples=sent, parameters=[*parameters],
        auth=[] if is_public else None,
    )


def _reply(shape: Any, example: Any, about: str) -> OpenApiResponse:
    shown = [OpenApiExample("Example", value=example, response_only=True)] if example else []
    return OpenApiResponse(shape, description=about, examples=shown)


def _problems(codes: Iterable[str]) -> dict[tuple[int, str], OpenApiResponse]:
    """One reply for each status, with an example for each code."""
    by_status: dict[int, list[OpenApiExample]] = {}
    for code in codes:
        body = examples.PROBLEMS[code]
        shown = OpenApiExample(code, value=body, response_only=True, media_type=PROBLEM)
        by_status.setdefault(body["status"], []).append(shown)
    return {
        (status, PROBLEM): OpenApiResponse(
            shapes.ProblemSerializer, examples=found, description=HTTPStatus(status).phrase
        )
        for status, found in sorted(by_status.items())
    }


ESTIMATE = endpoint(
    "debates_estimate", "What a debate will cost",
    "A range in credits, stage by stage, and whether the caller's limits cover it. Takes nothing.",
    asks=requests.OrderSerializer, asked=examples.ORDER, answers=shapes.EstimateSerializer,
    example=examples.ESTIMATE, problems=ORDERS,
)
CREATE = endpoint(
    "debates_create", "Begin a debate",
    "Takes one debate of the quota and holds money for it, or neither. Nothing is written yet: "
    "ask for the first turn. With `Idempotency-Key`, the same again is the same debate.",
    asks=requests.OrderSerializer, asked=examples.ORDER, answers=shapes.CreatedSerializer,
    example=examples.CREATED, status=201, repeat="The same as before, as it is now.",
    parameters=[KEY],
    problems=(*ORDERS, "idempotency_conflict", "payment_required", "tier_feature",
              "quota_exceeded", "budget_exhausted", "upstream_unavailable"),
)
LIST = endpoint(
    "debates_list", "The caller's debates", "The newest first. `next` is the next page's address.",
    answers=shapes.DebatesSerializer, example={"next": None, "results": [examples.ROW]},
    parameters=[
        OpenApiParameter("limit", OpenApiTypes.INT, description="1 to 100, usually 20"),
        OpenApiParameter("after", OpenApiTypes.UUID, description="the last of the page before"),
    ],
)
GET = endpoint(
    "debates_get", "A debate as it is now",
    "Everything that a page needs to be drawn again: what was said, what runs and where to read "
    "along, what comes next. Also for clients that cannot read streams.",
    answers=shapes.DebateSerializer, example=examples.RUNNING, problems=OWN,
)
CANCEL = endpoint(
    "debates_cancel", "End a debate early",
    "Stops what is being written and frees what was held. If nothing had been written, the debate "
    "is given back to the quota. Repeatable.",
    answers=shapes.CancelledSerializer, example=examples.CANCELLED,
    problems=(*OWN, "debate_over"),
)
SHARE = endpoint(
    "debates_share", "Show the replay to everybody, or end that",
    "Made public, it has a new link, which works once the debate is finished. Made private, the "
    "old link is dead. What the owner said themselves is part of it.",
    asks=requests.ShareSerializer, asked={"is_public": True}, answers=shapes.DebateSerializer,
    example=examples.SHARED, problems=(*OWN, "debate_over"),
)
PAUSE = endpoint(
    "debates_pause", "Pause",
    "A turn that is being written is finished; nothing else begins, in the background neither.",
    answers=shapes.DebateSerializer, example=examples.PAUSED, problems=(*OWN, "debate_over"),
)
RESUME = endpoint(
    "debates_resume", "Go on after a pause", "Repeatable.",
    answers=shapes.DebateSerializer, example=examples.DEBATE, problems=(*OWN, "debate_over"),
)
EXPORT = endpoint(
    "debates_export", "A file of what was said",
    "`markdown` with headings in the language of the debate, or `json`.",
    answers=OpenApiTypes.STR, problems=OWN,
    parameters=[OpenApiParameter("format", enum=["markdown", "json"])],
)
NEXT = endpoint(
    "turns_next", "The next turn",
    "Queues it, or has it completed at once (`status`) where it is stored or needs no model; read "
    "it at `stream` in any case. Without a body it is the next of the plan. Sent again with "
    "the same `Idempotency-Key` or `expected_turn` it is the same turn, made and paid once.",
    asks=requests.TurnRequestSerializer, asked={"expected_turn": 1}, answers=shapes.TurnSerializer,
    example=examples.TURN, status=202, repeat="The same turn, as it is now.", parameters=[KEY],
    problems=(*OWN, *BUSY, "user_turn", "rate_limited"), tag="turns",
)
ANEW = endpoint(
    "turns_regenerate", "Write the last turn anew",
    "Only the last turn, only what a model wrote, and before the next one is asked for. Another "
    "text than the stored ones, at the cost of one; the old turn gets the status `replaced` and is "
    "no part of the debate any more. If the new one fails or is stopped, the old one stands.",
    answers=shapes.TurnSerializer, example=examples.TURN, status=202,
    repeat="The same `Idempotency-Key` again: the same turn, as it is now.", parameters=[KEY],
    problems=(*OWN, *BUSY, "turn_unknown", "rate_limited"), tag="turns",
)
STOP = endpoint(
    "turns_cancel", "Stop a turn",
    "What was written so far stays. 202: it is being stopped, its stream says when. Repeatable.",
    answers=shapes.TurnSerializer, example=examples.SAID, status=202,
    repeat="It has ended.", problems=(*OWN, "turn_unknown"), tag="turns",
)
SAY = endpoint(
    "messages_create", "The user's own turn",
    "Text of up to 4,000 characters, or `pass`. Personal data: deleted after some days, or with "
    "DELETE, and never in a cache that others read.",
    asks=requests.MessageRequestSerializer, asked={"text": examples.USERS_TURN["text"]},
    answers=shapes.TurnSerializer, example=examples.USERS_TURN, status=201,
    repeat="The same `Idempotency-Key` again.", parameters=[KEY],
    problems=(*OWN, *BUSY, "text_too_long", "rate_limited"), tag="turns",
)
DELETE_TEXTS = endpoint(
    "messages_delete", "Delete the user's own texts",
    "Their messages, the context they added, notes to ratings, and what calls in the background "
    "made of them. A mark stays where they spoke.",
    answers=shapes.DeletedSerializer,
    example={"messages": 2, "texts_deleted_at": "2026-11-25T13:00:00Z"}, problems=OWN,
    tag="turns",
)
RATE = endpoint(
    "messages_rate", "Rate a message",
    "Of a debate of one's own, once it is written. Again: the last one counts.",
    asks=requests.RatingRequestSerializer, asked={"rating": -1, "note": "It repeats itself."},
    answers=shapes.RatingSerializer,
    example={"id": examples.TURN_ID, "rating": -1, "note": "It repeats itself."},
    problems=(*EVERYWHERE, "message_unknown", "text_too_long"), tag="turns",
)
REPLAY = endpoint(
    "replays_get", "A finished debate, for everybody",
    "Needs no key: who has the link may read it. Whose debate it was stands nowhere in it; what "
    "they said themselves is there, as “user”, because they made it public.",
    answers=shapes.ReplaySerializer, example=examples.REPLAY, problems=("debate_unknown",),
    tag="replays", is_public=True,
)
