"""Import a provider's usage export, from a script."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.usage_imports.importing import usage_import
from billing.usage_imports.reading import MAX_BYTES, NotUnderstood
from costcontrol.lib import clock
from costcontrol.lib.errors import CostControlError

ACTOR = "command import_usage"


class Command(BaseCommand):
    help = "Imports a provider's usage or cost export (CSV), to compare it with our own sums."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--provider", required=True, help="whose file it is: anthropic, openai")

    def handle(self, *, file: Path, provider: str, **options: Any) -> None:
        try:
            with file.open("rb") as opened:
                data = opened.read(MAX_BYTES + 1)
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
        try:
            done = usage_import(
                provider, data, file_name=file.name, actor=ACTOR, now=clock.now()
            )
        except NotUnderstood as error:
            more = [f"and {error.more} more"] if error.more else []
            raise CommandError(
                "\n".join(["Nothing was imported.", *error.problems, *more])
            ) from None
        except CostControlError as error:
            raise CommandError(error.message) from None
        if not done.is_new:
            self.stdout.write(f"This file was imported before, on {done.row.made_at:%Y-%m-%d}.")
            return
        self.stdout.write(
            f"{done.title}: {done.lines} lines, {done.row.first_day} to {done.row.last_day} (UTC)."
        )
