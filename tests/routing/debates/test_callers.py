"""Whose debate it is, remembered and never out of date."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Tier, User
from costcontrol.lib import clock
from routing.debates.callers import caller_of
from routing.models import Debate

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]


@pytest.fixture
def debate() -> Debate:
    Tier.objects.create(name="free", title="Free", route_mode="local")
    tier = Tier.objects.create(name="premium", title="Premium", route_mode="cloud")
    user = User.objects.create_user(email="callers@example.com", password="x", tier=tier)
    return Debate(user_id=user.pk, key_prefix="cc-1", topic="t", created_at=clock.now())


def test_they_are_known_with_the_key_of_the_debate(debate: Debate) -> None:
    caller = caller_of(debate)

    assert caller
    assert (caller.user_id, caller.key_prefix) == (debate.user_id, "cc-1")
    assert caller.tier.name == "premium"


def test_the_second_look_is_one_query(
    debate: Debate, django_assert_num_queries: Callable[[int], Any]
) -> None:
    first = caller_of(debate)

    with django_assert_num_queries(1):
        assert caller_of(debate) == first


def test_another_plan_counts_at_once(debate: Debate) -> None:
    caller_of(debate)

    User.objects.filter(pk=debate.user_id).update(tier="free")

    caller = caller_of(debate)
    assert caller
    assert caller.tier.name == "free"


def test_an_edited_plan_counts_at_once(debate: Debate) -> None:
    caller_of(debate)

    Tier.objects.filter(pk="premium").update(concurrent_calls=3)

    caller = caller_of(debate)
    assert caller
    assert caller.tier.concurrent_calls == 3


def test_nobody_is_left_of_a_closed_account(debate: Debate) -> None:
    caller_of(debate)

    User.objects.filter(pk=debate.user_id).update(is_active=False)

    assert caller_of(debate) is None
