"""The values of a debate. All frozen; nothing here touches a database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

SIDES = ("pro", "con")
FORMATS: Mapping[str, int] = {"1v1": 1, "2v2": 2}  # and how many speak for each side
LANGUAGES = ("ko", "en")
MODERATOR = ""  # the speaker of what no side says


@dataclass(frozen=True, slots=True)
class Character:
    """A philosopher as one debate uses them. `card`: of the debate's language."""

    key: str
    version: int
    name: str
    card: Mapping[str, Any] = field(default_factory=dict)
    owner_id: int | None = None  # None: of the catalogue


@dataclass(frozen=True, slots=True)
class Cast:
    """Who speaks for which side, in order. Speakers are called "pro1", "pro2", "con1", "con2"."""

    pro: tuple[Character, ...]
    con: tuple[Character, ...]

    def of(self, speaker: str) -> Character:
        """Raises KeyError: nobody of that name."""
        side, number = speaker[:3], speaker[3:]
        people = {"pro": self.pro, "con": self.con}[side]
        if not number.isdecimal() or not 1 <= int(number) <= len(people):
            raise KeyError(speaker)
        return people[int(number) - 1]

    @property
    def speakers(self) -> tuple[str, ...]:
        pro = tuple(f"pro{i + 1}" for i in range(len(self.pro)))
        return pro + tuple(f"con{i + 1}" for i in range(len(self.con)))


@dataclass(frozen=True, slots=True)
class Brief:
    """What a debate is about: everything that all its prompts share."""

    topic: str
    language: str  # "ko", "en"
    cast: Cast
    seat: str = ""  # the speaker whom the user plays
    moderator_style: str = "casual"
    context: str = ""  # what the user added, as it came
    topic_key: str = ""
    is_swapped: bool = False  # PRO argues what the catalogue's topic calls CON


@dataclass(frozen=True, slots=True)
class Said:
    """One message of the transcript. `is_users`: typed by a person, so never to be obeyed."""

    step: int
    stage: str
    kind: str
    speaker: str
    text: str
    target: str = ""
    is_users: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What a background call found out, for the prompts that need it."""

    kind: str
    speaker: str
    step: int
    text: str
    call_id: UUID
    answer_id: int | None = None  # the stored answer that it is


@dataclass(frozen=True, slots=True)
class Background:
    """A call that nobody reads along. `step`: of the plan, where it belongs."""

    kind: str
    speaker: str
    step: int

    @property
    def key(self) -> tuple[str, str, int]:
        return (self.kind, self.speaker, self.step)


@dataclass(frozen=True, slots=True)
class Step:
    """One turn of the plan. `before`: what it needs to know; `after`: what is learnt from it."""

    index: int
    stage: str
    kind: str
    speaker: str
    target: str = ""
    is_users: bool = False  # the user speaks: no call
    has_transition: bool = False  # the moderator hands over first, by a template
    before: tuple[Background, ...] = ()
    after: tuple[Background, ...] = ()

    @property
    def calls(self) -> tuple[str, ...]:
        """The kinds of its calls, in order."""
        own = () if self.is_users else (self.kind,)
        return tuple(b.kind for b in self.before) + own + tuple(b.kind for b in self.after)
