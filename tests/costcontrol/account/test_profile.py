"""Language and time zone are chosen once and then are everywhere."""

import pytest
from django.test import Client

from accounts.models import User
from accounts.services import tiers_load
from tests.costcontrol.account.login import SECRET, sign_in

pytestmark = pytest.mark.django_db
KOREAN, ENGLISH = '<html lang="ko"', '<html lang="en"'


@pytest.fixture
def dora(db: None) -> User:
    tiers_load()
    return User.objects.create_user("dora@example.com", SECRET, language="ko")


def home(client: Client, **headers: str) -> str:
    return client.get("/", headers=headers).content.decode()


def test_language_of_a_person_wins_over_the_browsers_and_the_cookies(
    client: Client, dora: User
) -> None:
    client.post("/i18n/setlang/", {"language": "en", "next": "/"})
    sign_in(client, "dora@example.com")
    assert KOREAN in home(client, **{"accept-language": "en"})


def test_switch_in_the_head_is_a_choice_that_is_kept(client: Client, dora: User) -> None:
    sign_in(client, "dora@example.com")
    client.post("/i18n/setlang/", {"language": "en", "next": "/"})
    assert ENGLISH in home(client)
    dora.refresh_from_db()
    assert dora.language == "en"


@pytest.mark.parametrize("language", ["xx", "", "../../etc"])
def test_language_that_does_not_exist_is_not_kept(
    client: Client, dora: User, language: str
) -> None:
    sign_in(client, "dora@example.com")
    client.post("/i18n/setlang/", {"language": language, "next": "/"})
    dora.refresh_from_db()
    assert dora.language == "ko"


def test_profile_is_saved_and_the_answer_speaks_the_new_language(
    client: Client, dora: User
) -> None:
    client.force_login(dora)
    form = {"language": "en", "zone": "Europe/Berlin"}
    assert client.post("/account/profile/", form)["Location"] == "/account/profile/"
    page = client.get("/account/profile/").content.decode()
    assert "Saved." in page
    assert ENGLISH in page
    dora.refresh_from_db()
    assert (dora.language, dora.zone) == ("en", "Europe/Berlin")


def test_whoever_leaves_it_to_the_browser_reads_the_browsers_language(
    client: Client, dora: User
) -> None:
    client.force_login(dora)
    client.post("/account/profile/", {"language": "", "zone": ""})
    assert ENGLISH in home(client, **{"accept-language": "en"})


@pytest.mark.parametrize("form", [{"language": "xx"}, {"zone": "Mars/Phobos"}])
def test_what_does_not_exist_is_refused_on_the_page(
    client: Client, dora: User, form: dict[str, str]
) -> None:
    client.force_login(dora)
    assert 'class="errors"' in client.post("/account/profile/", form).content.decode()
    dora.refresh_from_db()
    assert (dora.language, dora.zone) == ("ko", "")
