"""Circuit breakers and probes."""

import time
from collections.abc import Iterator

import pytest

from routing import health
from routing.health import FAILURES_TO_OPEN, Breaker
from routing.types import DeploymentSpec, ModelClass


@pytest.fixture(autouse=True)
def nobody_remembers() -> Iterator[None]:
    health.forget_all()
    yield
    health.forget_all()


def failed(times: int) -> Breaker:
    breaker = Breaker()
    for _ in range(times):
        breaker.failed("it fails")
    return breaker


def test_breaker_opens_with_the_fifth_failure() -> None:
    assert failed(FAILURES_TO_OPEN - 1).refusal() == ""
    assert failed(FAILURES_TO_OPEN).refusal() == "it fails"


def test_failure_that_no_retry_can_mend_opens_at_once() -> None:
    breaker = Breaker()
    breaker.failed("wrong key", at_once=True)
    assert breaker.refusal() == "wrong key"


def test_success_closes_and_forgets() -> None:
    breaker = failed(FAILURES_TO_OPEN - 1)
    breaker.succeeded()
    breaker.failed("it fails")
    assert breaker.refusal() == ""


def test_after_a_while_one_call_tries() -> None:
    breaker = failed(FAILURES_TO_OPEN)
    breaker.open_until = 0.1  # long ago
    assert breaker.refusal() == ""
    assert breaker.refusal() == "it fails"


@pytest.mark.parametrize(("is_well", "says"), [(True, ""), (False, "it still fails")])
def test_the_trial_decides(is_well: bool, says: str) -> None:
    breaker = failed(FAILURES_TO_OPEN)
    breaker.open_until = 0.1
    breaker.refusal()
    if is_well:
        breaker.succeeded()
    else:
        breaker.failed("it still fails")
    assert breaker.refusal() == says


def test_a_trial_that_its_caller_gave_up_leaves_the_next_call_to_try() -> None:
    breaker = Breaker()
    breaker.failed("down", at_once=True)
    breaker.open_until = time.monotonic() - 1
    assert breaker.refusal() == ""
    assert breaker.refusal() == "down"
    breaker.abandoned()
    assert breaker.refusal() == ""


async def test_only_those_with_a_problem_are_named() -> None:
    up = DeploymentSpec("fake/up", "fake", "words", ModelClass.LOCAL)
    down = DeploymentSpec("fake/down", "fake", "down", ModelClass.LOCAL)
    assert await health.problems([up, down]) == {"fake/down": "the simulated model is down"}
