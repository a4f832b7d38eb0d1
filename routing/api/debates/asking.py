"""`POST …/turns` at the short door, for those who send a key: the request that somebody waits for.

The same answers as `turns.TurnsView`, which serves everybody else: people who are signed in, whose
cookie and CSRF token only the pages' middleware looks at.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from accounts.auth import acaller
from accounts.throttles import throttles_of
from accounts.types import Caller
from costcontrol.lib import clock, database
from costcontrol.lib.errors import RateLimited
from routing import alternatives, limits, snapshot
from routing.api.debates.door import (
    AS_IT_IS,
    debate_id_of,
    idempotency_key_of,
    number_in,
    problem_view,
)
from routing.api.parsing import load_json
from routing.debates import services, shown, turns
from routing.debates.estimates import upgrade_of
from routing.debates.orders import text_in


@dataclass(frozen=True, slots=True)
class Asked:
    """One request for a turn."""

    debate_id: UUID
    caller: Caller
    arrived_at: datetime | None
    idempotency_key: str
    expected_turn: int | None
    stage: str
    speaker: str


@problem_view("POST")
async def turn_ask(request: HttpRequest, debate_id: str) -> HttpResponse:
    caller = await acaller({name.lower(): value for name, value in request.headers.items()})
    await _admit(caller)
    asked = _asked(request, debate_id, caller)
    body, is_new = await database.run(_turn, asked)
    return HttpResponse(
        json.dumps(body, default=_plain, ensure_ascii=False, separators=(",", ":")),
        status=202 if is_new else 200, content_type="application/json", headers=AS_IT_IS,
    )


async def _admit(caller: Caller) -> None:
    """Count one request. Raises RateLimited."""
    known, now = await snapshot.current(), clock.now()
    try:
        await limits.admit(
            caller, now=now, upgrade=lambda: upgrade_of(caller, known),
            throttled=throttles_of(known.throttles, caller, now=now),
        )
    except RateLimited as full:
        raise alternatives.add(
            full, snapshot=known, tier=caller.tier, language="", now=now, may_go_local=False
        ) from None


def _asked(request: HttpRequest, debate_id: str, caller: Caller) -> Asked:
    """Raises DebateUnknown, BadRequest, PayloadTooLarge."""
    data: Mapping[str, Any] = load_json(request.body or b"{}")
    scope: Mapping[str, Any] = getattr(request, "scope", {})
    return Asked(
        debate_id_of(debate_id), caller, scope.get("arrived_at"),
        idempotency_key_of(request.headers), number_in(data, "expected_turn"),
        text_in(data, "stage"), text_in(data, "speaker"),
    )


def _turn(asked: Asked) -> tuple[dict[str, Any], bool]:
    """As JSON, and whether it was made now. Raises as `turns.turn_next`, and DebateUnknown."""
    debate, now = services.debate_get(asked.debate_id, caller=asked.caller), clock.now()
    turn = turns.turn_next(
        debate, caller=asked.caller, now=now, idempotency_key=asked.idempotency_key,
        expected_turn=asked.expected_turn, stage=asked.stage, speaker=asked.speaker,
        asked_at=asked.arrived_at,
    )
    turn.debate = debate
    whole = shown.outline_of(debate)
    body = shown.turn_json(whole, turn, may_see_costs=asked.caller.may_see_costs)
    return body, turn.created_at == now


def _plain(value: object) -> str:
    """As DRF writes it."""
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text
