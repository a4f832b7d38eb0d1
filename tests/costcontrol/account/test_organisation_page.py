"""The page of the organisation, and the one behind the link of an invitation."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client

from accounts.invitations import invite
from accounts.models import AuditEvent, Invitation, Member, Organisation, User
from accounts.organisations import organisation_create
from costcontrol.lib import clock
from tests.costcontrol.account.customers import customer, subscription
from tests.services.defaults import defaults_copy

pytestmark = pytest.mark.django_db
PAGE = "/account/organisation/"


@pytest.fixture(autouse=True)
def defaults(db: None) -> None:
    defaults_copy()


def person(name: str) -> User:
    return User.objects.create_user(f"{name}@example.org")


@pytest.fixture
def alice() -> User:
    return person("alice")


@pytest.fixture
def debates(alice: User) -> Organisation:
    return organisation_create(owner=alice, name="Agora House")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text(answer: object) -> str:
    return str(answer.content.decode())  # type: ignore[attr-defined]


def member_of(debates: Organisation, name: str, role: str = "member") -> User:
    user = person(name)
    Member.objects.create(organisation=debates, user=user, role=role)
    return user


def test_who_is_in_none_reads_what_sharing_means_and_makes_one(alice: User) -> None:
    client = signed_in(alice)
    before = text(client.get(PAGE))
    assert "What is shared" in before
    answer = client.post(PAGE, {"name": "Agora House"}, follow=True)
    assert "you are its owner" in text(answer)
    assert Organisation.objects.get().name == "Agora House"


@pytest.mark.parametrize("name", ["", "x" * 10_000])
def test_name_that_does_not_do_gets_a_sentence(alice: User, name: str) -> None:
    answer = signed_in(alice).post(PAGE, {"name": name})
    assert answer.status_code == 400
    assert 'role="alert"' in text(answer)
    assert not Organisation.objects.exists()


def test_quotas_are_not_multiplied_by_making_and_closing_organisations(alice: User) -> None:
    client = signed_in(alice)
    for _time in range(3):
        assert client.post(PAGE, {"name": "Agora House"}).status_code == 302
        client.post(f"{PAGE}close/")
    last = AuditEvent.objects.latest("pk").at  # by the wall clock
    with clock.at(last):
        answer = client.post(PAGE, {"name": "Agora House"})
    assert answer.status_code == 429
    assert "You have made 3 organisations within a day." in text(answer)
    with clock.at(last + timedelta(days=1)):
        assert client.post(PAGE, {"name": "Agora House"}).status_code == 302


def test_owner_invites_by_email_and_the_link_in_it_works(
    alice: User, debates: Organisation
) -> None:
    owner, bob = signed_in(alice), person("bob")
    owner.post(f"{PAGE}invite/", {"email": "bob@example.org", "role": "billing"})
    [letter] = mail.outbox
    link = re.search(r"http://testserver(/account/organisation/join/\S+)", str(letter.body))
    assert link
    assert "bob@example.org" in text(owner.get(PAGE))
    guest = signed_in(bob)
    assert "Agora House" in text(guest.get(link[1]))
    assert not Member.objects.filter(user=bob).exists()  # looking is not joining
    assert "Welcome" in text(guest.post(link[1], follow=True))
    assert Member.objects.get(user=bob).role == "billing"


def test_email_that_cannot_be_sent_leaves_no_invitation(
    alice: User, debates: Organisation, settings: object
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"  # type: ignore[attr-defined]
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # type: ignore[attr-defined]
    answer = signed_in(alice).post(f"{PAGE}invite/", {"email": "bob@example.org", "role": "member"})
    assert answer.status_code == 503
    assert "could not be sent" in text(answer)
    assert not Invitation.objects.exists()


def test_withdrawn_invitation_says_so(alice: User, debates: Organisation) -> None:
    _row, secret = invite(
        debates, by=alice, email="bob@example.org", role="member", now=clock.now()
    )
    signed_in(alice).post(f"{PAGE}withdraw/", {"email": "bob@example.org"})
    answer = signed_in(person("bob")).get(f"{PAGE}join/{secret}/")
    assert answer.status_code == 404
    assert "withdrawn" in text(answer)


def test_expired_invitation_says_so(alice: User, debates: Organisation) -> None:
    _row, secret = invite(
        debates, by=alice, email="bob@example.org", role="member",
        now=clock.now() - timedelta(days=8),
    )
    guest = signed_in(person("bob"))
    for answer in (guest.get(f"{PAGE}join/{secret}/"), guest.post(f"{PAGE}join/{secret}/")):
        assert answer.status_code == 410
        assert "expired" in text(answer)


def test_stranger_with_the_link_is_asked_to_sign_in_and_joins_nothing(
    alice: User, debates: Organisation, client: Client
) -> None:
    _row, secret = invite(
        debates, by=alice, email="bob@example.org", role="member", now=clock.now()
    )
    for answer in (client.get(f"{PAGE}join/{secret}/"), client.post(f"{PAGE}join/{secret}/")):
        assert "Sign in" in text(answer)
        assert f"?next=/account/organisation/join/{secret}/" in text(answer)
    assert Member.objects.count() == 1


def test_somebody_else_with_the_link_is_told_whose_it_is(
    alice: User, debates: Organisation
) -> None:
    _row, secret = invite(
        debates, by=alice, email="bob@example.org", role="member", now=clock.now()
    )
    mallory = person("mallory")
    guest = signed_in(mallory)
    assert "sent to bob@example.org" in text(guest.get(f"{PAGE}join/{secret}/"))
    assert guest.post(f"{PAGE}join/{secret}/").status_code == 403
    assert not Member.objects.filter(user=mallory).exists()


def test_members_see_who_is_in_it_and_no_buttons_of_owners(debates: Organisation) -> None:
    page = text(signed_in(member_of(debates, "bob")).get(PAGE))
    assert "alice@example.org" in page
    assert "Leave the organisation" in page
    for owners in ("Invite somebody", "Rename", "Close the organisation", "/remove/"):
        assert owners not in page


@pytest.mark.parametrize(
    "what", ["name/", "invite/", "withdraw/", "close/", "members/{bob}/role/",
             "members/{bob}/remove/", "members/{bob}/hand-over/"],
)
@pytest.mark.parametrize("role", ["member", "billing", "stranger"])
def test_forms_of_owners_are_refused_to_others(
    debates: Organisation, what: str, role: str
) -> None:
    bob = member_of(debates, "bob")
    who = person("eve") if role == "stranger" else member_of(debates, "eve", role)
    sent = {"name": "Mine", "email": "m@example.org", "role": "owner"}
    answer = signed_in(who).post(f"{PAGE}{what.format(bob=bob.uuid)}", sent)
    assert answer.status_code in (403, 404)
    assert 'role="alert"' in text(answer)
    assert Organisation.objects.get().name == "Agora House"
    assert Member.objects.get(user=bob).role == "member"
    assert not mail.outbox


@pytest.mark.parametrize("what", ["close/", "members/{bob}/remove/", "members/{bob}/hand-over/"])
def test_not_even_the_question_is_asked_of_others(debates: Organisation, what: str) -> None:
    bob = member_of(debates, "bob")
    answer = signed_in(bob).get(f"{PAGE}{what.format(bob=bob.uuid)}")
    assert answer.status_code == 403
    assert "Only an owner" in text(answer)


def test_removed_member_sees_nothing_of_it_any_more(alice: User, debates: Organisation) -> None:
    bob = member_of(debates, "bob")
    guest, owner = signed_in(bob), signed_in(alice)
    assert "Agora House" in text(guest.get(PAGE))
    there = f"{PAGE}members/{bob.uuid}/remove/"
    assert "at once" in text(owner.get(there))
    assert Member.objects.filter(user=bob).exists()  # asked, not done
    owner.post(there)
    after = text(guest.get(PAGE))
    assert "Agora House" not in after
    assert "alice@example.org" not in after


def test_role_and_hand_over(alice: User, debates: Organisation) -> None:
    bob, owner = member_of(debates, "bob"), signed_in(alice)
    owner.post(f"{PAGE}members/{bob.uuid}/role/", {"role": "billing"})
    assert Member.objects.get(user=bob).role == "billing"
    assert "Only they" in text(owner.get(f"{PAGE}members/{bob.uuid}/hand-over/"))
    owner.post(f"{PAGE}members/{bob.uuid}/hand-over/")
    assert Member.objects.get(user=bob).role == "owner"
    assert Member.objects.get(user=alice).role == "member"


def test_last_owner_is_told_why_they_cannot_leave(alice: User, debates: Organisation) -> None:
    client = signed_in(alice)
    assert client.get(f"{PAGE}leave/").status_code == 200
    answer = client.post(f"{PAGE}leave/")
    assert answer.status_code == 409
    assert "Make somebody else an owner first" in text(answer)


def test_closing_it(alice: User, debates: Organisation) -> None:
    client = signed_in(alice)
    assert "cannot be undone" in text(client.get(f"{PAGE}close/"))
    assert "closed" in text(client.post(f"{PAGE}close/", follow=True))
    assert not Organisation.objects.exists()


def test_unknown_member_is_not_found(alice: User, debates: Organisation) -> None:
    there = f"{PAGE}members/{person('carol').uuid}/remove/"
    client = signed_in(alice)
    assert client.get(there).status_code == client.post(there).status_code == 404


def test_who_pays_already_is_told_before_and_while_two_plans_are_paid(alice: User) -> None:
    subscription(customer(alice))
    browser = signed_in(alice)
    assert "cancel your plan" in text(browser.get("/account/organisation/"))
    organisation_create(owner=alice, name="Agora House")
    assert "You also pay for a plan of your own" in text(browser.get("/account/organisation/"))
