"""The components in a real browser: charts drawn, drawn anew, taken away and done without."""

from collections.abc import Iterator
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client, override_settings
from playwright.sync_api import Browser, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from tests.browser import charts
from tests.browser.watch import watched

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("tests.browser.sampler.urls"),
]
LIGHT, DARK = "rgb(18, 131, 111)", "rgb(79, 201, 174)"  # --c-local
BAR_IS = """() => {
  const bar = document.querySelector("body[data-ready] #spend .bars path")
  return bar && getComputedStyle(bar).fill === "COLOR"
}"""


def wait_for_bars(page: Page, color: str) -> None:
    page.wait_for_function(BAR_IS.replace("COLOR", color))


def open_sampler(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}/sampler/")
    page.wait_for_selector("body[data-ready]", state="attached")


@pytest.fixture
def sampler(page: Page, live_server: LiveServer) -> Page:
    open_sampler(page, live_server)
    return page


def test_charts_are_of_the_type_asked_for(sampler: Page) -> None:
    assert charts.faults(sampler, asked=3) == []


def test_charts_follow_the_theme_and_the_choice_is_kept(sampler: Page) -> None:
    wait_for_bars(sampler, LIGHT)
    sampler.get_by_label("Colours").select_option("dark")
    wait_for_bars(sampler, DARK)
    sampler.reload()
    wait_for_bars(sampler, DARK)
    sampler.get_by_label("Colours").select_option("auto")
    wait_for_bars(sampler, LIGHT)


def test_name_in_the_legend_hides_its_bars_and_brings_them_back(sampler: Page) -> None:
    name = sampler.locator("#spend .chart-legend button").first
    is_shown = "document.querySelector('#spend .js-plotly-plot')._fullData[0].visible"
    assert sampler.evaluate(is_shown) is True
    for pressed in ("false", "true"):
        name.focus()
        sampler.keyboard.press("Enter")
        expect(name).to_have_attribute("aria-pressed", pressed)
        sampler.wait_for_function(f"() => String({is_shown}) === '{pressed}'")


def test_charts_follow_the_system(sampler: Page) -> None:
    sampler.emulate_media(color_scheme="dark")
    wait_for_bars(sampler, DARK)


def test_part_that_htmx_replaces_is_drawn_again_and_the_old_chart_is_freed(sampler: Page) -> None:
    sampler.evaluate("window.old = document.querySelector('#spend .js-plotly-plot')")
    sampler.get_by_role("button", name="Refresh").click()
    sampler.wait_for_function(
        "() => { const now = document.querySelector('#spend .js-plotly-plot');"
        " return now && now !== window.old && now._fullData }"
    )
    assert sampler.evaluate("window.old._fullData === undefined")
    assert charts.faults(sampler, asked=3) == []


def test_failed_refresh_leaves_the_charts_where_they_are(
    browser: Browser, live_server: LiveServer
) -> None:
    with watched(browser) as seen:
        open_sampler(seen.page, live_server)
        address = f"{live_server.url}/sampler/part/"
        seen.refused.add(address)
        seen.page.route(address, lambda route: route.fulfill(status=503))
        with seen.page.expect_response(address):
            seen.page.get_by_role("button", name="Refresh").click()
        assert charts.faults(seen.page, asked=3) == []
    assert [said for said in seen.complaints if "Response Status Error" not in said] == []


@pytest.fixture
def without_plotly(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    def drop(route: Route) -> None:
        route.fulfill(status=200, content_type="text/javascript", body="")

    with watched(browser) as seen:
        seen.page.route("**/plotly-basic*.js", drop)
        open_sampler(seen.page, live_server)
        yield seen.page
    assert all("integrity" in said for said in seen.complaints)


def test_without_plotly_the_table_is_open_and_the_page_says_why(without_plotly: Page) -> None:
    figure = without_plotly.locator("#spend")
    expect(figure.get_by_text("could not be drawn")).to_be_visible()
    expect(figure.get_by_role("row", name="2026-11-01")).to_be_visible()


def test_numbers_and_dates_are_written_the_readers_way(
    browser: Browser, live_server: LiveServer
) -> None:
    with watched(browser, locale="ko-KR", timezone_id="Asia/Seoul") as seen:
        open_sampler(seen.page, live_server)
        expect(seen.page.locator(".as-of time").first).to_have_text("2026. 11. 25. 21:00")
        expect(seen.page.locator(".kpi-value").first).to_have_text("$1,284.00")
    assert seen.complaints == []


def test_own_time_zone_is_offered(browser: Browser, live_server: LiveServer) -> None:
    with watched(browser, timezone_id="America/New_York") as seen:
        open_sampler(seen.page, live_server)
        expect(seen.page.locator("#zone option")).to_have_text(["Asia/Seoul", "America/New_York"])
    assert seen.complaints == []


@pytest.mark.parametrize("width", [390, 768, 1440])
def test_page_is_never_wider_than_the_screen(
    browser: Browser, live_server: LiveServer, width: int
) -> None:
    with watched(browser, viewport={"width": width, "height": 900}) as seen:
        open_sampler(seen.page, live_server)
        over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert seen.page.evaluate(over) <= 0
    assert seen.complaints == []


@override_settings(DEMO=True)
def test_demo_is_marked(page: Page, live_server: LiveServer) -> None:
    page.goto(live_server.url)
    expect(page.get_by_role("note")).to_contain_text("Nothing here is real data.")


def test_theme_chosen_in_the_admin_is_that_of_our_pages(
    page: Page, live_server: LiveServer
) -> None:
    call_command("load_defaults", stdout=StringIO())
    staff = Client()
    staff.force_login(User.objects.create_superuser("alice@example.com"))
    cookie = settings.SESSION_COOKIE_NAME
    page.context.add_cookies(
        [{"name": cookie, "value": staff.cookies[cookie].value, "url": live_server.url}]
    )
    page.goto(f"{live_server.url}/admin/")
    page.get_by_role("button", name="Toggle theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto(live_server.url)
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.get_by_label("Colours")).to_have_value("dark")
