"""Keys, end users, default tiers, and the audit row of each change."""

import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import ApiKey, AuditEvent, Tier, User
from accounts.services import (
    api_key_issue,
    api_key_revoke,
    end_user_get,
    key_digest,
    snapshot,
    tiers_load,
)
from costcontrol.lib.errors import BadRequest

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def alice(db: None) -> User:
    tiers_load()
    return User.objects.create_user("alice@example.org")


def test_a_key_is_a_prefix_and_a_256_bit_secret(alice: User) -> None:
    key, secret = api_key_issue(user=alice, name="laptop", actor="tests")
    assert re.fullmatch(r"cc-[a-z0-9]{8}-[A-Za-z0-9_-]{43}", secret)
    assert secret.startswith(f"cc-{key.prefix}-")


def test_only_the_digest_of_the_whole_key_is_kept(alice: User) -> None:
    key, secret = api_key_issue(user=alice, actor="tests")
    key.refresh_from_db()
    assert key.digest == hashlib.sha256(secret.encode()).hexdigest() == key_digest(secret)
    assert secret[12:] not in str(list(ApiKey.objects.values()))


def test_two_keys_differ(alice: User) -> None:
    first, second = (api_key_issue(user=alice, actor="tests") for _ in range(2))
    assert first[0].prefix != second[0].prefix
    assert first[1][12:] != second[1][12:]


def test_issuing_and_revoking_are_written_down_without_secrets(alice: User) -> None:
    key, secret = api_key_issue(user=alice, scopes=("call", "service"), actor="bob")
    api_key_revoke(key, at=NOON, actor="charlie")
    revoked, issued = AuditEvent.objects.all()
    assert (issued.action, issued.actor) == ("api_key_issue", "bob")
    assert (revoked.action, revoked.actor) == ("api_key_revoke", "charlie")
    assert revoked.before["revoked_at"] is None
    assert revoked.after["revoked_at"] == "2026-11-25T12:00:00Z"
    trail = str(list(AuditEvent.objects.values()))
    assert key.digest not in trail
    assert secret not in trail


def test_a_key_is_revoked_once(alice: User) -> None:
    key, _ = api_key_issue(user=alice, actor="tests")
    assert api_key_revoke(key, at=NOON, actor="tests")
    assert not api_key_revoke(key, at=NOON.replace(hour=13), actor="tests")
    key.refresh_from_db()
    assert key.revoked_at == NOON
    assert AuditEvent.objects.filter(action="api_key_revoke").count() == 1


def test_an_unknown_scope_is_refused(alice: User) -> None:
    with pytest.raises(ValueError, match="admin"):
        api_key_issue(user=alice, scopes=("call", "admin"), actor="tests")
    assert not ApiKey.objects.exists()


def test_an_end_user_is_made_on_the_free_tier_on_first_sight(alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(tier="premium")
    bob = end_user_get(owner=alice, external_id="bob")
    assert (bob.tier_id, bob.owner_id, bob.email) == ("free", alice.pk, None)
    assert not bob.has_usable_password()


def test_an_end_user_keeps_the_tier_that_they_were_given(alice: User) -> None:
    bob = end_user_get(owner=alice, external_id="bob")
    User.objects.filter(pk=bob.pk).update(tier="premium")
    again = end_user_get(owner=alice, external_id="bob")
    assert (again.pk, again.tier_id) == (bob.pk, "premium")


def test_two_services_may_use_the_same_name_for_different_people(alice: User) -> None:
    charlie = User.objects.create_user("charlie@example.org")
    first = end_user_get(owner=alice, external_id="1")
    assert end_user_get(owner=charlie, external_id="1").pk != first.pk


@pytest.mark.parametrize("name", ["", "x" * 129])
def test_an_end_user_needs_a_name_of_at_most_128_characters(alice: User, name: str) -> None:
    with pytest.raises(BadRequest, match="X-End-User"):
        end_user_get(owner=alice, external_id=name)


def test_a_name_of_128_characters_is_accepted(alice: User) -> None:
    assert end_user_get(owner=alice, external_id="x" * 128).external_id == "x" * 128


@pytest.mark.django_db(transaction=True)
def test_twenty_first_sights_at_once_make_one_user() -> None:
    tiers_load()
    alice = User.objects.create_user("alice@example.org")

    def first_sight(_: int) -> int:
        try:
            return end_user_get(owner=alice, external_id="bob").pk
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(first_sight, range(20)))) == 1


def test_the_database_refuses_a_second_end_user_of_the_same_name(alice: User) -> None:
    end_user_get(owner=alice, external_id="bob")
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(owner=alice, external_id="bob")


def test_the_database_refuses_a_user_without_email_and_owner(alice: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(email=None)


def test_default_tiers_are_those_of_the_plans(db: None) -> None:
    assert tiers_load() == 3
    tiers = Tier.objects.in_bulk()
    assert [tiers[name].debates_per_day for name in ("free", "premium", "enterprise")] == [
        5, 50, None,
    ]
    assert [tiers[name].route_mode for name in ("free", "premium", "enterprise")] == [
        "local", "hybrid", "cloud",
    ]
    assert tiers["free"].usd_per_day_nanos == 50_000_000
    assert tiers["free"].allowed_classes == ["local"]


def test_an_edited_tier_stays_as_it_is(db: None) -> None:
    tiers_load()
    Tier.objects.filter(name="free").update(debates_per_day=7)
    assert tiers_load() == 0
    assert Tier.objects.get(name="free").debates_per_day == 7


def test_a_snapshot_is_json_without_secrets(alice: User) -> None:
    alice.set_password("correct horse")
    row = snapshot(alice)
    assert row["email"] == "alice@example.org"
    assert row["tier_id"] == "free"
    assert "password" not in row
