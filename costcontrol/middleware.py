"""What every page says to the browser about itself, and what it says without a database."""

from collections.abc import Callable

from django.db import OperationalError
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from costcontrol.dashboard.access import database_away

POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self'{styles}; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
API_DOCS = "/api/docs/"  # Swagger UI styles its elements one by one


def content_security_policy(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Scripts and everything else from us alone; nothing inline."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        styles = " 'unsafe-inline'" if request.path.startswith(API_DOCS) else ""
        response.headers["Content-Security-Policy"] = POLICY.format(styles=styles)
        return response

    return middleware


class DatabaseAway:
    """Any page that needs the database while it is gone: a 503 that says so."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(
        self, request: HttpRequest, error: Exception
    ) -> HttpResponseBase | None:
        return database_away(error) if isinstance(error, OperationalError) else None
