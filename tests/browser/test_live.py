"""Live calls in a browser: they come by themselves, wait while paused, outlive a lost stream."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from accounts.models import User
from billing.models import UsageRecord
from costcontrol.lib import clock
from tests.browser.rows import STAFF
from tests.browser.site import Site
from tests.browser.watch import Watched, watched

pytestmark = pytest.mark.browser
LATE_MS, POLL_MS = 3_100, 10_100


@pytest.fixture
def seen(browser: Browser, site: Site) -> Iterator[Watched]:
    User.objects.filter(email=STAFF).update(language="en")
    with watched(browser, locale="en-US") as seen:
        seen.context.add_cookies([site.cookie(STAFF)])
        yield seen
    assert seen.complaints == []


def opened(seen: Watched, site: Site, query: str = "") -> Page:
    seen.page.goto(f"{site.url}/dashboard/live/{query}")
    seen.page.locator("body[data-ready]").wait_for(state="attached")
    return seen.page


def call(kind: str) -> None:
    """One ends now."""
    UsageRecord.objects.create(
        call_id=uuid4(), attempt=1, at=clock.now() - timedelta(seconds=1), user_id=1,
        tier="premium", call_kind=kind, requested_model="auto", deployment="openai/gpt-6-luna",
        model_class="economy", provider="openai", model="gpt-6-luna", outcome="complete",
        confidence="exact", cost_nanos=1_500_000, latency_ms=700,
    )


def first_row(page: Page) -> Locator:
    return page.locator("#live-rows tr").first


def test_calls_come_by_themselves_and_wait_while_the_list_is_paused(
    seen: Watched, site: Site
) -> None:
    page = opened(seen, site)
    expect(page.locator("#live-state")).to_have_text("Live")
    call("rebuttal")
    expect(first_row(page)).to_contain_text("rebuttal")
    expect(first_row(page)).to_contain_text("$0.001500")
    pause = page.get_by_role("button", name="Pause")
    pause.focus()
    page.keyboard.press("Enter")
    call("summary")
    expect(page.locator("#live-state")).to_have_text("1 new while paused")
    expect(first_row(page)).to_contain_text("rebuttal")
    page.keyboard.press("Enter")
    expect(first_row(page)).to_contain_text("summary")
    expect(page.locator("#live-state")).to_have_text("Live")
    link = first_row(page).get_by_role("link")
    link.click()
    page.wait_for_url("**/dashboard/calls/*/")


def test_without_a_stream_the_page_says_so_and_asks(seen: Watched, site: Site) -> None:
    seen.refused.add("/live/stream/")
    seen.page.route("**/live/stream/**", lambda route: route.abort())
    seen.page.clock.install()
    page = opened(seen, site)
    expect(page.locator("#live-lost")).to_be_hidden()
    page.wait_for_timeout(100)
    page.clock.run_for(LATE_MS)
    expect(page.locator("#live-lost")).to_contain_text("asked for every 10 seconds")
    expect(page.locator("#live-state")).to_have_text("Every 10 s")
    call("opening")
    page.clock.run_for(POLL_MS)
    expect(first_row(page)).to_contain_text("opening")
    seen.page.unroute("**/live/stream/**")
    page.clock.run_for(POLL_MS)
    expect(page.locator("#live-lost")).to_be_hidden()
    expect(page.locator("#live-state")).to_have_text("Live")


def test_only_calls_that_match_come(seen: Watched, site: Site) -> None:
    page = opened(seen, site, "?kind=closing")
    expect(page.locator("#live-state")).to_have_text("Live")
    call("rebuttal")
    call("closing")
    expect(first_row(page)).to_contain_text("gpt-6-luna")
    assert "rebuttal" not in page.locator("#live-rows").inner_text()
