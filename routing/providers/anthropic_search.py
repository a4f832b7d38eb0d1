"""Anthropic's own web search: how it is asked for, and what it found as lines of text.

The model searches by itself and writes what it found; the pages stand at the end, one a line:
`[title](address)`. A search that failed leaves no page, and its answer is what the model knew.
"""

import re
from collections.abc import Iterable

from routing.providers._wire import JsonObject

TOOL = "web_search_20250305"  # the plain one: later ones run code
MOST = 5  # pages
MAX_TITLE = 160
NO_LINK = re.compile(r"[\[\]\s]+")


def search_tool(uses: int) -> JsonObject:
    return {"type": TOOL, "name": "web_search", "max_uses": uses}


def results(block: JsonObject) -> list[JsonObject]:
    """The pages in one block of an answer; none in any other block, and none of a failed search."""
    found = block.get("content")
    if block.get("type") != "web_search_tool_result" or not isinstance(found, list):
        return []
    return [each for each in found if each.get("type") == "web_search_result"]


def sources_text(found: Iterable[JsonObject]) -> str:
    """Each address once. What is no web address is left out."""
    lines = {
        each["url"]: f"[{_title(each)}]({each['url']})"
        for each in found if _is_address(each.get("url"))
    }
    return "".join(f"\n{line}" for line in list(lines.values())[:MOST])


def _is_address(url: object) -> bool:
    return isinstance(url, str) and url.startswith(("https://", "http://")) and not (
        set(url) & set("() \n\t<>\"")
    )


def _title(page: JsonObject) -> str:
    title = NO_LINK.sub(" ", str(page.get("title") or "")).strip()
    return title[:MAX_TITLE] or str(page["url"])
