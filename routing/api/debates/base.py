"""What all views of debates share: who asks, what they sent, and one request of their minute."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import IO, Any

from django.conf import settings
from django.utils.translation import get_language
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.throttles import throttles_of
from accounts.types import Caller
from billing.gauge import Reading
from billing.models import Metric
from costcontrol.lib import clock
from costcontrol.lib.errors import RateLimited
from costcontrol.lib.sentences import Sentence as _
from routing import alternatives, limits_sync, snapshot
from routing.api.debates.door import MAX_NUMBER, debate_id_of, idempotency_key_of
from routing.api.parsing import load_json
from routing.debates import services
from routing.debates.errors import TurnUnknown
from routing.debates.estimates import upgrade_of
from routing.debates.sayings import in_credits
from routing.models import Debate, Turn


class JSONObjectParser(BaseParser):
    """As calls are read: bounded, never too deep, and no half characters."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None
    ) -> dict[str, Any]:
        return load_json(stream.read(settings.BODY_LIMIT_BYTES + 1) or b"{}")


class DebateView(APIView):
    parser_classes = (JSONObjectParser,)

    def handle_exception(self, exc: Exception) -> Response:
        response = super().handle_exception(exc)
        if response.status_code in (402, 403, 429, 503):
            response.data = in_credits(response.data)
        return response

    def admit(self, request: Request) -> None:
        """Count one request. Raises RateLimited."""
        caller, now, known = caller_of(request), clock.now(), snapshot.latest()
        try:
            limits_sync.admit(
                caller, now=now, upgrade=lambda: upgrade_of(caller, known),
                throttled=throttles_of(known.throttles, caller, now=now),
            )
        except RateLimited as full:
            raise alternatives.add(
                full, snapshot=known, tier=caller.tier, language="", now=now,
                may_go_local=False,
            ) from None


def caller_of(request: Request) -> Caller:
    caller = request.auth
    assert isinstance(caller, Caller)
    return caller


def body_of(request: Request) -> Mapping[str, Any]:
    """Our parser reads nothing but objects."""
    body = request.data
    assert isinstance(body, dict)
    return body


def debate_of(request: Request, debate_id: str) -> Debate:
    """The caller's own. Raises DebateUnknown."""
    return services.debate_get(debate_id_of(debate_id), caller=caller_of(request))


def turn_of(debate: Debate, number: str) -> Turn:
    """Raises TurnUnknown."""
    if not (number.isascii() and number.isdecimal() and 0 < int(number[:8]) < MAX_NUMBER):
        raise TurnUnknown(_("Turns are numbers, from 1 on."))
    return services.turn_get(debate, int(number[:8]))


def arrived_at(request: Request) -> datetime | None:
    """When the request came in, before it waited for a thread. None: not by `costcontrol.asgi`."""
    scope = getattr(request._request, "scope", {})
    found: datetime | None = scope.get("arrived_at")
    return found


def idempotency_key(request: Request) -> str:
    return idempotency_key_of(request.headers)


def reads(request: Request) -> str:
    """The language that the caller is answered in."""
    return (get_language() or settings.LANGUAGE_CODE).partition("-")[0]


def quota_headers(readings: Sequence[Reading]) -> dict[str, str]:
    """Of the debates of the plan."""
    found = next((r for r in readings if r.window.rule.metric == Metric.DEBATES), None)
    if found is None:
        return {}
    headers = {
        "X-Quota-Limit": str(found.room.cap),
        "X-Quota-Remaining": str(max(0, found.room.left)),
    }
    if found.window.end:
        headers["X-Quota-Reset"] = found.window.end.isoformat()
    return headers
