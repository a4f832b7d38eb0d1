"""`/api/v1/topics/resolve`, `confirm` and `report`: what a typed topic means, and who says so."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.throttles import throttles_of
from accounts.types import Caller
from costcontrol.lib import clock
from costcontrol.lib.errors import BadRequest
from costcontrol.lib.sentences import Sentence as _
from routing import limits_sync, snapshot
from routing.api import topic_examples as examples
from routing.api.bodies import object_of
from routing.api.catalogue import caller_of, language_in, ready_among, text_in, topic_shown
from routing.api.topic_serializers import (
    ConfirmedSerializer,
    ConfirmRequestSerializer,
    ReportedSerializer,
    ReportRequestSerializer,
    ResolvedSerializer,
    ResolveRequestSerializer,
)
from routing.debates.topic_audits import match_note
from routing.debates.topic_choices import topic_confirm, topic_report
from routing.debates.topic_sides import choices_json, match_json
from routing.debates.topics import Resolved, resolve


class ResolveView(APIView):
    @extend_schema(
        operation_id="topics_resolve", request=ResolveRequestSerializer,
        responses=ResolvedSerializer, examples=[examples.TYPED, examples.FOUND, examples.ASKED],
        tags=["catalogue"],
    )
    def post(self, request: Request) -> Response:
        """Which topic of the catalogue a typed one means. If that is not certain, `did_you_mean`
        has up to three to choose from, with what PRO and CON say. Nothing is written down, except
        that of texts which were taken as alike (`how` is `similar`) some are drawn by lot, for
        staff to check; these are deleted when that is done, after 90 days, or with the account."""
        caller, data = _admitted(request), object_of(request)
        text = text_in(data, "text")
        found = resolve(
            text, language=language_in(data.get("language") or ""), user_id=caller.user_id
        )
        match_note(found, text, user_id=caller.user_id, now=clock.now())
        return Response(resolved_json(found, request))


class ConfirmView(APIView):
    @extend_schema(
        operation_id="topics_confirm", request=ConfirmRequestSerializer,
        responses=ConfirmedSerializer, examples=[examples.CHOSEN, examples.KEPT],
        tags=["catalogue"],
    )
    def post(self, request: Request) -> Response:
        """What the user meant, of what was offered: it counts for them at once, and for everybody
        when a second one, who pays for themselves, has chosen the same. `topic_id` null: none."""
        caller, data = _admitted(request), object_of(request)
        topic_id, is_swapped = data.get("topic_id"), data.get("is_swapped", False)
        if not (topic_id is None or isinstance(topic_id, str)) or not isinstance(is_swapped, bool):
            raise BadRequest(
                _("“topic_id” is the id of a topic or null, “is_swapped” true or false."),
                param="topic_id",
            )
        status = topic_confirm(
            text_in(data, "text"), topic_id=topic_id, is_swapped=is_swapped, caller=caller,
            now=clock.now(),
        )
        return Response({"topic_id": topic_id, "is_swapped": is_swapped, "status": status})


class ReportView(APIView):
    @extend_schema(
        operation_id="topics_report", request=ReportRequestSerializer,
        responses=ReportedSerializer, examples=[examples.WRONG], tags=["catalogue"],
    )
    def post(self, request: Request) -> Response:
        """The text was taken for a topic that was not meant. It never is again, for nobody."""
        caller, data = _admitted(request), object_of(request)
        topic_report(
            text_in(data, "text"), text_in(data, "topic_id"), caller=caller, now=clock.now()
        )
        return Response({"is_reported": True})


def resolved_json(found: Resolved, request: Request) -> dict[str, Any]:
    rows = [found.topic] if found.topic else []
    ready = ready_among(request, rows, language=found.language)
    return {
        "topic_id": found.topic.key if found.topic else None,
        "topic": next((topic_shown(row, is_ready=row.key in ready) for row in rows), None),
        "is_swapped": found.is_swapped, **match_json(found),
        "did_you_mean": choices_json(found.choices, language=found.language),
        "language": found.language, "text": found.text,
    }


def _admitted(request: Request) -> Caller:
    """One request of the plan's requests a minute. Raises RateLimited."""
    caller = caller_of(request)
    now = clock.now()
    throttled = throttles_of(snapshot.latest().throttles, caller, now=now)
    limits_sync.admit(caller, now=now, throttled=throttled)
    return caller
