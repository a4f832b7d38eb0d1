"""Random calls of many people, most of whom write something that is nobody else's business.

Each person has a mark, which stands in all they type and in the philosopher they made. Models
answer with what they were asked, so an answer that was made of somebody's text carries their mark.
"""

import asyncio
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from uuid import uuid4

from accounts.types import Caller
from routing import gateway
from routing.call_kinds import CALL_KINDS
from routing.debates.canonical import canonical_request
from routing.debates.philosophers import character_of
from routing.debates.reuse import About, reuse_of
from routing.debates.topics import title_in
from routing.debates.types import Cast
from routing.models import Philosopher, StoredAnswer, Topic
from routing.types import ChatRequest, Message, Reuse
from tests.routing.sharing import callers_make, settled

AT_ONCE = 40
TOPICS, PEOPLE = 3, 50
MARK = re.compile(r"secret-\d+")
CATALOGUE = ("kant", "nietzsche", "plato")
KINDS = ("opening_statement", "core_arguments", "stance_statements", "moderator_intro")
SIDES = {"pro": "pro1", "con": "con1"}


@dataclass
class Report:
    """`leaks`: answers with somebody else's mark. `wrong`: answers to another question."""

    leaks: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    by_layer: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Person:
    caller: Caller
    mark: str
    hero: str  # the key of the philosopher they made


class Crowd:
    """`lines`: how many canonical requests there are, for everybody and of everybody's own."""

    def __init__(self, *, seed: int, count: int = PEOPLE) -> None:
        self.random = random.Random(seed)
        self.people = [self._person(who) for who in callers_make(count)]
        self.shared = [self._canonical(*facts) for facts in self._facts(CATALOGUE)]
        self.own = {
            person.mark: [self._canonical(*facts) for facts in self._facts([person.hero])]
            for person in self.people
        }

    def _person(self, caller: Caller) -> Person:
        mark, key = f"secret-{caller.user_id}", f"hero-{caller.user_id}"
        card = {"essence": f"Believes in {mark}.", "style": "calm", "traits": [mark]}
        Philosopher.objects.create(
            key=key, owner_id=caller.user_id, name_ko=mark, name_en=mark,
            card={"en": card, "ko": card},
        )
        return Person(caller, mark, key)

    def _facts(self, heroes: Sequence[str]) -> Iterator[tuple[str, Topic, str, str, str]]:
        for topic in Topic.objects.order_by("pk")[:TOPICS]:
            for language in ("ko", "en"):
                for side, kind in product(SIDES, KINDS):
                    yield kind, topic, language, side, self.random.choice(heroes)

    def _canonical(
        self, kind: str, topic: Topic, language: str, side: str, hero: str
    ) -> ChatRequest | None:
        """As a debate on a topic of the catalogue would ask; None: it may not be shared."""
        who = character_of({"key": hero, "version": 1}, language)
        other = character_of({"key": "hegel", "version": 1}, language)
        cast = Cast(pro=(who,), con=(other,)) if side == "pro" else Cast(pro=(other,), con=(who,))
        about = About(topic.key, topic.epoch, title_in(topic, language), language, cast)
        reuse = reuse_of(kind, about, kinds=CALL_KINDS, speaker=SIDES[side])
        if reuse is None:
            return None
        request = canonical_request(reuse.fields)
        whole = Message("user", request.text)  # models repeat what the user says
        return replace(
            request, messages=(whole,), reuse=reuse, is_stream=True, is_part=True,
            max_output_tokens=4_000,
        )

    async def play(self, calls: int) -> Report:
        report = Report()
        while calls > 0:
            now = min(calls, AT_ONCE)
            await asyncio.gather(*(self._one(report) for _ in range(now)))
            calls -= now
        await settled()
        return report

    async def _one(self, report: Report) -> None:
        person = self.random.choice(self.people)
        request = self._request(person)
        answer = await gateway.answer(request, person.caller)
        text = "".join(chunk.text for chunk in await answer.whole())
        report.by_layer[answer.layer] += 1
        if set(MARK.findall(text)) - {person.mark}:
            report.leaks.append(f"{person.mark} was told: {text}")
        if question(text) != question(request.text):
            report.wrong.append(f"asked {request.text!r}, told {text!r}")

    def _request(self, person: Person) -> ChatRequest:
        pick = self.random.random()
        pool = self.shared if pick < 0.5 else self.own[person.mark]
        request = self.random.choice(pool) if pick < 0.65 else None
        return self._varied(request) if request else self._private(person)

    def _varied(self, request: ChatRequest) -> ChatRequest:
        """Another text for each call, so that there is more than one variant; now and then a
        reader who wants another one, or nothing kept."""
        [message] = request.messages
        said = Message("user", f"{message.content} take-{uuid4().hex[:6]}")
        reuse, is_fresh = request.reuse, self.random.random() < 0.05
        if reuse and is_fresh:
            reuse = Reuse(reuse.fields, 2 * reuse.variants, reuse.ttl_days, reuse.prefer)
        return replace(
            request, messages=(said,), reuse=reuse, may_read_cache=not is_fresh,
            may_store=self.random.random() > 0.03,
        )

    def _private(self, person: Person) -> ChatRequest:
        """What a user said in their debate, a few times the same."""
        said = f"I am {person.mark} and argue {self.random.randrange(4)} things."
        kind = self.random.choice(("attack_response", "user_turn_analysis", "opening_statement"))
        return ChatRequest(
            (Message("user", said),), call_kind=kind, language="en", is_part=True,
            is_stream=self.random.random() < 0.5,
        )


def question(text: str) -> str:
    """Without what is different each time."""
    return " ".join(re.sub(r"take-\w+|\[simulated\]", "", text).split())


def marks_kept_for_others() -> list[str]:
    """Marks in stored answers that are not their owner's. There must be none."""
    found = []
    for owner_id, text in StoredAnswer.objects.values_list("owner_id", "text"):
        found += [mark for mark in MARK.findall(text) if mark != f"secret-{owner_id}"]
    return found
