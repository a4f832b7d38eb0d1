"""How errors look: OpenAI's shape on `/v1`, `application/problem+json` on `/api/v1`."""

import json
import math
from typing import Any

from django.http import HttpResponse
from rest_framework.exceptions import APIException
from rest_framework.response import Response
from rest_framework.views import exception_handler

from costcontrol.lib.errors import CostControlError, ProviderError, Refused

TYPES = {400: "invalid_request_error", 401: "authentication_error", 402: "billing_error",
         403: "permission_error", 404: "invalid_request_error", 409: "invalid_request_error",
         413: "invalid_request_error", 429: "rate_limit_error"}


def openai_error(error: CostControlError) -> dict[str, Any]:
    """OpenAI's error object; our own fields stand beside its four."""
    extra = {name: value for name, value in error.details.items() if value is not None}
    body = {"message": error.message, "type": TYPES.get(error.status, "api_error"),
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


def openai_error_response(error: CostControlError) -> HttpResponse:
    response = HttpResponse(
        json.dumps(openai_error(error), ensure_ascii=False), status=error.status,
        content_type="application/json", headers=error_headers(error),
    )
    response._has_been_logged = True  # type: ignore[attr-defined]  # a refusal is no fault
    return response


def problem(code: str, status: int, detail: str, **extra: Any) -> dict[str, Any]:
    """RFC 9457."""
    return {"type": "about:blank", "title": code.replace("_", " "), "status": status,
            "code": code, "detail": detail, **extra}


def problem_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler."""
    if isinstance(error, CostControlError):
        body = problem(error.code, error.status, error.message, **error.details)
        return Response(body, error.status, headers=error_headers(error),
                        content_type="application/problem+json")
    response = exception_handler(error, context)
    if response is not None and isinstance(error, APIException):
        code = error.get_codes() if isinstance(error.get_codes(), str) else "invalid_request"
        response.data = problem(str(code), response.status_code, str(error.detail))
        response.content_type = "application/problem+json"
    return response
