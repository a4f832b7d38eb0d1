"""The pages about limits: their tabs, and who may change what on them."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

CHANGE_BUDGETS = "billing.change_budget"
CHANGE_ALERTS = "billing.change_alert"
CHANGE_RULES = "billing.change_alertrule"
CHANGE_CHANNELS = "billing.change_alertchannel"
CHANGE_THROTTLES = "accounts.change_throttle"
MAX_REASON = 300
MAX_ID = 2**31


def tabs(active: str) -> dict[str, Any]:
    names = (
        ("budgets", _("Budgets")), ("alerts", _("Alerts")), ("alert_rules", _("Rules")),
        ("alert_channels", _("Channels")),
    )
    return {"tabs": [
        (reverse(f"dashboard:{name}"), label, name == active) for name, label in names
    ]}


def may(request: HttpRequest) -> dict[str, bool]:
    """For templates: what this account may change."""
    names = {
        "may_budgets": CHANGE_BUDGETS, "may_alerts": CHANGE_ALERTS, "may_rules": CHANGE_RULES,
        "may_channels": CHANGE_CHANNELS, "may_throttle": CHANGE_THROTTLES,
    }
    return {name: request.user.has_perm(permission) for name, permission in names.items()}


def allow(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied(
            _("Your account may look at this but not change it. This needs the permission "
              "“%(name)s”. Ask whoever manages accounts.") % {"name": permission}
        )


def posted(request: HttpRequest, name: str, most: int = MAX_REASON) -> str:
    """What somebody typed, on one line; PostgreSQL keeps no NUL."""
    return " ".join(request.POST.get(name, "").replace("\x00", "").split())[:most]


def to(name: str, *args: int, anchor: str = "") -> HttpResponse:
    place = reverse(f"dashboard:{name}", args=args)
    return HttpResponseRedirect(f"{place}#{anchor}" if anchor else place)
