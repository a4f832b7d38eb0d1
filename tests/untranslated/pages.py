"""Words in a template that stand outside of the tags that translate."""

import re
from html.parser import HTMLParser

from django.template.base import Lexer, TokenType

SPOKEN = ("title", "aria-label", "placeholder", "alt", "aria-description", "label", "content")
CODE = {"code", "pre", "script", "style", "kbd", "samp"}
VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
SKIPPED = {
    "blocktranslate": "endblocktranslate", "blocktrans": "endblocktrans",
    "comment": "endcomment", "verbatim": "endverbatim",
}
WORD = re.compile(r"[^\W\d_]{2,}")
NAMES = {"costcontrol", "cost", "control", "API", "CSV", "JSON", "UTC", "USD", "OpenAI", "Valkey"}
SILENT_BLOCKS = {"page_class"}  # {% block page_class %}staff{% endblock %} is no text
# In tags: {% include "x.html" with text="No calls" %}, {{ value|default:"nothing" }}
MARKED = re.compile(r"""_\(\s*("[^"]*"|'[^']*')\s*\)""")
QUOTED = re.compile(r"""(?:(?<![=!<>])=|:)\s*["']([^"']*)["']""")
PROSE = re.compile(r"^[A-Z][a-z]+|[a-z]{2,} [a-z]{2,}")


def words_outside(source: str) -> list[str]:
    """Each text node, spoken attribute or quoted argument with words in it."""
    html, quoted = _without_tags(source)
    reader = Reader()
    reader.feed(html)
    reader.close()
    return [*reader.found, *quoted]


def _without_tags(source: str) -> tuple[str, list[str]]:
    """The HTML around the tags, and what stands in quotes inside of them."""
    html: list[str] = []
    quoted: list[str] = []
    until = ""
    for token in Lexer(source).tokenize():
        name, *rest = token.contents.split() or [""]
        is_block = token.token_type == TokenType.BLOCK
        if until:
            until = "" if is_block and name == until else until
        elif token.token_type == TokenType.TEXT:
            html.append(token.contents)
        elif is_block and (end := _end_of_skipped(name, rest)):
            until = end
        elif token.token_type != TokenType.COMMENT:
            arguments = MARKED.sub("", token.contents)
            quoted += [text for text in QUOTED.findall(arguments) if PROSE.search(text)]
    return "".join(html), quoted


def _end_of_skipped(name: str, arguments: list[str]) -> str:
    """The tag that ends what is translated already or never shown; "" for every other tag."""
    if name == "block" and SILENT_BLOCKS & set(arguments):
        return "endblock"
    return SKIPPED.get(name, "")


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self._open.append(tag)
        named = dict(attrs)
        spoken = () if tag == "meta" and named.get("name") != "description" else SPOKEN
        for name in spoken:
            self._note(named.get(name) or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not CODE & set(self._open):
            self._note(data)

    def _note(self, text: str) -> None:
        if any(word not in NAMES for word in WORD.findall(text)):
            self.found.append(" ".join(text.split()))
