"""Errors of DRF's views as problems."""

from typing import Any

from django.db import OperationalError
from rest_framework.exceptions import APIException
from rest_framework.response import Response
from rest_framework.views import exception_handler

from costcontrol.lib.api import error_headers
from costcontrol.lib.errors import CostControlError
from costcontrol.lib.problems import PROBLEM, DatabaseAway, problem, problem_of
from costcontrol.lib.sentences import Sentence as _


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
