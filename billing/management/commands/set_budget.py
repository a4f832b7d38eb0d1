"""Put a budget on something, from a script."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from accounts.audited import dollars
from billing.budget_changes import budget_set
from billing.models import Budget
from billing.scopes import KINDS, UnknownScope, scope_parse
from costcontrol.lib.clock import now
from costcontrol.lib.money import format_usd

ACTOR = "command set_budget"


class Command(BaseCommand):
    help = "Sets how much a scope may spend in each period; the running period included."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("scope", help=KINDS)
        parser.add_argument("usd", help="dollars, 0 or more, as 0.10 or 100")
        parser.add_argument("--period", choices=Budget.Period.values, default=Budget.Period.DAY)
        parser.add_argument("--soft", type=int, help="economy mode from, percent (new: 80)")

    def handle(
        self, *, scope: str, usd: str, period: str, soft: int | None, **options: Any
    ) -> None:
        if soft is not None and not 0 <= soft <= 100:
            raise CommandError(f"--soft is a percentage from 0 to 100, not {soft}.")
        try:
            kind, scope_id = scope_parse(scope)
            nanos = dollars(usd)
        except UnknownScope as error:
            raise CommandError(str(error)) from None
        except ValidationError as error:
            raise CommandError(error.messages[0]) from None
        changes: dict[str, int | str] = {"cap_nanos": nanos}
        if soft is not None:
            changes["soft_percent"] = soft
        budget = budget_set(kind, scope_id, period, changes, actor=ACTOR, now=now())
        self.stdout.write(
            f"{scope} may spend {format_usd(nanos, places=2)} per {period}; economy mode from "
            f"{budget.soft_percent}%, zone {budget.zone}."
        )
