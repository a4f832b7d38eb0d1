"""How errors look on `/v1`: OpenAI's shape. `problems.py` has those of `/api/v1`."""

import json
import math
from typing import Any

from django.http import HttpResponse
from django.utils import translation

from costcontrol.lib.errors import CostControlError, ProviderError, Refused
from costcontrol.lib.sentences import language_of, said, said_in

TYPES = {400: "invalid_request_error", 401: "authentication_error", 402: "billing_error",
         403: "permission_error", 404: "invalid_request_error", 409: "invalid_request_error",
         413: "invalid_request_error", 429: "rate_limit_error"}


def openai_error(error: CostControlError, *, accept_language: str = "") -> dict[str, Any]:
    """OpenAI's error object; our own fields stand beside its four."""
    known = {name: value for name, value in error.details.items() if value is not None}
    with translation.override(language_of(accept_language)):
        message, extra = said(error.message), said_in(known)
    body = {"message": message, "type": TYPES.get(error.status, "api_error"),
            "param": error.param, "code": error.code}
    return {"error": body | extra}


def error_headers(error: CostControlError) -> dict[str, str]:
    headers = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(math.ceil(error.retry_after_s))
    if error.call_id:
        headers["X-Request-Id"] = error.call_id
    if isinstance(error, Refused) and error.code != "rate_limited":
        headers["x-should-retry"] = "false"  # vendor SDKs would ask again at once
    if isinstance(error, ProviderError):
        headers["x-should-retry"] = "false"  # we have tried again already
    return headers


def openai_error_response(error: CostControlError, *, accept_language: str = "") -> HttpResponse:
    body = openai_error(error, accept_language=accept_language)
    language = {"Content-Language": language_of(accept_language)}
    response = HttpResponse(
        json.dumps(body, ensure_ascii=False), status=error.status,
        content_type="application/json", headers=error_headers(error) | language,
    )
    response._has_been_logged = True  # type: ignore[attr-defined]  # a refusal is no fault
    return response
