"""Anthropic's own web search: how it is asked for, and what it found as lines of text.

The model searches by itself and writes what it found; the pages stand at the end, one a line
(`routing.sources`), with the words that the answer quotes of them. A search that failed leaves no
page, and its answer is what the model knew.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from routing.providers._wire import JsonObject
from routing.sources import lines_of, source_of

TOOL = "web_search_20250305"  # the plain one: later ones run code
BETWEEN = " … "  # two places of one page


def search_tool(uses: int) -> JsonObject:
    return {"type": TOOL, "name": "web_search", "max_uses": uses}


def results(block: JsonObject) -> list[JsonObject]:
    """The pages in one block of an answer; none in any other block, and none of a failed search."""
    found = block.get("content")
    if block.get("type") != "web_search_tool_result" or not isinstance(found, list):
        return []
    return [each for each in found if each.get("type") == "web_search_result"]


def quotes(block: JsonObject) -> list[JsonObject]:
    """Where a text says which words of a page it is from: of a whole block, or of one event."""
    said = block.get("citations") or [block.get("citation")]
    return [
        each for each in said
        if isinstance(each, dict) and each.get("type") == "web_search_result_location"
    ]


def sources_text(found: Iterable[JsonObject], quoted: Iterable[JsonObject] = ()) -> str:
    """Each address once. What is no web address is left out."""
    words: dict[object, list[str]] = defaultdict(list)
    for each in quoted:
        text = str(each.get("cited_text") or "")
        if text and text not in words[each.get("url")]:
            words[each.get("url")].append(text)
    return lines_of(
        source for each in found
        if (source := source_of(
            each.get("url"), each.get("title"), BETWEEN.join(words[each.get("url")])
        ))
    )


def texts_of(blocks: Iterable[JsonObject]) -> Iterator[str]:
    return (block["text"] for block in blocks if block["type"] == "text")
