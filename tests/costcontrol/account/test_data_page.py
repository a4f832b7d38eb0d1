"""One's own data: as a file, and deleted. Both only right after signing in anew."""

import csv
import json
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO, StringIO
from typing import Any
from uuid import uuid4
from zipfile import ZipFile

import pytest
from asgiref.sync import async_to_sync
from django.test import Client

from accounts.models import AuditEvent, Member, Organisation, User
from accounts.organisations import organisation_create
from accounts.services import api_key_issue
from billing.models import Customer, Invoice, UsageRecord
from costcontrol.account.data import pieces
from costcontrol.account.export import export_make
from costcontrol.lib import clock
from routing.models import CallText, Philosopher
from tests.routing.debates.playing import debate_make
from tests.services.defaults import defaults_copy

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
PAGE, EXPORT, DELETE = "/account/data/", "/account/data/export/", "/account/data/delete/"


@pytest.fixture(autouse=True)
def defaults(db: None) -> None:
    defaults_copy()


@pytest.fixture
def alice() -> User:
    return User.objects.create_user("alice@example.org", PASSWORD)


@pytest.fixture
def page(alice: User, client: Client) -> Client:
    client.force_login(alice)
    return client


def usage(user: User, **columns: Any) -> None:
    UsageRecord.objects.create(
        call_id=uuid4(), attempt=1, at=clock.now(), user_id=user.pk, tier="free",
        requested_model="auto", outcome="complete", confidence="exact", **columns,
    )


def text(user: User, answer: str, *, days: int = 7) -> None:
    now = clock.now()
    CallText.objects.create(
        call_id=uuid4(), user_id=user.pk, at=now, messages=[{"role": "user", "content": "왜?"}],
        answer=answer, expires_at=now + timedelta(days=days),
    )


def opened(user: User) -> dict[str, str]:
    with export_make(user, now=clock.now()) as file, ZipFile(BytesIO(file.read())) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}


def table(content: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(content)))


def philosopher(user: User, name: str) -> None:
    Philosopher.objects.create(
        key=f"own-{user.pk}", owner_id=user.pk, name_ko=name, name_en="Hypatia",
        card={"en": {"essence": "Holds that number rules all."}},
    )


# --- the file ------------------------------------------------------------------------------------


def test_file_holds_everything_about_them_and_nothing_about_others(alice: User) -> None:
    bob = User.objects.create_user("bob@example.org")
    org = Organisation.objects.create(name="Debates")
    for user in (alice, bob):
        Member.objects.create(organisation=org, user=user)
        usage(user, cost_nanos=user.pk, debate_id=f"debate of {user}")
        text(user, f"Answer for {user}")
        philosopher(user, "히파티아" if user == alice else "bob@own")
        api_key_issue(user=user, name=f"key of {user}", actor=str(user))
        customer = Customer.objects.create(user=user)
        Invoice.objects.create(
            customer=customer, stripe_id=f"in_{user.pk}", number=f"N-{user}", status="paid",
            currency="krw", total_minor=9_900, created_at=clock.now(),
        )
        debate_make(user, context=f"of {user}")
    files = opened(alice)
    assert "bob@" not in str(files)
    profile = json.loads(files["profile.json"])
    assert profile["email"] == "alice@example.org"
    assert profile["organisations"][0]["organisation__name"] == "Debates"
    assert [row["cost_nanos"] for row in table(files["usage.csv"])] == [str(alice.pk)]
    assert [row["total_minor"] for row in table(files["invoices.csv"])] == ["9900"]
    assert [row["name"] for row in table(files["keys.csv"])] == [f"key of {alice}"]
    assert json.loads(files["texts.jsonl"])["answer"] == f"Answer for {alice}"
    assert json.loads(files["texts.jsonl"])["messages"][0]["content"] == "왜?"
    assert json.loads(files["philosophers.jsonl"])["name_ko"] == "히파티아"
    [debate] = map(json.loads, files["debates.jsonl"].splitlines())
    assert (debate["context"], debate["topic"]["text"]) == (f"of {alice}", "Is it right to lie?")
    assert table(files["audit.csv"])[0]["action"] == "api_key_issue"


def test_no_secret_and_no_digest_is_in_the_file(alice: User) -> None:
    key, secret = api_key_issue(user=alice, actor=str(alice))
    everything = str(opened(alice))
    assert key.prefix in everything
    for hidden in (secret[12:], key.digest, alice.password):
        assert hidden not in everything


