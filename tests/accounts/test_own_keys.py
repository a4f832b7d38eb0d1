"""Keys that people make for themselves: how many, how called, what they may do, how they end."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission

from accounts import auth
from accounts.keys import (
    MAX_OPEN,
    TooManyKeys,
    key_create,
    key_revoke,
    key_rotate,
    open_keys,
    own_key,
    scopes_allowed,
)
from accounts.models import ApiKey, AuditEvent, User
from accounts.services import api_key_issue, tiers_load
from billing.models import Budget
from costcontrol.lib import clock
from costcontrol.lib.errors import BadRequest, Conflict, NotFound, Refused, Unauthenticated

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def alice(db: None) -> User:
    tiers_load()
    return User.objects.create_user("alice@example.org")


def test_key_works_at_once(alice: User) -> None:
    new = key_create(alice, name="laptop", now=NOW)
    assert auth.look_up(new.secret, "", NOW).caller.user_id == alice.pk
    assert (new.key.name, new.key.scopes) == ("laptop", ["call"])


def test_name_has_80_characters_at_most(alice: User) -> None:
    assert key_create(alice, name="x" * 80, now=NOW)
    with pytest.raises(BadRequest, match="10,000 characters"):
        key_create(alice, name="x" * 10_000, now=NOW)
    with pytest.raises(BadRequest, match="81 characters"):
        key_create(alice, name="x" * 81, now=NOW)
    assert ApiKey.objects.count() == 1


def test_so_many_keys_and_not_one_more(alice: User) -> None:
    for _ in range(MAX_OPEN):
        last = key_create(alice, name="", now=NOW).key
    with pytest.raises(TooManyKeys, match="Revoke one"):
        key_create(alice, name="", now=NOW)
    with pytest.raises(TooManyKeys):
        key_rotate(last, overlap="day", now=NOW)
    key_revoke(last, now=NOW)
    assert key_create(alice, name="", now=NOW)


def test_expired_and_other_peoples_keys_do_not_count(alice: User) -> None:
    api_key_issue(user=alice, expires_at=NOW, actor="tests")
    api_key_issue(user=User.objects.create_user("bob@example.org"), actor="tests")
    assert not open_keys(alice, now=NOW).exists()
    assert open_keys(alice, now=NOW - SECOND).count() == 1


@pytest.mark.parametrize("days", [0, -1, 367])
def test_expiry_lies_within_a_year(alice: User, days: int) -> None:
    with pytest.raises(BadRequest, match="366 days"):
        key_create(alice, name="", now=NOW, expires_at=NOW + timedelta(days=days))
    assert key_create(alice, name="", now=NOW, expires_at=NOW + timedelta(days=366))


def test_service_keys_are_for_those_whom_staff_allowed_it(alice: User) -> None:
    with pytest.raises(Refused, match="issued by"):
        key_create(alice, name="", now=NOW, is_service=True)
    alice.user_permissions.add(Permission.objects.get(codename="add_apikey"))
    allowed = User.objects.get(pk=alice.pk)
    assert scopes_allowed(allowed) == ("call", "service")
    assert key_create(allowed, name="", now=NOW, is_service=True).key.scopes == ["call", "service"]


def test_nobody_finds_the_key_of_another(alice: User) -> None:
    bob = User.objects.create_user("bob@example.org")
    key = key_create(alice, name="", now=NOW).key
    assert own_key(alice, key.prefix) == key
    with pytest.raises(NotFound):
        own_key(bob, key.prefix)


# --- rotation ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("overlap", "length"),
    [("hour", timedelta(hours=1)), ("day", timedelta(days=1)), ("week", timedelta(days=7))],
)
def test_old_key_works_until_the_overlap_is_over(
    alice: User, overlap: str, length: timedelta
) -> None:
    old = key_create(alice, name="laptop", now=NOW)
    new = key_rotate(old.key, overlap=overlap, now=NOW)
    known = auth.look_up(old.secret, "", NOW)
    assert auth.valid(known, NOW + length - SECOND)
    with pytest.raises(Unauthenticated):
        auth.valid(known, NOW + length)
    assert auth.look_up(new.secret, "", NOW).expires_at is None
    assert new.key.name == "laptop"


def test_old_key_ends_at_once_if_that_is_wanted(alice: User) -> None:
    old = key_create(alice, name="", now=NOW)
    key_rotate(old.key, overlap="now", now=NOW)
    with pytest.raises(Unauthenticated, match="revoked"):
        auth.look_up(old.secret, "", NOW)


def test_overlap_never_makes_a_key_live_longer(alice: User) -> None:
    soon = clock.now() + timedelta(hours=1)
    old = key_create(alice, name="", now=clock.now(), expires_at=soon)
    key_rotate(old.key, overlap="week", now=clock.now())
    old.key.refresh_from_db()
    assert old.key.expires_at == soon


def test_rotated_key_lives_as_long_as_the_old_one_was_meant_to(alice: User) -> None:
    now = clock.now()
    old = key_create(alice, name="", now=now, expires_at=now + timedelta(days=30))
    later = now + timedelta(days=20)
    new = key_rotate(old.key, overlap="day", now=later)
    assert new.key.expires_at is not None
    assert abs(new.key.expires_at - (later + timedelta(days=30))) < timedelta(minutes=1)


def test_rotated_service_key_stays_one(alice: User) -> None:
    key, _secret = api_key_issue(user=alice, scopes=("call", "service"), actor="staff")
    assert key_rotate(key, overlap="now", now=NOW).key.scopes == ["call", "service"]


def test_budget_of_a_key_holds_for_the_one_that_takes_its_place(alice: User) -> None:
    old = key_create(alice, name="", now=NOW).key
    Budget.objects.create(scope_kind="key", scope_id=old.prefix, period="day", cap_nanos=7)
    new = key_rotate(old, overlap="day", now=NOW).key
    caps = dict(Budget.objects.filter(scope_kind="key").values_list("scope_id", "cap_nanos"))
    assert caps == {old.prefix: 7, new.prefix: 7}


@pytest.mark.parametrize("overlap", ["", "month", "7"])
def test_overlap_that_is_not_offered_is_refused(alice: User, overlap: str) -> None:
    key = key_create(alice, name="", now=NOW).key
    with pytest.raises(BadRequest):
        key_rotate(key, overlap=overlap, now=NOW)
    assert ApiKey.objects.count() == 1


@pytest.mark.parametrize("how", ["revoked", "expired"])
def test_key_that_is_over_is_not_rotated(alice: User, how: str) -> None:
    key = key_create(alice, name="", now=NOW).key
    end = {"revoked_at": NOW} if how == "revoked" else {"expires_at": NOW}
    ApiKey.objects.filter(pk=key.pk).update(**end)
    with pytest.raises(Conflict, match="Make a new one"):
        key_rotate(key, overlap="day", now=NOW)
    assert ApiKey.objects.count() == 1


def test_each_change_is_in_the_audit_trail_without_a_secret(alice: User) -> None:
    old = key_create(alice, name="laptop", now=NOW)
    new = key_rotate(old.key, overlap="now", now=NOW)
    key_revoke(new.key, now=NOW)
    trail = list(AuditEvent.objects.order_by("pk"))
    assert [event.action for event in trail] == [
        "api_key_issue", "api_key_issue", "api_key_revoke", "api_key_revoke"
    ]
    assert {event.actor for event in trail} == {alice.email}
    said = str([(event.target, event.before, event.after) for event in trail])
    assert old.secret[12:] not in said
    assert new.key.digest not in said


def test_revoking_twice_is_no_second_event(alice: User) -> None:
    key = key_create(alice, name="", now=NOW).key
    assert key_revoke(key, now=NOW)
    assert not key_revoke(key, now=NOW)
