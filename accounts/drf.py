"""The same credentials for DRF views. Apart from `auth.py`: a gateway worker loads no DRF."""

from typing import Any, cast

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, CSRFCheck
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from accounts.auth import look_up, secret_of, valid
from accounts.models import User
from accounts.sessions import KEY_HEADERS, caller_of_person, person_get
from costcontrol.lib import clock
from costcontrol.lib.errors import Unauthenticated
from costcontrol.lib.sentences import Sentence as _
from costcontrol.lib.sentences import said


class ApiKeyAuthentication(BaseAuthentication):
    """`request.auth` is the Caller."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            end_user, now = headers.get("x-end-user", "").strip(), clock.now()
            caller = valid(look_up(secret_of(headers), end_user, now), now)
        except Unauthenticated as error:
            raise AuthenticationFailed(said(error.message), code=error.code) from error
        return User.objects.select_related("tier").get(pk=caller.user_id), caller

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class SessionAuthentication(BaseAuthentication):
    """The cookie of somebody who is signed in, for the product's own pages: what changes something
    needs their CSRF token. Comes before keys, and lets every request pass that has one."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        user = getattr(request._request, "user", None)
        if any(request.headers.get(name) for name in KEY_HEADERS):
            return None
        if user is None or not user.is_authenticated or not user.is_active:
            return None
        refuse_other_sites(request)
        person = person_get(user.pk)
        return person, caller_of_person(person)

    def authenticate_header(self, request: Request) -> str:
        """Who sends nothing at all is told to bring a key."""
        return "Bearer"


def refuse_other_sites(request: Request) -> None:
    """Raises PermissionDenied unless one of our pages sent it, or it changes nothing."""
    check = CSRFCheck(lambda request: cast(Any, None))
    check.process_request(request._request)
    if check.process_view(request._request, cast(Any, None), (), {}):
        raise PermissionDenied(
            said(_("This page is too old to send this. Load it again, then try again.")),
            code="csrf_failed",
        )


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI document names it."""

    target_class = ApiKeyAuthentication
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """For the product's own pages."""

    target_class = SessionAuthentication
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}
