"""A typed question on the page that starts a debate: three to choose from, none, and taken back, by
mouse and by the keyboard alone."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import override_settings
from playwright.sync_api import Browser, Locator, Page, expect
from pytest_django.plugin import DjangoDbBlocker

from routing.debates.topic_index import forget
from routing.models import TopicAlias
from tests.browser import axe, rows
from tests.browser.site import Site, session_of
from tests.browser.test_pages import WIDTHS
from tests.browser.watch import Watched, watched
from tests.flows.rows import connected_to, name_of, new_database
from tests.flows.server import Gateway

pytestmark = [pytest.mark.browser, pytest.mark.slow]
TYPED = "Is it right to clone people?"
TITLE = "Should human cloning be allowed?"
PATIENCE_MS = 60_000  # the first text loads a model, which a busy machine takes its time for


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("topics")
    with (
        django_db_blocker.unblock(), new_database(folder) as url, connected_to(name_of(url)),
        override_settings(TOPIC_EMBEDDER="builtin"),
    ):
        rows.people_make()
        call_command("embed_topics", verbosity=0)
        server = Gateway(
            folder, DATABASE_URL=url, REDIS_URL=settings.REDIS_URL,
            SECRET_KEY=settings.SECRET_KEY, TOPIC_EMBEDDER="builtin",
        )
        try:
            server.wait_until_ready()
            yield Site(server.url, {rows.CUSTOMER: session_of(rows.CUSTOMER)})
        finally:
            server.stop()
            forget()


@pytest.fixture(autouse=True)
def nothing_known(site: Site) -> None:
    TopicAlias.objects.all().delete()


def says(meaning: Locator, text: str) -> None:
    """However long the server takes to find it out."""
    expect(meaning).to_contain_text(text, timeout=PATIENCE_MS)


def opened(seen: Watched, site: Site) -> Page:
    seen.page.context.add_cookies([site.cookie(rows.CUSTOMER)])
    seen.page.goto(f"{site.url}/play/")
    return seen.page


def test_a_choice_is_made_priced_and_taken_back(browser: Browser, site: Site) -> None:
    with watched(browser, locale="en-US", **WIDTHS[1440]) as seen:
        page = opened(seen, site)
        page.fill("#own-topic", TYPED)
        meaning = page.locator("#meaning")
        says(meaning, "Did you mean one of these?")
        choices = meaning.locator("li button")
        assert 1 <= choices.count() <= 3
        expect(choices.first).to_contain_text(TITLE)
        expect(choices.first).to_contain_text("PRO says: Yes · CON says: No")
        expect(choices.first.locator(".meant-title")).to_have_attribute("lang", "en")
        assert axe.violations(page) == []
        with (
            page.expect_response("**/topics/confirm", timeout=PATIENCE_MS),
            page.expect_request("**/estimate") as sent,
        ):
            choices.first.click()
        assert sent.value.post_data_json["topic_id"] == "t079"
        says(meaning, "This is a question of the list:")
        expect(meaning).to_be_focused()
        meaning.get_by_role("button", name="Not what I meant").click()
        says(meaning, "Did you mean one of these?")
    assert seen.complaints == []
    assert not TopicAlias.objects.exists(), "a slip is taken back and blames nobody"


def test_none_of_these_and_a_denial_by_the_keyboard_alone(browser: Browser, site: Site) -> None:
    with watched(browser, locale="en-US", **WIDTHS[390]) as seen:
        page = opened(seen, site)
        meaning, keys = page.locator("#meaning"), page.keyboard
        page.focus("#own-topic")
        keys.type("Should human cloning not be allowed?")
        first = meaning.locator("li button").first
        says(first, "PRO says: No · CON says: Yes")
        keys.press("Tab")
        expect(first).to_be_focused()
        meaning.get_by_role("button", name="None of these").focus()
        keys.press("Enter")
        says(meaning, "It will be debated as you typed it.")
        page.fill("#own-topic", "")
        expect(meaning).to_be_hidden()
    assert seen.complaints == []


def test_a_match_that_others_made_is_shown_and_can_be_reported(
    browser: Browser, site: Site
) -> None:
    TopicAlias.objects.create(
        norm="isitrighttoclonepeople", text=TYPED, language="en", topic_id="t123",
        status="active", source="staff", created_at="2026-11-01T00:00:00Z",
    )
    with watched(browser, locale="en-US", **WIDTHS[1440]) as seen:
        page = opened(seen, site)
        page.fill("#own-topic", TYPED)
        meaning = page.locator("#meaning")
        says(meaning, "Does God exist?")
        with page.expect_response("**/topics/report", timeout=PATIENCE_MS) as answered:
            meaning.get_by_role("button", name="Not what I meant").click()
        assert answered.value.ok
        assert TopicAlias.objects.get().status == "quarantined"
        says(meaning, "Did you mean one of these?")
    assert seen.complaints == []
