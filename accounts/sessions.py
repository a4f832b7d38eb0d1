"""People who are signed in, on `/api/v1`: the product's own pages use the API without a key.

A key in the request wins; without one the cookie of the sign-in counts. Staff who lack the second
factor that they need here are ordinary customers: they see no costs. The DRF class is in `drf.py`.
"""

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from types import SimpleNamespace
from typing import cast

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest
from django.http.cookie import parse_cookie

from accounts.auth import acaller
from accounts.models import User
from accounts.second_factor import is_missing
from accounts.types import Caller
from costcontrol.lib import database

KEY_HEADERS = ("authorization", "x-api-key")


async def acaller_of_either(headers: Mapping[str, str]) -> Caller:
    """By key or token if one is sent, else by cookie. Raises what `auth.acaller` raises."""
    if not any(headers.get(name) for name in KEY_HEADERS) and (
        caller := await acaller_of_session(headers)
    ):
        return caller
    return await acaller(headers)


async def acaller_of_session(headers: Mapping[str, str]) -> Caller | None:
    """Who is signed in, for views that no middleware serves. Header names are lower-case.

    It asks for no CSRF token: only for what changes nothing.
    """
    key = parse_cookie(headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME, "")
    return await database.run(_caller_of_session, key) if key else None


def person_get(pk: int) -> User:
    """With the plan that counts."""
    return User.objects.select_related("tier", "member__organisation__tier").get(pk=pk)


def caller_of_person(user: User) -> Caller:
    caller = Caller.signed_in(user)
    return replace(caller, is_staff=False) if is_missing(user) else caller


def _caller_of_session(key: str) -> Caller | None:
    session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    user = get_user(cast(HttpRequest, SimpleNamespace(session=session)))
    if not user.is_authenticated or not user.is_active:
        return None
    return caller_of_person(person_get(user.pk))
