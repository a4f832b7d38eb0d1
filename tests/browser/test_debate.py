"""A newcomer's first debate, in a real browser, with every process of the product behind it and
simulated providers: watched to the end and shared; played from a seat, by phone, in Korean, with a
reload in the middle; read along while the line is cut; refused; read without scripts.

With SCREENS=1 some moments are kept as pictures:
artifacts/screens/play-<moment>-<language>-<width>.png
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Route, expect
from pytest_django.plugin import DjangoDbBlocker

from accounts.models import User
from routing.models import Debate, StoredAnswer, Turn
from tests.browser import axe, rows
from tests.browser.debates import FINISHED
from tests.browser.stage import (
    PATIENCE_MS,
    POOR,
    Stage,
    Viewer,
    is_gapless,
    running_stage,
    written,
)
from tests.browser.test_pages import WIDTHS
from tests.browser.watch import watched

pytestmark = [pytest.mark.browser, pytest.mark.slow]
QUICK = {"first_s": 0.0, "tokens_s": 20_000.0, "piece_s": 0.01}
SLOW = {"first_s": 0.0, "tokens_s": 150.0, "piece_s": 0.03}  # an introduction takes a second
OWN_TURNS = (3, 5, 7, 9, 13)  # of con1, one on one


@pytest.fixture(scope="module")
def stage(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("stage")
    with django_db_blocker.unblock(), running_stage(folder) as stage:
        yield stage


@pytest.fixture(autouse=True)
def quick(stage: Stage) -> None:
    stage.upstream.will(**QUICK)


def test_pages_that_were_found_stand_beneath_the_opening_from_its_first_word_on(
    browser: Browser, stage: Stage
) -> None:
    with watched(browser, locale="en-US", **WIDTHS[1440]) as seen:
        viewer = Viewer(seen, stage, rows.CUSTOMER, name="en-1440")
        viewer.choose()
        facts = viewer.page.locator("#estimate-facts")
        expect(facts).to_contain_text("Web searches for the opening statements: 2")
        viewer.keep("searches")
        viewer.start()
        viewer.next(1)
        viewer.next(2)
        for _again in range(2):
            links = viewer.turn(2).locator("[data-slot=pages] a")
            expect(links).to_have_count(2)
            for link in links.all():
                address = link.get_attribute("href") or ""
                assert re.fullmatch(r"https://page[12]\.example/\d+", address)
                assert link.get_attribute("rel") == "noopener nofollow noreferrer"
            expect(viewer.turn(2)).to_contain_text("Found on the web for it")
            expect(viewer.turn(1).locator("[data-slot=sources]")).to_be_hidden()
            viewer.keep("sources")
            assert axe.violations(viewer.page) == []
            viewer.page.reload()


def test_watched_to_the_end_rated_and_shown_to_others(browser: Browser, stage: Stage) -> None:
    with watched(browser, locale="en-US", **WIDTHS[1440]) as seen:
        viewer = Viewer(seen, stage, rows.CUSTOMER, name="en-1440")
        viewer.choose()
        expect(viewer.button("estimate-range")).to_contain_text("credits")
        viewer.keep("1-choose")
        viewer.start()
        for number in range(1, 13):
            viewer.next(number)
        viewer.button("auto").check()
        expect(viewer.button("end")).to_be_visible(timeout=PATIENCE_MS)
        said = viewer.said()
        assert said == written(viewer.debate)
        assert all(map(is_gapless, said[:-1]))
        expect(viewer.turn(len(said)).locator("[data-slot=facts]")).to_contain_text("a template")
        rates(viewer)
        url = shares(viewer)
        saves(viewer, said)
        viewer.keep("2-end")
        assert axe.violations(seen.page) == []
    assert seen.complaints == []
    is_read_by_a_stranger(browser, url, said)


def test_keyboard_alone_is_enough(browser: Browser, stage: Stage) -> None:
    """The button keeps the focus from turn to turn, and it comes to the text when one may speak."""
    with watched(browser, locale="en-US", **WIDTHS[1440]) as seen:
        viewer, keys = Viewer(seen, stage, rows.CUSTOMER, name="keys-en-1440"), seen.page.keyboard
        viewer.choose()
        viewer.reach("input[name=seat]")
        with seen.page.expect_response("**/estimate"):
            keys.press("ArrowDown")  # from watching to the first seat
        viewer.is_priced()
        viewer.reach("#start")
        keys.press("Enter")
        seen.page.wait_for_url(re.compile(r"/play/[0-9a-f-]{36}/"))
        viewer.reach("#next")
        keys.press("Enter")
        viewer.is_said(1)
        expect(viewer.button("own-text")).to_be_focused()
        keys.type("So be it.")
        viewer.reach("#own-send")
        keys.press("Enter")
        viewer.is_said(2)
        expect(viewer.button("next")).to_be_focused()
        expect(viewer.button("next")).to_have_attribute("aria-disabled", "false")
        keys.press("Enter")
        viewer.is_said(3)
    assert seen.complaints == []


def rates(viewer: Viewer) -> None:
    good = viewer.turn(2).locator("[data-slot=rating] button[value='1']")
    good.click()
    expect(good).to_have_attribute("aria-pressed", "true")
    assert Turn.objects.get(debate=viewer.debate, number=2).rating == 1


def shares(viewer: Viewer) -> str:
    """The link, which works from now on."""
    viewer.button("public").check()
    expect(viewer.button("link")).to_be_visible()
    assert viewer.debate.is_public
    return viewer.button("link-url").inner_text()


def saves(viewer: Viewer, said: list[str]) -> None:
    for form, ending in (("markdown", ".md"), ("json", ".json")):
        with viewer.page.expect_download() as download:
            viewer.page.locator(f"#end a[href*='format={form}']").click()
        assert download.value.suggested_filename.endswith(ending)
        assert said[-1] in download.value.path().read_text()


def is_read_by_a_stranger(browser: Browser, url: str, said: list[str]) -> None:
    """All of it; and played, twice as fast halfway, nothing of it is missing or comes twice."""
    with watched(browser, locale="en-US", **WIDTHS[390]) as seen:
        page = seen.page
        page.goto(url)
        assert page.locator(".turn .said").all_text_contents() == said
        assert rows.CUSTOMER not in page.content()
        page.locator("#speed").select_option("4")
        page.locator("#play").click()
        expect(page.locator("#turn-1")).to_have_attribute("data-status", "running")
        page.locator("#all").click()
        assert page.locator(".turn .said").all_text_contents() == said
        assert axe.violations(page) == []
    assert seen.complaints == []


def test_played_from_a_seat_in_korean_by_phone_with_a_reload(
    browser: Browser, stage: Stage
) -> None:
    with watched(browser, locale="ko-KR", color_scheme="dark", **WIDTHS[390]) as seen:
        viewer = Viewer(seen, stage, rows.CUSTOMER, name="ko-390")
        viewer.choose()
        with seen.page.expect_response("**/estimate"):
            seen.page.locator("input[name=seat][value=con1]").check()
        viewer.is_priced()
        viewer.keep("1-choose")
        viewer.start()
        viewer.keep("2-nobody-has-spoken")
        reload_in_the_middle(viewer)
        viewer.next(2)
        speaks(viewer, OWN_TURNS[0], "저는 그렇게 생각하지 않습니다.")
        viewer.next(4)
        speaks(viewer, OWN_TURNS[1], "")
        to_the_end(viewer)
        viewer.keep("4-end")
        assert axe.violations(seen.page) == []
    assert seen.complaints == []


def reload_in_the_middle(viewer: Viewer) -> None:
    """The rest comes, and what had come is not there twice."""
    viewer.stage.upstream.will(**SLOW)
    viewer.button("next").click()
    expect(viewer.turn(1).locator(".said")).to_contain_text("9")
    viewer.page.reload()
    expect(viewer.turn(1)).to_have_attribute("data-status", "running")
    viewer.is_said(1)
    viewer.stage.upstream.will(**QUICK)
    assert viewer.said() == written(viewer.debate)
    assert is_gapless(viewer.said()[0])


def speaks(viewer: Viewer, number: int, text: str) -> None:
    """In the user's turn; without words they pass."""
    expect(viewer.button("own")).to_be_visible()
    expect(viewer.button("next")).to_be_hidden()
    if text:
        viewer.button("own-text").fill(text)
        viewer.keep("3-ones-turn")
        viewer.button("own-send").click()
    else:
        viewer.button("own-pass").click()
    viewer.is_said(number)
    expect(viewer.turn(number).locator(".said")).to_have_text(text)


