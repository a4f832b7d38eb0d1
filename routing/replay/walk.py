"""One debate, call by call: the product's plan, its keys, its order of looking things up.

What differs from a debate in the product is said in docs/replay.md: no worker, no rows of turns,
and prompts of one sentence behind words that only have the right length.
"""

from dataclasses import replace
from functools import cache
from uuid import uuid4

from costcontrol.lib import clock, database
from routing import gateway, holdout, keeper, policy
from routing.cache import patterns, templates
from routing.cache.patterns import Stored
from routing.call_kinds import CALL_KINDS, SEARCH
from routing.debates.plan import Shape, plan_of
from routing.debates.reuse import About, philosopher_fields
from routing.debates.sharing import Sharing
from routing.debates.shelf import SPARED
from routing.debates.topics import title_in
from routing.debates.types import Background, Cast, Found, Step
from routing.debates.unasked import Desk
from routing.models import Debate, Turn
from routing.replay.house import BASELINE, House
from routing.replay.options import SIDE, Options
from routing.replay.script import Staged
from routing.replay.upstream import MARK, Simulated
from routing.replay.workload import mode_of, usages
from routing.snapshot import Snapshot
from routing.types import ChatRequest, Message, Reuse


class Walk:
    """`calls`: that were asked, whoever answered; `shareable`: of them, others may be given."""

    def __init__(
        self, staged: Staged, options: Options, *, house: House, simulated: Simulated,
        known: Snapshot,
    ) -> None:
        self._staged, self._options, self._known = staged, options, known
        self._caller = house.callers[staged.user]
        self._debate = Debate(pk=staged.id, language=options.language, seat=staged.seat)
        self._is_plain = staged.is_baseline or holdout.is_held_out(
            staged.id, tier=self._caller.tier, user_id=self._caller.user_id
        )
        about = None if self._is_plain else _about(staged, options, house)
        self._turns: list[Turn] = []
        self._found: list[Found] = []
        self._sharing = None if about is None else Sharing(
            about, known.kinds, self._turns, staged.variant, staged.seat
        )
        self._usages = simulated.usages = usages(
            options.format, mode_of(staged.seat), options.language
        )
        self.calls = self.shareable = 0

    async def to_the_end(self) -> None:
        staged = self._staged
        shape = Shape(
            self._options.format, staged.seat, staged.has_context, has_search=True
        )
        for step in plan_of(shape):
            if step.is_users:
                self._say(step, None)
                ready = None
            else:
                ready = await self._turn(step)
            for background in step.after:
                await self._background(background, step, ready)

    def _say(self, step: Step, answer_id: int | None) -> None:
        self._turns.append(Turn(
            step=step.index, kind=step.kind, speaker=step.speaker, answer_id=answer_id, text=MARK,
        ))

    async def _turn(self, step: Step) -> Stored | None:
        """What was stored before it was asked for. With it, most is not needed that others need."""
        ready = await self._ready(step)
        for background in step.before:
            await self._background(background, step, ready)
        if ready is None and self._is_template(step.kind):
            self._say(step, None)
            self._fill_in(step)
            return None
        self._say(step, await self._ask(step.kind, step, step.speaker, self._reuse(step)))
        return ready

    async def _ready(self, step: Step) -> Stored | None:
        """Only of what does not depend on what has to be found out first."""
        if step.kind not in ("opening_statement", *templates.WRITERS):
            return None
        return await self._look(step.kind, self._reuse(step))

    def _reuse(self, step: Step) -> Reuse | None:
        return self._sharing.of_turn(step, self._found) if self._sharing else None

    def _reuse_behind(self, background: Background) -> Reuse | None:
        if self._sharing is None:
            return None
        reuse = self._sharing.of_background(background, self._found)
        is_for_one = background.kind == SEARCH and self._options.search_per != SIDE
        return self._for_speaker(reuse, background.speaker) if reuse and is_for_one else reuse

    def _for_speaker(self, reuse: Reuse, speaker: str) -> Reuse:
        """As if each speaker's search were kept for them alone."""
        assert self._sharing
        who = philosopher_fields(self._sharing.about.cast.of(speaker))
        return replace(reuse, fields={**reuse.fields, "philosopher": who})

    async def _look(self, kind: str, reuse: Reuse | None) -> Stored | None:
        if reuse is None:
            return None
        route = policy.usual_route(
            kind, tier=self._caller.tier, language=self._options.language, snapshot=self._known
        )
        return await database.run(
            patterns.lookup, reuse, route=route, user_id=self._caller.user_id, now=clock.now()
        )

    def _is_template(self, kind: str) -> bool:
        may_be = self._known.kinds[kind].may_be_template and not self._is_plain
        return may_be and kind in templates.WRITERS

    async def _background(
        self, background: Background, step: Step, ready: Stored | None
    ) -> None:
        kind, speaker, at = background.key
        reuse = self._reuse_behind(background)
        if ready and kind in SPARED and await self._look(kind, reuse) is None:
            self._spare(background, step, ready)
        else:
            answer_id = await self._ask(kind, step, speaker, reuse)
            self._found.append(Found(kind, speaker, at, MARK, uuid4(), answer_id))

    async def _ask(self, kind: str, step: Step, speaker: str, reuse: Reuse | None) -> int | None:
        """The stored answer that it is; None: it is this debate's alone."""
        self._count(is_shareable=reuse is not None)
        answer = await gateway.answer(self._request(kind, step, speaker, reuse), self._caller)
        await answer.whole()
        return answer.stored_id

    def _request(
        self, kind: str, step: Step, speaker: str, reuse: Reuse | None
    ) -> ChatRequest:
        text = f"{self._staged.id} {step.index} {kind} {speaker}"
        words = _words(self._usages[kind].input_tokens)
        return ChatRequest(
            (Message("system", words), Message("user", text)), call_kind=kind,
            model=BASELINE if self._staged.is_baseline else policy.AUTO, is_stream=True,
            debate_id=self._staged.id, language=self._options.language, stage=step.stage,
            may_read_cache=reuse is not None, may_store=reuse is not None, speaker=speaker,
            is_part=True, reuse=reuse, max_searches=CALL_KINDS[kind].searches,
        )

    def _fill_in(self, step: Step) -> None:
        self._count(is_shareable=False)
        keeper.write_soon(self._desk(step).filled_in(step, self._usages[step.kind]))

    def _spare(self, background: Background, step: Step, ready: Stored) -> None:
        self._count(is_shareable=True)
        usage = self._usages[background.kind]
        keeper.write_soon(self._desk(step).spared(background, usage, because_of=ready))

    def _desk(self, step: Step) -> Desk:
        return Desk(self._debate, self._caller, self._known, clock.now(), step.stage, uuid4())

    def _count(self, *, is_shareable: bool) -> None:
        self.calls += 1
        self.shareable += is_shareable


def _about(staged: Staged, options: Options, house: House) -> About | None:
    """None: nobody else can be given anything of it."""
    if staged.topic is None or staged.has_context:
        return None
    topic = house.topics[staged.topic]
    pro, con = (tuple(house.people[key] for key in side) for side in staged.cast)
    title = title_in(topic, options.language)
    return About(
        topic.key, topic.epoch, title, options.language, Cast(pro, con), has_search=True
    )


@cache
def _words(tokens: int) -> str:
    """As long as the prompt would be: so much is held for it."""
    return "word " * tokens
