"""English sentences from rows, made into sentences again, so that a page can say them in Korean.

A usage row keeps its reason as English text. What made that text is known: the sentences of the
catalogue. So the text is compared with them, the one with the most words of its own first, and what
stood in the places of values is taken out again. Text that nobody of us wrote stays as it is.
"""

import gettext
import re
from functools import cache, lru_cache
from pathlib import Path

from django.conf import settings

from costcontrol.lib.sentences import Sentence, joined

VALUE = re.compile(r"%\((\w+)\)[\d.]*([sdg])")
NUMBER = r"-?\d{1,15}(?:\.\d{1,9})?"
TEXTS = {"why", "amount", "until", "works"}  # values that may be sentences themselves
SHAPES = {"until": r"(?: until .+?)?"}  # follows another value without a word between
LISTED = "listed"  # "name: why; name: why"
ENTRY = re.compile(r"(\S+): (.+)", re.DOTALL)
FEWEST_LETTERS = 3  # of its own, or a sentence would match anything


@lru_cache(maxsize=4096)
def recognised(text: str) -> str:
    """A Sentence that says the same, or the text if we never say so."""
    for msgid, literals in patterns():
        if all(literal in text for literal in literals) and (found := _taken(msgid, text)):
            return found
    return text


@cache
def patterns() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Our sentences, and what each says apart from its values; the longest first."""
    folder = str(Path(settings.LOCALE_PATHS[0]))
    ours = gettext.translation("django", folder, languages=["en"])
    msgids = [key for key in getattr(ours, "_catalog") if isinstance(key, str) and key]  # noqa: B009
    split = [(msgid, tuple(VALUE.split(msgid)[0::3])) for msgid in msgids]
    kept = [pair for pair in split if _letters(pair[1]) >= FEWEST_LETTERS]
    return tuple(sorted(kept, key=lambda pair: -_letters(pair[1])))


def _letters(literals: tuple[str, ...]) -> int:
    return sum(letter.isalpha() for literal in literals for letter in literal)


def _taken(msgid: str, text: str) -> Sentence | None:
    found = re.fullmatch(_regex(msgid), text, re.DOTALL)
    if found is None:
        return None
    values = {name: _value(name, value) for name, value in found.groupdict().items()}
    kinds = dict(VALUE.findall(msgid))
    return Sentence(msgid, {
        name: value if kinds[name] == "s" else float(value) for name, value in values.items()
    } if values else None)  # fmt: skip


@cache
def _regex(msgid: str) -> str:
    pieces = VALUE.split(msgid)
    regex, named = re.escape(pieces[0]), set[str]()
    for name, kind, literal in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
        wanted = SHAPES.get(name) or (r".*?" if kind == "s" else NUMBER)
        regex += f"(?P={name})" if name in named else f"(?P<{name}>{wanted})"
        regex += re.escape(literal)
        named.add(name)
    return regex


def _value(name: str, value: str) -> str:
    if name == LISTED:
        return joined(_entry(part) for part in value.split("; "))
    return recognised(value) if name in TEXTS else value


def _entry(text: str) -> str:
    if (found := ENTRY.fullmatch(text)) is None:
        return text
    return Sentence("%(name)s: %(why)s", {"name": found[1], "why": recognised(found[2])})
