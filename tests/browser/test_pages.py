"""Every page, in both languages and themes, wide and narrow: nothing breaks, all can be read.

A page is loaded once for each language and looked at four times: a reader's system may turn dark
while they read, and a window may get narrow. In one language it is loaded wide and then gets
narrow, in the other it is the other way round; page after page they take turns, so that a window is
as wide as the next page wants it. What is at fault is kept as a picture, with SCREENS=1 each look
is: artifacts/screens/<page>-<language>-<theme>-<width>.png
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
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
THEMES = (("light", "dark"), ("dark", "light"))  # in the first width, then in the second
HANGUL = re.compile("[가-힣]")
SEEN = f"""async (isTurned) => {{
  const frame = () => new Promise(requestAnimationFrame)
  if (isTurned) {{ await frame(); await frame() }}
  await Promise.all(document.getAnimations().map(each => each.finished))
  const root = document.documentElement
  return {{
    width: root.clientWidth,
    language: root.lang,
    heading: document.querySelector("h1")?.textContent || "",
    ground: getComputedStyle(document.body).backgroundColor,
    overflow: Math.max(0, root.scrollWidth - root.clientWidth),
    charts: ({charts.DRAWN})(),
  }}
}}"""  # all at once: each question costs as much as what is asked


@dataclass(frozen=True)
class Look:
    """`is_first` of the two themes in which the page is seen this wide."""

    language: str
    theme: str
    width: int
    is_first: bool
    is_turned: bool  # the window was made as wide while the page was in it


def axe_asks_here(case: PageCase, look: Look) -> bool:
    """Once a theme and width: what a language sees wide and dark, the other sees narrow first."""
    return look.is_first or not case.is_ours


def only_colours(case: PageCase, look: Look) -> bool:
    """In English, where the page has its other theme: other rules hardly read words."""
    return not look.is_first or (case.is_ours and look.language == "en")


def cases(*, has_calls: bool) -> list[Any]:
    shown = [case for case in PAGES if case.has_calls == has_calls]
    return [
        pytest.param(language, case, widths(place + turn), id=f"{case.name}-{language}")
        for turn, language in enumerate(LANGUAGES) for place, case in enumerate(shown)
    ]


def widths(place: int) -> tuple[int, ...]:
    return (1440, 390) if place % 2 == 0 else (390, 1440)


@pytest.fixture(scope="module")
def windows(browser: Browser) -> Callable[[str], Window]:
    """One for each language: what a browser keeps is not fetched for every page again."""

    @cache
    def window(language: str) -> Window:
        window = Window(browser, locale=LANGUAGES[language], **SCREEN)
        window.bring(axe.source())
        return window

    SCREENS.mkdir(parents=True, exist_ok=True)
    return window


@pytest.mark.parametrize("site", [True], indirect=True, ids=["calls"])
@pytest.mark.parametrize(("language", "case", "widths"), cases(has_calls=True))
def test_page_of_a_busy_product(
    site: Site, windows: Callable[[str], Window], language: str, case: PageCase,
    widths: tuple[int, ...],
) -> None:
    looked = faults_of(site, windows(language), language, case, widths)
    assert not looked, "\n".join(looked)


@pytest.mark.parametrize("site", [False], indirect=True, ids=["no-calls"])
@pytest.mark.parametrize(("language", "case", "widths"), cases(has_calls=False))
def test_page_of_a_new_product(
    site: Site, windows: Callable[[str], Window], language: str, case: PageCase,
    widths: tuple[int, ...],
) -> None:
    looked = faults_of(site, windows(language), language, case, widths)
    assert not looked, "\n".join(looked)


def faults_of(
    site: Site, window: Window, language: str, case: PageCase, widths: tuple[int, ...]
) -> list[str]:
    """Pages that are not of our own making are looked at as they are loaded."""
    wrong: list[str] = []
    with window.opened() as seen:
        for place, width in enumerate(widths if case.is_ours else widths[:1]):
            first, second = THEMES[place]
            window.turn(**WIDTHS[width]["viewport"], is_phone=WIDTHS[width] is PHONE)
            if place == 0:  # later it is there, and has the theme
                seen.page.emulate_media(color_scheme=first)
                open_page(seen, site, case)
            wrong += faults(seen.page, Look(language, first, width, True, place > 0), case)
            switch_theme(seen.page, second, case)
            wrong += faults(seen.page, Look(language, second, width, False, False), case)
        wrong += seen.complaints
    return wrong


def switch_theme(page: Page, theme: str, case: PageCase) -> None:
    """As the system does in the evening. Charts are drawn anew, then the page is ready again; the
    admin's colours take a moment to change."""
    page.evaluate("delete document.body.dataset.ready")
    page.emulate_media(color_scheme=theme)
    page.locator(case.ready).first.wait_for(state="attached")


def faults(page: Page, look: Look, case: PageCase) -> list[str]:
    """What is wrong with the page as it is shown now. Leaves a picture of it if something is."""
    seen = page.evaluate(SEEN, look.is_turned)
    found = theme_faults(seen, look.theme) + language_faults(seen, look.language)
    found += charts.faults_of(seen["charts"], asked=case.charts)
    if seen["width"] != look.width:
        found.append(f"the window is {seen['width']} wide")
    if case.is_ours and seen["overflow"]:
        found.append(f"the document is {seen['overflow']} px too wide")
    if axe_asks_here(case, look):
        found += axe.violations(
            page, without=case.axe_exceptions, only_colours=only_colours(case, look)
        )
    if found or picture.is_wanted():
        name = f"{case.name}-{look.language}-{look.theme}-{look.width}.png"
        picture.whole_page(page, SCREENS / name)
    return [f"{look.theme}, {look.width} wide: {fault}" for fault in found]


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


def language_faults(seen: dict[str, Any], language: str) -> list[str]:
    """What is asked for is what is shown: the document says so, and its heading reads so."""
    said, heading = seen["language"], seen["heading"]
    faults = [] if said == language else [f"<html lang={said!r}>"]
    if bool(HANGUL.search(heading)) != (language == "ko"):
        faults.append(f"the heading is {heading.strip()!r}")
    return faults


def theme_faults(seen: dict[str, Any], theme: str) -> list[str]:
    """A light page has a pale ground, a dark one a dark one."""
    ground = seen["ground"]
    brightness = sum(map(int, re.findall(r"\d+", ground)[:3])) / 3
    return [] if (brightness > 128) == (theme == "light") else [f"the ground is {ground}"]
