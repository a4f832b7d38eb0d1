"""Bring the shipped price book into the database. Safe to run again and again."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from billing.price_book import book_load, read_book
from costcontrol.lib.clock import now


class Command(BaseCommand):
    help = "Loads the price book: adds what is missing, supersedes what changed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--force", action="store_true", help="also supersede prices that the operator set"
        )

    def handle(self, *, force: bool, **options: Any) -> None:
        done = book_load(read_book(), at=now(), actor="command load_prices", is_forced=force)
        self.stdout.write(
            f"Prices: {done.inserted} added, {done.superseded} superseded, {done.closed} closed, "
            f"{done.kept} of the operator kept, {done.unchanged} unchanged."
        )
