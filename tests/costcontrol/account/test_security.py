"""What people do around their login: second factors, sessions, passwords, wrong passwords."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from axes.models import AccessAttempt
from django.conf import settings
from django.core import mail
from django.test import Client, RequestFactory

from accounts.models import User
from tests.costcontrol.account.login import (
    OTHER,
    SECRET,
    app_of,
    app_set_up,
    code_of,
    sign_in,
    text_of,
)
from tests.services.defaults import defaults_copy

pytestmark = pytest.mark.django_db
DORA = "dora@example.com"


@pytest.fixture(autouse=True)
def dora(db: None) -> User:
    defaults_copy()
    return User.objects.create_user(DORA, SECRET, tier_id="free")


@pytest.fixture
def inside(client: Client) -> Client:
    assert sign_in(client, DORA) == "/account/"
    return client


# --- second factor ---------------------------------------------------------------------------


def test_app_is_set_up_and_asked_for_from_then_on(inside: Client) -> None:
    secret = app_set_up(inside)
    later = Client()
    assert sign_in(later, DORA) == "/2fa/authenticate/"
    assert later.get("/account/security/").status_code == 302
    assert later.post("/2fa/authenticate/", {"code": code_of(secret)})["Location"] == "/account/"


@pytest.mark.django_db(transaction=True)
def test_change_of_the_second_factor_is_told_by_letter(inside: Client) -> None:
    app_set_up(inside)
    (letter,) = [each for each in mail.outbox if "authenticator" in each.subject]
    assert (letter.to, letter.subject) == ([DORA], "An authenticator app was set up")
    assert "If this was not you" in str(letter.body)


@pytest.mark.django_db(transaction=True)
def test_first_second_factor_ends_sessions_that_began_without_one(inside: Client) -> None:
    elsewhere = Client()
    sign_in(elsewhere, DORA)
    app_set_up(inside)
    assert elsewhere.get("/account/security/").status_code == 302
    assert inside.get("/account/security/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_another_factor_leaves_them_open_they_passed_the_first(inside: Client, dora: User) -> None:
    secret = app_of(dora)
    elsewhere = Client()
    sign_in(elsewhere, DORA)
    elsewhere.post("/2fa/authenticate/", {"code": code_of(secret)})
    request = RequestFactory().get("/")
    request.session = inside.session
    passkey = Authenticator.objects.create(user=dora, type="webauthn", data={"name": "1"})
    authenticator_added.send(Authenticator, request=request, user=dora, authenticator=passkey)
    assert elsewhere.get("/account/security/").status_code == 200


def test_wrong_code_says_what_to_type(client: Client, dora: User) -> None:
    app_of(dora)
    sign_in(client, DORA)
    page = client.post("/2fa/authenticate/", {"code": "abc"}).content.decode()
    assert "This code is not right." in page


def test_recovery_codes_open_the_door_once_each(inside: Client) -> None:
    app_set_up(inside)
    codes = text_of(inside, "/2fa/recovery-codes/download/").split()
    assert len(codes) == 10
    for expected in ("/account/", ""):
        later = Client()
        sign_in(later, DORA)
        answer = later.post("/2fa/authenticate/", {"code": codes[0]})
        assert answer.get("Location", "") == expected
    assert "9 recovery codes are left." in text_of(inside, "/account/security/")


def test_second_factor_is_changed_only_after_the_password(inside: Client) -> None:
    assert inside.get("/2fa/totp/activate/")["Location"].startswith("/reauthenticate/")


# --- passwords and sessions ------------------------------------------------------------------


def test_new_password_ends_the_sessions_elsewhere(inside: Client) -> None:
    elsewhere = Client()
    sign_in(elsewhere, DORA)
    form = {"oldpassword": SECRET, "password1": OTHER, "password2": OTHER}
    assert inside.post("/password/change/", form)["Location"] == "/account/security/"
    assert inside.get("/account/security/").status_code == 200
    assert elsewhere.get("/account/security/").status_code == 302
    assert "In 1 place." in text_of(inside, "/account/security/")
    assert mail.outbox[-1].subject == "Your password was changed"


def test_one_session_is_ended_from_another(inside: Client, dora: User) -> None:
    elsewhere = Client(headers={"user-agent": "Mozilla/5.0 (Android 16) Firefox/150.0"})
    sign_in(elsewhere, DORA)
    assert "Firefox, Android" in text_of(inside, "/sessions/")
    ended = dora.usersession_set.get(user_agent__contains="Firefox")
    inside.post(f"/account/security/sessions/{ended.pk}/end/")
    assert elsewhere.get("/account/security/").status_code == 302
    assert inside.get("/account/security/").status_code == 200


def test_session_of_somebody_else_cannot_be_ended(inside: Client) -> None:
    bob = User.objects.create_user("bob@example.com", SECRET, tier_id="free")
    theirs = Client()
    sign_in(theirs, "bob@example.com")
    session = bob.usersession_set.get()
    assert inside.post(f"/account/security/sessions/{session.pk}/end/").status_code == 404
    assert theirs.get("/account/security/").status_code == 200


def test_all_other_sessions_are_ended_at_once(inside: Client) -> None:
    elsewhere = Client()
    sign_in(elsewhere, DORA)
    inside.post("/sessions/")
    assert elsewhere.get("/account/security/").status_code == 302
    assert inside.get("/account/security/").status_code == 200


# --- wrong passwords -------------------------------------------------------------------------


def guess(client: Client, times: int, email: str = DORA) -> int:
    form = {"login": email, "password": "wrong"}
    return [client.post("/login/", form).status_code for _ in range(times)][-1]


def test_last_try_that_is_allowed_still_works(client: Client) -> None:
    assert guess(client, settings.AXES_FAILURE_LIMIT - 1) == 200
    assert sign_in(client, DORA) == "/account/"


def test_one_wrong_password_more_closes_the_door_to_the_right_one_too(client: Client) -> None:
    assert guess(client, settings.AXES_FAILURE_LIMIT) == 429
    answer = client.post("/login/", {"login": DORA.upper(), "password": SECRET})
    assert (answer.status_code, "opens again at" in answer.content.decode()) == (429, True)
    assert 0 < int(answer["Retry-After"]) <= 15 * 60 + 1
    assert client.get("/account/security/").status_code == 302


def test_door_is_closed_for_unknown_addresses_in_the_same_way(client: Client) -> None:
    assert guess(client, settings.AXES_FAILURE_LIMIT, "nobody@example.com") == 429


def test_door_stays_open_for_others(client: Client) -> None:
    guess(client, settings.AXES_FAILURE_LIMIT)
    assert sign_in(Client(REMOTE_ADDR="203.0.113.7"), DORA) == "/account/"


def test_door_opens_again_after_a_while(client: Client) -> None:
    guess(client, settings.AXES_FAILURE_LIMIT)
    for attempt in AccessAttempt.objects.all():
        attempt.attempt_time -= settings.AXES_COOLOFF_TIME + timedelta(seconds=1)
        attempt.save()
    assert sign_in(client, DORA) == "/account/"


def test_password_is_not_kept_with_a_wrong_try(client: Client) -> None:
    guess(client, 1)
    assert "wrong" not in AccessAttempt.objects.get().post_data
    assert DORA not in AccessAttempt.objects.get().post_data
