"""`/api/v1/debates`: what one would cost, to begin one, to see it, to stop it, to show it.

What each endpoint is sent and answers stands in `schema.py`, with examples.
"""

import json
from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from django.utils.http import content_disposition_header
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from billing import gauge
from billing.budgets import debates_rule
from billing.gauge import Reading
from costcontrol.lib import clock
from costcontrol.lib.errors import BadRequest
from costcontrol.lib.sentences import Sentence as _
from routing import snapshot
from routing.api.debates import schema
from routing.api.debates.base import (
    DebateView,
    body_of,
    caller_of,
    debate_of,
    idempotency_key,
    quota_headers,
    reads,
)
from routing.api.debates.estimating import estimate_json
from routing.api.debates.paging import page_of
from routing.debates import services, shown, transcripts
from routing.debates.endings import debates_left
from routing.debates.orders import fingerprint_of, order_of, text_in
from routing.debates.services import Created
from routing.debates.topic_audits import match_note
from routing.debates.topic_sides import choices_json
from routing.models import Debate


class EstimateView(DebateView):
    @schema.ESTIMATE
    def post(self, request: Request) -> Response:
        self.admit(request)
        caller = caller_of(request)
        order = order_of(body_of(request), caller=caller, reads=reads(request))
        found = services.estimated(
            order, caller=caller, snapshot=snapshot.latest(), now=clock.now(), with_store=True
        )
        body = estimate_json(order, found, may_see_costs=caller.may_see_costs)
        return Response(body, headers=quota_headers([found.debates] if found.debates else []))


class DebatesView(DebateView):
    @schema.CREATE
    def post(self, request: Request) -> Response:
        self.admit(request)
        caller, now, key = caller_of(request), clock.now(), idempotency_key(request)
        fingerprint = fingerprint_of(body_of(request))
        made = services.debate_repeated(fingerprint, key, caller=caller)
        if made is None:
            order = order_of(body_of(request), caller=caller, reads=reads(request))
            made = services.debate_create(
                order, caller=caller, snapshot=snapshot.latest(), now=now, idempotency_key=key
            )
            if order.resolved is not None:
                typed = text_in(body_of(request), "topic")
                match_note(order.resolved, typed, user_id=caller.user_id, now=now)
        rule = debates_rule(caller.tier, caller.payer)
        readings = made.readings or (gauge.read([rule], now=now) if rule else ())
        return Response(
            _whole(request, made.debate) | _created(made, readings), 201 if made.is_new else 200,
            headers={"Location": f"/api/v1/debates/{made.debate.pk}", **quota_headers(readings)},
        )

    @schema.LIST
    def get(self, request: Request) -> Response:
        caller = caller_of(request)
        page = page_of(request.query_params, user_id=caller.user_id)
        rows = shown.rows_json(page.debates, may_see_costs=caller.may_see_costs)
        return Response({"next": page.next, "results": rows})


class DebateOneView(DebateView):
    @schema.GET
    def get(self, request: Request, debate_id: str) -> Response:
        debate = debate_of(request, debate_id)
        services.debate_seen(debate, now=clock.now())
        return Response(_whole(request, debate))

    @schema.CANCEL
    def delete(self, request: Request, debate_id: str) -> Response:
        debate = debate_of(request, debate_id)
        is_returned = services.debate_cancel(debate, now=clock.now())
        debate.refresh_from_db()
        return Response(_whole(request, debate) | {"is_quota_returned": is_returned})

    @schema.SHARE
    def patch(self, request: Request, debate_id: str) -> Response:
        debate, is_public = debate_of(request, debate_id), body_of(request).get("is_public")
        if not isinstance(is_public, bool):
            raise BadRequest(
                _("Send “is_public”: true to show the replay to everybody with its link, false "
                  "to end that."),
                param="is_public",
            )
        return Response(_whole(request, services.debate_share(debate, is_public=is_public)))


class PauseView(DebateView):
    @schema.PAUSE
    def post(self, request: Request, debate_id: str) -> Response:
        debate = services.debate_pause(debate_of(request, debate_id))
        return Response(_whole(request, debate))


class ResumeView(DebateView):
    @schema.RESUME
    def post(self, request: Request, debate_id: str) -> Response:
        debate = services.debate_resume(debate_of(request, debate_id), now=clock.now())
        return Response(_whole(request, debate))


class ExportView(DebateView):
    @schema.EXPORT
    def get(self, request: Request, debate_id: str) -> HttpResponse:
        debate = debate_of(request, debate_id)
        whole = shown.whole_of(debate)
        match request.query_params.get("format", "markdown"):
            case "markdown":
                text = transcripts.export_markdown(whole)
                return _file(text, "text/markdown; charset=utf-8", debate, "md")
            case "json":
                text = _json(transcripts.export_json(whole, at=clock.now()))
                return _file(text, "application/json", debate, "json")
            case _:
                raise BadRequest(_("“format” is markdown or json."), param="format")


def _json(body: dict[str, Any]) -> str:
    """Readable for people."""
    return json.dumps(body, cls=JSONEncoder, ensure_ascii=False, indent=2) + "\n"


def _file(text: str, content_type: str, debate: Debate, ending: str) -> HttpResponse:
    name = transcripts.file_name(debate, ending)
    return HttpResponse(
        text.encode(errors="replace"), content_type=content_type,
        headers={
            "Content-Disposition": content_disposition_header(True, name) or "attachment",
            "Cache-Control": "no-store",
        },
    )


def _whole(request: Request, debate: Debate) -> dict[str, Any]:
    may_see_costs = caller_of(request).may_see_costs
    return shown.debate_json(shown.whole_of(debate), may_see_costs=may_see_costs)


def _created(made: Created, readings: Sequence[Reading]) -> dict[str, Any]:
    return {
        "topic_id": made.debate.topic_key or None,
        "polarity": "swapped" if made.debate.is_swapped else "same",
        "did_you_mean": choices_json(made.choices, language=made.debate.language),
        "quota_after": debates_left(readings),
    }
