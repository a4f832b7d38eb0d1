"""The keys of one person: which there are, what was spent with each; made, rotated, revoked.

A secret is shown in the answer to the form that made it, and nowhere else: it is in no session and
in no address, so that going back to it is not possible.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts import keys as own_keys
from accounts.keys import NewKey
from accounts.models import ApiKey, User
from billing import budgets
from billing.models import Budget
from billing.reports.keys import DAYS, KeyLimit, KeyUse, limits_of_keys, use_of_keys
from costcontrol.account.access import customer_required, factor_first
from costcontrol.account.answers import Problem, done_or_told, problem_of
from costcontrol.account.organisation import person
from costcontrol.lib import clock
from costcontrol.lib.errors import CostControlError

EXPIRIES: dict[str, tuple[str | Promise, timedelta | None]] = {
    "never": (gettext_lazy("never"), None),
    "month": (gettext_lazy("in 30 days"), timedelta(days=30)),
    "quarter": (gettext_lazy("in 90 days"), timedelta(days=90)),
    "year": (gettext_lazy("in a year"), timedelta(days=365)),
}
OVERLAPS: dict[str, str | Promise] = {
    "now": gettext_lazy("at once"),
    "hour": gettext_lazy("in an hour"),
    "day": gettext_lazy("in 24 hours"),
    "week": gettext_lazy("in 7 days"),
}


@dataclass(frozen=True, slots=True)
class KeyRow:
    key: ApiKey
    use: KeyUse
    limits: tuple[KeyLimit, ...]
    zone: str

    @property
    def is_service(self) -> bool:
        return "service" in self.key.scopes


@customer_required
@factor_first
@require_http_methods(["GET", "POST"])
def keys(request: HttpRequest) -> HttpResponse:
    if request.method == "GET":
        return page(request)
    now = clock.now()
    try:
        lifetime = EXPIRIES.get(request.POST.get("expires", ""), EXPIRIES["never"])[1]
        new = own_keys.key_create(
            person(request), name=request.POST.get("name", ""), now=now,
            is_service="service" in request.POST, expires_at=now + lifetime if lifetime else None,
        )
    except CostControlError as error:
        return page(request, problem_of(error))
    return shown_once(request, new)


@customer_required
@factor_first
@require_http_methods(["GET", "POST"])
def rotate(request: HttpRequest, prefix: str) -> HttpResponse:
    try:
        key = own_keys.own_key(person(request), prefix)
        if request.method == "GET":
            return _ask(request, "rotate", key)
        overlap = request.POST.get("overlap", "")
        new = own_keys.key_rotate(key, overlap=overlap, now=clock.now())
    except CostControlError as error:
        return page(request, problem_of(error))
    return shown_once(request, new, old=key, ends=OVERLAPS[overlap])


@customer_required
@require_http_methods(["GET", "POST"])
def revoke(request: HttpRequest, prefix: str) -> HttpResponse:
    try:
        key = own_keys.own_key(person(request), prefix)
    except CostControlError as error:
        return page(request, problem_of(error))
    if request.method == "GET":
        return _ask(request, "revoke", key)
    return done_or_told(
        request, lambda: own_keys.key_revoke(key, now=clock.now()),
        done=_("The key was revoked. Calls with it are refused from now on."),
        then="mine:keys", page=page,
    )


def page(request: HttpRequest, problem: Problem | None = None) -> HttpResponse:
    who, now = person(request), clock.now()
    context = {
        "rows": rows_of(who, now=now), "days": DAYS, "problem": problem, "typed": request.POST,
        "expiries": [(value, label) for value, (label, _life) in EXPIRIES.items()],
        "max_keys": own_keys.MAX_OPEN, "base_url": request.build_absolute_uri("/v1"),
        "may_have_service": "service" in own_keys.scopes_allowed(who),
    }
    return render(request, "mine/keys.html", context, status=problem.status if problem else 200)


def rows_of(who: User, *, now: datetime) -> list[KeyRow]:
    """The open ones. What was spent with all of them is one query."""
    found = list(own_keys.open_keys(who, now=now))
    prefixes = [key.prefix for key in found]
    zone = who.zone or settings.DEFAULT_ZONE
    today, _end = budgets.span(Budget.Period.DAY, zone=zone, now=now)
    is_mine_alone = not any("service" in key.scopes for key in found)
    uses = use_of_keys(
        prefixes, user_id=who.pk if is_mine_alone else None, today=today,
        since=now - timedelta(days=DAYS),
    )
    limits = limits_of_keys(prefixes)
    return [
        KeyRow(key, uses.get(key.prefix, KeyUse()), limits.get(key.prefix, ()), zone)
        for key in found
    ]


def shown_once(
    request: HttpRequest, new: NewKey, *, old: ApiKey | None = None, ends: str | Promise = ""
) -> HttpResponse:
    context = {
        "new": new, "old": old, "ends": ends,
        "example": example(request.build_absolute_uri("/v1"), new.secret),
    }
    response = render(request, "mine/key_new.html", context)
    response.headers["Cache-Control"] = "no-store"
    return response


def example(base_url: str, secret: str) -> str:
    """A first call to copy into a terminal."""
    body = '{"model": "auto", "messages": [{"role": "user", "content": "Should cities ban cars?"}]}'
    return (
        f"curl {base_url}/chat/completions \\\n"
        f'  -H "Authorization: Bearer {secret}" \\\n'
        f'  -H "Content-Type: application/json" \\\n'
        f"  -d '{body}'"
    )


def _ask(request: HttpRequest, what: str, key: ApiKey) -> HttpResponse:
    if not own_keys.open_keys(key.user, now=clock.now()).filter(pk=key.pk).exists():
        raise Http404(_("This key does not work any more."))
    context = {"what": what, "key": key, "overlaps": list(OVERLAPS.items())}
    return render(request, "mine/key_ask.html", context)
