"""What a reader does on the overview: filter, go back, unfold, download, wait, use no mouse."""

import csv
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from accounts.models import User
from tests.browser.rows import RANGE, STAFF
from tests.browser.site import Site, session_of
from tests.browser.watch import Watched, watched

pytestmark = pytest.mark.browser
OVERVIEW = f"/dashboard/?{RANGE}"
BAR_COLOUR = """() => getComputedStyle(
    document.querySelector("#spend .trace path, #spend .point path")).fill"""


@pytest.fixture(autouse=True)
def in_no_language_yet(site: Site) -> None:
    """Whoever is signed in keeps the language that they choose: another session each time."""
    User.objects.filter(email=STAFF).update(language="")
    site.sessions[STAFF] = session_of(STAFF)


@pytest.fixture
def seen(browser: Browser, site: Site) -> Iterator[Watched]:
    """Alice of the staff, on the overview of the days that have calls."""
    with watched(browser, locale="en-US", color_scheme="light") as seen:
        seen.context.add_cookies([site.cookie(STAFF)])
        seen.page.goto(site.url + OVERVIEW)
        ready(seen.page)
        yield seen
    assert seen.complaints == []


@pytest.fixture
def page(seen: Watched) -> Page:
    return seen.page


def ready(page: Page) -> None:
    page.locator("body[data-ready]").wait_for(state="attached")
    page.locator("#spend figure[data-state]").wait_for(state="attached")


