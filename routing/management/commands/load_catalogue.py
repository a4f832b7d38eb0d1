"""Bring the shipped philosophers, topics and kinds of call into the database."""

from typing import Any

from django.core.management.base import BaseCommand

from routing.debates.shipped import catalogue_load
from routing.debates.topic_calibration import resolver_prepare


class Command(BaseCommand):
    help = "Loads the catalogue of debates: adds what is missing, keeps what staff changed."

    def handle(self, *args: Any, **options: Any) -> None:
        done = catalogue_load()
        self.stdout.write(
            f"Catalogue: {done.philosophers} philosophers, {done.topics} topics and {done.kinds} "
            f"kinds of call added; {done.versions} philosophers in a new version, "
            f"{done.kept} kept as staff wrote them."
        )
        self.stdout.write(str(resolver_prepare()))
