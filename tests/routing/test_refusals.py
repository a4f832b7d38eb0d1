"""Full windows in words."""

from datetime import UTC, datetime

import pytest

from billing.budgets import Rule, WindowRef
from billing.holds import NoRoom
from billing.ledger import Room
from billing.models import Metric, ScopeKind
from costcontrol.lib.errors import BudgetExhausted, QuotaExceeded, RateLimited, Refused
from routing import refusals
from tests.routing.test_limits import caller

NOW, MIDNIGHT = datetime(2026, 11, 25, 12, tzinfo=UTC), datetime(2026, 11, 25, 15, tzinfo=UTC)


def refused(
    kind: str, name: str, metric: str, *, cap: int, spent: int, ends: bool = True
) -> Refused:
    window = WindowRef(1, Rule(kind, name, metric, "day", cap), NOW, MIDNIGHT if ends else None)
    full = NoRoom([window], (Room(1, cap, spent, 0),))
    return refusals.of_no_room(full, tier=caller(1).tier, now=NOW)


def test_quota_of_a_user_says_limit_used_and_when_it_opens() -> None:
    error = refused(ScopeKind.USER, "7", Metric.DEBATES, cap=5, spent=5)
    assert isinstance(error, QuotaExceeded)
    assert error.message == (
        "Limit reached: 5 of 5 debates until 2026-11-25T15:00:00+00:00. "
        "Cached answers still work."
    )
    assert error.retry_after_s == 3 * 3600
    assert error.details == {
        "scope": "user", "metric": "debates", "limit": 5, "used": 5,
        "resets_at": "2026-11-25T15:00:00+00:00", "still_works": ["cache"],
        "upgrade": {"from": "free"},
    }


def test_money_is_said_in_dollars() -> None:
    error = refused(ScopeKind.USER, "7", Metric.USD, cap=50_000_000, spent=49_999_000)
    assert "$0.0500 of $0.0500" in error.message


@pytest.mark.parametrize(
    ("kind", "name", "scope"),
    [("platform", "", "platform"), ("tier", "free", "tier:free"),
     ("provider", "anthropic", "provider:anthropic")],
)  # fmt: skip
def test_budget_of_the_operator_says_what_still_works_and_no_figures(
    kind: str, name: str, scope: str
) -> None:
    error = refused(kind, name, Metric.USD, cap=100, spent=100)
    assert isinstance(error, BudgetExhausted)
    assert error.details["scope"] == scope
    assert error.details["still_works"] == ["cache", "local"]
    assert not {"limit", "used"} & error.details.keys()


def test_calls_at_once_are_a_matter_of_a_second() -> None:
    error = refused(ScopeKind.USER, "7", Metric.CONCURRENT, cap=3, spent=0, ends=False)
    assert isinstance(error, RateLimited)
    assert (error.retry_after_s, error.details) == (1, {"limit": 3})


def test_limit_that_never_opens_again_promises_nothing() -> None:
    error = refused(ScopeKind.DEBATE, "d1", Metric.REQUESTS, cap=300, spent=300, ends=False)
    assert "until" not in error.message
    assert error.retry_after_s is None
