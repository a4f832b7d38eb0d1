"""The OpenAI-compatible API: who is calling, what is asked, and how the answer goes out."""

import json
import logging
from collections.abc import Awaitable, Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from accounts.auth import acaller
from costcontrol.lib.api import openai_error_response
from costcontrol.lib.errors import BadRequest, CostControlError, NotFound
from costcontrol.lib.sentences import Sentence as _
from routing import gateway, snapshot
from routing.answers import Answer
from routing.api import parsing, rendering
from routing.types import ModelClass

log = logging.getLogger(__name__)
View = Callable[[HttpRequest], Awaitable[HttpResponseBase]]
MAX_IDEMPOTENCY_KEY = 255
BROKEN = _(
    "Something broke on our side. The call was not charged beyond what the provider produced."
)


def openai_view(method: str) -> Callable[[View], View]:
    """Errors in OpenAI's shape, whatever happens; one allowed method."""

    def decorate(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        async def wrapped(request: HttpRequest) -> HttpResponseBase:
            try:
                if request.method != method:
                    raise MethodNotAllowed(_("Use %(method)s here.") % {"method": method})
                return await view(request)
            except CostControlError as error:
                return refusal(request, error)
            except Exception:
                log.exception("a call failed inside the gateway")
                return refusal(request, CostControlError(BROKEN))

        return wrapped

    return decorate


def refusal(request: HttpRequest, error: CostControlError) -> HttpResponse:
    """In the caller's language. Looked up only now: a call that succeeds pays nothing for it."""
    return openai_error_response(error, accept_language=accepted(request))


def accepted(request: HttpRequest) -> str:
    return str(request.headers.get("accept-language", ""))


@csrf_exempt
async def unknown_path(request: HttpRequest) -> HttpResponse:
    message = _("There is no %(path)s. Calls go to POST /v1/chat/completions.")
    return refusal(request, NotFound(message % {"path": request.path[:200]}))


class MethodNotAllowed(BadRequest):
    code, status = "method_not_allowed", 405


@openai_view("POST")
async def chat_completions(request: HttpRequest) -> HttpResponseBase:
    headers = {name.lower(): value for name, value in request.headers.items()}
    caller = await acaller(headers)
    asked = parsing.request_of(request.body, headers)
    key = headers.get("idempotency-key", "")
    if len(key) > MAX_IDEMPOTENCY_KEY or not key.isprintable():
        raise BadRequest(_("Idempotency-Key may have at most 255 characters."))
    answer = await gateway.answer(asked, caller, idempotency_key=key)
    return _stream(answer, accepted(request)) if asked.is_stream else await _whole(answer)


async def _whole(answer: Answer) -> HttpResponse:
    chunks = await answer.whole()
    said = json.dumps(rendering.completion_json(answer, chunks), ensure_ascii=False)
    body = said.encode(errors="replace")
    headers = rendering.headers_of(answer) | rendering.cost_headers(answer)
    return HttpResponse(body, content_type="application/json", headers=headers)


def _stream(answer: Answer, accept_language: str) -> StreamingHttpResponse:
    headers = rendering.headers_of(answer) | {
        "Cache-Control": "no-store", "X-Accel-Buffering": "no",
    }
    return StreamingHttpResponse(
        rendering.events(answer, accept_language=accept_language),
        content_type="text/event-stream; charset=utf-8", headers=headers,
    )


@openai_view("GET")
async def models(request: HttpRequest) -> HttpResponse:
    """`auto`, the classes and the deployments that the caller's plan allows."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    caller = await acaller(headers)
    allowed = caller.tier.allowed_classes
    deployments = (await snapshot.current()).deployments
    names = ["auto", *(c for c in ModelClass if c in allowed)]
    names += [d.name for d in deployments if d.model_class in allowed]
    data = [{"id": n, "object": "model", "created": 0, "owned_by": "costcontrol"} for n in names]
    return HttpResponse(
        json.dumps({"object": "list", "data": data}), content_type="application/json"
    )