def test_text_past_its_days_is_not_in_it(alice: User) -> None:
    text(alice, "too old", days=-1)
    assert opened(alice)["texts.jsonl"] == ""


def test_formulas_are_guarded(alice: User) -> None:
    usage(alice, debate_id="=1+1")
    assert table(opened(alice)["usage.csv"])[0]["debate_id"] == "'=1+1"


@pytest.mark.parametrize("is_demo", [False, True])
def test_demo_is_marked_in_every_part(alice: User, settings: Any, is_demo: bool) -> None:
    settings.DEMO = is_demo
    usage(alice)
    files = opened(alice)
    assert ("demo" in json.loads(files["profile.json"])) is is_demo
    assert (table(files["usage.csv"])[0].get("data") == "demo") is is_demo
    assert files["README.txt"].startswith("Demo:") is is_demo


def test_file_comes_in_pieces_and_is_closed_after_them() -> None:
    file = BytesIO(b"x" * 150_000)

    async def read() -> list[int]:
        return [len(piece) async for piece in pieces(file)]

    assert async_to_sync(read)() == [65_536, 65_536, 18_928]
    assert file.closed


# --- signing in anew ---------------------------------------------------------------------------


def again(page: Client, there: str, data: dict[str, str] | None = None) -> Any:
    """Post, be asked for the password, give it, and come to the answer."""
    asked = page.post(there, data or {})
    assert asked.status_code == 302
    assert asked["Location"].startswith("/reauthenticate/")
    return page.post(asked["Location"], {"password": PASSWORD})


def whole(answer: Any) -> bytes:
    async def read() -> bytes:
        return b"".join([piece async for piece in answer.streaming_content])

    return bytes(async_to_sync(read)())


def test_export_asks_for_the_password_and_is_written_down(page: Client, alice: User) -> None:
    answer = again(page, EXPORT)
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"].startswith('attachment; filename="costcontrol-2')
    assert answer["Cache-Control"].count("no-store") == 1
    with ZipFile(BytesIO(whole(answer))) as archive:
        assert "profile.json" in archive.namelist()
    assert AuditEvent.objects.get(action="data_export").actor == alice.email


def test_wrong_password_gets_nothing(page: Client) -> None:
    asked = page.post(EXPORT)
    answer = page.post(asked["Location"], {"password": "wrong"})
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/html")
    assert not AuditEvent.objects.filter(action="data_export").exists()


def test_export_is_no_link_that_others_could_put_somewhere(page: Client) -> None:
    assert page.get(EXPORT).status_code == 405


@pytest.mark.parametrize("url", [PAGE, EXPORT, DELETE])
@pytest.mark.parametrize("method", ["get", "post"])
def test_strangers_are_sent_to_sign_in(client: Client, url: str, method: str) -> None:
    answer = getattr(client, method)(url)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/login/?next=")


# --- deleting ----------------------------------------------------------------------------------


@pytest.fixture
def fresh(page: Client) -> Iterator[Client]:
    """Who has just given their password."""
    asked = page.get(DELETE)
    page.post(asked["Location"], {"password": PASSWORD})
    assert page.get(DELETE).status_code == 200
    return page


def test_account_is_deleted_once_they_have_typed_their_address(
    fresh: Client, alice: User
) -> None:
    answer = fresh.post(DELETE, {"email": "alice@example.org"})
    alice.refresh_from_db()
    assert "Your account is deleted" in answer.content.decode()
    assert alice.deleted_at is not None
    assert fresh.get(PAGE).status_code == 302  # signed out


@pytest.mark.parametrize("typed", ["", "bob@example.org"])
def test_another_address_deletes_nothing(fresh: Client, alice: User, typed: str) -> None:
    answer = fresh.post(DELETE, {"email": typed})
    alice.refresh_from_db()
    assert answer.status_code == 400
    assert "Type it as it is shown" in answer.content.decode()
    assert alice.deleted_at is None


def test_sole_owner_reads_beforehand_what_to_do_first(fresh: Client, alice: User) -> None:
    organisation_create(owner=alice, name="Debates")
    for page in (PAGE, DELETE):
        assert "only owner of Debates" in fresh.get(page).content.decode()
    answer = fresh.post(DELETE, {"email": "alice@example.org"})
    alice.refresh_from_db()
    assert answer.status_code == 409
    assert alice.deleted_at is None


def test_deleting_asks_for_the_password(page: Client, alice: User) -> None:
    answer = again(page, DELETE, {"email": "alice@example.org"})
    alice.refresh_from_db()
    assert alice.deleted_at is not None
    assert "Your account is deleted" in answer.content.decode()
