"""From a stranger to somebody who is signed in, and back in when the password is forgotten."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.conf import LazySettings
from django.core import mail
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from tests.services.defaults import defaults_copy

pytestmark = pytest.mark.django_db
DORA, SECRET, OTHER = "dora@example.com", "correct horse battery", "staple correct horse"


@pytest.fixture(autouse=True)
def plans(db: None) -> None:
    defaults_copy()


def sign_up(client: Client, email: str = DORA, **headers: str) -> str:
    form = {"email": email, "password1": SECRET}
    return str(client.post("/signup/", form, headers=headers)["Location"])


def link_in_last_letter() -> str:
    found = re.search(r"http://testserver(/\S+)", str(mail.outbox[-1].body))
    assert found
    return found[1]


def sign_in(client: Client, email: str = DORA, password: str = SECRET) -> str:
    answer = client.post("/login/", {"login": email, "password": password})
    return str(answer.get("Location", ""))


def text_of(client: Client, path: str) -> str:
    return client.get(path).content.decode()


def test_whoever_follows_the_link_is_in_and_on_the_free_plan(client: Client) -> None:
    assert sign_up(client, " Dora@Example.COM ") == "/confirm-email/"
    link = link_in_last_letter()
    assert "Yes, confirm it" in text_of(client, link)
    assert client.post(link)["Location"] == "/account/"
    assert DORA in text_of(client, "/account/security/")
    dora = User.objects.get(email=DORA)
    assert (dora.tier_id, dora.is_staff, dora.language) == ("free", False, "en")


def test_nobody_is_in_before_the_address_is_confirmed(client: Client) -> None:
    sign_up(client)
    assert sign_in(client) == "/confirm-email/"
    assert client.get("/account/security/")["Location"].startswith("/login/")


def test_opening_the_link_alone_confirms_nothing(client: Client) -> None:
    sign_up(client)
    client.get(link_in_last_letter())  # as scanners of mail do
    assert not EmailAddress.objects.get(email=DORA).verified


def test_letter_is_text_and_html_in_the_language_of_the_sign_up(client: Client) -> None:
    sign_up(client, **{"accept-language": "ko"})
    (letter,) = mail.outbox
    ((html, kind),) = letter.alternatives
    assert (letter.to, kind) == ([DORA], "text/html")
    assert '<html lang="ko">' in html
    assert link_in_last_letter() in html
    assert User.objects.get(email=DORA).language == "ko"


@pytest.mark.parametrize("kind", ["used", "forged"])
def test_link_that_no_longer_works_says_what_to_do(client: Client, kind: str) -> None:
    sign_up(client)
    link = link_in_last_letter()
    client.post(link)
    page = text_of(Client(), link if kind == "used" else "/confirm-email/forged:link/")
    assert "This link no longer works." in page
    assert 'href="/login/"' in page


def test_page_after_sign_up_does_not_tell_who_has_an_account(client: Client) -> None:
    User.objects.create_user(DORA, OTHER)
    there, page = sign_up(client), text_of(client, "/confirm-email/")
    stranger = Client()
    assert there == sign_up(stranger, "nobody@example.com")
    assert _without_token(page) == _without_token(text_of(stranger, "/confirm-email/"))


def _without_token(page: str) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page)


def test_owner_of_a_taken_address_is_told_by_letter_and_nothing_changes(client: Client) -> None:
    User.objects.create_user(DORA, OTHER)
    sign_up(client)
    assert "You have an account already" in mail.outbox[-1].subject
    assert sign_in(client, password=OTHER) == "/account/"


def test_sign_up_can_be_closed(client: Client, settings: LazySettings) -> None:
    settings.SIGN_UP_OPEN = False
    assert "made by staff" in text_of(client, "/signup/")
    assert client.post("/signup/", {"email": DORA, "password1": SECRET}).status_code == 200
    assert not User.objects.exists()


@pytest.mark.parametrize("password", ["12345678", "short", DORA])
def test_password_that_is_easily_guessed_is_refused(client: Client, password: str) -> None:
    answer = client.post("/signup/", {"email": DORA, "password1": password})
    assert 'class="errors"' in answer.content.decode()
    assert not User.objects.exists()


def test_forgotten_password_is_set_anew_by_a_link_that_works_once(client: Client) -> None:
    User.objects.create_user(DORA, OTHER)
    client.post("/password/reset/", {"email": DORA.upper()})
    link = link_in_last_letter()
    form = client.get(link)["Location"]
    new = {"password1": SECRET, "password2": SECRET}
    assert client.post(form, new)["Location"] == "/password/reset/key/done/"
    assert sign_in(Client(), password=SECRET) == "/account/"
    assert "This link no longer works." in text_of(Client(), link)


def test_reset_of_an_unknown_address_looks_the_same_and_says_so_by_letter(client: Client) -> None:
    User.objects.create_user(DORA, OTHER)
    pages = [client.post("/password/reset/", {"email": who}) for who in (DORA, "x@example.com")]
    assert {page["Location"] for page in pages} == {"/password/reset/done/"}
    assert "no account" in mail.outbox[-1].subject


def test_claim_that_was_never_confirmed_ends_when_the_owner_confirms(client: Client) -> None:
    sign_up(Client(), "work@example.com")  # somebody else, without the mailbox
    User.objects.create_user(DORA, SECRET)
    cache.clear()  # three minutes later: letters to one address have to keep a distance
    sign_in(client)
    client.post("/reauthenticate/", {"password": SECRET})
    client.post("/email/", {"email": "work@example.com", "action_add": ""})
    client.post(link_in_last_letter())
    assert not User.objects.filter(email="work@example.com").exists()
    client.post("/email/", {"email": "work@example.com", "action_primary": ""})
    assert User.objects.get().email == "work@example.com"
