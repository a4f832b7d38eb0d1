"""Who debates on the made-up platform: end users of two services, and people with own keys.

Everybody is invented; addresses end in `.example`, which nobody can own.
"""

from dataclasses import dataclass
from itertools import count

APP, CAMPUS = "app@agora.example", "office@campus.example"  # their service keys speak for others
OWN = (
    ("minji@mail.example", "free", "ko"),
    ("daniel@mail.example", "free", "en"),
    ("seoyeon@mail.example", "premium", "ko"),
    ("grace@mail.example", "premium", "en"),
    ("jihoon@mail.example", "premium", "ko"),
)
STUDIO = "api@studio.example"  # an enterprise customer who names the models that it wants
ENGLISH_EVERY = 3  # every third end user debates in English
SHARED = {CAMPUS: "Agora Campus", STUDIO: "Dialectic Studio"}  # organisations: one plan for all
LEAVES = {"member-012": 0.55, "member-023": 0.7, "member-031": 0.86}  # how far into the time


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who calls, with whose key. `joins`, `leaves`: how far into the three months."""

    account: str  # whose key it is
    end_user: str  # "" for the account itself
    tier: str
    language: str
    weight: float
    joins: float
    names_models: bool = False

    @property
    def name(self) -> str:
        return self.end_user or self.account

    @property
    def leaves(self) -> float:
        """Beyond 1: they are still there."""
        return LEAVES.get(self.end_user, 2.0)


def everybody() -> tuple[Person, ...]:
    """In a fixed order: the most active of each group first."""
    people = [
        *_end_users(APP, "free", "reader", many=110, weight=1.0),
        *_end_users(APP, "premium", "member", many=45, weight=2.2),
        *_end_users(CAMPUS, "enterprise", "student", many=25, weight=1.6),
    ]
    people += [Person(email, "", tier, language, 2.0, 0.0) for email, tier, language in OWN]
    people.append(Person(STUDIO, "", "enterprise", "ko", 10.0, 0.0, names_models=True))
    people.append(Person(STUDIO, "studio-en", "enterprise", "en", 5.0, 0.3, names_models=True))
    return tuple(people)


def _end_users(
    account: str, tier: str, word: str, *, many: int, weight: float
) -> list[Person]:
    """A few do much, most do little; a third was there from the start, the others join later."""
    people = []
    for number, place in zip(range(many), count(1), strict=False):
        language = "en" if place % ENGLISH_EVERY == 0 else "ko"
        joins = 0.0 if number % 3 == 0 else number / many * 0.9
        people.append(
            Person(account, f"{word}-{place:03d}", tier, language, weight / place**0.6, joins)
        )
    return people
