"""What a question is about, as stems, and the numbers in it. No dictionary, no model.

Particles and endings are cut off by lists. That is rough, and good enough for what it is for: a
word too many sends a text to “did you mean”, where a person decides.
"""

import re
import unicodedata
from functools import lru_cache

from routing.debates.topic_lexicon import EMPTY, NUMBERS, SAME

_TOKEN = re.compile(r"[0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?|[a-z]+(?:['\u2019][a-z]+)?|[가-힣]+")
# What a noun does in a Korean sentence, by its particle: S subject, O object, D to whom, T than.
ROLES = {
    "S": "은 는 이 가 도 만 만이 만은 께서 들은 들이 이란 란",
    "O": "을 를 들을 만을",
    "D": "에게 에게만 에게도 에게는 한테 한테도 들에게 께",
    "T": "보다 보다는 보다도",
    "": "의 에 에서 에서도 에서는 에도 에는 으로 로 으로서 로서 으로써 로써 으로부터 로부터 "
    "으로는 로는 까지 부터 과 와 이나 나 이라는 라는 이라도 라도 처럼 들 들의 이며 이고 "
    "마다 조차 마저 이라고 라고 이라 하고 이랑 랑 에게서 요",
}
_PARTICLES = {particle: role for role, names in ROLES.items() for particle in names.split()}
_THAN = sorted(ROLES["T"].split(), key=len, reverse=True)
_LONGEST = max(len(particle) for particle in _PARTICLES)
# 허용되어야, 존재하는가, 희생시켜도: the noun before it is what counts.
_DONE = re.compile(
    r"^(.{2,}?)(?:하|되|해|돼|할|될|한|된|함|됨|했|됐|합|됩|시키|시켜|시킬|받아|받는|받을|당하|당해)[가-힣]*$"
)
_ASKED = re.compile(
    r"^(.+?)(?:이어야|이여야|여야|인가|일까|인지|입니까|이다|는가|은가|을까|던가|나요|까|다)(?:요)?$"
)
_QUALITY = re.compile(r"^(.{2,}?)(?:적|적인|적으로|로운|로울|롭|스러운|스러울)$")
ONLY = ("만", "만이", "만을", "만은")
_ENGLISH = ("ness", "ing", "ies", "ed", "ly", "es", "s")
_APOSTROPHE = re.compile(r"['\u2019]")


@lru_cache(maxsize=16_384)
def words_of(text: str, language: str) -> tuple[tuple[str, str], ...]:
    """(stem, role) in the order in which they stand, without those that say nothing. One stem for
    all words that mean the same; English words have no role."""
    said = (token for token in tokens_of(text) if token not in EMPTY[language])
    found = (_stem(token, language) for token in said)
    return tuple((stem, role) for stem, role in found if stem not in EMPTY[language])


def stems_of(text: str, language: str) -> frozenset[str]:
    return frozenset(stem for stem, _role in words_of(text, language))


def tokens_of(text: str) -> tuple[str, ...]:
    return tuple(_TOKEN.findall(unicodedata.normalize("NFKC", text).casefold()))


@lru_cache(maxsize=16_384)
def numbers_of(text: str, language: str) -> tuple[float, ...]:
    """In the order in which they stand: who is saved for whom depends on it."""
    found = (_number(token, language) for token in tokens_of(text))
    return tuple(number for number in found if number is not None)


def _number(token: str, language: str) -> float | None:
    if token[0].isdecimal():
        return float(token.replace(",", ""))
    if token.endswith(ONLY) and len(token) > 2:  # 청년에게만
        return NUMBERS["ko"]["오직"]
    known = NUMBERS[language]
    if token in known or not "가" <= token[0] <= "힣":
        return known.get(token)
    return known.get(_korean(token)[0])  # 다섯을


@lru_cache(maxsize=65_536)
def _stem(token: str, language: str) -> tuple[str, str]:
    if "가" <= token[0] <= "힣":
        stem, role = _korean(token)
        return _one_for_all(stem, "ko"), role
    plain = _APOSTROPHE.split(token)[0]
    return _one_for_all(plain, language), ""


def _korean(token: str) -> tuple[str, str]:
    for than in _THAN:  # else it would be an ending
        if token.endswith(than) and len(token) > len(than):
            return _quality(token.removesuffix(than)), "T"
    if done := _DONE.match(token):
        return done[1], ""
    if (asked := _ASKED.match(token)) and len(token) > 2:
        return _quality(asked[1]), ""
    for length in range(min(_LONGEST, len(token) - 1), 0, -1):
        role = _PARTICLES.get(token[-length:])
        if role is not None:
            return _quality(token[:-length]), role
    return _quality(token), ""


def _quality(stem: str) -> str:
    found = _QUALITY.match(stem)
    return found[1] if found else stem


def _one_for_all(stem: str, language: str) -> str:
    for group in SAME[language]:
        if stem in group:
            return group[0]
    return stem if language == "ko" else _english(stem)


def _english(word: str) -> str:
    """“enhance”, “enhanced” and “enhancing” are one."""
    for ending in _ENGLISH:
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word.removesuffix(ending) + ("y" if ending == "ies" else "")
            break
    return word.removesuffix("e") if len(word) > 3 else word
