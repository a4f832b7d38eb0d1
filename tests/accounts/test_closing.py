"""Closing an account: doors shut, names gone, and what has to be done first."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.test import Client

from accounts import auth, signals
from accounts.closing import (
    LastAdministrator,
    account_close,
    email_confirmed,
    shell_address,
)
from accounts.models import AuditEvent, Invitation, Member, Organisation, User
from accounts.organisations import LastOwner, organisation_create
from accounts.services import api_key_issue, audit, snapshot, tiers_load
from costcontrol.lib.errors import BadRequest, Conflict, Unauthenticated

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def alice(db: None) -> User:
    tiers_load()
    return User.objects.create_user(
        "alice@example.org", "correct horse battery", language="ko", zone="Asia/Seoul"
    )


def closed(user: User) -> User:
    assert account_close(user, at=NOW)
    user.refresh_from_db()
    return user


def test_row_stays_as_a_shell_that_says_nothing(alice: User) -> None:
    pk, uuid = alice.pk, alice.uuid
    shell = closed(alice)
    assert (shell.pk, shell.uuid, shell.deleted_at) == (pk, uuid, NOW)
    assert shell.email == f"deleted-{uuid}@deleted.invalid"
    assert not shell.has_usable_password()
    assert not shell.is_active
    assert "alice" not in str(snapshot(shell))
    assert (shell.language, shell.zone) == ("", "")


def test_keys_are_revoked_and_lose_their_names(alice: User) -> None:
    key, secret = api_key_issue(user=alice, name="Alice's phone", actor="tests")
    closed(alice)
    key.refresh_from_db()
    assert (key.revoked_at, key.name) == (NOW, "")
    with pytest.raises(Unauthenticated):
        auth.look_up(secret, "", NOW)


def test_nobody_is_signed_in_any_more_or_can_sign_in(alice: User, client: Client) -> None:
    client.post("/login/", {"login": alice.email, "password": "correct horse battery"})
    assert client.get("/account/security/").status_code == 200
    email = alice.email
    closed(alice)
    assert client.get("/account/security/").status_code == 302
    assert not Session.objects.exists()
    again = client.post("/login/", {"login": email, "password": "correct horse battery"})
    assert again.status_code == 200  # the form again, with what is wrong
    assert "do not belong together" in again.content.decode()


def test_what_belongs_to_signing_in_is_deleted(alice: User) -> None:
    EmailAddress.objects.get_or_create(user=alice, email="alice@work.example.org")
    Authenticator.objects.create(user=alice, type="totp", data={})
    UserSession.objects.create(user=alice, ip="127.0.0.1", session_key="s", user_agent="Mozilla")
    AccessAttempt.objects.create(username=alice.email, failures_since_start=1)
    closed(alice)
    for model in (EmailAddress, Authenticator, UserSession, AccessAttempt):
        assert not model.objects.exists(), model


def test_invitations_to_the_address_are_deleted(alice: User) -> None:
    boss = User.objects.create_user("boss@example.org")
    org = organisation_create(owner=boss, name="Debates")
    Invitation.objects.create(organisation=org, email=alice.email, digest="d", expires_at=NOW)
    closed(alice)
    assert not Invitation.objects.exists()


def test_what_names_a_further_address_goes_once_it_was_confirmed(alice: User) -> None:
    """Else whoever merely claims somebody's address could undo what was sent there."""
    boss = User.objects.create_user("boss@example.org")
    org = organisation_create(owner=boss, name="Debates")
    for email, is_theirs in (("alice@work.example.org", True), ("dora@example.org", False)):
        EmailAddress.objects.create(user=alice, email=email, verified=is_theirs)
        Invitation.objects.create(organisation=org, email=email, digest=email, expires_at=NOW)
        AccessAttempt.objects.create(username=email, failures_since_start=1)
    closed(alice)
    assert [row.email for row in Invitation.objects.all()] == ["dora@example.org"]
    assert [row.username for row in AccessAttempt.objects.all()] == ["dora@example.org"]


def test_staff_lose_what_they_were_allowed(alice: User) -> None:
    User.objects.create_superuser("boss@example.org")
    alice.is_staff = alice.is_superuser = True
    alice.save()
    shell = closed(alice)
    assert (shell.is_staff, shell.is_superuser) == (False, False)


def test_last_administrator_stays_until_there_is_another(alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_superuser=True)
    boss = User.objects.create_superuser("boss@example.org", is_active=False)
    with pytest.raises(LastAdministrator):
        account_close(alice, at=NOW)
    User.objects.filter(pk=boss.pk).update(is_active=True)
    assert account_close(alice, at=NOW)


def test_sole_owner_hands_over_first(alice: User) -> None:
    org = organisation_create(owner=alice, name="Debates")
    with pytest.raises(LastOwner, match="only owner of Debates"):
        account_close(alice, at=NOW)
    alice.refresh_from_db()
    assert alice.email == "alice@example.org"
    bob = User.objects.create_user("bob@example.org")
    Member.objects.create(organisation=org, user=bob, role="owner")
    closed(alice)
    assert [member.user for member in Member.objects.all()] == [bob]


@pytest.mark.parametrize("role", ["member", "billing"])
def test_everybody_else_just_leaves(alice: User, role: str) -> None:
    org = Organisation.objects.create(name="Debates")
    Member.objects.create(organisation=org, user=alice, role=role)
    closed(alice)
    assert not Member.objects.exists()


def test_closing_twice_is_closing_once(alice: User) -> None:
    assert account_close(alice, at=NOW)
    assert not account_close(alice, at=NOW + timedelta(days=1))
    alice.refresh_from_db()
    assert alice.deleted_at == NOW


def test_audit_trail_says_what_happened_and_not_to_whom(alice: User) -> None:
    audit("alice@example.org", "tier_change", "Free")
    audit("boss", "user_change", "alice@example.org", snapshot(alice), {"list": [alice.email]})
    audit("malice@example.org", "tier_change", "Free", {"who": "malice@example.org"})
    shell = closed(alice)
    trail = list(AuditEvent.objects.values_list("actor", "action", "target", "before", "after"))
    assert "'alice@example.org" not in str(trail)
    assert str(trail).count("'malice@example.org'") == 2
    assert ("account_close", shell.email) in {(row[1], row[0]) for row in trail}
    assert ("boss", shell_address(shell)) in {(row[0], row[2]) for row in trail}


def test_who_listens_hears_of_it_inside_the_transaction_and_may_refuse(alice: User) -> None:
    heard: list[tuple[str, datetime]] = []

    def listen(user: User, at: datetime, **_facts: Any) -> None:
        heard.append((str(user.email), at))
        raise Conflict("Something is being paid right now.")

    signals.account_closed.connect(listen)
    try:
        with pytest.raises(Conflict, match="being paid"):
            account_close(alice, at=NOW)
    finally:
        signals.account_closed.disconnect(listen)
    alice.refresh_from_db()
    assert heard == [("alice@example.org", NOW)]
    assert alice.is_active
    assert alice.deleted_at is None


@pytest.mark.parametrize("typed", ["alice@example.org", " Alice@Example.ORG\n"])
def test_own_address_confirms(alice: User, typed: str) -> None:
    email_confirmed(alice, typed)


@pytest.mark.parametrize("typed", ["", "alice", "bob@example.org", "alice@example.org,"])
def test_anything_else_does_not(alice: User, typed: str) -> None:
    with pytest.raises(BadRequest, match="Type it as it is shown"):
        email_confirmed(alice, typed)
