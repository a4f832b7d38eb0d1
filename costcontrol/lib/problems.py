"""How errors look on `/api/v1`: `application/problem+json` (RFC 9457)."""

from typing import Any

from rest_framework.exceptions import APIException
from rest_framework.response import Response
from rest_framework.views import exception_handler

from costcontrol.lib.api import error_headers
from costcontrol.lib.errors import CostControlError
from costcontrol.lib.sentences import said


def problem(code: str, status: int, detail: str, **extra: Any) -> dict[str, Any]:
    """RFC 9457."""
    return {"type": "about:blank", "title": code.replace("_", " "), "status": status,
            "code": code, "detail": detail, **extra}


def problem_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler."""
    if isinstance(error, CostControlError):
        body = problem(error.code, error.status, said(error.message), **error.details)
        return Response(body, error.status, headers=error_headers(error),
                        content_type="application/problem+json")
    response = exception_handler(error, context)
    if response is not None and isinstance(error, APIException):
        code = error.get_codes() if isinstance(error.get_codes(), str) else "invalid_request"
        response.data = problem(str(code), response.status_code, str(error.detail))
        response.content_type = "application/problem+json"
    return response
