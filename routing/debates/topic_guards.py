"""What similarity cannot see: denials, exchanged sides, other numbers, another subject.

A guard that is heard sends a text to “did you mean”, or exchanges its sides there. One that is
silent proves nothing: guards only take away from what similarity would accept.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from routing.debates.topic_lexicon import DENIALS, DUTY, IDIOMS, NEGATIVE, POSSIBLE
from routing.debates.topic_words import numbers_of, stems_of, tokens_of, words_of

_OR = {"ko": re.compile(r",|아니면|혹은|또는|[?\uff1f]"), "en": re.compile(r",?\s+or\s+")}
_COMPARES = {"ko": re.compile(r"보다| 더 | 덜 "), "en": re.compile(r"\b(?:than|more|less)\b")}
_NOT = re.compile(r"n['\u2019]t$")


@dataclass(frozen=True, slots=True)
class Doubts:
    """What speaks against taking a text for a title.

    `is_opposite`: PRO of the text says what CON of the title says, as far as words tell.
    `other_roles`: the same words, and somebody else does it to somebody else.
    """

    is_opposite: bool = False
    other_words: bool = False
    other_numbers: bool = False
    other_form: bool = False
    other_roles: bool = False

    @property
    def any(self) -> bool:
        return (
            self.is_opposite or self.other_words or self.other_numbers or self.other_form
            or self.other_roles
        )


def doubts(text: str, title: str, *, language: str) -> Doubts:
    mine, its = options_of(text, language), options_of(title, language)
    sides = which_way(mine, its, language) if mine and its else 0
    is_denial = denies(text, language) != denies(title, language)
    return Doubts(
        is_opposite=sides < 0 if mine and its else is_denial,
        other_words=stems_of(text, language) != stems_of(title, language),
        other_numbers=numbers_of(text, language) != numbers_of(title, language),
        other_form=bool(mine) != bool(its) or bool(mine and its and not sides)
        or compares(text, language) != compares(title, language)
        or mood_of(text, language) != mood_of(title, language),
        other_roles=has_other_roles(text, title, language),
    )


@lru_cache(maxsize=16_384)
def denies(text: str, language: str) -> bool:
    """Whether an odd number of words turns it around."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    for idiom in IDIOMS[language]:
        plain = plain.replace(idiom, " ")
    count = _turns_ko(plain) if language == "ko" else _turns_en(plain)
    return count % 2 == 1


def _turns_ko(plain: str) -> int:
    tokens = tokens_of(plain)
    negative = sum(token.startswith(NEGATIVE["ko"]) for token in tokens)
    return negative + sum(plain.count(part) for part in DENIALS["ko"])


def _turns_en(plain: str) -> int:
    tokens = tokens_of(plain)
    denials = sum(token in DENIALS["en"] or bool(_NOT.search(token)) for token in tokens)
    return denials + sum(token in NEGATIVE["en"] for token in tokens)


@lru_cache(maxsize=16_384)
def options_of(text: str, language: str) -> tuple[str, str] | None:
    """The two answers that a question offers; None if it does not."""
    parts = [part.strip() for part in _OR[language].split(text) if part.strip()]
    return (parts[0], parts[1]) if len(parts) == 2 else None


def which_way(mine: tuple[str, str], its: tuple[str, str], language: str) -> int:
    """1: the answers stand in the same order; -1: the other way round; 0: words do not tell."""
    first, second = (stems_of(part, language) for part in its)
    before, after = (stems_of(part, language) for part in mine)
    straight = len(after & (second - first))
    crossed = len(before & (second - first)) + len(after & (first - second))
    return (straight > crossed) - (straight < crossed)


def compares(text: str, language: str) -> bool:
    return bool(_COMPARES[language].search(text.casefold()))


def mood_of(text: str, language: str) -> str:
    """Whether it asks what can be, what should be, or what is."""
    if _has(text, POSSIBLE[language], language):
        return "can"
    return "should" if _has(text, DUTY[language], language) else "is"


def _has(text: str, parts: tuple[str, ...], language: str) -> bool:
    if language == "ko":
        return any(part in text for part in parts)
    return not set(parts).isdisjoint(tokens_of(text))


def has_other_roles(text: str, title: str, language: str) -> bool:
    """In English the order of words says who does what; in Korean the particles do."""
    mine, its = words_of(text, language), words_of(title, language)
    if language == "en":
        shared = {word for word, _role in mine} & {word for word, _role in its}
        return [w for w, _ in mine if w in shared] != [w for w, _ in its if w in shared]
    roles = dict(its)
    changes = {(roles[word], role) for word, role in mine if role and roles.get(word)}
    return any(old != new and (new, old) in changes for old, new in changes)
