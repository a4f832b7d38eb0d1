"""Look at Stripe and write down what it says, for everybody or for one customer."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing.models import Customer
from billing.payments import reconcile, services
from costcontrol.lib import clock
from costcontrol.lib.errors import CostControlError


class Command(BaseCommand):
    help = "Asks Stripe about all customers, or about one, and corrects their plans."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("customer", nargs="?", default="", help="cus_…; all without it")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.stdout.write(_sync(options["customer"]))
        except CostControlError as error:
            raise CommandError(error.message) from error


def _sync(stripe_id: str) -> str:
    now = clock.now()
    if not stripe_id:
        found = services.reconcile(changed_since=None, now=now)
        missed = reconcile.backfill(now=now)
        return (f"Looked at {found.looked_at} customers: {found.differences} were not as we "
                f"thought; {missed} notices had not arrived.")
    customer = Customer.objects.filter(stripe_id=stripe_id).first()
    if customer is None:
        raise CommandError(f"No customer of ours is {stripe_id} at Stripe.")
    result = services.sync(customer=customer, now=now, because="command stripe_sync")
    return f"{stripe_id}: {result.tier_before} before, {result.tier_after} now."
