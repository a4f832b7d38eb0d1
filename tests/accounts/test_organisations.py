"""Organisations: who is in one, in which role, and that there is always an owner."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier
from uuid import UUID, uuid4

import pytest
from django.db import connection
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts import auth, organisations, signals
from accounts.invitations import accept, invite
from accounts.models import AuditEvent, Invitation, Member, Organisation, Tier, User
from accounts.organisations import (
    AlreadyMember,
    LastOwner,
    hand_over,
    member_remove,
    organisation_close,
    organisation_create,
    organisation_leave,
    organisation_of,
    organisation_rename,
    role_change,
)
from accounts.services import api_key_issue, payer_of, plan_of
from accounts.types import Payer
from billing.models import BookVersion
from costcontrol.lib.errors import BadRequest, Conflict, CostControlError, NotFound, Refused
from tests.services.defaults import defaults_copy

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


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
    return organisation_create(owner=alice, name="Debates")


def member(organisation: Organisation, name: str, role: str = "member") -> User:
    user = person(name)
    Member.objects.create(organisation=organisation, user=user, role=role)
    return user


def again(user: User) -> User:
    """As the database has them: a row remembers its own membership."""
    return User.objects.get(pk=user.pk)


def roles(organisation: Organisation) -> dict[str, str]:
    rows = Member.objects.filter(organisation=organisation).values_list("user__email", "role")
    return {email.partition("@")[0]: role for email, role in rows}


def last_event() -> AuditEvent:
    return AuditEvent.objects.latest("pk")


# --- making, naming ----------------------------------------------------------------------------


def test_who_makes_an_organisation_owns_it_and_pays_through_it(
    alice: User, debates: Organisation
) -> None:
    assert roles(debates) == {"alice": "owner"}
    assert payer_of(again(alice)) == Payer("org", str(debates.pk))
    assert plan_of(again(alice)).name == "free"
    assert (last_event().action, last_event().actor) == ("organisation_create", alice.email)


def test_a_person_is_in_one_organisation_at_most(alice: User, debates: Organisation) -> None:
    with pytest.raises(AlreadyMember, match="Leave it first"):
        organisation_create(owner=alice, name="Another")
    assert Organisation.objects.count() == 1


@pytest.mark.parametrize("name", ["", "  ", "See https://example.org", "a\0b", "a\u202eb"])
def test_name_that_is_none_is_refused(alice: User, name: str) -> None:
    with pytest.raises(BadRequest):
        organisation_create(owner=alice, name=name)
    assert not Organisation.objects.exists()


def test_name_has_80_characters_at_most(alice: User, debates: Organisation) -> None:
    organisation_rename(debates, by=alice, name="x" * 80)
    with pytest.raises(BadRequest, match="81 characters"):
        organisation_rename(debates, by=alice, name="y" * 81)
    debates.refresh_from_db()
    assert debates.name == "x" * 80


def test_name_is_one_line(alice: User) -> None:
    assert organisation_create(owner=alice, name=" Debate\r\nBcc:  x ").name == "Debate Bcc: x"


# --- who may do what ---------------------------------------------------------------------------


Action = Callable[[Organisation, User, UUID], object]
OWNERS_ONLY: dict[str, Action] = {
    "rename": lambda org, by, whose: organisation_rename(org, by=by, name="Mine"),
    "role": lambda org, by, whose: role_change(org, by=by, whose=whose, role="billing"),
    "remove": lambda org, by, whose: member_remove(org, by=by, whose=whose),
    "hand over": lambda org, by, whose: hand_over(org, by=by, to=whose),
    "close": lambda org, by, whose: organisation_close(org, by=by, at=NOON),
}


@pytest.mark.parametrize("what", OWNERS_ONLY)
@pytest.mark.parametrize("who", ["member", "billing", "stranger", "owner of another"])
def test_only_owners_change_anything(debates: Organisation, what: str, who: str) -> None:
    other = member(debates, "olga")
    is_in = who in ("member", "billing")
    by = member(debates, "mallory", who) if is_in else person("mallory")
    if who == "owner of another":
        organisation_create(owner=by, name="Another")
    before = roles(debates)
    with pytest.raises(Refused, match="Only an owner"):
        OWNERS_ONLY[what](debates, by, other.uuid)
    assert roles(debates) == before


@pytest.mark.parametrize("what", OWNERS_ONLY)
def test_owners_may(alice: User, debates: Organisation, what: str) -> None:
    other = member(debates, "olga")
    OWNERS_ONLY[what](debates, alice, other.uuid)
    assert last_event().actor == alice.email


@pytest.mark.parametrize("what", ["role", "remove", "hand over"])
def test_people_of_other_organisations_are_not_found(
    alice: User, debates: Organisation, what: str
) -> None:
    bob = person("bob")
    theirs = organisation_create(owner=bob, name="Another")
    carol = member(theirs, "carol")
    for whose in (carol.uuid, bob.uuid, uuid4()):
        with pytest.raises(NotFound):
            OWNERS_ONLY[what](debates, alice, whose)
    assert roles(theirs) == {"bob": "owner", "carol": "member"}


# --- there is always an owner --------------------------------------------------------------------


@pytest.mark.parametrize("role", ["member", "billing"])
def test_last_owner_keeps_the_role_a_second_one_need_not(
    alice: User, debates: Organisation, role: str
) -> None:
    bob = member(debates, "bob")
    with pytest.raises(LastOwner):
        role_change(debates, by=alice, whose=alice.uuid, role=role)
    role_change(debates, by=alice, whose=bob.uuid, role="owner")
    role_change(debates, by=alice, whose=alice.uuid, role=role)
    assert roles(debates) == {"alice": role, "bob": "owner"}


def test_last_owner_cannot_leave_a_second_one_can(alice: User, debates: Organisation) -> None:
    with pytest.raises(LastOwner, match="Make somebody else an owner"):
        organisation_leave(alice)
    member(debates, "bob", "owner")
    organisation_leave(alice)
    assert roles(debates) == {"bob": "owner"}


def test_last_owner_cannot_remove_themselves(alice: User, debates: Organisation) -> None:
    with pytest.raises(LastOwner):
        member_remove(debates, by=alice, whose=alice.uuid)


def test_who_was_removed_removes_nobody(alice: User, debates: Organisation) -> None:
    bob = member(debates, "bob", "owner")
    member_remove(debates, by=alice, whose=bob.uuid)
    with pytest.raises(Refused):
        member_remove(debates, by=bob, whose=alice.uuid)
    assert roles(debates) == {"alice": "owner"}


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_remove_each_other_at_once_leave_one() -> None:
    for turn in range(5):
        alice, bob = person(f"alice{turn}"), person(f"bob{turn}")
        debates = organisation_create(owner=alice, name="Debates")
        Member.objects.create(organisation=debates, user=bob, role="owner")
        begin = Barrier(2)

        def remove(by: User, whose: User, debates: Organisation, begin: Barrier) -> bool:
            begin.wait()
            try:
                member_remove(debates, by=by, whose=whose.uuid)
            except Refused:
                return False
            finally:
                connection.close()
            return True

        with ThreadPoolExecutor(2) as pool:
            each = [pool.submit(remove, *pair, debates, begin)
                    for pair in ((alice, bob), (bob, alice))]
            assert sorted(one.result() for one in each) == [False, True]
        assert list(roles(debates).values()) == ["owner"]


def test_handing_over_swaps_the_roles(alice: User, debates: Organisation) -> None:
    bob = member(debates, "bob")
    hand_over(debates, by=alice, to=bob.uuid)
    assert roles(debates) == {"alice": "member", "bob": "owner"}


def test_nobody_hands_over_to_themselves(alice: User, debates: Organisation) -> None:
    with pytest.raises(BadRequest, match="somebody else"):
        hand_over(debates, by=alice, to=alice.uuid)
    assert roles(debates) == {"alice": "owner"}


@pytest.mark.parametrize("role", ["", "admin", "OWNER"])
def test_role_that_does_not_exist_is_refused(
    alice: User, debates: Organisation, role: str
) -> None:
    bob = member(debates, "bob")
    with pytest.raises(BadRequest):
        role_change(debates, by=alice, whose=bob.uuid, role=role)


# --- coming and going -----------------------------------------------------------------------------


def test_member_makes_calls_on_the_organisations_plan_and_a_removed_one_on_their_own(
    alice: User, debates: Organisation,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    Organisation.objects.update(tier=Tier.objects.get(name="enterprise"))
    bob = member(debates, "bob")
    _key, secret = api_key_issue(user=bob, actor="tests")
    before = auth.look_up(secret, "", NOON).caller
    auth._remembered[("digest", "")] = auth.look_up(secret, "", NOON)
    with django_capture_on_commit_callbacks(execute=True):
        member_remove(debates, by=alice, whose=bob.uuid)
    after = auth.look_up(secret, "", NOON).caller
    assert (before.tier.name, before.payer) == ("enterprise", Payer("org", str(debates.pk)))
    assert (after.tier.name, after.payer) == ("free", Payer("user", str(bob.pk)))
    assert not auth._remembered  # this process looks anew at the next call


@pytest.mark.parametrize("how", ["leave", "remove", "close", "create"])
def test_calls_on_their_way_are_counted_anew_when_somebody_else_pays(
    alice: User, debates: Organisation, how: str
) -> None:
    bob = person("carol") if how == "create" else member(debates, "bob")

    def version() -> int:
        return BookVersion.objects.values_list("version", flat=True).first() or 0

    before = version()
    if how == "create":
        organisation_create(owner=bob, name="Another")
    elif how == "leave":
        organisation_leave(bob)
    elif how == "remove":
        member_remove(debates, by=alice, whose=bob.uuid)
    else:
        organisation_close(debates, by=alice, at=NOON)
    assert version() > before


def test_invitations_of_who_goes_stop_working_others_stay(
    alice: User, debates: Organisation
) -> None:
    bob = member(debates, "bob", "owner")
    for by, email in ((alice, "one@example.org"), (bob, "two@example.org")):
        Invitation.objects.create(
            organisation=debates, email=email, digest=email, invited_by=by, expires_at=NOON
        )
    member_remove(debates, by=alice, whose=bob.uuid)
    assert [row.email for row in Invitation.objects.all()] == ["one@example.org"]


@pytest.mark.parametrize("how", ["billing", "member", "hand over"])
def test_who_is_no_owner_any_more_comes_back_as_one_by_no_link_of_their_own(
    alice: User, debates: Organisation, how: str
) -> None:
    bob, second_self = member(debates, "bob", "owner"), person("second.self")
    _row, secret = invite(debates, by=bob, email="second.self@example.org", role="owner", now=NOON)
    if how == "hand over":
        hand_over(debates, by=bob, to=alice.uuid)
    else:
        role_change(debates, by=alice, whose=bob.uuid, role=how)
    with pytest.raises(NotFound):
        accept(user=second_self, secret=secret, now=NOON)


def test_closing_frees_everybody(alice: User, debates: Organisation) -> None:
    bob = member(debates, "bob")
    organisation_close(debates, by=alice, at=NOON)
    assert not Organisation.objects.exists()
    assert payer_of(again(bob)) == Payer("user", str(bob.pk))
    with pytest.raises(NotFound):
        organisation_of(alice)


def test_who_listens_may_refuse_the_closing(alice: User, debates: Organisation) -> None:
    def refuse(**_facts: object) -> None:
        raise Conflict("Not yet.")

    signals.organisation_closed.connect(refuse)
    try:
        with pytest.raises(CostControlError, match="Not yet"):
            organisation_close(debates, by=alice, at=NOON)
    finally:
        signals.organisation_closed.disconnect(refuse)
    assert roles(debates) == {"alice": "owner"}


def test_closed_organisation_says_so(alice: User, debates: Organisation) -> None:
    organisation_close(Organisation.objects.get(), by=alice, at=NOON)
    with pytest.raises(NotFound, match="closed"):
        organisations.lock(debates)
