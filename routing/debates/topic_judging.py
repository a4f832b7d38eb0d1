"""From which similarity on a text means a topic: fitted on one half of the topics, judged on the
other.

Similarity has to tell questions that have nothing to do with each other by itself. Small edits it
cannot tell at all; of those only the ones count that the guards let pass. Errors are counted by
topic, not by text: those of one topic come together, and one of many texts must not hide them.
"""

import hashlib
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from routing.debates.topic_guards import Doubts, doubts
from routing.debates.topic_sets import Asked, TextSet
from routing.debates.topic_texts import normalised
from routing.embeddings import Embedder, Vectors

CONFIDENCE = 0.95
MOST_WRONG = 0.01  # share of topics for which anything wrong may be taken
STEP, LOWEST = 0.002, 0.3
MISSED = 0.02  # share of the texts that mean a topic which may fall below the floor
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Judged:
    """What the resolver sees in one text. `titles`: the nearest three; `own`: the similarity of
    the title that it means."""

    asked: Asked
    titles: tuple[str, ...]
    first: float
    second: float
    own: float
    heard: Doubts

    @property
    def is_right(self) -> bool:
        return self.titles[0] == self.asked.means

    @property
    def is_held_back(self) -> bool:
        """Similarity alone decides; about a look-alike the guards have a say too."""
        return self.asked.is_lookalike and self.heard.any

    def is_taken(self, threshold: float) -> bool:
        return self.first >= threshold > self.second and not self.is_held_back


@dataclass(frozen=True, slots=True)
class Count:
    """At a threshold: of so many `topics` something wrong was taken for `errors`; of so many texts
    that were `taken` so many were `wrong`."""

    topics: int = 0
    errors: int = 0
    taken: int = 0
    wrong: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(self.topics + other.topics, self.errors + other.errors,
                     self.taken + other.taken, self.wrong + other.wrong)

    @property
    def bound(self) -> float:
        return upper_bound(self.errors, self.topics)

    def keeps_to(self, most_wrong: float) -> bool:
        return self.errors <= most_wrong * self.topics


@dataclass(frozen=True, slots=True)
class Fit:
    """`judged`: each half at the threshold of the other one; `threshold` is the higher of both."""

    threshold: float
    floor: float
    judged: Count


def judge(texts: TextSet, embedder: Embedder, *, progress: Progress) -> list[Judged]:
    keys = list(texts.titles)
    matrix = embedded([texts.titles[key] for key in keys], embedder, progress=lambda *_: None)
    vectors = embedded([asked.text for asked in texts.asked], embedder, progress=progress)
    places = {key: place for place, key in enumerate(keys)}
    exact = {normalised(title) for title in texts.titles.values()}  # needs no likeness
    return [
        _judged(asked, matrix @ vector, keys, places, texts)
        for asked, vector in zip(texts.asked, vectors, strict=True)
        if normalised(asked.text) not in exact
    ]


def _judged(
    asked: Asked, found: NDArray[np.float32], keys: Sequence[str], places: dict[str, int],
    texts: TextSet,
) -> Judged:
    order = np.argsort(-found, kind="stable")[:3]
    titles = tuple(keys[place] for place in order)
    return Judged(
        asked, titles, float(found[order[0]]),
        float(found[order[1]]) if len(order) > 1 else -1.0,
        own=float(found[places[asked.means]]) if asked.means else -1.0,
        heard=doubts(asked.text, texts.titles[titles[0]], language=texts.language),
    )


def embedded(texts: Sequence[str], embedder: Embedder, *, progress: Progress) -> Vectors:
    parts = []
    for begin in range(0, len(texts), 64):
        parts.append(embedder.embed(texts[begin : begin + 64]))
        progress(min(begin + 64, len(texts)), len(texts))
    return np.concatenate(parts)


class Half:
    """Columns of what was judged, so that thousands of thresholds are tried quickly."""

    def __init__(self, found: Sequence[Judged]) -> None:
        titles = sorted({each.titles[0] for each in found})
        places = {title: place for place, title in enumerate(titles)}
        self.topics = len({each.asked.means or each.asked.near for each in found} - {""})
        self.first = np.array([each.first for each in found])
        self.second = np.array([each.second for each in found])
        self.topic = np.array([places[each.titles[0]] for each in found])
        self.is_right = np.array([each.is_right for each in found])
        self.is_open = np.array([not each.is_held_back for each in found])

    def count_at(self, threshold: float) -> Count:
        taken = (self.first >= threshold) & (self.second < threshold) & self.is_open
        wrong = taken & ~self.is_right
        return Count(
            self.topics, len(np.unique(self.topic[wrong])), int(taken.sum()), int(wrong.sum())
        )

    def best(self, most_wrong: float) -> float | None:
        """Where most texts are taken rightly while so few are wrong. None: nowhere."""
        tried = [step * STEP for step in range(math.ceil(LOWEST / STEP), math.ceil(1 / STEP) + 1)]
        counted = [(self.count_at(threshold), threshold) for threshold in tried]
        good = [
            (count.taken - count.wrong, threshold) for count, threshold in counted
            if count.taken and count.keeps_to(most_wrong)
        ]
        return round(max(good)[1], 3) if good else None


def fit(found: Sequence[Judged], *, most_wrong: float) -> Fit | None:
    """None: no threshold keeps to `most_wrong`."""
    one, other = (Half(half) for half in split(found))
    mine, its = one.best(most_wrong), other.best(most_wrong)
    if mine is None or its is None:
        return None
    judged = one.count_at(its) + other.count_at(mine)
    own = [each.own for each in found if each.asked.means]
    return Fit(max(mine, its), floor_of(own), judged)


def floor_of(own: Sequence[float]) -> float:
    return math.floor(float(np.quantile(own, MISSED)) * 100) / 100


def split(found: Sequence[Judged]) -> tuple[list[Judged], list[Judged]]:
    """By group, never by text."""
    halves: tuple[list[Judged], list[Judged]] = ([], [])
    for each in found:
        halves[hashlib.sha256(f"half {each.asked.group}".encode()).digest()[0] % 2].append(each)
    return halves


def named(found: Iterable[Judged], name: str) -> list[Judged]:
    """So that topics of several sets can be counted together."""
    return [
        replace(
            each, titles=tuple(f"{name}/{title}" for title in each.titles),
            asked=replace(
                each.asked, group=f"{name}/{each.asked.group}",
                means=f"{name}/{each.asked.means}" if each.asked.means else None,
                near=f"{name}/{each.asked.near}" if each.asked.near else "",
            ),
        )
        for each in found
    ]


def upper_bound(errors: int, judged: int, *, confidence: float = CONFIDENCE) -> float:
    """Clopper-Pearson, one-sided: the share of errors that so few would be seen of this rarely."""
    if judged == 0 or errors >= judged:
        return 1.0
    low, high = errors / judged, 1.0
    for _step in range(60):
        middle = (low + high) / 2
        if _at_most(errors, judged, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def _at_most(errors: int, judged: int, share: float) -> float:
    """How likely so many errors or fewer are."""
    return sum(
        math.exp(
            math.lgamma(judged + 1) - math.lgamma(k + 1) - math.lgamma(judged - k + 1)
            + (k * math.log(share) if k else 0.0) + (judged - k) * math.log1p(-share)
        )
        for k in range(errors + 1)
    )