def to_the_end(viewer: Viewer) -> None:
    for number in range(6, 15):
        if number in OWN_TURNS:
            speaks(viewer, number, "네.")
        else:
            viewer.next(number)
    expect(viewer.button("end")).to_be_visible()


class BadLine:
    """The first half of the events comes; then nobody answers once; then all is well."""

    def __init__(self) -> None:
        self.asked_after: list[str] = []  # Last-Event-ID of each try

    def __call__(self, route: Route) -> None:
        self.asked_after.append(route.request.headers.get("last-event-id", ""))
        if len(self.asked_after) == 2:
            return route.abort()
        if len(self.asked_after) > 2:
            return route.continue_()
        reply = route.fetch()
        events = reply.text().split("\n\n")
        half = [f"{event}\n\n" for event in events[: len(events) // 2]]
        return route.fulfill(response=reply, body="".join(half))


def test_line_that_is_cut_is_told_and_nothing_is_lost(browser: Browser, stage: Stage) -> None:
    with watched(browser, locale="en-US", **WIDTHS[1440]) as seen:
        seen.refused.add("/stream")
        viewer, line = Viewer(seen, stage, rows.CUSTOMER, name="en-1440"), BadLine()
        viewer.choose()
        viewer.start()
        stage.upstream.will(**SLOW)
        seen.page.route("**/turns/1/stream", line)
        viewer.button("next").click()
        expect(seen.page.locator("[data-name=line]")).to_be_visible()
        viewer.is_said(1)
        expect(seen.page.locator("[data-name=line]")).to_have_count(0)
        assert viewer.said() == written(viewer.debate)
        assert line.asked_after[0] == ""
        assert line.asked_after[1] == line.asked_after[2] != ""
    assert seen.complaints == []


def test_turn_that_is_stopped_is_written_anew(browser: Browser, stage: Stage) -> None:
    with watched(browser, locale="en-US", **WIDTHS[390]) as seen:
        viewer = Viewer(seen, stage, rows.CUSTOMER, name="en-390")
        viewer.choose()
        viewer.start()
        stage.upstream.will(**SLOW)
        viewer.button("next").click()
        viewer.button("stop").click()
        expect(viewer.turn(1)).to_have_attribute("data-status", "cancelled")
        expect(viewer.turn(1).locator("[data-slot=note]")).to_contain_text("Press “Next”")
        stage.upstream.will(**QUICK)
        viewer.next(2)
        assert viewer.turn(1).count() == 0
        is_paused_and_ended(viewer)
    assert seen.complaints == []


def test_last_turn_is_written_anew_before_the_next_one(browser: Browser, stage: Stage) -> None:
    with watched(browser, locale="en-US", **WIDTHS[390]) as seen:
        viewer = Viewer(seen, stage, rows.CUSTOMER, name="anew-en-390")
        viewer.choose()
        viewer.start()
        viewer.next(1)
        expect(viewer.turn(1).locator("[data-slot=facts]")).to_contain_text("written now")
        button = viewer.turn(1).get_by_role("button", name="Write it anew")
        expect(button).to_be_visible()
        button.click()
        viewer.is_said(2)
        expect(viewer.turn(1)).to_have_count(0)
        assert len(viewer.said()) == 1  # the simulated models say the same again
        viewer.next(3)
        expect(viewer.turn(2).locator("[data-slot=anew]")).to_be_hidden()
        expect(viewer.turn(3).locator("[data-slot=anew]")).to_be_visible()
        viewer.keep("4-anew")
        assert axe.violations(seen.page) == []
    assert seen.complaints == []


def is_paused_and_ended(viewer: Viewer) -> None:
    viewer.button("pause").click()
    expect(viewer.button("resume")).to_be_focused()
    expect(viewer.button("next")).to_be_hidden()
    viewer.button("resume").click()
    expect(viewer.button("next")).to_be_focused()
    viewer.button("finish").click()
    viewer.button("finish-ask").locator("button[value=end]").click()
    expect(viewer.button("end")).to_be_visible()
    expect(viewer.button("bar")).to_be_hidden()
    assert viewer.debate.status == "cancelled"


def test_whoever_is_signed_out_is_told_and_comes_back(browser: Browser, stage: Stage) -> None:
    with watched(browser, locale="en-US", **WIDTHS[390]) as seen:
        seen.refused.add("/turns")
        viewer = Viewer(seen, stage, rows.CUSTOMER, name="en-390")
        viewer.choose()
        viewer.start()
        seen.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
        viewer.button("next").click()
        way = seen.page.locator("[data-name=problem] a")
        expect(way).to_have_attribute("href", f"/login/?next=%2Fplay%2F{viewer.debate.pk}%2F")
    assert seen.complaints == []


def test_staff_see_the_way_of_each_turn(browser: Browser, stage: Stage) -> None:
    """Of one that is written now: what others were told would come as slowly as one reads."""
    StoredAnswer.objects.all().delete()
    with watched(browser, locale="en-US", **WIDTHS[1440]) as seen:
        viewer = Viewer(seen, stage, rows.STAFF, name="staff-en-1440")
        viewer.choose()
        viewer.start()
        viewer.next(1)
        turn = Turn.objects.get(debate=viewer.debate)
        facts = viewer.turn(1).locator("[data-slot=facts]")
        expect(facts).to_contain_text(turn.deployment)
        expect(facts).to_contain_text("$0.0")
        expect(facts.locator("a")).to_have_attribute("href", f"/dashboard/calls/{turn.call_id}/")
        viewer.keep("turn")
    assert seen.complaints == []


def test_used_up_quota_is_said_before_anything_is_taken(browser: Browser, stage: Stage) -> None:
    with watched(browser, locale="en-US", **WIDTHS[390]) as seen:
        viewer = Viewer(seen, stage, POOR, name="poor-en-390")
        seen.page.goto(f"{stage.site.url}/play/")
        expect(seen.page.locator("#estimate-problem .strip")).to_contain_text("debates")
        viewer.keep("refused")
        viewer.button("start").click(force=True)
        expect(viewer.button("start")).to_have_attribute("aria-disabled", "true")
    assert seen.complaints == []
    assert not Debate.objects.filter(user_id=User.objects.get(email=POOR).pk).exists()


def test_without_scripts_it_can_be_read(browser: Browser, stage: Stage) -> None:
    options: dict[str, Any] = {"java_script_enabled": False, "locale": "en-US", **WIDTHS[390]}
    with watched(browser, **options) as seen:
        viewer = Viewer(seen, stage, rows.CUSTOMER, name="en-390")
        seen.page.goto(f"{stage.site.url}/play/{FINISHED}/")
        assert viewer.said() == written(viewer.debate)
        expect(seen.page.locator("main noscript .strip")).to_contain_text("JavaScript")
        expect(viewer.button("bar")).to_be_hidden()
        viewer.keep("no-scripts")
    assert seen.complaints == []
