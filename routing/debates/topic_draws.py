"""How much one draw of known and unknown questions says: the same measurement over many draws.

What an embedder can answer without asking differs much with which questions happen to be known.
Here the threshold comes from one half of the groups and is judged on the other one, and back; it is
fitted to fewer errors than are allowed, for on texts that it was not fitted on there are more.
"""

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from routing.debates.topic_evaluation import lowest_threshold
from routing.debates.topic_judging import Judged, judge, split
from routing.debates.topic_sets import sets_read
from routing.embeddings import Embedder, Vectors

FITTED_TO = 0.0075  # of the texts of a half may be wrong, so that 1 % holds for the other one
Progress = Callable[[int, int], None]


class Remembering:
    """The same texts come in every draw: each is embedded once."""

    def __init__(self, embedder: Embedder) -> None:
        self.name, self.hash, self._embedder = embedder.name, embedder.hash, embedder
        self._known: dict[str, Vectors] = {}

    def embed(self, texts: Sequence[str]) -> Vectors:
        missing = [text for text in dict.fromkeys(texts) if text not in self._known]
        if missing:
            self._known |= zip(missing, self._embedder.embed(missing), strict=True)
        return np.stack([self._known[text] for text in texts])


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Of one draw: shares of the texts that mean a title, and of all."""

    titles: int
    right: float
    wrong: float


def held_out(found: Sequence[Judged], titles: int, *, margin: float = 0.0) -> HeldOut:
    """Each half at the threshold of the other one, by similarity alone; less `margin` times that of
    the second title."""
    scored = [replace(each, first=each.first - margin * each.second) for each in found]
    one, other = split(scored)
    right = wrong = 0
    for half, fitted_on in ((one, other), (other, one)):
        threshold = lowest_threshold(fitted_on, most_wrong=FITTED_TO)
        taken = [each for each in half if each.first >= threshold]
        right += sum(each.is_right for each in taken)
        wrong += sum(not each.is_right for each in taken)
    answerable = sum(each.asked.means is not None for each in found)
    return HeldOut(titles, right / answerable, wrong / len(found))


def draws_of(
    path: Path, embedder: Embedder, *, groups: int | None, draws: int, progress: Progress,
    margin: float = 0.0,
) -> Iterator[HeldOut]:
    """Of a set of groups of paraphrases: each time others are known. Raises UnknownSet."""
    memory = Remembering(embedder)
    for draw in range(1, draws + 1):
        for texts in sets_read(path, groups=groups, draw=draw):
            found = judge(texts, memory, progress=lambda *_: None)
            yield held_out(found, len(texts.titles), margin=margin)
        progress(draw, draws)


def spread(shares: Sequence[float]) -> str:
    """Mean, and from where to where."""
    return f"{statistics.mean(shares):.1%} ({min(shares):.1%} to {max(shares):.1%})"
