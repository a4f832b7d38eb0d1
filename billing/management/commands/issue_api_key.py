"""Give somebody an API key. It lives in billing because another plan also moves caps."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction

from accounts.models import Tier, User
from accounts.services import FREE_TIER, SCOPES, api_key_issue
from billing.budgets import tier_change
from costcontrol.lib.clock import now

ACTOR = "command issue_api_key"


class Command(BaseCommand):
    help = "Issues an API key, makes the user if needed, and prints the key alone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--tier", help="the plan to put the user on (new users: free)")
        parser.add_argument("--name", default="", help="what the key is for")
        parser.add_argument(
            "--service", action="store_true", help="may act for end users through X-End-User"
        )

    @transaction.atomic
    def handle(
        self, *, email: str, tier: str | None, name: str, service: bool, **options: Any
    ) -> None:
        try:
            validate_email(email)
        except ValidationError:
            raise CommandError(f"{email!r} is not an email address.") from None
        user = user_on_tier(email, tier)
        scopes = SCOPES if service else SCOPES[:1]
        _key, secret = api_key_issue(user=user, name=name, scopes=scopes, actor=ACTOR)
        self.stdout.write(secret)


def user_on_tier(email: str, tier_name: str | None) -> User:
    tier = tier_get(tier_name or FREE_TIER)
    user = User.objects.filter(email__iexact=email).first()
    if user is None:
        return User.objects.create_user(email, tier=tier)
    if not user.is_active:
        raise CommandError(f"{email} is deactivated; activate the account first.")
    if tier_name and user.tier_id != tier.pk:
        tier_change(user=user, tier=tier, actor=ACTOR, at=now())
    return user


def tier_get(name: str) -> Tier:
    names = sorted(Tier.objects.values_list("name", flat=True))
    if not names:
        raise CommandError("There are no tiers yet; run manage.py load_defaults first.")
    if name not in names:
        raise CommandError(f"There is no tier {name}; there are: {', '.join(names)}.")
    return Tier.objects.get(name=name)
