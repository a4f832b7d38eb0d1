"""Staff end an answer and purge everything with the keyboard alone."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.rows import STAFF
from tests.browser.site import Site
from tests.browser.stored import OPENING

pytestmark = pytest.mark.browser


@pytest.fixture
def alice(site: Site, page: Page) -> Page:
    page.context.add_cookies([site.cookie(STAFF)])
    return page


def test_an_answer_is_ended_and_everything_purged_with_the_keyboard(
    site: Site, alice: Page
) -> None:
    alice.goto(f"{site.url}/dashboard/caches/answers/{OPENING}/")
    alice.locator("summary", has_text="End this answer").focus()
    alice.keyboard.press("Enter")
    alice.keyboard.press("Tab")
    expect(alice.locator("#why")).to_be_focused()
    alice.keyboard.press("Tab")
    alice.keyboard.type("It names the wrong book.")
    with alice.expect_navigation():
        alice.keyboard.press("Enter")
    expect(alice.locator("h1 + .badge")).to_have_text("served for the wrong topic")
    expect(alice.locator("details.end-it")).to_have_count(0)

    alice.goto(f"{site.url}/dashboard/caches/purge/")
    alice.get_by_role("link", name="Everything").focus()
    with alice.expect_navigation():
        alice.keyboard.press("Enter")
    alice.locator("#confirm").focus()
    alice.keyboard.type("everything")
    with alice.expect_navigation():
        alice.keyboard.press("Enter")
    expect(alice.get_by_role("status").first).to_contain_text("are not served any more")
    expect(alice.get_by_role("button", name="Bring back").first).to_be_visible()


def test_a_text_is_judged_with_the_keyboard_and_is_gone(site: Site, alice: Page) -> None:
    alice.goto(f"{site.url}/dashboard/caches/topics/")
    waits = alice.get_by_role("group", name="Texts that wait to be judged")
    waits.get_by_role("button", name="Right · Is a lie ever right?").focus()
    with alice.expect_navigation():
        alice.keyboard.press("Enter")
    expect(alice.get_by_text("Counted as right. The text itself was deleted.")).to_be_visible()
    expect(waits).not_to_contain_text("Is a lie ever right?")


def test_a_threshold_is_slid_with_the_keyboard(site: Site, alice: Page) -> None:
    alice.goto(f"{site.url}/dashboard/caches/topics/?language=en&threshold=93")
    alice.locator("#threshold-slider").focus()
    alice.keyboard.press("ArrowRight")
    expect(alice.locator("#threshold-percent")).to_have_value("93.1")
    alice.get_by_role("button", name="Reckon").focus()
    with alice.expect_navigation():
        alice.keyboard.press("Enter")
    expect(alice.get_by_role("rowheader", name="This one, 93.1%")).to_be_visible()
