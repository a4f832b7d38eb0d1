"""What a debate will cost, before it starts: a range, and whether the caller's limits cover it.

Low is the usual length of every answer, high the longest that is allowed; both on the models that
would be asked first. What is stored or a template's costs nothing. The same figures, without what
is stored, decide what is held: `routing.debates.money`.
"""

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from accounts.types import Caller
from billing import gauge
from billing.budgets import Rule, book_version, debates_rule, rules_of_call
from billing.gauge import Reading
from billing.holds import NoRoom
from billing.models import Metric
from billing.purses import PaidFrom, purses_of
from costcontrol.lib.errors import Refused
from costcontrol.lib.money import ZERO, Nanos, credits
from routing import alternatives, refusals
from routing.debates.errors import LanguageUnavailable
from routing.debates.plan import STAGES, Shape, plan_of
from routing.debates.routes import Routes
from routing.debates.shapes import kinds_off as kinds_off
from routing.debates.sizes import Size, sizes_of
from routing.debates.types import Step
from routing.snapshot import Snapshot
from routing.types import ModelClass
from routing.upgrades import next_up

Foresee = Callable[[bool], "Foreseen"]
SMALL_CONTEXT = 4_096  # below it a model has no room for what background calls find out


@dataclass(frozen=True, slots=True)
class BriefFacts:
    """What of a brief decides about money. `context_tokens`: of the text the user added;
    `is_alone`: nobody else can be given an answer of such a debate."""

    language: str
    context_tokens: int = 0
    is_alone: bool = False


@dataclass(frozen=True, slots=True)
class ForeseenTurn:
    """A turn that no model would write."""

    step: int
    stage: str
    kind: str
    speaker: str
    source: str  # cache | template

    @property
    def is_template(self) -> bool:
        return self.source == "template"


@dataclass(frozen=True, slots=True)
class Foreseen:
    """`free`: (kind, step) of calls that would not be made."""

    turns: tuple[ForeseenTurn, ...] = ()
    free: Set[tuple[str, int]] = frozenset()

    def is_free(self, kind: str, step: int) -> bool:
        return (kind, step) in self.free


NOTHING = Foreseen()


@dataclass(frozen=True, slots=True)
class StageEstimate:
    """`templates`: how many of its messages are filled in, `cached`: how many of its answers are
    stored, or not needed because others are; `calls`: that are left to be made. Who speaks second
    for a side is told what was searched for the first."""

    stage: str
    calls: int
    model_classes: tuple[str, ...]
    low_nanos: Nanos
    high_nanos: Nanos
    templates: int = 0
    cached: int = 0
    searches: int = 0  # of the web

    @property
    def low_credits(self) -> str:
        return credits(self.low_nanos)

    @property
    def high_credits(self) -> str:
        return credits(self.high_nanos)


@dataclass(frozen=True, slots=True)
class Estimate:
    """`refusal`: the limit that does not cover it, as opening it would say (code, `resets_at`,
    `upgrade`). `language_unavailable`: nobody can speak; then there are no stages."""

    low_nanos: Nanos = ZERO
    high_nanos: Nanos = ZERO
    stages: tuple[StageEstimate, ...] = ()
    model_classes: tuple[str, ...] = ()
    paid_from: str = "plan"
    debates: Reading | None = None  # of the quota, before this one is taken
    refusal: Refused | None = None
    language_unavailable: LanguageUnavailable | None = None
    is_lean: bool = False
    from_store: tuple[ForeseenTurn, ...] = ()  # turns that no model would write now
    has_search: bool = False  # somebody would search the web for its openings

    @property
    def searches(self) -> int:
        """That would be made now."""
        return sum(stage.searches for stage in self.stages)

    @property
    def is_covered(self) -> bool:
        return self.refusal is None and self.language_unavailable is None

    @property
    def low_credits(self) -> str:
        return credits(self.low_nanos)

    @property
    def high_credits(self) -> str:
        return credits(self.high_nanos)


def estimate(
    shape: Shape, *, brief_facts: BriefFacts, caller: Caller, snapshot: Snapshot, now: datetime,
    foresee: Foresee | None = None,
) -> Estimate:
    """Synchronous: reads the caller's windows. Raises Unavailable when no model can answer.

    `foresee`: what would come from the store, once it is known whether the debate is a lean one.
    """
    rules = money_rules_of(caller, snapshot)
    readings = gauge.read(rules, now=now)
    routes = Routes(
        caller=caller, snapshot=snapshot, language=brief_facts.language,
        is_economy=is_economy(caller, snapshot, readings, now=now),
        is_alone=brief_facts.is_alone,
    )
    try:
        is_lean = shape.is_lean or is_small(routes)
    except LanguageUnavailable as error:
        return Estimate(language_unavailable=error)
    wanted = replace(
        shape, is_lean=is_lean, off=shape.off | kinds_off(snapshot),
        has_search=not is_lean and routes.has_search,
    )
    return _estimated(
        wanted, brief_facts, routes, readings=readings, now=now,
        foreseen=foresee(is_lean) if foresee else NOTHING,
    )


def is_small(routes: Routes) -> bool:
    """Whether every model that may answer is too small for more than the debate itself."""
    return all(
        deployment.context_tokens < SMALL_CONTEXT
        for kind in ("closing", "attack_response", "conclusion")  # simple, medium, complex
        for deployment in routes.plan(kind).candidates
    )


def money_rules_of(caller: Caller, snapshot: Snapshot, *, debate_id: str = "") -> list[Rule]:
    """Every limit of money that the calls of a debate fall in, but the providers' own: which
    provider answers is decided call by call."""
    rules = rules_of_call(
        snapshot.book, tier=caller.tier, payer=caller.payer, user_id=caller.user_id,
        key_prefix=caller.key_prefix, provider="", debate_id=debate_id,
    )
    return [rule for rule in rules if rule.metric == Metric.USD]


