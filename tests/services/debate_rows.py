"""The rows that debates stand on, and what is to be read from them: one command, one JSON line.

    python -m tests.services.debate_rows setup PEOPLE TIER [templates]    their keys
    python -m tests.services.debate_rows staff TIER [EMAIL]   the key of somebody who sees costs
    python -m tests.services.debate_rows audit                the books
    python -m tests.services.debate_rows sweep                leases of the dead are over; swept
    python -m tests.services.debate_rows abandon              debates of a dead worker are free

In a process of its own, because the tests' own connection is to another database.
"""

import json
import os
import sys
from collections.abc import Callable
from io import StringIO
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "costcontrol.settings")
if __name__ == "__main__":
    django.setup(set_prefix=False)

from django.core.management import call_command
from django.db.models import Sum

from accounts.models import User
from accounts.services import api_key_issue
from billing import ledger
from billing.models import LedgerEntry, ModelPrice, Reservation, UsageRecord, Window
from routing.models import Deployment
from routing.models_debates import BackgroundCall, CallKindRow, Debate, Turn, TurnEvent

OPEN = (Reservation.State.HELD, Reservation.State.SENT)
NUMBERS = ("fresh_input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens")


def setup(people: str, tier: str, templates: str = "") -> Any:
    """Models write everything, unless `templates` is said."""
    call_command("migrate", verbosity=0)
    call_command("load_defaults", stdout=StringIO())
    Deployment.objects.filter(provider="embedded").update(is_enabled=False)
    # Simple and medium calls from one vendor, complex ones from the other.
    Deployment.objects.filter(name="openai/gpt-6-luna").update(priority=50)
    call_command("set_budget", "platform", "100000", stdout=StringIO())
    if not templates:
        CallKindRow.objects.update(may_be_template=False)
    return [key_of(f"debater{number}@example.org", tier) for number in range(int(people))]


def staff(tier: str, email: str = "staff@example.org") -> Any:
    return key_of(email, tier, is_staff=True)


def key_of(email: str, tier: str, **columns: Any) -> str:
    user = User.objects.create_user(email, tier_id=tier, **columns)
    return api_key_issue(user=user, scopes=("call",), actor="bench")[1]


def audit() -> Any:
    prices = ModelPrice.objects.filter(
        superseded_at=None, min_input_tokens=0, processing=ModelPrice.Processing.STANDARD
    )
    # Every call is in the one window of the platform, besides the windows of its caller.
    money = LedgerEntry.objects.filter(window__scope_kind="platform", window__metric="usd")
    return {
        "differences": [str(each) for each in ledger.differences()],
        "open": Reservation.objects.filter(state__in=OPEN).count(),
        "held": Window.objects.aggregate(total=Sum("held"))["total"] or 0,
        "ledger": money.aggregate(total=Sum("delta"))["total"] or 0,
        "usage": rows(
            UsageRecord, "call_id", "attempt", "debate_id", "call_kind", "stage", "speaker",
            "model", "provider", "deployment", "outcome", "error_code", "confidence", "cost_nanos",
            "held_nanos", "latency_ms", "first_token_ms", "parent_call_id", "cache_layer", *NUMBERS,
        ),
        "debates": rows(Debate, "id", "user_id", "status", "degraded_reason", "worker"),
        "turns": rows(
            Turn, "id", "debate_id", "number", "step", "kind", "status", "attempt", "call_id",
            "is_whole", "text", "error_code", "cost_nanos", "created_at", "started_at",
            "completed_at",
        ),
        "background": rows(BackgroundCall, "debate_id", "kind", "speaker", "step", "call_id"),
        "events": TurnEvent.objects.count(),
        "prices": {
            f"{row.provider}/{row.model}": {
                "fresh": str(row.fresh_input), "read": str(row.cache_read),
                "written": str(row.cache_write), "output": str(row.output),
            }
            for row in prices
        },
    }  # fmt: skip


def rows(model: Any, *fields: str) -> list[dict[str, Any]]:
    return list(model.objects.order_by("pk").values(*fields))


def sweep() -> Any:
    Reservation.objects.filter(state__in=OPEN).update(lease_until_ms=0)
    return ledger.sweep()


def abandon() -> Any:
    return Debate.objects.exclude(worker="").update(lease_until=None)


COMMANDS: dict[str, Callable[..., Any]] = {
    "setup": setup, "staff": staff, "audit": audit, "sweep": sweep,
    "abandon": abandon,
}  # fmt: skip


def main(name: str, *words: str) -> None:
    sys.stdout.write(json.dumps(COMMANDS[name](*words), default=str) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
