"""Words of others as they may stand in a prompt: as material between tags that they cannot forge.

A tag begins with "<". Inside, every "<" and ">" and their look-alikes become quotation marks, so no
text can close its tag, open another, or spell a model's control words ("<|im_start|>"). A text is
one line, so it cannot begin a line with "System:" either.
"""

import re
import unicodedata
from functools import lru_cache

MAX_NAME = 60  # characters
ELLIPSIS = "…"
OPENING, CLOSING = "<\uff1c\ufe64\u226a\u27e8", ">\uff1e\ufe65\u226b\u27e9"
HARMLESS = ("\u2039", "\u203a")  # single angle quotation marks
ANGLES = str.maketrans(
    {**dict.fromkeys(OPENING, HARMLESS[0]), **dict.fromkeys(CLOSING, HARMLESS[1])}
)
# Control words of models that are spelt with square brackets.
BRACKETED = re.compile(r"\[ ?(/?) ?(INST|SYS|SYSTEM|TOOL_CALLS|AVAILABLE_TOOLS) ?\]", re.I)
BLANK = re.compile(r"\s+")


@lru_cache(maxsize=2048)  # a transcript is read again in each prompt
def plain(text: str, limit: int | None = None) -> str:
    """One line of material: no tags, nothing invisible, at most so many characters."""
    seen = "".join(map(_visible, text.translate(ANGLES)))
    line = BRACKETED.sub(r"(\1\2)", BLANK.sub(" ", seen)).strip()
    return clipped(line, limit) if limit is not None else line


def clipped(text: str, limit: int) -> str:
    """Cut at a word if one ends near the limit."""
    if len(text) <= limit:
        return text
    if limit < 2:
        return ""
    head = text[: limit - 1]
    space = head.rfind(" ")
    return head[: space if space > limit * 0.7 else None].rstrip() + ELLIPSIS


def fenced(tag: str, text: str, **attributes: str) -> str:
    """`text` must have gone through `plain`; attributes go through it here."""
    said = "".join(f' {name}="{_attribute(value)}"' for name, value in attributes.items() if value)
    return f"<{tag}{said}>{text}</{tag}>"


def name_of(name: str) -> str:
    """A name as it may stand within a sentence of ours: short, and without quotes or braces."""
    bare = "".join(" " if letter in "\"“”`{}[]()|:;!?" else letter for letter in name)
    return plain(bare, MAX_NAME)


def _attribute(value: str) -> str:
    return plain(value).replace('"', "'")


def _visible(letter: str) -> str:
    """Line breaks and what nobody sees (zero widths, directions, tags, half surrogates) go."""
    category = unicodedata.category(letter)
    if category in ("Cc", "Zl", "Zp"):
        return " "
    return "" if category in ("Cf", "Cs", "Co") else letter
