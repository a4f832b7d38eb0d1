"""How errors look on `/api/v1`: `application/problem+json` (RFC 9457)."""

from typing import Any

from django.db import OperationalError
from rest_framework.exceptions import APIException
from rest_framework.response import Response
from rest_framework.views import exception_handler

from costcontrol.lib.api import error_headers
from costcontrol.lib.errors import CostControlError, Refused
from costcontrol.lib.sentences import Sentence as _
from costcontrol.lib.sentences import said

PROBLEM = "application/problem+json"


class DatabaseAway(Refused):
    code, status = "database_unavailable", 503


def problem(code: str, status: int, detail: str, **extra: Any) -> dict[str, Any]:
    """RFC 9457."""
    return {"type": "about:blank", "title": code.replace("_", " "), "status": status,
            "code": code, "detail": detail, **extra}


def problem_of(error: CostControlError) -> dict[str, Any]:
    """In the active language, with which field it is about and when to come back."""
    facts = {"param": error.param, "retry_after": error.retry_after_s, **error.details}
    known = {name: value for name, value in facts.items() if value is not None}
    return problem(error.code, error.status, said(error.message), **known)


def problem_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler."""
    if isinstance(error, OperationalError):
        error = DatabaseAway(
            _("The database is not reachable. Try again in a moment."), retry_after_s=5
        )
    if isinstance(error, CostControlError):
        return Response(problem_of(error), error.status, headers=error_headers(error),
                        content_type=PROBLEM)
    response = exception_handler(error, context)
    if response is not None and isinstance(error, APIException):
        code = error.get_codes() if isinstance(error.get_codes(), str) else "invalid_request"
        response.data = problem(str(code), response.status_code, str(error.detail))
        response.content_type = PROBLEM
    return response
