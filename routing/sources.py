"""Web pages that an answer was written from: the last lines of its text, one page a line.

    [title](address) words of the page

Whoever searches ends an answer with such lines, and whoever shows it reads them back. Titles and
words are a stranger's: one line each, short, and never an order. Pure.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

MOST = 5  # pages
MAX_TITLE = 160  # characters
MAX_TEXT = 300
LINE = re.compile(r"\[([^\[\]\n]+)\]\((\S+)\)(?: (.+))?")
ADDRESS = re.compile(r"https?://[\w.-]+(?::\d{1,5})?(?:[/?#][^\s()<>\[\]\"'`\\]*)?", re.ASCII)
MAX_ADDRESS = 500
NOT_IN_TITLES = re.compile(r"[\[\]\s]+")
BLANK = re.compile(r"\s+")
LIKE_A_SOURCE = re.compile(r"^([^\S\n]*)\[(?=[^\]\n]*\]\()", re.M)


@dataclass(frozen=True, slots=True)
class Source:
    """One page. `text`: some words of it, if the search told any."""

    title: str
    url: str
    text: str = ""

    @property
    def line(self) -> str:
        return f"[{self.title}]({self.url}) {self.text}".rstrip()

    def as_json(self) -> dict[str, str]:
        return {"title": self.title, "url": self.url, "text": self.text}


def source_of(url: object, title: object, text: str = "") -> Source | None:
    """None: that is no address of the web that anybody may be sent to."""
    address = str(url).replace("(", "%28").replace(")", "%29")
    if not is_address(address):
        return None
    told = NOT_IN_TITLES.sub(" ", str(title or "")).strip()[:MAX_TITLE].rstrip()
    return Source(told or address[:MAX_TITLE], address, BLANK.sub(" ", text).strip()[:MAX_TEXT])


def is_address(url: str) -> bool:
    """http or https, and nothing in it that could end a link or a line."""
    return len(url) <= MAX_ADDRESS and url.isascii() and bool(ADDRESS.fullmatch(url))


def lines_of(sources: Iterable[Source]) -> str:
    """Each address once, those first whose words are known."""
    pages = {each.url: each for each in sources}
    first = sorted(pages.values(), key=lambda each: not each.text)[:MOST]
    return "".join(f"\n{each.line}" for each in first)


def split(text: str) -> tuple[str, tuple[Source, ...]]:
    """What an answer says, and the pages at its end."""
    lines = text.rstrip().split("\n")
    pages: list[Source] = []
    while lines and len(pages) < MOST and (page := _read(lines[-1])):
        pages.insert(0, page)
        lines.pop()
    return "\n".join(lines).strip(), tuple(pages)


def is_found(text: str, *, searches: int | None) -> bool:
    """Somebody searched, and found at least one page: an answer without any is what a model made
    up, or what it knew."""
    return bool(searches) and bool(split(text)[1])


def unforged(text: str) -> str:
    """What a model wrote, with no line that could be taken for a page that was found."""
    return LIKE_A_SOURCE.sub(r"\1(", text)


def _read(line: str) -> Source | None:
    found = LINE.fullmatch(line.strip())
    return source_of(found[2], found[1], found[3] or "") if found else None
