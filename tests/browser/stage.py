"""All processes of the product, simulated providers behind them, and somebody with a browser."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.conf import settings
from playwright.sync_api import Locator, expect

from accounts.models import User
from routing.models import CallKindRow, Debate, Deployment, Turn
from tests.browser import picture, rows
from tests.browser.debates import FINISHED, HAIKU, debate_make
from tests.browser.site import Site, session_of
from tests.browser.test_pages import SCREENS
from tests.browser.watch import Watched
from tests.flows.rows import connected_to, name_of, new_database, tier
from tests.services.debating import Debating, running_debating
from tests.services.theatre import theatre

NUMBERED = re.compile(r"\D(\d+)\b")  # every word of the simulated providers has a number
POOR = "poor@example.com"
TEMPLATE = "closing"  # models write all the rest
MOST_TABS = 60
PATIENCE_MS = 20_000  # with a machine that does other things too


@dataclass(frozen=True)
class Stage:
    site: Site
    upstream: Debating


@contextmanager
def running_stage(folder: Path) -> Iterator[Stage]:
    SCREENS.mkdir(parents=True, exist_ok=True)
    with (
        running_debating() as upstream, new_database(folder) as url, connected_to(name_of(url))
    ):
        people_make()
        secret = settings.SECRET_KEY
        with theatre(folder, database_url=url, SECRET_KEY=secret, **upstream.env) as house:
            house.open()
            people = (rows.STAFF, rows.CUSTOMER, POOR)
            site = Site(house.url, {who: session_of(who) for who in people})
            yield Stage(site, upstream)


def people_make() -> None:
    """Alice of the staff, bob, who is a customer, and one whose plan has no debates. One of the
    models searches the web."""
    rows.people_make()
    Deployment.objects.filter(name=HAIKU).update(can_search=True)
    Deployment.objects.filter(provider="embedded").update(is_enabled=False)
    CallKindRow.objects.exclude(name=TEMPLATE).update(may_be_template=False)
    User.objects.filter(email=rows.STAFF).update(tier_id="enterprise")
    bob = User.objects.get(email=rows.CUSTOMER)
    debate_make(FINISHED, bob, said=14, status="finished")
    User.objects.create_user(POOR, tier_id=tier(debates_per_day=0))


class Viewer:
    """Somebody with a browser, signed in."""

    def __init__(self, seen: Watched, stage: Stage, who: str, *, name: str) -> None:
        self.page, self.stage, self.name = seen.page, stage, name
        seen.context.add_cookies([stage.site.cookie(who)])

    def choose(self) -> None:
        """The page on which debates are started, once the price is known."""
        self.page.goto(f"{self.stage.site.url}/play/")
        self.is_priced()

    def is_priced(self) -> None:
        start = self.button("start")
        expect(start).to_have_attribute("aria-disabled", "false", timeout=PATIENCE_MS)

    def start(self) -> None:
        self.button("start").click()
        self.page.wait_for_url(re.compile(r"/play/[0-9a-f-]{36}/"))

    @property
    def debate(self) -> Debate:
        return Debate.objects.get(pk=UUID(self.page.url.rstrip("/").rpartition("/")[2]))

    def button(self, name: str) -> Locator:
        return self.page.locator(f"#{name}")

    def turn(self, number: int) -> Locator:
        return self.page.locator(f"#turn-{number}")

    def next(self, number: int) -> None:
        """Press the button, and read the turn to its end."""
        expect(self.button("next")).to_have_attribute("aria-disabled", "false")
        self.button("next").click()
        self.is_said(number)

    def is_said(self, number: int) -> None:
        turn = self.turn(number)
        expect(turn).to_have_attribute("data-status", "completed", timeout=PATIENCE_MS)

    def reach(self, selector: str) -> None:
        """With the tab key, as far as it takes."""
        for _ in range(MOST_TABS):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
                return
        raise AssertionError(f"{selector} cannot be reached with the tab key")

    def said(self) -> list[str]:
        return self.page.locator(".turn .said").all_text_contents()

    def keep(self, moment: str) -> None:
        if picture.is_wanted():
            picture.whole_page(self.page, SCREENS / f"play-{moment}-{self.name}.png")


def written(debate: Debate) -> list[str]:
    turns = Turn.objects.filter(debate=debate).order_by("number")
    return list(turns.values_list("text", flat=True))


def is_gapless(text: str) -> bool:
    numbers = [int(number) for number in NUMBERED.findall(f" {text}")]
    return bool(numbers) and numbers == list(range(len(numbers)))