def query(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def twin(page: Page) -> Locator:
    return page.locator("#spend details.twin")


# --- language and theme ------------------------------------------------------------------------


def test_other_language_shows_the_same_page(page: Page) -> None:
    page.get_by_label("Tier").select_option("premium")
    page.wait_for_url("**tier=premium**")
    before = query(page)
    page.get_by_role("button", name="한국어").click()
    expect(page.locator("html")).to_have_attribute("lang", "ko")
    assert urlsplit(page.url).path == "/dashboard/"
    assert query(page) == before


def test_theme_draws_the_charts_anew_and_is_kept(page: Page) -> None:
    light = page.evaluate(BAR_COLOUR)
    page.locator("[data-theme-switch]").select_option("dark")
    page.wait_for_function(f"before => ({BAR_COLOUR})() !== before", arg=light)
    page.reload()
    ready(page)
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate(BAR_COLOUR) != light


# --- filters are in the address ------------------------------------------------------------------


def test_filter_is_in_the_address_and_back_takes_it_away(page: Page) -> None:
    everything = page.locator(".kpis").inner_text()
    page.get_by_label("Tier").select_option("premium")
    page.wait_for_url("**tier=premium**")
    expect(page.locator(".kpis")).not_to_have_text(everything)
    page.go_back()
    expect(page.get_by_label("Tier")).to_have_value("")
    assert "tier" not in query(page)
    ready(page)
    assert page.locator(".kpis").inner_text() == everything


def test_range_survives_a_reload(page: Page) -> None:
    page.get_by_label("From").fill("2026-11-05")
    page.wait_for_url("**from=2026-11-05**")
    figures = page.locator(".kpis").inner_text()
    page.reload()
    ready(page)
    expect(page.get_by_label("From")).to_have_value("2026-11-05")
    assert page.locator(".kpis").inner_text() == figures


def test_preset_replaces_the_days(page: Page) -> None:
    page.get_by_role("link", name="7 days").click()
    page.wait_for_url(re.compile("range=7d"))
    expect(page.get_by_role("link", name="7 days")).to_have_attribute("aria-current", "true")
    assert "from" not in query(page)


# --- the same numbers ----------------------------------------------------------------------------


def test_export_sums_to_what_the_table_says(page: Page, tmp_path: Path) -> None:
    with page.expect_download() as download:
        page.locator("#spend").get_by_role("link", name="CSV").click()
    file = tmp_path / "spend.csv"
    download.value.save_as(file)
    head, *rows = list(csv.reader(file.read_text("utf-8-sig").splitlines()))
    money = [at for at, name in enumerate(head) if name.endswith("usd")]
    assert money
    exported = sum(Decimal(row[at] or 0) for row in rows for at in money)
    twin(page).locator("summary").click()
    row = page.locator("#spend tbody tr", has=page.get_by_role("rowheader", name="Total"))
    total = row.locator("data[value]").last
    assert exported == Decimal(total.get_attribute("value") or "") / 10**9
    assert exported > 0


# --- without a mouse, without scripts, without charts ---------------------------------------------


def test_first_tab_skips_to_the_content(page: Page) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_keyboard_reaches_filters_and_unfolds_a_table(page: Page) -> None:
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id"))
        if page.evaluate("document.activeElement.matches('#spend summary')"):
            break
    order = [name for name in reached if name in ("range-1", "from", "to", "tier", "zone")]
    assert order.index("range-1") < order.index("from") < order.index("tier")
    page.keyboard.press("Enter")
    expect(twin(page).get_by_role("table")).to_be_visible()


def test_table_stands_in_for_charts_that_cannot_be_drawn(browser: Browser, site: Site) -> None:
    with watched(browser, locale="ko-KR") as seen:
        seen.context.add_cookies([site.cookie(STAFF)])
        seen.context.route("**/plotly*.js", lambda route: route.abort())
        seen.refused.add("plotly")
        seen.page.goto(site.url + OVERVIEW)
        seen.page.locator("body[data-ready]").wait_for(state="attached")
        spend = seen.page.locator("#spend")
        expect(spend.get_by_role("table")).to_be_visible()
        expect(spend.get_by_text("브라우저")).to_be_visible()
    assert seen.complaints == []


def test_without_scripts_the_page_is_read_and_filtered(browser: Browser, site: Site) -> None:
    with watched(browser, java_script_enabled=False, locale="en-US") as seen:
        seen.context.add_cookies([site.cookie(STAFF)])
        page = seen.page
        page.goto(site.url + OVERVIEW)
        everything = page.locator(".kpis").inner_text()
        assert re.search(r"\$\d", everything)
        twin(page).locator("summary").click()
        expect(twin(page).get_by_role("table")).to_be_visible()
        page.get_by_label("Tier").select_option("premium")
        page.get_by_role("button", name="Show").click()
        expect(page.get_by_label("Tier")).to_have_value("premium")
        assert page.locator(".kpis").inner_text() != everything
        page.get_by_role("button", name="한국어").click()
        expect(page.locator("html")).to_have_attribute("lang", "ko")


# --- it renews itself ----------------------------------------------------------------------------


def test_renewal_leaves_the_reader_where_they_are(browser: Browser, site: Site) -> None:
    with watched(browser, locale="en-US") as seen:
        seen.context.add_cookies([site.cookie(STAFF)])
        page = seen.page
        page.clock.install()
        page.goto(site.url + OVERVIEW)
        ready(page)
        twin(page).locator("summary").click()
        page.evaluate("scrollTo(0, 700)")
        before = page.evaluate("scrollY")
        page.locator("#figures").evaluate("part => part.dataset.old = 1")
        with page.expect_response(lambda reply: "renew=1" in reply.url):
            page.clock.fast_forward("01:05")
        page.locator("#figures:not([data-old])").wait_for()
        expect(twin(page).get_by_role("table")).to_be_visible()
        ready(page)
        assert before > 0
        assert page.evaluate("scrollY") == before
    assert seen.complaints == []


# --- the row of pages ----------------------------------------------------------------------------


def test_groups_of_pages_unfold_by_keyboard_and_carry_the_filters(page: Page) -> None:
    page.get_by_label("Tier").select_option("premium")
    page.wait_for_url("**tier=premium**")
    group = page.locator(".group", has_text="Spend").first
    group.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(group.get_by_role("link", name="Explorer")).to_be_visible()
    page.keyboard.press("Escape")
    expect(group.get_by_role("link", name="Explorer")).to_be_hidden()
    page.keyboard.press("Enter")  # the focus is on the group's name again
    group.get_by_role("link", name="Explorer").click()
    page.wait_for_url("**/dashboard/explorer/**")
    assert query(page)["tier"] == ["premium"]
    expect(page.get_by_label("Tier", exact=True)).to_have_value("premium")


def test_on_a_phone_without_scripts_pages_are_behind_one_menu(
    browser: Browser, site: Site
) -> None:
    narrow = {"width": 390, "height": 844}
    with watched(browser, java_script_enabled=False, locale="en-US", viewport=narrow) as seen:
        seen.context.add_cookies([site.cookie(STAFF)])
        seen.page.goto(site.url + OVERVIEW)
        link = seen.page.get_by_role("navigation").get_by_role("link", name="Explorer")
        expect(link).to_be_hidden()
        seen.page.locator(".menu > summary").click()
        seen.page.locator(".group", has_text="Spend").first.locator("summary").click()
        link.click()
        assert urlsplit(seen.page.url).path == "/dashboard/explorer/"
        assert query(seen.page)["from"] == ["2026-10-28"]


# --- narrower and wider -------------------------------------------------------------------------

OVERLAPS = """() => {
  const boxes = [...document.querySelectorAll("#spend .xtick text")]
    .map(label => label.getBoundingClientRect()).sort((a, b) => a.left - b.left)
  return boxes.filter((box, at) => at && box.left < boxes[at - 1].right).length
}"""


def test_dates_under_a_chart_do_not_overlap_when_the_window_is_made_narrower(page: Page) -> None:
    page.set_viewport_size({"width": 1400, "height": 900})
    page.reload()
    ready(page)
    labels, legend = page.locator("#spend .xtick text"), page.locator("#spend .chart-legend button")
    wide = labels.count()
    legend.first.click()
    page.set_viewport_size({"width": 390, "height": 900})
    expect(labels).not_to_have_count(wide)
    assert page.evaluate(OVERLAPS) == 0
    assert legend.first.get_attribute("aria-pressed") == "false"  # what was hidden stays so
    page.set_viewport_size({"width": 1400, "height": 900})
    expect(labels).to_have_count(wide)
