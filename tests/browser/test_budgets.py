"""What an operator does about limits with the keyboard alone: look first, raise, be told, pause."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from routing.models import Deployment
from tests.browser import limits
from tests.browser.rows import STAFF
from tests.browser.site import Site
from tests.browser.watch import watched

pytestmark = pytest.mark.browser
BUDGETS = "/dashboard/budgets/"
MOST_STOPS = 80
IS_FOCUSED = "element => element === document.activeElement"


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    with watched(browser, locale="en-US") as seen:
        seen.context.add_cookies([site.cookie(STAFF)])
        seen.refused.add(f"{BUDGETS}{limits.PLATFORM}/")  # 409: it asks once more
        yield seen.page
    assert seen.complaints == []


def to(page: Page, wanted: Locator) -> None:
    """With the Tab key, from where the focus is."""
    expect(wanted).to_have_count(1)
    for _ in range(MOST_STOPS):
        if wanted.evaluate(IS_FOCUSED):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the Tab key does not reach {wanted}")


def press(page: Page, name: str) -> None:
    to(page, page.get_by_role("button", name=name))
    page.keyboard.press("Enter")


def typed(page: Page, label: str, text: str) -> None:
    to(page, page.get_by_label(label, exact=True))
    page.keyboard.press("Control+a")
    page.keyboard.type(text)


def test_a_hard_stop_is_shown_before_it_is_made_and_asked_about(page: Page, site: Site) -> None:
    page.goto(f"{site.url}{BUDGETS}{limits.PLATFORM}/")
    typed(page, "Cap, in dollars", "0.01")
    press(page, "Show what it would do")
    expect(page.get_by_text("What the hard stop would do")).to_be_visible()
    expect(page.get_by_text("this stops them now")).to_be_visible()
    press(page, "Save")
    expect(page.get_by_text("Yes, calls may be stopped now")).to_be_visible()
    expect(page.get_by_text("The budget was saved")).to_have_count(0)


def test_a_budget_is_raised_once_with_a_reason_and_the_raise_is_ended(
    page: Page, site: Site
) -> None:
    page.goto(f"{site.url}{BUDGETS}{limits.PLATFORM}/")
    typed(page, "May spend in this period, dollars", "5000")
    press(page, "Raise once")
    expect(page.get_by_text("It may spend")).to_have_count(0)  # a reason is asked for
    typed(page, "Reason", "a launch")
    page.keyboard.press("Enter")
    expect(page.get_by_text("It may spend $5,000.00 until its period ends")).to_be_visible()
    press(page, "End the raise now")
    expect(page.get_by_text("The raise was ended")).to_be_visible()


def test_what_did_not_arrive_is_flagged_and_an_alert_is_taken_in_hand(
    page: Page, site: Site
) -> None:
    page.goto(f"{site.url}{BUDGETS}")
    expect(page.get_by_text("Not delivered to “Operations”").first).to_be_visible()
    button = page.get_by_role("button", name="Acknowledge").last
    words = button.inner_text()
    press(page, words)
    expect(page.get_by_text("The alert was acknowledged")).to_be_visible()
    expect(page.get_by_role("button", name=words)).to_have_count(0)


def test_a_channel_is_tried_out(page: Page, site: Site) -> None:
    page.goto(f"{site.url}{BUDGETS}channels/")
    press(page, "Send a test · Operations")
    expect(page.get_by_role("status")).to_contain_text("Operations")


def test_from_the_overviews_health_a_provider_is_paused(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/dashboard/")
    to(page, page.locator("#health-details summary"))
    page.keyboard.press("Enter")
    to(page, page.get_by_role("link", name="Test or pause a provider"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/dashboard/settings/**")
    to(page, page.get_by_role("link", name="Pause it · Anthropic"))
    page.keyboard.press("Enter")
    to(page, page.get_by_role("checkbox"))
    page.keyboard.press("Space")
    press(page, "Pause")
    expect(page.get_by_text("Anthropic is paused.")).to_be_visible()
    assert not Deployment.objects.filter(provider="anthropic", is_enabled=True).exists()


def test_a_tick_and_its_words_stand_beside_each_other_on_a_narrow_page(
    page: Page, site: Site
) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{site.url}{BUDGETS}users/1/throttle/")
    tick = page.get_by_role("checkbox", name="With 0")
    boxes = tick.evaluate(
        "tick => [tick, tick.parentElement].map(each => each.getBoundingClientRect().height)"
    )
    assert boxes[1] < 2.5 * boxes[0]
