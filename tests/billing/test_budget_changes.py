"""Budgets that staff change, and windows that they raise once: what holds, and until when."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEvent, User
from accounts.services import tiers_load
from billing import ledger
from billing.budget_changes import budget_delete, budget_set, cap_raise, raise_end
from billing.budgets import book_version, rule_of_budget, user_caps_apply, window_get
from billing.models import Budget, Window
from costcontrol.lib.errors import BadRequest, NotFound
from tests.billing.books import NOW, reserve

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
CENT, DAY = 10_000_000, timedelta(days=1)
BY = {"actor": "alice@example.org", "now": NOW}


@pytest.fixture(autouse=True)
def tiers() -> None:
    tiers_load()


def budget(cap: int = 10 * CENT, **more: Any) -> Budget:
    facts = {"kind": "platform", "scope_id": "", "period": "day"} | more
    return budget_set(**facts, values={"cap_nanos": cap}, **BY)


def window(of: Budget, *, days: int = 0) -> Window:
    return Window.objects.get(pk=window_get(rule_of_budget(of), now=NOW + days * DAY).id)


def raised(of: Budget, cap: int = 30 * CENT) -> Window:
    return cap_raise(of.pk, cap_nanos=cap, reason="a launch", **BY)


def is_admitted(where: Window, amount: int) -> bool:
    return reserve(where, amount=amount)[1].is_admitted


def test_a_raise_holds_for_the_next_call_and_for_this_window_only() -> None:
    of = budget()
    today = window(of)
    assert not is_admitted(today, 20 * CENT)
    raised(of)
    assert is_admitted(today, 20 * CENT)
    assert not is_admitted(today, 20 * CENT)
    assert window(of, days=1).cap == 10 * CENT
    assert Budget.objects.get(pk=of.pk).cap_nanos == 10 * CENT
    assert ledger.differences() == []


def test_a_raise_before_the_first_call_makes_the_window() -> None:
    of = budget()
    assert raised(of).cap == window(of).cap == 30 * CENT


def test_a_raise_can_be_raised_again_and_ended() -> None:
    of = budget()
    raised(of)
    assert raised(of, 40 * CENT).raised_from == 10 * CENT
    assert [raise_end(of.pk, **BY) for _ in range(2)] == [True, False]
    assert (window(of).cap, window(of).raised_from) == (10 * CENT, None)


def test_other_changes_leave_a_raise_alone_and_a_changed_cap_ends_it() -> None:
    of = budget()
    raised(of)
    budget(period="month")  # another budget of the same scope
    budget_set("platform", "", "day", {"soft_percent": 50}, **BY)
    assert (window(of).cap, window(of).soft_percent) == (30 * CENT, 50)
    budget(20 * CENT)
    assert (window(of).cap, window(of).raised_from) == (20 * CENT, None)


def test_a_plan_that_is_applied_anew_leaves_a_raise_of_ones_own_budget_alone() -> None:
    user = User.objects.create_user("ben@example.org", tier_id="premium")
    of = budget(kind="user", scope_id=str(user.pk))
    raised(of)
    user_caps_apply(user=user, at=NOW)
    assert window(of).cap == 30 * CENT


@pytest.mark.parametrize(
    ("cap", "reason", "words"), [(10 * CENT, "why", "higher amount"), (30 * CENT, "", "why")]
)
def test_what_is_no_raise_is_refused_in_words(cap: int, reason: str, words: str) -> None:
    of = budget()
    with pytest.raises(BadRequest, match=words):
        cap_raise(of.pk, cap_nanos=cap, reason=reason, **BY)
    assert window(of).cap == 10 * CENT


def test_a_budget_without_an_end_is_changed_instead() -> None:
    with pytest.raises(BadRequest, match="never begins anew"):
        raised(budget(period="total"))


def test_everything_is_in_the_audit_log_with_its_reason() -> None:
    of = budget()
    raised(of)
    raise_end(of.pk, **BY, reason="over")
    budget_delete(of.pk, **BY, reason="not needed", request_id="r-1")
    rows = AuditEvent.objects.order_by("pk").values_list("action", "reason", "request_id")
    assert list(rows) == [
        ("budget_set", "", ""), ("budget_raise", "a launch", ""),
        ("budget_raise_end", "over", ""), ("budget_delete", "not needed", "r-1"),
    ]
    event = AuditEvent.objects.get(action="budget_raise")
    assert (event.before["cap"], event.after["cap"]) == (10 * CENT, 30 * CENT)


def test_a_deleted_budget_leaves_the_ceiling_of_the_plan() -> None:
    user = User.objects.create_user("ben@example.org", tier_id="premium")
    of = budget(kind="user", scope_id=str(user.pk))
    today, version = raised(of), book_version()
    budget_delete(of.pk, **BY)
    today.refresh_from_db()
    assert (today.cap, today.raised_from) == (200 * CENT, None)
    assert book_version() > version
    with pytest.raises(NotFound):
        budget_delete(of.pk, **BY)


def test_whoever_changes_a_budget_locks_the_book_first() -> None:
    """A raise does, and two who lock in different orders wait for each other for ever."""
    of = budget()
    for change in (budget, lambda: raised(of)):
        with CaptureQueriesContext(connection) as seen:
            change()
        touched = [
            table for each in seen for table in ("budget_book", "billing_budget")
            if f'"{table}"' in each["sql"]
        ]
        assert touched[0] == "budget_book"
