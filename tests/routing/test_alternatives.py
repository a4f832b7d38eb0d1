"""What a refused caller can do instead: only what is true, in both shapes of an error."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import translation

from costcontrol.lib.api import openai_error
from costcontrol.lib.errors import (
    BadRequest,
    BudgetExhausted,
    CostControlError,
    QuotaExceeded,
    RateLimited,
    TierFeature,
)
from costcontrol.lib.problems import problem_of
from costcontrol.lib.sentences import Sentence as _
from routing import alternatives
from routing.snapshot import Snapshot
from tests.routing.test_policy import FREE, LOCAL, MID, PREMIUM_PLAN, situation, tier

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
MIDNIGHT = "2026-11-26T00:00:00+09:00"


def known(*, house: Any = (LOCAL, MID), has_replays: bool = False) -> Snapshot:
    return replace(situation(house=house).snapshot, has_replays=has_replays)


def found(error: CostControlError, snapshot: Snapshot | None = None, **more: Any) -> Any:
    facts: dict[str, Any] = {"tier": PREMIUM_PLAN, "language": "en", "now": NOW} | more
    alternatives.add(error, snapshot=snapshot or known(), **facts)
    return error.details.get("alternatives")


def closed() -> BudgetExhausted:
    return BudgetExhausted("x", resets_at=MIDNIGHT, still_works=["cache", "local"])


def test_until_when_to_wait_and_the_model_that_costs_nothing() -> None:
    assert found(closed()) == {"wait_until": MIDNIGHT, "mode": "local"}


def test_a_minute_that_is_full_opens_again_in_seconds() -> None:
    error = RateLimited("x", retry_after_s=15)
    assert found(error) == {"wait_until": "2026-11-25T12:00:15+00:00"}


def test_replays_are_named_when_somebody_shares_one() -> None:
    error = QuotaExceeded("x", still_works=["cache", "calls"])
    assert found(error, known(has_replays=True)) == {"watch_replay": True}


@pytest.mark.parametrize(
    "more",
    [
        {"language": "ko"},  # which the local model does not speak
        {"snapshot": known(house=(MID,))},
        {"tier": tier("hybrid", ("mid",))},
        {"may_go_local": False},
    ],
)
def test_no_local_model_is_promised_that_could_not_answer(more: dict[str, Any]) -> None:
    assert found(closed(), **more) == {"wait_until": MIDNIGHT}


def test_a_class_that_the_plan_lacks_leaves_the_local_one() -> None:
    assert found(TierFeature("x"), tier=FREE) == {"mode": "local"}


def test_where_nothing_helps_nothing_is_said() -> None:
    assert found(QuotaExceeded("x", still_works=["cache"])) is None
    assert found(BadRequest("x")) is None


def test_both_shapes_say_them_and_the_next_plan_in_the_callers_language() -> None:
    offer = _("%(count)d debates a day") % {"count": 20}
    error = QuotaExceeded(
        _("Wait a moment."), resets_at=MIDNIGHT, upgrade={"tier": "premium", "benefit": offer}
    )
    alternatives.add(error, snapshot=known(), tier=FREE, language="en", now=NOW)
    said = openai_error(error, accept_language="en")["error"]
    with translation.override("en"):
        problem = problem_of(error)
    for body in (said, problem):
        assert body["alternatives"] == {"wait_until": MIDNIGHT}
        assert body["upgrade"] == {"tier": "premium", "benefit": "20 debates a day"}
