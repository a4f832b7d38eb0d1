"""Which arguments of a philosopher come again and again, and in which words. Pure.

Two claims count as the same argument if enough runs of two or three letters are in both: that finds
what is said again in nearly the same words, and nothing that is said in others. A claim joins the
nearest group; groups are named by their first claim. Languages are never mixed.
"""

import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

GRAMS = {"ko": 2, "en": 3}  # letters that are compared at a time: a Korean one says more
NEAR = 0.5  # of the runs that either has, so many are in both
MOST_CLAIMS = 600
LEAST_LETTERS = {"ko": 2, "en": 5}
PARTICLES = re.compile(
    r"(?<=[가-힣]{2})(은|는|이|가|을|를|의|에|에서|에게|으로|로|와|과|도|만|이다|한다|이며|하는|하지)$"
)
EVERYDAY = frozenset({
    "about", "itself", "himself", "themselves", "merely", "never", "everybody", "nobody",
    "above", "after", "again", "against", "because", "before", "being", "between",
    "cannot", "could", "every", "other", "others", "rather", "shall", "should", "since",
    "their", "there", "therefore", "these", "thing", "things", "those", "though", "through",
    "under", "until", "where", "whether", "which", "while", "whose", "without", "would",
    "person", "people",
    "그리고", "그러나", "하지만", "때문", "위해", "통해", "대한", "것은", "것이", "있다",
    "없다", "있는", "없는", "우리", "모든", "스스로",
})


@dataclass(frozen=True, slots=True)
class Claim:
    """One argument, as it stands in a stored answer."""

    text: str
    topic_key: str
    side: str
    answer_id: int


@dataclass(frozen=True, slots=True)
class Argument:
    """Claims that say the same. `text`: the first of them."""

    text: str
    claims: tuple[Claim, ...]

    @property
    def topics(self) -> int:
        return len({claim.topic_key for claim in self.claims})

    @property
    def answers(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(claim.answer_id for claim in self.claims))


@dataclass(frozen=True, slots=True)
class Term:
    """A word, and how many topics it is used on."""

    word: str
    topics: int
    claims: int


def claims_of(text: str) -> tuple[str, ...]:
    """Of an answer of the kind `core_arguments`. Empty: nothing in it can be read."""
    start, end = text.find("{"), text.rfind("}")
    try:
        found = json.loads(text[start : end + 1]) if start >= 0 else None
    except ValueError:
        return ()
    rows = found.get("arguments") if isinstance(found, dict) else None
    if not isinstance(rows, list):
        return ()
    claims = [row.get("claim") for row in rows if isinstance(row, dict)]
    return tuple(" ".join(claim.split()) for claim in claims if isinstance(claim, str) and claim)


def recurring(claims: Iterable[Claim], *, language: str) -> tuple[Argument, ...]:
    """Arguments that stand in more than one answer, those on the most topics first."""
    groups: list[tuple[frozenset[str], list[Claim]]] = []
    by_gram: dict[str, list[int]] = defaultdict(list)
    for claim in list(claims)[:MOST_CLAIMS]:
        grams = grams_of(claim.text, language=language)
        place = _nearest(grams, groups, by_gram)
        if place is None:
            for gram in grams:
                by_gram[gram].append(len(groups))
            groups.append((grams, [claim]))
        else:
            groups[place][1].append(claim)
    found = [Argument(members[0].text, tuple(members)) for _grams, members in groups]
    again = [each for each in found if len(each.answers) > 1]
    return tuple(sorted(again, key=lambda each: (-each.topics, -len(each.claims), each.text)))


def terms(claims: Iterable[Claim], *, language: str) -> tuple[Term, ...]:
    """Words that are used on at least two topics, on the most first."""
    topics: dict[str, set[str]] = defaultdict(set)
    number: Counter[str] = Counter()
    for claim in claims:
        for word in set(words_of(claim.text, language=language)):
            topics[word].add(claim.topic_key)
            number[word] += 1
    found = [Term(word, len(keys), number[word]) for word, keys in topics.items() if len(keys) > 1]
    return tuple(sorted(found, key=lambda each: (-each.topics, -each.claims, each.word)))


def grams_of(text: str, *, language: str) -> frozenset[str]:
    letters = normalised(text).replace(" ", "")
    length = GRAMS.get(language, 3)
    return frozenset(letters[i : i + length] for i in range(max(len(letters) - length + 1, 1)))


def words_of(text: str, *, language: str) -> Sequence[str]:
    words = normalised(text).split()
    if language == "ko":
        words = [PARTICLES.sub("", word) for word in words]
    least = LEAST_LETTERS.get(language, 4)
    return [word for word in words if len(word) >= least and word not in EVERYDAY]


def normalised(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.sub(r"[\W_]+", " ", folded).split())


def _nearest(
    grams: frozenset[str], groups: Sequence[tuple[frozenset[str], list[Claim]]],
    by_gram: dict[str, list[int]],
) -> int | None:
    """Only groups that share a run of letters are looked at."""
    shared = Counter(place for gram in grams for place in by_gram.get(gram, ()))
    near = {
        place: number / (len(grams) + len(groups[place][0]) - number)
        for place, number in shared.items()
    }
    best = max(near, key=lambda place: (near[place], -place), default=None)
    return best if best is not None and near[best] >= NEAR else None
