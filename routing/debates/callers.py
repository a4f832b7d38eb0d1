"""Whose debate it is, as they are now: their rows are read each time, and understood once."""

from dataclasses import replace
from functools import lru_cache
from typing import Any

from django.db import connection

from accounts.models import User
from accounts.types import Caller
from costcontrol.lib.rows import asked
from routing.models import Debate

MAX_REMEMBERED = 10_000
NOBODY = -1
_RELATED = ("tier", "member__organisation__tier")
_known: dict[int, tuple[tuple[Any, ...], Caller]] = {}


def caller_of(debate: Debate) -> Caller | None:
    """None: the account is closed."""
    rows = asked(*_question(debate.user_id))
    if not rows:
        return None
    known = _known.get(debate.user_id)
    if known is None or known[0] != rows[0]:
        known = rows[0], Caller.signed_in(_active(debate.user_id).get())
        if len(_known) >= MAX_REMEMBERED:
            _known.clear()
        _known[debate.user_id] = known
    return replace(known[1], key_prefix=debate.key_prefix)


def _active(user_id: int) -> Any:
    return User.objects.select_related(*_RELATED).filter(pk=user_id, is_active=True).order_by()


def _question(user_id: int) -> tuple[Any, ...]:
    """Words and parameters, for whichever database."""
    words, params = _words(connection.vendor)
    return (words, *(user_id if each == NOBODY else each for each in params))


@lru_cache
def _words(_vendor: str) -> tuple[str, tuple[Any, ...]]:
    words, params = _active(NOBODY).query.sql_with_params()
    return words, tuple(params)
