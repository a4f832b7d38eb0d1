"""Make our plans' products and prices at Stripe."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.payments.setup import setup
from billing.plans import packs_load, plans_load
from costcontrol.lib.errors import CostControlError


class Command(BaseCommand):
    help = "Makes the products and prices of the plans at Stripe; adds only what is missing."

    def handle(self, *args: Any, **options: Any) -> None:
        plans_load()
        packs_load()
        try:
            made = setup()
        except CostControlError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"Made at Stripe: {made.products} products, {made.prices} prices.")
