"""Who may see the customer's pages, for whom they are shown, and in which role.

`@customer_required` goes on every view. `@role_required("owner", "billing")` on those that are not
for every member of an organisation; somebody without an organisation is the owner of themselves.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Literal

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from accounts.models import Member, User
from accounts.types import Payer
from costcontrol.dashboard.access import second_factor_first

View = Callable[..., HttpResponseBase]
Role = Literal["owner", "billing", "member"]
ROLES: dict[str, Role] = {Member.Role.OWNER: "owner", Member.Role.BILLING: "billing"}


def customer_required(view: View) -> View:
    """Signed in and active; anybody else is sent to the sign-in page and back."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = _turned_away(request) or view(request, *args, **kwargs)
        add_never_cache_headers(response)
        return response

    return guarded


def factor_first(view: View) -> View:
    """Under `customer_required`, for what outlives the session: staff without a second factor, who
    need one here, set it up first. Else a password alone would be worth a key of theirs."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return second_factor_first(request, request.user) or view(request, *args, **kwargs)

    return guarded


def role_required(*roles: Role) -> Callable[[View], View]:
    """As `customer_required`, and in one of these roles; anybody else is told who to ask."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if role_of(request) not in roles:
                raise PermissionDenied(
                    _(
                        "Your role in the organisation does not include this page. Ask an owner "
                        "of the organisation to do it, or to change your role."
                    )
                )
            return view(request, *args, **kwargs)

        return customer_required(guarded)

    return decorate


def current_payer(request: HttpRequest) -> Payer:
    """Whose plan and quota the pages show: the organisation of a member, else the user."""
    member = _member(request)
    if member is None:
        return Payer("user", str(person_of(request).pk))
    return Payer("org", str(member.organisation_id))


def zone_of(request: HttpRequest) -> str:
    """The time zone in which they are shown times: their own choice, else the usual one here."""
    return person_of(request).zone or str(settings.DEFAULT_ZONE)


def role_of(request: HttpRequest) -> Role:
    member = _member(request)
    if member is None:
        return "owner"
    return ROLES.get(member.role, "member")


def _turned_away(request: HttpRequest) -> HttpResponse | None:
    if request.user.is_authenticated and request.user.is_active:
        return None
    if "HX-Request" not in request.headers:
        return redirect_to_login(request.get_full_path(), login_url="login")
    # A part of a page whose session has ended: the whole page goes to the sign-in.
    there = redirect_to_login(request.headers.get("HX-Current-URL", "/"), login_url="login")
    return HttpResponse(status=204, headers={"HX-Redirect": there["Location"]})


def _member(request: HttpRequest) -> Member | None:
    """Their place in an organisation, asked for once a request."""
    user = person_of(request)
    if not hasattr(user, "_place"):
        user._place = Member.objects.filter(user=user).first()  # type: ignore[attr-defined]
    place: Member | None = user._place  # type: ignore[attr-defined]
    return place


def person_of(request: HttpRequest) -> User:
    """Who is signed in; in views behind the two decorators there always is somebody."""
    if not request.user.is_authenticated:
        raise PermissionDenied
    return request.user
