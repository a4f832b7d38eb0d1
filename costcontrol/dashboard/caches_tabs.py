"""The pages about caches, and who may change what is stored."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

CHANGE_ANSWERS = "routing.change_storedanswer"
CHANGE_WORDS = "routing.change_topicalias"
CHANGE_TOPICS = "routing.change_topic"
MAX_REASON = 300


def tabs(active: str) -> dict[str, Any]:
    names = (
        ("caches", _("Caches")), ("precompute", _("Answers made ahead")),
        ("caches_answers", _("Stored answers")),
        ("caches_philosophers", _("Philosophers' patterns")),
        ("caches_topics", _("Topics' other words")), ("caches_purge", _("Purge")),
    )
    return {"tabs": [
        (reverse(f"dashboard:{name}"), label, name == active) for name, label in names
    ]}


def allow(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied(
            _("Your account may look at what is stored but not change it. This needs the "
              "permission “%(name)s”. Ask whoever manages accounts.") % {"name": permission}
        )


def reason_of(request: HttpRequest) -> str:
    """For the audit log, on one line; PostgreSQL keeps no NUL."""
    reason = request.POST.get("reason", "").replace("\x00", "")
    return " ".join(reason.split())[:MAX_REASON]
