"""Who is answered more slowly, until when, and what the audit log says of it."""

from datetime import UTC, datetime, timedelta

import pytest

from accounts.closing import account_close
from accounts.models import AuditEvent, Throttle, User
from accounts.services import audit, end_user_get, tiers_load
from accounts.throttles import (
    Throttled,
    throttle_lift,
    throttle_set,
    throttles_known,
    throttles_of,
)
from accounts.types import Caller

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def user() -> User:
    tiers_load()
    return User.objects.create_user("ben@example.org")


def slow(user: User, limit: int, until: datetime | None = LATER) -> Throttle:
    return throttle_set(
        user=user, requests_per_minute=limit, until=until, reason="spends much",
        actor="alice@example.org", now=NOW,
    )


def test_it_holds_until_its_hour(user: User) -> None:
    slow(user, 2)
    assert throttles_known(NOW)[user.pk].requests_per_minute == 2
    assert throttles_known(LATER) == {}
    slow(user, 0, until=None)
    assert throttles_known(LATER + timedelta(days=900))[user.pk].is_suspended


def test_a_new_one_takes_the_place_of_the_old_one(user: User) -> None:
    slow(user, 5)
    slow(user, 2)
    assert Throttle.objects.count() == 1
    [newer, _older] = AuditEvent.objects.all()
    assert (newer.action, newer.target) == ("throttle_set", "ben@example.org")
    assert (newer.before["requests_per_minute"], newer.after["requests_per_minute"]) == (5, 2)
    assert newer.reason == "spends much"


def test_it_is_lifted_once(user: User) -> None:
    slow(user, 2)
    lifted = [throttle_lift(user_id=user.pk, actor="alice@example.org") for _ in range(2)]
    assert lifted == [True, False]
    assert throttles_known(NOW) == {}
    assert AuditEvent.objects.filter(action="throttle_lift").count() == 1


def test_both_hold_for_end_users_of_who_is_throttled_and_the_stricter_comes_first(
    user: User,
) -> None:
    end_user = end_user_get(owner=user, external_id="debater-1")
    of_holder, caller = Throttled(user.pk, 5, LATER), Caller.signed_in(end_user)
    known = {user.pk: of_holder}
    assert throttles_of(known, caller, now=NOW) == (of_holder,)
    assert throttles_of(known, caller, now=LATER) == ()
    stricter = Throttled(end_user.pk, 2, LATER)
    assert throttles_of(known | {end_user.pk: stricter}, caller, now=NOW) == (stricter, of_holder)
    over = Throttled(end_user.pk, 2, NOW)
    assert throttles_of(known | {end_user.pk: over}, caller, now=NOW) == (of_holder,)


def test_reasons_do_not_outlive_whom_they_name(user: User) -> None:
    slow(user, 2)
    audit("alice@example.org", "budget_raise", "window 1", reason="Ben@example.org asked")
    account_close(user, at=NOW)
    reasons = AuditEvent.objects.values_list("action", "reason")
    assert dict(reasons)["throttle_set"] == ""
    assert "ben@example.org" not in dict(reasons)["budget_raise"].lower()
    assert "asked" in dict(reasons)["budget_raise"]


def test_it_goes_with_the_account(user: User) -> None:
    slow(user, 2)
    account_close(user, at=NOW)
    assert not Throttle.objects.exists()
