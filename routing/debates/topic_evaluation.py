"""How well the resolver does on labelled texts: what it answers, and all that it gets wrong."""

import statistics
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from routing.debates.topic_judging import Judged, split
from routing.debates.topic_sets import Asked, TextSet
from routing.debates.topics import Resolved, resolve

PARAPHRASE = "paraphrase"
MOST_WRONG = 0.01  # of the texts that were asked


@dataclass(frozen=True, slots=True)
class Answered:
    """What the resolver said about one text of a catalogue."""

    asked: Asked
    found: Resolved
    seconds: float
    cpu_seconds: float

    @property
    def outcome(self) -> str:
        """resolved, first, in three or missed; of a look-alike also other and swapped."""
        topic, wanted = self.found.topic, self.asked.means or self.asked.near
        if topic is not None:
            if topic.key != wanted:
                return "other topic"
            return "resolved, swapped" if self.found.is_swapped else "resolved"
        places = [choice.topic.key for choice in self.found.choices]
        if wanted not in places:
            return "not offered"
        choice = self.found.choices[places.index(wanted)]
        place = "first" if places[0] == wanted else "in three"
        return f"{place}, swapped" if choice.is_swapped else place

    @property
    def is_error(self) -> bool:
        """A paraphrase that was not offered first the right way round, a look-alike that passed."""
        if self.asked.is_lookalike:
            return self.outcome == "resolved"
        return self.outcome not in ("resolved", "first")


def answered(texts: TextSet) -> list[Answered]:
    """By the resolver as it runs: database, vectors, calibration, guards."""
    resolve("Is this the first text?")  # loads what is loaded once
    return [_answered(asked, texts.language) for asked in texts.asked]


def _answered(asked: Asked, language: str) -> Answered:
    begun, worked = time.perf_counter(), time.process_time()
    found = resolve(asked.text, language=language)
    return Answered(
        asked, found, time.perf_counter() - begun, time.process_time() - worked
    )


def confusion(found: Iterable[Answered]) -> Mapping[str, Counter[str]]:
    """Relation -> outcome -> how many."""
    table: dict[str, Counter[str]] = {}
    for each in found:
        table.setdefault(each.asked.relation or PARAPHRASE, Counter())[each.outcome] += 1
    return table


def median_ms(seconds: Iterable[float]) -> float:
    return statistics.median(seconds) * 1000


@dataclass(frozen=True, slots=True)
class Zone:
    """What is resolved without asking among texts of which some mean nothing known."""

    name: str
    threshold: float
    hits: int
    wrong: int
    answerable: int
    asked: int
    topics: int
    topics_wrong: int


def zone(found: Sequence[Judged], name: str) -> Zone:
    """`name`: hindsight (similarity alone, at the best threshold for these very texts); else at the
    stricter of the thresholds that both halves of the groups give: similarity (alone), polarity
    (and numbers), all (guards)."""
    halves = (found,) if name == "hindsight" else split(found)
    threshold = max(
        lowest_threshold([each for each in half if not _is_held(each, name)], of=len(half))
        for half in halves
    )
    taken = [each for each in found if each.first >= threshold and not _is_held(each, name)]
    wrong = [each for each in taken if not each.is_right]
    return Zone(
        name, threshold, len(taken) - len(wrong), len(wrong),
        sum(each.asked.means is not None for each in found), len(found),
        len({each.asked.means for each in found} - {None}),
        len({each.titles[0] for each in wrong}),
    )


def lowest_threshold(
    found: Sequence[Judged], *, of: int | None = None, most_wrong: float = MOST_WRONG
) -> float:
    """The lowest at which so few are answered wrongly of all texts that were asked: `of`, or all
    of these."""
    wrong, lowest = 0, 1.0
    for each in sorted(found, key=lambda each: -each.first):
        wrong += not each.is_right
        if wrong > most_wrong * (len(found) if of is None else of):
            return lowest
        lowest = each.first
    return lowest


def _is_held(judged: Judged, name: str) -> bool:
    heard = judged.heard
    if name in ("hindsight", "similarity"):
        return False
    return heard.any if name == "all" else heard.is_opposite or heard.other_numbers
