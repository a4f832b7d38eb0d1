"""Lets old usage rows go. Asks first; what was added up of them stays."""

import argparse
import sys
from typing import Any, cast

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing import retention
from billing.retention import Plan
from costcontrol.lib import clock
from costcontrol.lib.errors import CostControlError
from costcontrol.lib.progress import Stream, Tally


class Rows(Tally):
    """How many rows went."""

    def text(self) -> str:
        return f"{self.sum(0):,} of {self._bar_of:,} rows"


class Command(BaseCommand):
    help = "Deletes usage rows of old months. Sums of hours and days, and the ledger, stay."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--keep-months", type=_months, default=settings.USAGE_KEEP_MONTHS, metavar="N",
            help="whole months that are kept beside the running one; USAGE_KEEP_MONTHS without it",
        )
        parser.add_argument("--dry-run", action="store_true", help="only says what would go")
        parser.add_argument("--yes", action="store_true", help="does not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        now = clock.now()
        if not options["keep_months"]:
            raise CommandError(
                "Usage rows are kept for ever. To let old ones go, say how many months are kept:"
                " --keep-months 13."
            )
        plan = retention.plan(options["keep_months"], now=now)
        self.stdout.write(f"{plan.rows:,} usage rows are from before {plan.month}-01 (UTC).")
        if options["dry_run"] or not plan.rows:
            return
        if not options["yes"]:
            self._ask(plan)
        self._retire(plan)

    def _ask(self, plan: Plan) -> None:
        self.stdout.write(
            "They cannot be brought back: pages of single calls, their CSV and what-if replays end"
            " there. Charts and sums stay as they are."
        )
        self.stdout.write(f"Type the month {plan.month} to delete them: ", ending="")
        self.stdout.flush()
        if sys.stdin.readline().strip() != str(plan.month):
            raise CommandError("Nothing was deleted.")

    def _retire(self, plan: Plan) -> None:
        stream = cast(Stream, self.stdout._out)  # as it is: the wrapper ends every line
        tally = Rows(stream, bar_of=plan.rows, lines_of=plan.rows)
        try:
            gone = retention.retire(
                plan, now=clock.now(), progress=lambda done, _: tally.note(0, done, done)
            )
        except CostControlError as error:
            raise CommandError(error.message) from error
        finally:
            tally.end()
        self.stdout.write(f"{gone:,} usage rows are gone.")


def _months(text: str) -> int:
    months = int(text)
    if months < 1:
        raise argparse.ArgumentTypeError("one month at least is kept")
    return months
