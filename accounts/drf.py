"""The same credentials for DRF views. Apart from `auth.py`: a gateway worker loads no DRF."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.auth import look_up, secret_of, valid
from accounts.models import User
from costcontrol.lib import clock
from costcontrol.lib.errors import Unauthenticated
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


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI document names it."""

    target_class = ApiKeyAuthentication
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}
