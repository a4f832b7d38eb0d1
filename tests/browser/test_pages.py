"""Every page, in both languages and themes, wide and narrow: nothing breaks, all can be read.

A page is loaded once for each language and looked at four times: a reader's system may turn dark
while they read, and a window may get narrow. In Korean it is loaded wide and then gets narrow, in
English the other way round. What is at fault is kept as a picture, with SCREENS=1 each look is:
artifacts/screens/<page>-<language>-<theme>-<width>.png
"""

import re
from collections.abc import Callable
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page

from tests.browser import axe, charts, picture
from tests.browser.pages import PAGES, PageCase
from tests.browser.site import Site
from tests.browser.watch import Watched, Window

pytestmark = pytest.mark.browser
SCREENS = Path(settings.BASE_DIR) / "artifacts" / "screens"
LANGUAGES = {"ko": "ko-KR", "en": "en-US"}
SCREEN = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
WIDTHS: dict[int, dict[str, Any]] = {1440: SCREEN, 390: PHONE}
THEMES = {1440: ("light", "dark"), 390: ("dark", "light")}  # in this order
FIRST = {"ko": 1440, "en": 390}  # as it is loaded
HANGUL = re.compile("[가-힣]")
OVERFLOW = """
Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)"""
CHANGED = "Promise.all(document.getAnimations().map(each => each.finished)).then(() => null)"
DRAWN = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())))"


def axe_asks_here(case: PageCase, language: str, theme: str, width: int) -> bool:
    """Once a theme and width, in alternating languages: its rules hardly read words. All of them in
    Korean; in English, where the page has its other theme, those that look at colours.
    """
    return not case.is_ours or (theme == THEMES[width][0]) == (language == "ko")


def cases(*, has_calls: bool) -> list[Any]:
    return [
        pytest.param(language, case, id=f"{case.name}-{language}")
        for language, case in product(LANGUAGES, PAGES) if case.has_calls == has_calls
    ]


@pytest.fixture(scope="module")
def windows(browser: Browser) -> Callable[[str], Window]:
    """One for each language: what a browser keeps is not fetched for every page again."""

    @cache
    def window(language: str) -> Window:
        return Window(browser, locale=LANGUAGES[language], **WIDTHS[FIRST[language]])

    SCREENS.mkdir(parents=True, exist_ok=True)
    return window


@pytest.mark.parametrize("site", [True], indirect=True, ids=["calls"])
@pytest.mark.parametrize(("language", "case"), cases(has_calls=True))
def test_page_of_a_busy_product(
    site: Site, windows: Callable[[str], Window], language: str, case: PageCase
) -> None:
    look_at(site, windows(language), language, case)


@pytest.mark.parametrize("site", [False], indirect=True, ids=["no-calls"])
@pytest.mark.parametrize(("language", "case"), cases(has_calls=False))
def test_page_of_a_new_product(
    site: Site, windows: Callable[[str], Window], language: str, case: PageCase
) -> None:
    look_at(site, windows(language), language, case)


def look_at(site: Site, window: Window, language: str, case: PageCase) -> None:
    wrong: list[str] = []
    with window.opened() as seen:
        for width in widths(language, case):
            first, second = THEMES[width]
            get_wide(seen, width)
            if width == FIRST[language]:  # later it is there, and has the theme
                seen.page.emulate_media(color_scheme=first)
                open_page(seen, site, case)
            wrong += faults(seen.page, (language, first, width), case)
            switch_theme(seen.page, second, case)
            wrong += faults(seen.page, (language, second, width), case)
        wrong += seen.complaints
    assert not wrong, "\n".join(wrong)


def widths(language: str, case: PageCase) -> list[int]:
    """Pages that are not of our own making are looked at as they are loaded."""
    others = [width for width in WIDTHS if width != FIRST[language] and case.is_ours]
    return [FIRST[language], *others]


def get_wide(seen: Watched, width: int) -> None:
    """The screen becomes another one, as when a tablet is turned or a window moved."""
    view = WIDTHS[width]["viewport"]
    is_phone = WIDTHS[width] is PHONE
    session = seen.session
    session.send("Emulation.setDeviceMetricsOverride", {
        **view, "screenWidth": view["width"], "screenHeight": view["height"],
        "deviceScaleFactor": 1, "mobile": is_phone,
    })
    session.send("Emulation.setTouchEmulationEnabled", {"enabled": is_phone})
    seen.page.evaluate(DRAWN)


def switch_theme(page: Page, theme: str, case: PageCase) -> None:
    """As the system does in the evening. Charts are drawn anew, then the page is ready again; the
    admin's colours take a moment to change."""
    page.evaluate("delete document.body.dataset.ready")
    page.emulate_media(color_scheme=theme)
    page.locator(case.ready).first.wait_for(state="attached")
    page.evaluate(CHANGED)


def faults(page: Page, look: tuple[str, str, int], case: PageCase) -> list[str]:
    """What is wrong with the page as it is shown now. Leaves a picture of it if something is."""
    language, theme, width = look
    found = theme_faults(page, theme) + language_faults(page, language)
    found += charts.faults(page, asked=case.charts)
    if case.is_ours and (overflow := page.evaluate(OVERFLOW)):
        found.append(f"the document is {overflow} px too wide")
    if axe_asks_here(case, language, theme, width):
        is_second = theme != THEMES[width][0]
        found += axe.violations(page, without=case.axe_exceptions, only_colours=is_second)
    if found or picture.is_wanted():
        picture.whole_page(page, SCREENS / f"{case.name}-{language}-{theme}-{width}.png")
    return [f"{theme}, {width} wide: {fault}" for fault in found]


def open_page(seen: Watched, site: Site, case: PageCase) -> None:
    url = site.url + case.path
    if case.user:
        seen.context.add_cookies([site.cookie(case.user)])
    seen.refused.update(case.asks)
    if case.status != 200:
        seen.refused.add(url)
    response = seen.page.goto(url)
    assert response
    assert response.status == case.status
    if case.then:
        seen.page.locator(case.ready).wait_for(state="attached")
        case.then(seen.page)
    seen.page.locator(case.ready).first.wait_for(state="attached")


def language_faults(page: Page, language: str) -> list[str]:
    """What is asked for is what is shown: the document says so, and its heading reads so."""
    said, heading = page.evaluate(
        "[document.documentElement.lang, (document.querySelector('h1') || {}).textContent || '']"
    )
    faults = [] if said == language else [f"<html lang={said!r}>"]
    if bool(HANGUL.search(heading)) != (language == "ko"):
        faults.append(f"the heading is {heading.strip()!r}")
    return faults


def theme_faults(page: Page, theme: str) -> list[str]:
    """A light page has a pale ground, a dark one a dark one."""
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    brightness = sum(map(int, re.findall(r"\d+", ground)[:3])) / 3
    return [] if (brightness > 128) == (theme == "light") else [f"the ground is {ground}"]
