"""The rows of the made-up platform: people, keys, prices, a budget, and simulated models."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts.models import Member, Organisation, User
from accounts.services import api_key_issue
from billing.models import Budget, ModelPrice, ScopeKind
from costcontrol.demo.folder import KEY_NAME
from costcontrol.demo.people import APP, CAMPUS, OWN, SHARED, STUDIO, everybody
from costcontrol.demo.scenario import Scenario
from costcontrol.demo.upstream import HOST
from costcontrol.lib.money import from_usd
from costcontrol.supervisor import first_start
from costcontrol.supervisor.first_start import Login
from routing.models import Deployment

ACTOR = "command demo"
TIER_OF = {APP: "premium", CAMPUS: "enterprise", STUDIO: "enterprise"}
SERVICES = frozenset(TIER_OF)
# For each debate of a usual day; the last days of the replay have about twice as many.
DAY_USD, ENTERPRISE_MONTH_USD = Decimal("0.30"), Decimal(5)
PATHS = {"anthropic": "/anthropic", "openai": "/openai/v1"}
LOCAL: dict[str, Any] = {
    "name": "local/qwen3-8b-simulated",
    "provider": "openai",
    "model": "qwen3-8b",
    "model_class": "local",
    "languages": ["en", "ko"],
    "context_tokens": 32_768,
    "max_output_tokens": 4_096,
    "price_provider": "local",
    "priority": 50,
}


def furnish(scenario: Scenario, *, port: int) -> tuple[Login, dict[str, str]]:
    """Make the database and its rows. The staff login, and the secret key of each account."""
    first_start.prepare_database()
    with transaction.atomic():
        _prices_hold_from(scenario.first_instant - timedelta(days=1))
        Deployment.objects.filter(provider="embedded").update(is_enabled=False)
        Deployment.objects.get_or_create(name=LOCAL["name"], defaults=LOCAL)
        _budgets(round(Decimal(scenario.debates_a_day), 2))
        point_to(port)
        secrets = _people()
        login = first_start.staff_login_create()
    assert login  # the database is new
    return login, secrets


def point_to(port: int) -> None:
    """Send every deployment to the simulated providers."""
    for row in Deployment.objects.filter(provider__in=PATHS):
        path = "/local/v1" if row.model_class == "local" else PATHS[row.provider]
        row.base_url, row.api_key_env = f"http://{HOST}:{port}{path}", KEY_NAME
        row.save(update_fields=["base_url", "api_key_env"])


def _budgets(debates_a_day: Decimal) -> None:
    platform = Budget.objects.get(scope_kind=ScopeKind.PLATFORM)
    platform.cap_nanos = from_usd(DAY_USD * debates_a_day)
    platform.save(update_fields=["cap_nanos"])
    Budget.objects.create(
        scope_kind=ScopeKind.TIER, scope_id="enterprise", period=Budget.Period.MONTH,
        cap_nanos=from_usd(ENTERPRISE_MONTH_USD * debates_a_day),
    )


def _prices_hold_from(first: datetime) -> None:
    """The list prices of today, as if they had been the same for the whole time."""
    ModelPrice.objects.filter(effective_from__gt=first).update(effective_from=first)


def _people() -> dict[str, str]:
    tiers: Mapping[str, str] = TIER_OF | {email: tier for email, tier, _ in OWN}
    accounts = {email: User.objects.create_user(email, tier_id=t) for email, t in tiers.items()}
    no_password = make_password(None)
    User.objects.bulk_create(
        User(owner=accounts[each.account], external_id=each.end_user, tier_id=each.tier,
             password=no_password)
        for each in everybody()
        if each.end_user
    )
    for email, name in SHARED.items():
        _organisation(name, accounts[email])
    return {email: _key(user) for email, user in accounts.items()}


def _organisation(name: str, account: User) -> None:
    """The account owns it; whom its service key speaks for are members."""
    made = Organisation.objects.create(name=name, tier_id=account.tier_id)
    Member.objects.create(organisation=made, user=account, role=Member.Role.OWNER)
    Member.objects.bulk_create(
        Member(organisation=made, user=each) for each in account.end_users.order_by("pk")
    )


def _key(user: User) -> str:
    scopes = ["call", "service"] if user.email in SERVICES else ["call"]
    return api_key_issue(user=user, name="demo", scopes=scopes, actor=ACTOR)[1]
