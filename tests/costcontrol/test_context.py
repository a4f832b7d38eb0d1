"""The frame of every page: navigation, theme, language."""

from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError
from django.http import HttpRequest
from django.test import Client, RequestFactory, override_settings

from accounts.models import User
from costcontrol import context
from costcontrol.dashboard import navigation


def labels_of(path: str, *, is_staff: bool) -> list[tuple[str, bool]]:
    return [(str(e.label), e.is_active) for e in context.navigation(path, is_staff=is_staff)]


def test_strangers_are_shown_no_staff_pages() -> None:
    assert labels_of("/", is_staff=False) == [("API", False)]


def test_staff_see_groups_of_pages_that_exist() -> None:
    shown = context.navigation("/dashboard/caches/topics/", is_staff=True)
    groups = {str(entry.label): entry for entry in shown}
    assert [name for name, entry in groups.items() if entry.is_active] == ["Answers"]
    caches = [page for page in groups["Answers"].entries if page.is_active]
    assert [page.url for page in caches] == ["/dashboard/caches/"]
    assert all(entry.url or len(entry.entries) > 1 for entry in shown)


def test_a_page_that_is_not_built_is_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    place = navigation.Place("Moon", "dashboard:moon")
    monkeypatch.setattr(navigation, "GROUPS", (navigation.Group("Sky", (place,)),))
    assert labels_of("/dashboard/", is_staff=True) == [("API", False)]


@pytest.mark.parametrize(
    ("page", "query"),
    [("dashboard:calls", "range=7d&tier=free"), ("dashboard:caches_answers", "")],
)
def test_filters_go_along_from_pages_that_have_them(page: str, query: str) -> None:
    asked = {"range": "7d", "tier": "free", "older": "1-1", "user": "", "kind": "x" * 255}
    assert navigation.carried(page, asked) == query


def test_links_to_pages_with_the_bar_have_the_filters() -> None:
    shown = context.navigation("/dashboard/", is_staff=True, query="tier=free")
    urls = {page.url for entry in shown for page in (entry, *entry.entries)}
    assert {"/dashboard/?tier=free", "/dashboard/calls/?tier=free", "/dashboard/revenue/"} <= urls


def test_entry_of_the_longest_address_is_the_active_one() -> None:
    active = [name for name, is_active in labels_of("/admin/x/", is_staff=True) if is_active]
    assert active == ["Settings"]
    assert not any(is_active for _name, is_active in labels_of("/", is_staff=True))


class AwayUser:
    @property
    def is_authenticated(self) -> bool:
        raise DatabaseError("away")


def test_page_has_a_frame_while_the_database_is_away() -> None:
    request = RequestFactory().get("/")
    request.user = AwayUser()
    assert context.viewer(request) == (False, "")


@pytest.mark.parametrize(
    ("cookie", "theme"),
    [("dark", "dark"), ("light", "light"), ('"><script>', "auto"), ("", "auto")],
)
def test_theme_is_one_of_three_whatever_the_cookie_says(cookie: str, theme: str) -> None:
    request: HttpRequest = RequestFactory().get("/")
    request.COOKIES["theme"] = cookie
    assert context.page(request)["theme"] == theme


@pytest.mark.django_db
def test_theme_is_in_the_page_before_any_script_runs(client: Client) -> None:
    client.cookies["theme"] = "dark"
    assert 'data-theme="dark"' in client.get("/").content.decode()


@pytest.mark.django_db
def test_first_visit_speaks_the_browsers_language(client: Client) -> None:
    page = client.get("/", headers={"accept-language": "ko-KR,ko;q=0.9"}).content.decode()
    assert '<html lang="ko"' in page


@pytest.mark.django_db
def test_chosen_language_is_kept_and_wins_over_the_browsers(client: Client) -> None:
    there = client.post("/i18n/setlang/", {"language": "ko", "next": "/login/?next=/admin/"})
    assert there["Location"] == "/login/?next=/admin/"
    assert client.cookies[settings.LANGUAGE_COOKIE_NAME]["max-age"] > 300 * 24 * 3600
    page = client.get("/", headers={"accept-language": "en"}).content.decode()
    assert '<html lang="ko"' in page


@pytest.mark.django_db
def test_language_switch_leads_to_no_other_site(client: Client) -> None:
    there = client.post("/i18n/setlang/", {"language": "ko", "next": "https://evil.example/"})
    assert there["Location"] == "/"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/login/", "/nowhere/"])
def test_every_page_offers_the_other_language(client: Client, path: str) -> None:
    assert 'value="ko" lang="ko">한국어</button>' in client.get(path).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("is_demo", [True, False])
def test_demo_is_marked_on_the_page(client: Client, is_demo: bool) -> None:
    with override_settings(DEMO=is_demo):
        assert ('class="demo"' in client.get("/").content.decode()) is is_demo


@pytest.mark.django_db
def test_staff_see_where_they_can_go_and_who_they_are(client: Client) -> None:
    call_command("load_defaults", stdout=StringIO())
    client.force_login(User.objects.create_superuser("alice@example.com", "secret"))
    page = client.get("/").content.decode()
    assert "alice@example.com" in page
    assert ">Settings</summary>" in page
    assert 'href="/account/security/">Your account</a>' in page
