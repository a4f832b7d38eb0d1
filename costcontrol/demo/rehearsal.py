"""Debates for the pictures: really held in the playground of a running demo, in a browser.

The words are those of the simulated providers; one's own turns are typed in here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

TURN_WITHIN_MS = 60_000
CREATE = """async order => {
    const token = document.querySelector("input[name=csrfmiddlewaretoken]").value;
    const headers = { "Content-Type": "application/json", "X-CSRFToken": token };
    const body = JSON.stringify(order);
    const response = await fetch("/api/v1/debates", { method: "POST", headers, body });
    const answer = await response.json();
    return response.ok ? answer.id : Promise.reject(new Error(JSON.stringify(answer)));
}"""


@dataclass(frozen=True, slots=True)
class Script:
    """A debate up to turn `until`. `own`: what we say when it is our turn, in order; one that is
    left is typed, but not said."""

    order: dict[str, Any]
    until: int
    own: Sequence[str] = ()


KOREAN = Script(
    {"topic": "인공지능에게도 권리가 있는가?", "language": "ko", "moderator_style": "formal",
     "cast": {"pro": ["kant"], "con": ["nietzsche"]}},
    until=8,
)
ENGLISH = Script(
    {"topic": "Should machines have rights?", "language": "en", "seat": "pro1",
     "cast": {"pro": ["socrates"], "con": ["nietzsche"]}},
    until=5,
    own=(
        "We gave rights to companies, which cannot even be hurt. I ask only that we look at what a "
        "machine can do and suffer before we decide, and not at what it is made of.",
        "I would say it to them first of all, Nietzsche: waiting harms people too, and nobody ever "
        "asks who pays for that.",
    ),
)  # fmt: skip


def play(page: "Page", address: str, script: Script) -> None:
    """Leaves the page at the stage that the debate has come to, its last turn read to the end."""
    page.goto(f"{address}/play/")
    debate_id = page.evaluate(CREATE, script.order)
    page.goto(f"{address}/play/{debate_id}/")
    own = iter(script.own)
    for number in range(1, script.until + 1):
        is_ours = page.locator("#own").is_visible()
        _say(page, next(own)) if is_ours else _next(page)
        _is_said(page, number)
    for text in own:
        page.fill("#own-text", text)
    page.locator("#talk > section").last.evaluate("stage => stage.scrollIntoView()")


def _say(page: "Page", text: str) -> None:
    page.fill("#own-text", text)
    page.click("#own-send")


def _next(page: "Page") -> None:
    page.click("#next[aria-disabled=false]")


def _is_said(page: "Page", number: int) -> None:
    """And whoever comes next is known."""
    page.wait_for_selector(f"#turn-{number}[data-status=completed]", timeout=TURN_WITHIN_MS)
    page.wait_for_selector("#next[aria-disabled=false], #own:not([hidden])")
