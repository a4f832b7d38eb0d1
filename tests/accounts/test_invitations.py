"""Invitations: a link that works once, for seven days, for one address."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail

from accounts import invitations
from accounts.invitation_email import invitation_send
from accounts.invitations import (
    InvitationOver,
    accept,
    invitation_find,
    invitation_withdraw,
    invite,
)
from accounts.models import Invitation, Member, Organisation, User
from accounts.organisations import AlreadyMember, organisation_create
from accounts.services import tiers_load
from costcontrol.lib import clock
from costcontrol.lib.errors import BadRequest, NotFound, RateLimited, Refused

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
BOB = "bob@example.org"


@pytest.fixture
def alice(db: None) -> User:
    tiers_load()
    return User.objects.create_user("alice@example.org")


@pytest.fixture
def debates(alice: User) -> Organisation:
    return organisation_create(owner=alice, name="Debates")


@pytest.fixture
def bob(alice: User) -> User:
    return User.objects.create_user(BOB)


def secret_for(
    debates: Organisation, by: User, email: str = BOB, role: str = "member",
    now: datetime = NOON,
) -> str:
    return invite(debates, by=by, email=email, role=role, now=now)[1]


def test_only_the_digest_of_the_secret_is_kept(alice: User, debates: Organisation) -> None:
    secret = secret_for(debates, alice)
    assert Invitation.objects.get().digest == hashlib.sha256(secret.encode()).hexdigest()
    assert secret not in str(list(Invitation.objects.values()))
    assert len(secret) == 43  # 256 bits


@pytest.mark.parametrize("role", ["owner", "billing", "member"])
def test_who_accepts_is_a_member_in_the_role_they_were_invited_for(
    alice: User, bob: User, debates: Organisation, role: str
) -> None:
    member = accept(user=bob, secret=secret_for(debates, alice, role=role), now=NOON)
    assert (member.organisation, member.role) == (debates, role)


def test_link_works_once(alice: User, bob: User, debates: Organisation) -> None:
    secret = secret_for(debates, alice)
    accept(user=bob, secret=secret, now=NOON)
    Member.objects.filter(user=bob).delete()
    with pytest.raises(InvitationOver, match="used already"):
        accept(user=bob, secret=secret, now=NOON)


def test_link_works_for_seven_days_and_not_at_their_end(
    alice: User, bob: User, debates: Organisation
) -> None:
    secret = secret_for(debates, alice)
    end = NOON + timedelta(days=7)
    assert invitation_find(secret, now=end - SECOND)
    with pytest.raises(InvitationOver, match="expired"):
        accept(user=bob, secret=secret, now=end)
    assert not Member.objects.filter(user=bob).exists()


def test_link_is_for_one_address(alice: User, debates: Organisation) -> None:
    mallory = User.objects.create_user("mallory@example.org")
    with pytest.raises(Refused, match=BOB):
        accept(user=mallory, secret=secret_for(debates, alice), now=NOON)
    assert not Member.objects.filter(user=mallory).exists()


def test_account_that_was_closed_meanwhile_joins_nothing(
    alice: User, bob: User, debates: Organisation
) -> None:
    """`bob` is as his request read him, before the other one closed the account."""
    secret = secret_for(debates, alice)
    User.objects.filter(pk=bob.pk).update(email="deleted-1@deleted.invalid", is_active=False)
    with pytest.raises(Refused):
        accept(user=bob, secret=secret, now=NOON)
    assert not Member.objects.filter(user=bob).exists()


@pytest.mark.parametrize("typed", [" Bob@Example.ORG ", BOB])
def test_address_may_be_typed_in_any_case(
    alice: User, bob: User, debates: Organisation, typed: str
) -> None:
    assert accept(user=bob, secret=secret_for(debates, alice, email=typed), now=NOON)


def test_inviting_again_makes_a_new_link_and_ends_the_old_one(
    alice: User, bob: User, debates: Organisation
) -> None:
    first, second = secret_for(debates, alice), secret_for(debates, alice, role="billing")
    with pytest.raises(NotFound, match="newer one"):
        accept(user=bob, secret=first, now=NOON)
    assert accept(user=bob, secret=second, now=NOON).role == "billing"


def test_withdrawn_invitation_does_not_work(
    alice: User, bob: User, debates: Organisation
) -> None:
    secret = secret_for(debates, alice)
    assert invitation_withdraw(debates, by=alice, email=BOB)
    assert not invitation_withdraw(debates, by=alice, email=BOB)
    with pytest.raises(NotFound):
        accept(user=bob, secret=secret, now=NOON)


def test_who_is_in_an_organisation_cannot_join_a_second(
    alice: User, bob: User, debates: Organisation
) -> None:
    organisation_create(owner=bob, name="Another")
    with pytest.raises(AlreadyMember):
        accept(user=bob, secret=secret_for(debates, alice), now=NOON)
    assert Invitation.objects.get().accepted_at is None  # they may leave, and come then


def test_member_is_not_invited_again(alice: User, bob: User, debates: Organisation) -> None:
    accept(user=bob, secret=secret_for(debates, alice), now=NOON)
    with pytest.raises(AlreadyMember, match="member already"):
        secret_for(debates, alice)


@pytest.mark.parametrize("by", ["member", "stranger"])
def test_only_owners_invite_and_withdraw(
    alice: User, bob: User, debates: Organisation, by: str
) -> None:
    if by == "member":
        Member.objects.create(organisation=debates, user=bob, role="billing")
    with pytest.raises(Refused):
        secret_for(debates, bob, email="carol@example.org")
    with pytest.raises(Refused):
        invitation_withdraw(debates, by=bob, email="carol@example.org")


@pytest.mark.parametrize("email", [
    "", "bob", "bob@", "a@b\nBcc: c@d.org", "\x00", f"{'x' * 250}@b.org",
])
def test_what_is_no_address_is_refused(alice: User, debates: Organisation, email: str) -> None:
    with pytest.raises(BadRequest, match="no email address"):
        secret_for(debates, alice, email=email)
    with pytest.raises(BadRequest, match="no email address"):
        invitation_withdraw(debates, by=alice, email=email)


def test_role_that_does_not_exist_is_refused(alice: User, debates: Organisation) -> None:
    with pytest.raises(BadRequest, match="no such role"):
        secret_for(debates, alice, role="admin")


def test_so_many_a_day_and_not_one_more(
    alice: User, debates: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invitations, "A_DAY", 3)
    now = clock.now()
    for _ in range(3):
        secret_for(debates, alice, now=now)
        invitation_withdraw(debates, by=alice, email=BOB)  # does not give one back
    with pytest.raises(RateLimited, match="tomorrow"):
        secret_for(debates, alice, now=now)
    assert secret_for(debates, alice, now=now + timedelta(days=1, minutes=1))


@pytest.mark.parametrize("secret", ["", "x", "\ud800", "a" * 5_000])
def test_secret_that_we_did_not_make_is_not_known(alice: User, secret: str) -> None:
    with pytest.raises(NotFound):
        invitation_find(secret, now=NOON)


# --- the email ---------------------------------------------------------------------------------


def sent(alice: User, debates: Organisation, language: str) -> mail.EmailMultiAlternatives:
    invitation, _secret = invite(debates, by=alice, email=BOB, role="member", now=NOON)
    invitation_send(invitation, url="https://cc.example.org/join/s/", language=language)
    [letter] = mail.outbox
    assert isinstance(letter, mail.EmailMultiAlternatives)
    return letter


def test_email_says_who_asks_and_where_to_go(alice: User, debates: Organisation) -> None:
    letter = sent(alice, debates, "en")
    html = str(letter.alternatives[0][0])
    assert letter.to == [BOB]
    assert letter.subject == "Invitation to “Debates”"
    for text in (letter.body, html):
        assert "https://cc.example.org/join/s/" in text
        assert "alice@example.org" in text
        assert "Debates" in text
    assert '<html lang="en">' in html


def test_email_is_in_the_language_of_who_is_invited_if_we_know_them(
    alice: User, bob: User, debates: Organisation
) -> None:
    User.objects.filter(pk=bob.pk).update(language="ko")
    assert '<html lang="ko">' in str(sent(alice, debates, "en").alternatives[0][0])


def test_else_it_is_in_the_inviters_language(alice: User, debates: Organisation) -> None:
    assert '<html lang="ko">' in str(sent(alice, debates, "ko").alternatives[0][0])


def test_name_of_the_organisation_is_escaped_in_html_and_not_in_text(alice: User) -> None:
    letter = sent(alice, organisation_create(owner=alice, name="<b>A&B</b>"), "en")
    assert letter.subject == "Invitation to “<b>A&B</b>”"
    assert "<b>A&B</b>" in letter.body
    assert "&lt;b&gt;A&amp;B&lt;/b&gt;" in str(letter.alternatives[0][0])
