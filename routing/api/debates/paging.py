"""Pages of a list of debates: from the newest on, each page says where the next one begins.

By a place and not by a number, so that a debate that begins meanwhile moves nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Q

from costcontrol.lib.errors import BadRequest
from costcontrol.lib.sentences import Sentence as _
from routing.models import Debate

USUAL, MOST = 20, 100


@dataclass(frozen=True, slots=True)
class Page:
    """`next`: the address of the next one; None: this is the last."""

    debates: tuple[Debate, ...]
    next: str | None


def page_of(asked: Mapping[str, str], *, user_id: int) -> Page:
    """`asked`: limit, and after (the last debate of the page before). Raises BadRequest."""
    limit = _limit(asked.get("limit", ""))
    rows = Debate.objects.filter(user_id=user_id).order_by("-created_at", "-pk")
    if after := asked.get("after", ""):
        last = _last(after, user_id)
        older = Q(created_at__lt=last.created_at) | Q(created_at=last.created_at, pk__lt=last.pk)
        rows = rows.filter(older)
    found = tuple(rows[: limit + 1])
    if len(found) <= limit:
        return Page(found, None)
    query = urlencode({"limit": limit, "after": str(found[limit - 1].pk)})
    return Page(found[:limit], f"/api/v1/debates?{query}")


def _limit(text: str) -> int:
    if not text:
        return USUAL
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:6]) <= MOST):
        raise BadRequest(
            _("“limit” is a number from 1 to %(most)d.") % {"most": MOST}, param="limit"
        )
    return int(text)


def _last(after: str, user_id: int) -> Debate:
    try:
        found = Debate.objects.filter(pk=UUID(after), user_id=user_id).first()
    except ValueError:
        found = None
    if found is None:
        raise BadRequest(
            _("“after” is the id of the last debate of the page before."), param="after"
        )
    return found
