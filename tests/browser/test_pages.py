"""Every page, in both languages and themes, wide and narrow: nothing breaks, all can be read.

Each is kept as a picture: artifacts/screens/<page>-<language>-<theme>-<width>.png
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

from tests.browser import axe, charts
from tests.browser.pages import PAGES, PageCase
from tests.browser.site import Site
from tests.browser.watch import Watched, Window

pytestmark = pytest.mark.browser
SCREENS = Path(settings.BASE_DIR) / "artifacts" / "screens"
LANGUAGES = {"ko": "ko-KR", "en": "en-US"}
THEMES = ("light", "dark")
SCREEN = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
WIDTHS: dict[int, dict[str, Any]] = {1440: SCREEN, 390: PHONE}
Look = tuple[str, str, int]  # language, theme, width
HANGUL = re.compile("[가-힣]")
OVERFLOW = """
Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)"""


def axe_asks_here(language: str, theme: str, width: int) -> bool:
    """Once a theme and width, in alternating languages: its rules hardly read words."""
    is_even = (theme == THEMES[0]) == (width == 1440)
    return is_even == (language == "ko")


def looks(*, has_calls: bool) -> list[Any]:
    return [
        pytest.param((language, theme, width), case, id=f"{case.name}-{language}-{theme}-{width}")
        for language, theme, width, case in product(LANGUAGES, THEMES, WIDTHS, PAGES)
        if case.has_calls == has_calls
        and (case.is_ours or axe_asks_here(language, theme, width))
    ]


@pytest.fixture(scope="module")
def windows(browser: Browser) -> Callable[[Look], Window]:
    """One for each look: what a browser keeps is not fetched for every page again."""

    @cache
    def window(look: Look) -> Window:
        language, theme, width = look
        return Window(browser, locale=LANGUAGES[language], color_scheme=theme, **WIDTHS[width])

    SCREENS.mkdir(parents=True, exist_ok=True)
    return window


@pytest.mark.parametrize("site", [True], indirect=True, ids=["calls"])
@pytest.mark.parametrize(("look", "case"), looks(has_calls=True))
def test_page_of_a_busy_product(
    site: Site, windows: Callable[[Look], Window], look: Look, case: PageCase
) -> None:
    look_at(site, windows(look), look, case)


@pytest.mark.parametrize("site", [False], indirect=True, ids=["no-calls"])
@pytest.mark.parametrize(("look", "case"), looks(has_calls=False))
def test_page_of_a_new_product(
    site: Site, windows: Callable[[Look], Window], look: Look, case: PageCase
) -> None:
    look_at(site, windows(look), look, case)


def look_at(site: Site, window: Window, look: Look, case: PageCase) -> None:
    language, theme, width = look
    with window.opened() as seen:
        open_page(seen, site, case)
        wrong = language_faults(seen.page, language) + charts.faults(seen.page, asked=case.charts)
        if case.is_ours and (overflow := seen.page.evaluate(OVERFLOW)):
            wrong.append(f"the document is {overflow} px too wide")
        if axe_asks_here(language, theme, width):
            wrong += axe.violations(seen.page, without=case.axe_exceptions)
        picture = SCREENS / f"{case.name}-{language}-{theme}-{width}.png"
        seen.page.screenshot(path=picture, full_page=True)
    faults = wrong + seen.complaints
    assert not faults, "\n".join(faults)


def open_page(seen: Watched, site: Site, case: PageCase) -> None:
    url = site.url + case.path
    if case.user:
        seen.context.add_cookies([site.cookie(case.user)])
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
