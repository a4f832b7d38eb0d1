"""The rows a new installation starts with: prices, tiers, a budget, deployments, a policy,
the catalogue of debates, and what savings are measured against.

Safe to run at every start: it adds what is missing and never touches what an operator edited.
"""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import transaction

from accounts.services import tiers_load
from billing.alerting import defaults as alert_defaults
from billing.models import Budget, ScopeKind
from billing.plans import packs_load, plans_load
from billing.price_book import book_load, read_book
from billing.prices import PriceTable
from costcontrol.lib.clock import now
from costcontrol.lib.money import from_usd
from routing import frozen
from routing.debates.shipped import catalogue_load
from routing.debates.topic_calibration import resolver_prepare
from routing.models import Deployment, RoutePolicy

ACTOR = "command load_defaults"

LOCAL, ECONOMY = Deployment.ModelClass.LOCAL, Deployment.ModelClass.ECONOMY
MID, PREMIUM = Deployment.ModelClass.MID, Deployment.ModelClass.PREMIUM


def anthropic(model: str, model_class: str) -> dict[str, Any]:
    """Claude counts about 1.5 tokens where our own counter, made for GPT, counts one."""
    return cloud("anthropic", model, model_class) | {
        "context_tokens": 1_000_000, "token_factor": 1.5, "priority": 100,
    }


def openai(model: str, model_class: str) -> dict[str, Any]:
    return cloud("openai", model, model_class) | {"context_tokens": 1_050_000, "priority": 200}


def cloud(provider: str, model: str, model_class: str) -> dict[str, Any]:
    return {
        "name": f"{provider}/{model}",
        "provider": provider,
        "model": model,
        "model_class": model_class,
        "languages": ["en", "ko"],
        "max_output_tokens": 32_000,
    }


DEPLOYMENTS: tuple[dict[str, Any], ...] = (
    {
        "name": "embedded/smollm2-135m",
        "provider": "embedded",
        "model": "smollm2-135m",
        "model_class": LOCAL,
        "languages": ["en"],
        "context_tokens": 2048,
        "max_output_tokens": 512,
        "max_concurrency": 1,
        "priority": 900,  # after every real local model
    },
    anthropic("claude-haiku-5-5", ECONOMY),
    openai("gpt-6-luna", ECONOMY),
    anthropic("claude-sonnet-5-5", MID),
    openai("gpt-6.1-terra", MID),
    anthropic("claude-opus-5-5", PREMIUM),
    openai("gpt-6.1-sol", PREMIUM),
)

CELLS = {
    "local": {"simple": ["local"], "medium": ["local"], "complex": ["local"]},
    "hybrid": {
        "simple": ["local", "economy"],
        "medium": ["economy", "local"],
        "complex": ["premium", "mid", "economy", "local"],
    },
    "cloud": {
        "simple": ["economy", "mid"],
        "medium": ["mid", "economy", "premium"],
        "complex": ["premium", "mid"],
    },
    "economy": {
        "simple": ["local", "economy"],
        "medium": ["local", "economy"],
        "complex": ["economy", "local", "mid"],
    },
}


class Command(BaseCommand):
    help = "Adds the default rows that are missing; never changes one that exists."

    def handle(self, *args: Any, **options: Any) -> None:
        self._rows_load()
        self.stdout.write(str(resolver_prepare()))  # reads a model: no transaction waits for it

    @transaction.atomic
    def _rows_load(self) -> None:
        prices = book_load(read_book(), at=now(), actor=ACTOR)
        catalogue = catalogue_load()
        added = {
            "prices": prices.inserted,
            "tiers": tiers_load(),
            "plan prices": plans_load(),
            "credit packs": packs_load(),
            "budgets": budget_load(),
            "deployments": deployments_load(),
            "policies": policy_load(),
            "philosophers": catalogue.philosophers + catalogue.versions,
            "topics": catalogue.topics,
            "kinds of call": catalogue.kinds,
            "alert rules": alert_defaults.rules_load(now=now()),
            "baselines": frozen.freeze_missing(at=now(), actor=ACTOR),
        }
        counts = ", ".join(f"{count} {name}" for name, count in added.items() if count)
        self.stdout.write(f"Default rows added: {counts or 'none, all there'}.")


def budget_load() -> int:
    """One budget for everything: $100 a day, economy mode from 80%."""
    is_made = Budget.objects.get_or_create(
        scope_kind=ScopeKind.PLATFORM,
        scope_id="",
        period=Budget.Period.DAY,
        defaults={
            "cap_nanos": from_usd("100"), "soft_percent": 80, "zone": settings.DEFAULT_ZONE
        },
    )[1]
    return int(is_made)


def deployments_load() -> int:
    """Only models that have a price: what cannot be priced cannot be called."""
    table = PriceTable.load(now())
    priced = [row for row in DEPLOYMENTS if table.has(row["provider"], row["model"])]
    made = [
        Deployment.objects.get_or_create(name=row["name"], defaults=row)[1] for row in priced
    ]
    return sum(made)


def policy_load() -> int:
    if RoutePolicy.objects.exists():
        return 0
    RoutePolicy.objects.create(
        version=1, status=RoutePolicy.Status.PUBLISHED, cells=CELLS, published_at=now()
    )
    return 1