def is_economy(
    caller: Caller, snapshot: Snapshot, readings: Sequence[Reading], *, now: datetime
) -> bool:
    """As the gateway decides it for a call: a budget is nearly used up."""
    soft = [reading.window.rule for reading in readings if reading.is_soft_reached]
    if not soft or caller.tier.is_economy_exempt:
        return False
    if not all(rule.is_quota for rule in soft):
        return True
    return not purses_of(caller.payer, book_version=snapshot.book.version, now=now)


def usual_nanos(routes: Routes, sizes: Sequence[Size]) -> Nanos:
    """The most that these calls can cost where they would be made first."""
    return Nanos(sum(routes.usual(size).most for size in sizes))


def finish_nanos(routes: Routes, sizes: Sequence[Size]) -> Nanos:
    """The most that they can cost on the cheapest models that may do them."""
    return Nanos(sum(routes.cheapest(size).most for size in sizes))


def _estimated(
    shape: Shape, brief_facts: BriefFacts, routes: Routes, *, readings: Sequence[Reading],
    now: datetime, foreseen: Foreseen,
) -> Estimate:
    """What is held does not count on the store: it may be gone when its turn comes."""
    steps = plan_of(shape)
    sizes = sizes_of(
        steps, language=brief_facts.language, context_tokens=brief_facts.context_tokens,
        kinds=routes.snapshot.kinds,
    )
    stages = tuple(_stage(stage, steps, sizes, routes, foreseen) for stage in STAGES)
    opening = [size for size in sizes if size.stage == STAGES[0]]
    later = [size for size in sizes if size.stage != STAGES[0]]
    need = usual_nanos(routes, opening) + finish_nanos(routes, later)
    debates, refusal, paid_from = _coverage(
        need, caller=routes.caller, snapshot=routes.snapshot, readings=readings, now=now
    )
    return Estimate(
        low_nanos=Nanos(sum(stage.low_nanos for stage in stages)),
        high_nanos=Nanos(sum(stage.high_nanos for stage in stages)),
        stages=stages, model_classes=_classes(c for s in stages for c in s.model_classes),
        paid_from=paid_from, debates=debates, refusal=refusal, is_lean=shape.is_lean,
        from_store=foreseen.turns, has_search=shape.has_search,
    )


def _stage(
    stage: str, steps: Sequence[Step], sizes: Sequence[Size], routes: Routes, foreseen: Foreseen
) -> StageEstimate:
    calls = [size for size in sizes if size.stage == stage]
    left = _left(calls, foreseen)
    priced = [routes.usual(size) for size in left]
    filled_in = [turn for turn in foreseen.turns if turn.is_template and turn.stage == stage]
    hand_overs = sum(step.has_transition for step in steps if step.stage == stage)
    return StageEstimate(
        stage, len(priced), _classes(p.deployment.model_class for p in priced),
        low_nanos=Nanos(sum(p.usual for p in priced)),
        high_nanos=Nanos(sum(p.most for p in priced)),
        templates=hand_overs + len(filled_in),
        cached=len(calls) - len(priced) - len(filled_in),
        searches=sum(size.searches for size in left),
    )


def _left(calls: Sequence[Size], foreseen: Foreseen) -> list[Size]:
    """That would be made. Of one stage: who speaks second for a side reads the first one's search.
    """
    left: list[Size] = []
    for size in calls:
        is_repeat = size.searches and any(each.searches for each in left)
        if not is_repeat and not foreseen.is_free(size.kind, size.step):
            left.append(size)
    return left


def _classes(found: Iterable[str]) -> tuple[str, ...]:
    known = set(found)
    return tuple(str(model_class) for model_class in ModelClass if model_class in known)


def _coverage(
    need: int, *, caller: Caller, snapshot: Snapshot, readings: Sequence[Reading], now: datetime
) -> tuple[Reading | None, Refused | None, str]:
    """The quota of debates, the limit that is in the way, and what would pay."""
    rule = debates_rule(caller.tier, caller.payer)
    debates = gauge.read([rule], now=now)[0] if rule else None
    full = [reading for reading in readings if reading.room.left < need]
    if debates and debates.room.left < 1:
        full.insert(0, debates)
    if not full:
        return debates, None, PaidFrom.PLAN
    if all(reading.window.rule.is_quota for reading in full):
        for purse in purses_of(caller.payer, book_version=book_version(), now=now):
            if gauge.read([purse.rule], now=now)[0].room.left >= need:
                return debates, None, purse.paid_from
    return debates, _refusal(full, caller, snapshot, now), PaidFrom.PLAN


def _refusal(
    full: Sequence[Reading], caller: Caller, snapshot: Snapshot, now: datetime
) -> Refused:
    """The operators' limits first: no plan and no purse helps against those."""
    first = min(full, key=lambda reading: reading.window.rule.is_quota)
    found = NoRoom([first.window], (first.room,))
    return refusal_of(found, caller=caller, snapshot=snapshot, now=now)


def refusal_of(full: NoRoom, *, caller: Caller, snapshot: Snapshot, now: datetime) -> Refused:
    """Of a debate: whose model nobody chooses, so that a local one is no way out."""
    error = refusals.of_no_room(full, now=now, upgrade=upgrade_of(caller, snapshot))
    alternatives.add(
        error, snapshot=snapshot, tier=caller.tier, language="", now=now, may_go_local=False
    )
    return error


def upgrade_of(caller: Caller, snapshot: Snapshot) -> dict[str, Any]:
    found = next_up(snapshot.plans, tier=caller.tier.name, may_buy=not caller.is_end_user)
    return {"upgrade": found} if found else {}
