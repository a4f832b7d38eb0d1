"""What every page says to the browser about itself, and what it says without a database."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation

from costcontrol.account.profile import LANGUAGE
from costcontrol.dashboard.access import database_away
from costcontrol.lib import request_ids

POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self'{styles}; object-src 'none'; "
    "base-uri 'none'; form-action 'self'{pay}; frame-ancestors 'none'"
)
STRIPE_API = "https://api.stripe.com"
STRIPE_PAGES = tuple(f"https://{name}.stripe.com" for name in ("checkout", "billing", "invoice"))
NEVER_KEPT = ("/api/v1/", "/replays/")  # by caches: it depends on who asks, and ends at once
API_DOCS = "/api/docs/"  # Swagger UI styles its elements one by one


def request_id(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """The answer names the request, and so does the audit row of what it changed."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        name = request_ids.begin(request.headers.get("X-Request-Id", ""))
        try:
            response = get_response(request)
        finally:
            request_ids.end()
        response.headers.setdefault("X-Request-Id", name)
        return response

    return middleware


def content_security_policy(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Scripts and all else from us alone; nothing inline. Caches keep nothing of anybody."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        styles = " 'unsafe-inline'" if request.path.startswith(API_DOCS) else ""
        policy = POLICY.format(styles=styles, pay=where_people_pay())
        response.headers["Content-Security-Policy"] = policy
        if request.path.startswith(NEVER_KEPT):
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware


def where_people_pay() -> str:
    """A form of ours may lead on to Stripe's pages, or to those of its stand-in in tests."""
    if not settings.STRIPE_SECRET_KEY:
        return ""
    if settings.STRIPE_API_BASE == STRIPE_API:
        return "".join(f" {page}" for page in STRIPE_PAGES)
    base = urlsplit(settings.STRIPE_API_BASE)
    return f" {base.scheme}://{base.netloc}"


def persons_language(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Signed in, people read the language of their profile; else that of cookie or browser."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        try:
            language = request.session.get(LANGUAGE, "")  # asks the database if there is a cookie
        except OperationalError as error:
            return database_away(error)  # at once: whatever comes next would wait for it again
        if language in dict(settings.LANGUAGES):
            translation.activate(language)
        return get_response(request)

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
