"""One debate, call by call, in the order of the product's plan and with the product's keys.

What differs from a debate in the product is said in docs/replay.md: no worker, no turns, prompts of
one sentence behind words that only have the right length, and searches, which the plan has none of.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from costcontrol.lib import clock, database
from routing import gateway, holdout, policy, snapshot
from routing.cache import patterns
from routing.cache.patterns import Stored
from routing.debates.plan import Shape, plan_of
from routing.debates.prompts import wants
from routing.debates.reuse import About, place_of, reuse_of
from routing.debates.topics import title_in
from routing.debates.types import Background, Cast, Step
from routing.replay.house import BASELINE, SEARCH, House
from routing.replay.options import SIDE, Options
from routing.replay.script import Staged
from routing.replay.unasked import write_spared, write_template
from routing.replay.upstream import Simulated
from routing.replay.workload import mode_of, usages
from routing.types import ChatRequest, Message, Reuse

SEARCH_TOKENS = 32_000  # a hold knows no searches: so much output is held for one instead
TEMPLATE_ID = 0  # says the same each time
IN_PLACE = frozenset({"core_arguments", "rag_query", SEARCH})  # a stored opening needs none of them


class Walk:
    """`calls`: that were asked, whoever answered; `shareable`: of them, others may be given."""

    def __init__(
        self, staged: Staged, options: Options, house: House, simulated: Simulated
    ) -> None:
        self._staged, self._options, self._house = staged, options, house
        self._caller = house.callers[staged.user]
        self._language = options.language
        self._is_plain = staged.is_baseline or holdout.is_held_out(
            staged.id, tier=self._caller.tier, user_id=self._caller.user_id
        )
        self._about = None if self._is_plain else _about(staged, options, house)
        self._usages = simulated.usages = usages(
            options.format, mode_of(staged.seat), options.language
        )
        self._said: list[tuple[int, int | None]] = []
        self._told: dict[tuple[str, str, int], int | None] = {}
        self._statements: dict[str, int | None] = {}
        self.calls = self.shareable = 0

    async def to_the_end(self) -> None:
        self._known = await snapshot.current()
        shape = Shape(self._options.format, self._staged.seat, self._staged.has_context)
        for step in plan_of(shape):
            answer_id = None if step.is_users else await self._turn(step)
            self._said.append((step.index, answer_id))
            if step.kind == "opening_statement":
                self._statements[step.speaker] = answer_id
            for background in step.after:
                await self._background(background, step)

    async def _turn(self, step: Step) -> int | None:
        """The stored answer that it is; None: it is this debate's alone."""
        found = await self._in_store(step) if step.kind == "opening_statement" else None
        for background in _before(step):
            if found and background.kind in IN_PLACE:
                self._spare(background, step, found)
            else:
                await self._background(background, step)
        if self._is_template(step.kind):
            self._write_template(step)
            return TEMPLATE_ID
        return await self._ask(step.kind, step, step.speaker)

    async def _in_store(self, step: Step) -> Stored | None:
        """Whether what this turn will say is there, before anything is found out for it."""
        reuse = self._reuse(step.kind, step, step.speaker)
        if reuse is None:
            return None
        return await database.run(
            patterns.lookup, reuse, route=self._route(step.kind), user_id=self._caller.user_id,
            now=clock.now(),
        )

    def _route(self, kind: str) -> str:
        return policy.usual_route(
            kind, tier=self._caller.tier, language=self._language, snapshot=self._known
        )

    def _is_template(self, kind: str) -> bool:
        return self._known.kinds[kind].may_be_template and not self._is_plain

    async def _background(self, background: Background, step: Step) -> None:
        self._told[background.key] = await self._ask(background.kind, step, background.speaker)

    def _reuse(self, kind: str, step: Step, speaker: str) -> Reuse | None:
        if self._about is None:
            return None
        reuse = reuse_of(
            kind, self._about, kinds=self._known.kinds, speaker=speaker,
            statement_ids=self._statement_ids(kind, speaker), place=self._place(step),
            prefer=self._staged.variant,
        )
        return _for_side(reuse) if kind == SEARCH and self._options.search_per == SIDE else reuse

    def _statement_ids(self, kind: str, speaker: str) -> tuple[int | None, ...]:
        if kind == "moderator_summary_1":
            return tuple(self._statements.values())
        return (self._statements.get(speaker),)

    def _place(self, step: Step) -> Mapping[str, Any] | None:
        """Nobody follows a debate in which a user speaks."""
        if self._staged.seat or self._about is None:
            return None
        told = [
            (*key, answer_id) for key, answer_id in self._told.items()
            if wants(step, Background(*key))
        ]
        return place_of(self._about, step, said=self._said, told=told)

    async def _ask(self, kind: str, step: Step, speaker: str) -> int | None:
        reuse = self._reuse(kind, step, speaker)
        answer = await gateway.answer(self._request(kind, step, speaker, reuse), self._caller)
        await answer.whole()
        self._count(reuse)
        return answer.stored_id

    def _write_template(self, step: Step) -> None:
        request = self._request(step.kind, step, step.speaker, None)
        usage = self._usages[step.kind]
        write_template(request, usage, caller=self._caller, known=self._known)
        self._count(None)

    def _spare(self, background: Background, step: Step, found: Stored) -> None:
        reuse = self._reuse(background.kind, step, background.speaker)
        request = self._request(background.kind, step, background.speaker, reuse)
        usage = self._usages[background.kind]
        write_spared(request, usage, found, caller=self._caller, known=self._known)
        self._told[background.key] = found.answer_id
        self._count(reuse)

    def _count(self, reuse: Reuse | None) -> None:
        self.calls += 1
        self.shareable += reuse is not None

    def _request(
        self, kind: str, step: Step, speaker: str, reuse: Reuse | None
    ) -> ChatRequest:
        text = f"{self._staged.id} {step.index} {kind} {speaker}"
        words = _words(self._usages[kind].input_tokens)
        return ChatRequest(
            (Message("system", words), Message("user", text)), call_kind=kind,
            model=BASELINE if self._staged.is_baseline else policy.AUTO, is_stream=True,
            debate_id=self._staged.id, language=self._language, stage=step.stage,
            may_read_cache=reuse is not None, may_store=reuse is not None, speaker=speaker,
            is_part=True, reuse=reuse, max_output_tokens=SEARCH_TOKENS if kind == SEARCH else None,
        )


def _about(staged: Staged, options: Options, house: House) -> About | None:
    """None: nobody else can be given anything of it."""
    if staged.topic is None or staged.has_context:
        return None
    topic = house.topics[staged.topic]
    pro, con = (tuple(house.people[key] for key in side) for side in staged.cast)
    title = title_in(topic, options.language)
    return About(topic.key, topic.epoch, title, options.language, Cast(pro, con))


def _before(step: Step) -> Iterator[Background]:
    """With a search for each opening, which the workload model has."""
    yield from step.before
    if step.kind == "opening_statement" and not step.is_users:
        yield Background(SEARCH, step.speaker, step.index)


def _for_side(reuse: Reuse | None) -> Reuse | None:
    """What is found for a side of a topic, whoever speaks for it."""
    if reuse is None:
        return None
    fields = {name: value for name, value in reuse.fields.items() if name != "philosopher"}
    return replace(reuse, fields=fields)


@cache
def _words(tokens: int) -> str:
    """As long as the prompt would be: so much is held for it."""
    return "word " * tokens
