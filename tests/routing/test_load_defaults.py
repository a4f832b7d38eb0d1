"""What a new installation starts with."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import call_command

from accounts.models import Tier
from billing.models import Budget, ModelPrice
from billing.prices import PriceTable
from routing.models import Deployment, RoutePolicy
from routing.services import cells_check

pytestmark = pytest.mark.django_db


def load() -> str:
    out = StringIO()
    call_command("load_defaults", stdout=out)
    return out.getvalue()


def test_a_new_installation_has_all_that_a_call_needs() -> None:
    load()
    assert Tier.objects.filter(name="free").exists()
    budget = Budget.objects.get()
    assert (budget.scope_kind, budget.period, budget.cap_nanos) == ("platform", "day", 100 * 10**9)
    assert (budget.soft_percent, budget.zone) == (80, "Asia/Seoul")
    policy = RoutePolicy.objects.get()
    assert (policy.version, policy.status) == (1, "published")
    cells_check(policy.cells)


def test_every_class_has_a_deployment_and_every_deployment_a_price() -> None:
    load()
    rows = list(Deployment.objects.all())
    table = PriceTable.load(datetime.now(UTC))
    assert {row.model_class for row in rows} == {"local", "economy", "mid", "premium"}
    assert all(table.has(row.provider, row.model) for row in rows)


def test_the_built_in_model_is_never_offered_korean() -> None:
    load()
    assert Deployment.objects.get(provider="embedded").languages == ["en"]


def test_loading_again_adds_nothing() -> None:
    load()
    counts = [model.objects.count() for model in (Tier, Budget, ModelPrice, Deployment)]
    assert "none, all there" in load()
    assert counts == [model.objects.count() for model in (Tier, Budget, ModelPrice, Deployment)]


def test_loading_again_overwrites_nothing_that_an_operator_edited() -> None:
    load()
    Budget.objects.update(cap_nanos=7)
    Tier.objects.filter(name="free").update(concurrent_calls=1)
    Deployment.objects.filter(provider="openai").update(is_enabled=False)
    RoutePolicy.objects.update(status="retired")
    load()
    assert Budget.objects.get().cap_nanos == 7
    assert Tier.objects.get(name="free").concurrent_calls == 1
    assert not Deployment.objects.filter(provider="openai", is_enabled=True).exists()
    assert RoutePolicy.objects.count() == 1
