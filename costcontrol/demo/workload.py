"""What one debate asks for: kinds, tokens, topics and speakers, from workload.json.

Token counts are those of a Korean debate; an English one needs fewer for the same content.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("workload.json")


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a debate. `speaker` is a seat (`pro1`), or empty for the moderator."""

    kind: str
    stage: str
    speaker: str
    input_tokens: int
    output_tokens: int
    searches: int


@dataclass(frozen=True, slots=True)
class Topic:
    """`cast` are philosophers by key: first those who argue for it, then those against."""

    titles: Mapping[str, str]  # by language
    weight: float
    cast: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Workload:
    profiles: Mapping[str, tuple[Step, ...]]
    topics: tuple[Topic, ...]
    names: Mapping[str, Mapping[str, str]]  # of philosophers, by key and language
    korean_over_english: float

    def tokens(self, korean: int, *, language: str) -> int:
        return korean if language == "ko" else round(korean / self.korean_over_english)

    def speaker(self, topic: Topic, seat: str, *, language: str) -> str:
        """Whoever sits there; seats beyond the cast are the moderator's."""
        seats = ("pro1", "pro2", "con1", "con2")
        if seat not in seats:
            return "사회자" if language == "ko" else "The moderator"
        return self.names[topic.cast[seats.index(seat) % len(topic.cast)]][language]


@cache
def workload() -> Workload:
    data = json.loads(FILE.read_text())
    return Workload(
        profiles={
            name: tuple(Step(*step) for step in steps) for name, steps in data["profiles"].items()
        },
        topics=tuple(
            Topic({"ko": ko, "en": en}, weight, tuple(cast))
            for ko, en, weight, cast in data["topics"]
        ),
        names={key: {"en": en, "ko": ko} for key, (en, ko) in data["philosophers"].items()},
        korean_over_english=data["korean_over_english"],
    )
