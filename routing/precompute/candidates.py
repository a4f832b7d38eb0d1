"""What could be made ahead: for each topic, language and speaker the answers that belong together.

A bundle is what is made, used and paid back together: an opening statement with what its prompt
reads and with what is learnt from it. It has one figure, and is made as a whole or not at all.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from accounts.types import TierRules
from routing import policy
from routing.cache.keys import key_of
from routing.call_kinds import SEARCH
from routing.debates import searching
from routing.debates.canonical import LEVELS
from routing.debates.philosophers import character_from
from routing.debates.reuse import OF_CAST, OF_SPEAKER, OF_STATEMENT, OF_TOPIC, About, reuse_of
from routing.debates.topics import title_in
from routing.debates.types import Cast, Character
from routing.models import Philosopher, Topic
from routing.precompute.demand import Demand, Speaker
from routing.precompute.orders import Order
from routing.precompute.requests import OF
from routing.precompute.sizes import may_be_made
from routing.snapshot import Snapshot
from routing.types import Reuse

SPOKEN = "opening_statement"


@dataclass(frozen=True, slots=True)
class Part:
    """One answer: a key, who writes it, and on which level."""

    kind: str
    fields: Mapping[str, Any]
    key: str
    route: str

    @property
    def level(self) -> int:
        return LEVELS[self.kind]

    @property
    def deployment(self) -> str:
        return self.route.partition(" ")[2]


@dataclass(frozen=True, slots=True)
class Bundle:
    """`main` decides how many variants there are; `before` and `after` are made beside it."""

    topic: Topic
    language: str
    main: Part
    expected: float
    speaker: Speaker | None = None
    before: tuple[Part, ...] = ()
    after: tuple[str, ...] = ()  # kinds that read what `main` says


@dataclass(slots=True)
class Catalogue:
    """What bundles are made from. `unable`: kinds that nobody can make ahead, and their route."""

    order: Order
    tier: TierRules
    snapshot: Snapshot
    demand: Demand
    people: Mapping[str, Philosopher]
    unable: dict[str, str] = field(default_factory=dict)

    def bundles(self, topics: Sequence[Topic]) -> Iterator[Bundle]:
        for topic in topics:
            for language in self.order.languages:
                yield from self._of_topic(topic, language)
                for who in self.demand.speakers_on(topic.pk, language):
                    if who.philosopher in self.people:
                        yield from self._of_speaker(topic, who)

    def _of_topic(self, topic: Topic, language: str) -> Iterator[Bundle]:
        uses = self.demand.of_topic(topic.pk, language, days=self.order.horizon_days)
        about = self._about(topic, language, self._usual_cast(topic, language))
        for kind in self.order.kinds:
            is_wanted = kind in OF_TOPIC or (kind in OF_CAST and about.cast.pro)
            if is_wanted and (part := self._part(kind, about)):
                yield Bundle(topic, language, part, uses)

    def _of_speaker(self, topic: Topic, who: Speaker) -> Iterator[Bundle]:
        character = character_from(self.people[who.philosopher], who.language)
        cast = Cast((character,), ()) if who.side == "pro" else Cast((), (character,))
        about, speaker = self._about(topic, who.language, cast), f"{who.side}1"
        wanted = [kind for kind in self.order.kinds if kind in OF_SPEAKER]
        if about.has_search and SPOKEN in wanted:
            wanted.insert(0, SEARCH)  # whoever asks for it reads one; so does this one
        own = {
            kind: part for kind in wanted if (part := self._part(kind, about, speaker))
        }
        if SEARCH in wanted and SEARCH not in own:
            return  # an opening without it is one that nobody asks for
        main = own.pop(SPOKEN, None)
        uses = self.demand.of_speaker(who, days=self.order.horizon_days)
        after = tuple(kind for kind in self.order.kinds if kind in OF_STATEMENT)
        if main is not None:
            yield Bundle(topic, who.language, main, uses, who, tuple(own.values()), after)
            return
        for part in own.values():
            yield Bundle(topic, who.language, part, uses, who)

    def _part(self, kind: str, about: About, speaker: str = "") -> Part | None:
        """None: it is never shared, or nobody writes it."""
        reuse = reuse_of(kind, about, kinds=self.snapshot.kinds, speaker=speaker)
        route = self.route(kind, about.language)
        if reuse is None or not route:
            return None
        return Part(kind, reuse.fields, key_of(reuse, route=route), route)

    def route(self, kind: str, language: str) -> str:
        """Of whoever usually writes it; "" if that one makes nothing ahead."""
        route = policy.usual_route(kind, tier=self.tier, language=language, snapshot=self.snapshot)
        deployment = self.snapshot.deployment(route.partition(" ")[2]) if route else None
        if deployment is None or not may_be_made(deployment, self.snapshot.prices):
            self.unable[kind] = route
            return ""
        return route

    def _about(self, topic: Topic, language: str, cast: Cast) -> About:
        has_search = searching.is_on(self.snapshot, tier=self.tier, language=language)
        return About(
            topic.pk, topic.epoch, title_in(topic, language), language, cast,
            has_search=has_search,
        )

    def _usual_cast(self, topic: Topic, language: str) -> Cast:
        sides: list[tuple[Character, ...]] = []
        for side in ("pro", "con"):
            names = topic.default_cast.get(side, ())
            if not all(name in self.people for name in names):
                return Cast((), ())
            sides.append(tuple(character_from(self.people[name], language) for name in names))
        return Cast(*sides)


def after_part(bundle: Bundle, kind: str, variant: int, route: str) -> Part:
    """What is learnt from a statement that is not made yet: its key names the statement's."""
    fields = {
        **bundle.main.fields, "kind": kind, OF: {"key": bundle.main.key, "variant": variant},
    }
    fields.pop("is_searched", None)  # it reads the statement, not the pages
    return Part(kind, fields, key_of(Reuse(fields), route=route), route)
