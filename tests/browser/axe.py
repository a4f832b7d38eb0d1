"""axe-core 4.14.1, asked about the page that is open: WCAG A and AA, and its best practices.

The file is the one of npm's `axe-core`, unchanged (MPL-2.0, see its licence beside it).
"""

from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

SCRIPT = Path(__file__).parent / "vendor" / "axe.min.js"
SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = ["color-contrast", "link-in-text-block"]
ASK = """options => axe.run(document, options).then(found => found.violations)"""


def violations(
    page: Page, *, without: Collection[str] = (), only_colours: bool = False
) -> list[str]:
    """One line for each broken rule and element; empty is good. `only_colours`: the rules that
    look at them, as they are all that another theme changes.

    Without `preload`: axe would copy style sheets into the page, which the page's policy forbids.
    """
    if page.evaluate("!window.axe"):
        _bring(page)
    rules = {rule: {"enabled": False} for rule in without}
    asked = [rule for rule in COLOURS if rule not in without] if only_colours else TAGS
    options: dict[str, Any] = {"runOnly": asked, "resultTypes": ["violations"], "preload": False}
    if not only_colours:
        options["rules"] = rules
    found = page.evaluate(ASK, options)
    return [line for rule in found for line in _lines(rule)]


def _bring(page: Page) -> None:
    session = page.context.new_cdp_session(page)  # Playwright's evaluate takes twice as long
    said = session.send("Runtime.evaluate", {"expression": source(), "returnByValue": True})
    session.detach()
    assert "exceptionDetails" not in said, said


@cache
def source() -> str:
    return SCRIPT.read_text()


def _lines(rule: dict[str, Any]) -> list[str]:
    return [
        f"axe: {rule['id']} at {' '.join(map(str, node['target']))}: "
        f"{' '.join(node['failureSummary'].split())}"
        for node in rule["nodes"]
    ]
