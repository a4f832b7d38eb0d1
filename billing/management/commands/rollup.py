"""Adds up usage rows by hour, as the task does every minute; or all of them anew."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from billing import rollups
from costcontrol.lib.clock import now


class Command(BaseCommand):
    help = "Adds up usage rows by hour, so that pages are quick."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--rebuild", action="store_true", help="every hour anew, from the first usage row on"
        )

    def handle(self, *, rebuild: bool, **options: Any) -> None:
        if rebuild:
            hours = rollups.rebuild(now=now(), progress=self._progress)
        else:
            hours = rollups.catch_up(now=now(), progress=self._progress, older=None)
        self.stdout.write(f"{hours:,} hours added up.")

    def _progress(self, done: int, whole: int) -> None:
        self.stdout.write(f"{done:,} of {whole:,} hours")
