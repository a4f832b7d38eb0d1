"""Providers on the page of settings: whether there is a key, how they did, and a test call.

A key is never shown, only whether there is one. The test is a call like any other, at one model by
name and past all caches: it is held, priced and booked, and the plan of who sends it holds.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.utils.translation import gettext as _

from accounts.types import Caller
from billing.reports.call import call_report
from billing.reports.upstreams import Heard, heard, latest
from costcontrol.dashboard.components import Badge, Tone
from costcontrol.dashboard.labels import label
from costcontrol.lib.errors import CostControlError
from costcontrol.lib.sentences import said
from routing import gateway
from routing.models import Deployment
from routing.providers import missing_key
from routing.snapshot import spec_of
from routing.types import ChatRequest, Message

WORDS = {"en": "Say “yes”.", "ko": "“네”라고만 답해 주세요."}
LONGEST = 16  # tokens
USUAL_ADDRESSES = {
    "anthropic": "ANTHROPIC_BASE_URL", "openai": "OPENAI_BASE_URL", "ollama": "OLLAMA_HOST",
}
KEYS = {"anthropic": "ANTHROPIC_API_KEY", "openai": "OPENAI_API_KEY"}


@dataclass(frozen=True, slots=True)
class ProviderLine:
    """Deployments of one provider at one address with one key. `test_id`: the one a test asks;
    None: it cannot be tested now. `first_id`: by which its own page finds it."""

    name: str
    address: str
    key: Badge
    key_note: str
    models: tuple[str, ...]
    heard: Heard
    error: str
    test_id: int | None
    test_name: str
    first_id: int
    is_paused: bool  # none of its models may be asked


@dataclass(frozen=True, slots=True)
class Tested:
    """What came of a test call. `error`: why there is no answer."""

    name: str
    call_id: UUID | None
    cost_nanos: int = 0
    ms: int = 0
    error: str = ""


def lines(*, now: datetime) -> tuple[ProviderLine, ...]:
    groups: dict[tuple[str, str, str], list[Deployment]] = defaultdict(list)
    for row in Deployment.objects.order_by("provider", "priority", "name"):
        groups[row.provider, row.base_url, row.api_key_env].append(row)
    known = heard(now=now)
    return tuple(_line(rows, known) for rows in groups.values())


def _line(rows: list[Deployment], known: Mapping[str, Heard]) -> ProviderLine:
    first = rows[0]
    no_key = said(missing_key(spec_of(first)))
    found = latest([known.get(row.name, Heard()) for row in rows])
    usable = [row for row in rows if row.is_enabled and not no_key]
    key_name = first.api_key_env or KEYS.get(first.provider, "")
    return ProviderLine(
        str(Deployment.Provider(first.provider).label), _address(first), _key(no_key, key_name),
        no_key or key_name, tuple(row.name for row in rows), found,
        label(found.error_code) if found.error_code else "",
        usable[0].pk if usable else None, usable[0].name if usable else "",
        first.pk, not any(row.is_enabled for row in rows),
    )


def _key(no_key: str, name: str) -> Badge:
    if no_key:
        return Badge(_("off"), Tone.OFF)
    return Badge(_("key set"), Tone.OK) if name else Badge(_("needs no key"), Tone.OK)


def _address(row: Deployment) -> str:
    """Without what could be a secret in it."""
    usual = USUAL_ADDRESSES.get(row.provider, "")
    url = row.base_url or (str(getattr(settings, usual)) if usual else "")
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return _("not understood")
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}" if parts.hostname else ""


async def try_out(row: Deployment, caller: Caller, *, once: str) -> Tested:
    """One tiny call at this very model."""
    language = next((each for each in row.languages if each in WORDS), "en")
    request = ChatRequest(
        messages=(Message("user", WORDS[language]),), model=row.name, max_output_tokens=LONGEST,
        language=language, may_read_cache=False, may_store=False,
    )
    try:
        answer = await gateway.answer(request, caller, idempotency_key=once)
        await answer.whole()
    except CostControlError as error:
        call_id = UUID(error.call_id) if error.call_id else None
        return Tested(row.name, call_id, error=said(error.message))
    report = await sync_to_async(call_report)(answer.call.id)
    ms = answer.call.elapsed_ms
    return Tested(row.name, answer.call.id, report.cost_nanos if report else 0, ms)
