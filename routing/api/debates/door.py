"""What the short door of debates shares: refusals as problems, in the caller's language. Loads no
DRF: a gateway worker stays small."""

import json
from collections.abc import Callable, Coroutine, Mapping
from functools import wraps
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import override
from django.views.decorators.csrf import csrf_exempt

from costcontrol.lib.api import error_headers
from costcontrol.lib.errors import BadRequest, CostControlError
from costcontrol.lib.problems import PROBLEM, DatabaseAway, problem_of
from costcontrol.lib.sentences import Sentence as _
from costcontrol.lib.sentences import language_of
from routing.debates.errors import DebateUnknown
from routing.debates.sayings import in_credits

AS_IT_IS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
OF_MONEY = (402, 403, 429, 503)
MAX_NUMBER = 1_000_000
MAX_IDEMPOTENCY_KEY = 255
View = Callable[..., Coroutine[Any, Any, HttpResponseBase]]


class MethodNotAllowed(BadRequest):
    code, status = "method_not_allowed", 405


def problem_view(method: str) -> Callable[[View], View]:
    """This method only; refusals as problems."""

    def decorated(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        async def wrapped(request: HttpRequest, **named: str) -> HttpResponseBase:
            try:
                if request.method != method:
                    raise MethodNotAllowed(_("Use %(method)s here.") % {"method": method})
                return await view(request, **named)
            except CostControlError as error:
                return refusal(request, error)
            except DatabaseError:
                away = _("The database is not reachable. Try again in a moment.")
                return refusal(request, DatabaseAway(away, retry_after_s=5))

        return wrapped

    return decorated


def refusal(request: HttpRequest, error: CostControlError) -> HttpResponse:
    language = language_of(request.headers.get("accept-language", ""))
    with override(language):
        problem: Mapping[str, Any] = problem_of(error)
    said = in_credits(problem) if error.status in OF_MONEY else problem
    who = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    response = HttpResponse(
        json.dumps(said, cls=DjangoJSONEncoder, ensure_ascii=False), status=error.status,
        content_type=PROBLEM,
        headers=error_headers(error) | AS_IT_IS | {"Content-Language": language} | who,
    )
    response._has_been_logged = True  # type: ignore[attr-defined]  # a refusal is no fault
    return response


def debate_id_of(text: str) -> UUID:
    """Raises DebateUnknown."""
    try:
        return UUID(text)
    except ValueError:
        raise DebateUnknown(
            _("There is no such debate. GET /api/v1/debates lists yours.")
        ) from None


def number_in(data: Mapping[str, Any], name: str) -> int | None:
    value = data.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < MAX_NUMBER:
        raise BadRequest(
            _("“%(name)s” is the number of a turn, from 1 on.") % {"name": name}, param=name
        )
    return value


def idempotency_key_of(headers: Mapping[str, str]) -> str:
    key = str(headers.get("Idempotency-Key", ""))
    if len(key) > MAX_IDEMPOTENCY_KEY or not key.isprintable():
        raise BadRequest(
            _("Idempotency-Key may have at most 255 characters."), param="Idempotency-Key"
        )
    return key
