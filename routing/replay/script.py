"""Who debates what with whom, in one simulated month. All of it follows from the options.

Each debate has a random source of its own, made from the seed and its number: what is left out or
played elsewhere changes no other debate.
"""

import random
from bisect import bisect
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import accumulate

from routing.debates.plan import speakers_of
from routing.debates.types import FORMATS, SIDES
from routing.replay.options import BEGINS, Options

SEATS = {"1v1": "pro1", "2v2": "pro2"}  # which the workload model gives to the user
People = tuple[tuple[str, ...], tuple[str, ...]]  # for and against


@dataclass(frozen=True, slots=True)
class Staged:
    """One debate. `topic`: its place among the most asked, from 0; None: a new one, which somebody
    typed. `variant`: how many there were with its topic and cast, by which stored answers are
    chosen."""

    number: int  # from 1
    at: datetime
    user: int  # from 0
    topic: int | None
    cast: People
    seat: str
    has_context: bool
    is_typed: bool
    is_baseline: bool = False  # all of it on the baseline's model
    variant: int = 0

    @property
    def id(self) -> str:
        """Sorts by number; what the baseline is comes before all."""
        return f"replay-{self.number:07d}" if self.number > 0 else f"baseline{self.number}"


@dataclass(frozen=True, slots=True)
class Offer:
    """What there is to choose from: usual casts by topic, and all who can be cast."""

    casts: Sequence[People]
    people: Sequence[str]

    def usual(self, topic: int, format: str) -> People:
        """The topic's own; beyond the catalogue one that is the same each time."""
        pro, con = self.casts[topic % len(self.casts)]
        count = FORMATS[format]
        return pro[:count], con[:count]


def frozen(options: Options, offer: Offer) -> tuple[Staged, Staged]:
    """What the baseline is: one debate that is watched, one that is taken part in, each with a text
    that was added, as in the workload model."""
    cast = offer.usual(0, options.format)
    like = Staged(0, BEGINS, 0, None, cast, "", True, True, is_baseline=True)
    return like, replace(like, number=-1, seat=SEATS[options.format])


def debates(options: Options, offer: Offer) -> Iterator[Staged]:
    before: Counter[tuple[int | None, People]] = Counter()
    weights = list(accumulate((rank + 1) ** -options.zipf for rank in range(options.topics)))
    for number in range(1, options.debates + 1):
        staged = _staged(number, options, offer, weights)
        if staged.topic is not None:
            staged = _with_variant(staged, before, options)
        yield staged


def _with_variant(
    staged: Staged, before: "Counter[tuple[int | None, People]]", options: Options
) -> Staged:
    key = (staged.topic, staged.cast)
    variant = before[key] % options.variants
    before[key] += 1
    return replace(staged, variant=variant)


def _staged(number: int, options: Options, offer: Offer, weights: Sequence[float]) -> Staged:
    chance = random.Random(f"{options.seed} {number}")
    topic = bisect(weights, chance.random() * weights[-1])
    is_usual = chance.random() < options.usual_cast
    is_typed = chance.random() < options.typed
    is_known = not is_typed or chance.random() < options.recognised
    is_seated = chance.random() < options.participate
    has_context = chance.random() < options.context
    drawn = _drawn(chance, options.format, offer.people)
    return Staged(
        number, BEGINS + timedelta(days=options.days) * (number - 1) / options.debates,
        chance.randrange(options.users), topic if is_known else None,
        offer.usual(topic, options.format) if is_usual else drawn,
        SEATS[options.format] if is_seated else "", has_context, is_typed,
    )


def _drawn(chance: random.Random, format: str, people: Sequence[str]) -> People:
    """A pair that somebody puts together themselves."""
    count = FORMATS[format]
    drawn = chance.sample(people, len(speakers_of(format)))
    assert len(SIDES) * count == len(drawn)
    return tuple(drawn[:count]), tuple(drawn[count:])


def part_of(staged: Sequence[Staged], *, part: int, parts: int) -> list[Staged]:
    """Whole topics, so that no key is in two parts, and about as much work in each."""
    place = _places(staged, parts)
    return [
        each for each in staged
        if (each.number % parts if each.topic is None else place[each.topic]) == part
    ]


def topics_of(
    staged: Sequence[Staged], options: Options, *, part: int, parts: int
) -> set[int]:
    """Each topic is somebody's, also one that nobody debates."""
    place = _places(staged, parts)
    return {topic for topic in range(options.topics) if place.get(topic, 0) == part}


def _places(staged: Sequence[Staged], parts: int) -> dict[int, int]:
    """The largest topics first, each to whoever has least."""
    counts = Counter(each.topic for each in staged if each.topic is not None)
    loads, place = [0] * parts, {}
    for topic, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        least = loads.index(min(loads))
        place[topic] = least
        loads[least] += count
    return place
