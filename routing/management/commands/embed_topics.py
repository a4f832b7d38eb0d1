"""Make the vectors of the catalogue's titles, where they are missing or of another title."""

from typing import Any

from django.core.management.base import BaseCommand

from routing.debates.topic_calibration import resolver_prepare


class Command(BaseCommand):
    help = "Makes the vectors that tell which topic a typed one means. Safe to run at any time."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(str(resolver_prepare()))
