"""The catalogue, two customers and a member of the staff, and debates of theirs."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Tier, User
from routing.debates.plan import Shape, plan_of
from routing.models import Debate, Philosopher, Turn
from tests.services.defaults import defaults_copy


@pytest.fixture(autouse=True)
def catalogue(db: None) -> None:
    defaults_copy()


def person(email: str, **columns: Any) -> User:
    return User.objects.create_user(email, tier=Tier.objects.get(name="premium"), **columns)


@pytest.fixture
def bob(catalogue: None) -> User:
    return person("bob@example.com")


@pytest.fixture
def alice(catalogue: None) -> User:
    return person("alice@example.com", is_staff=True, is_superuser=True)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def debate_of(user: User, *, said: int = 0, **columns: Any) -> Debate:
    facts = {"format": "1v1", "language": "en", "topic": "Is virtue knowledge?", "is_lean": True}
    cast = {"pro": [entry("socrates")], "con": [entry("aristotle")]}
    debate = Debate.objects.create(
        user_id=user.pk, created_at=timezone.now(), **facts | {"cast": cast} | columns
    )
    for step in plan_of(Shape(debate.format, debate.seat, is_lean=True))[:said]:
        turn_of(debate, step.index)
    return debate


def turn_of(debate: Debate, index: int, **columns: Any) -> Turn:
    step = plan_of(Shape(debate.format, debate.seat, is_lean=True))[index]
    number = debate.turns.count() + 1
    facts = {
        "status": "completed", "source": "user" if step.is_users else "live", "text": f"#{index}",
        "model_class": "economy", "deployment": "anthropic/claude-haiku-5-5",
        "cost_nanos": 1_250_000,
    }
    return Turn.objects.create(
        debate=debate, number=number, step=index, stage=step.stage, kind=step.kind,
        speaker=step.speaker, target=step.target, created_at=timezone.now(), **facts | columns,
    )


def entry(key: str) -> dict[str, Any]:
    row = Philosopher.objects.get(key=key, is_current=True)
    return {"key": key, "version": row.version, "name_ko": row.name_ko, "name_en": row.name_en}
