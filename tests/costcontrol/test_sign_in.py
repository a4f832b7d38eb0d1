"""Signing in and out."""


import pytest
from django.test import Client

from accounts.models import User
from tests.services.defaults import defaults_copy

pytestmark = pytest.mark.django_db
SECRET = "correct horse battery"


@pytest.fixture(autouse=True)
def people(db: None) -> None:
    defaults_copy()
    User.objects.create_superuser("alice@example.com", SECRET)
    User.objects.create_user("bob@example.com", SECRET)


def sign_in(client: Client, who: str, password: str = SECRET, there: str = "") -> str:
    answer = client.post("/login/", {"login": who, "password": password, "next": there})
    return str(answer.get("Location", ""))


def test_staff_come_to_the_overview(client: Client) -> None:
    assert sign_in(client, "alice@example.com") == "/dashboard/"


def test_everybody_else_comes_to_their_account(client: Client) -> None:
    assert sign_in(client, "bob@example.com") == "/account/"


def test_email_may_be_typed_in_any_case(client: Client) -> None:
    assert sign_in(client, " Alice@Example.COM ") == "/dashboard/"


def test_page_that_was_asked_for_comes_next(client: Client) -> None:
    assert sign_in(client, "bob@example.com", there="/api/docs/") == "/api/docs/"


def test_next_page_is_never_on_another_site(client: Client) -> None:
    assert sign_in(client, "bob@example.com", there="https://evil.example/") == "/account/"


@pytest.mark.parametrize("who", ["alice@example.com", "nobody@example.com"])
def test_wrong_password_says_what_to_do_and_not_who_exists(client: Client, who: str) -> None:
    page = client.post("/login/", {"login": who, "password": "wrong"}).content.decode()
    assert "do not belong together" in page
    assert "set a new one" in page
    assert 'role="alert"' in page
    assert f'value="{who}"' in page


def test_password_is_not_written_back_into_the_page(client: Client) -> None:
    page = client.post("/login/", {"login": "x@example.com", "password": "hunter2hunter"})
    assert "hunter2hunter" not in page.content.decode()


def test_whoever_is_signed_in_needs_no_sign_in_page(client: Client) -> None:
    sign_in(client, "alice@example.com")
    assert client.get("/login/")["Location"] == "/dashboard/"


def test_signing_out_takes_a_click_not_a_link(client: Client) -> None:
    sign_in(client, "alice@example.com")
    assert "Sign out?" in client.get("/logout/").content.decode()
    assert "alice@example.com" in client.get("/").content.decode()
    assert client.post("/logout/")["Location"] == "/"
    assert "alice@example.com" not in client.get("/").content.decode()


def test_form_without_its_token_changes_nothing_and_says_so() -> None:
    answer = Client(enforce_csrf_checks=True).post("/login/", {"login": "a", "password": "b"})
    assert answer.status_code == 403
    assert "Nothing was changed." in answer.content.decode()
