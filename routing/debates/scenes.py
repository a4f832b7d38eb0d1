"""All that a turn is made from, read in one go and at one moment. Synchronous."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import InterfaceError, OperationalError, transaction

from accounts.types import Caller
from billing.debate_holds import Kept
from costcontrol.lib import clock
from costcontrol.lib.errors import CostControlError
from costcontrol.lib.rows import Rows
from routing.call_kinds import CallKind
from routing.debates import claims, endings, money, states
from routing.debates.callers import caller_of as caller_of
from routing.debates.philosophers import brief_of
from routing.debates.prompts import wants
from routing.debates.reuse import About
from routing.debates.shapes import searches, steps_now
from routing.debates.sharing import Sharing, about_of, heard
from routing.debates.types import Background, Brief, Found, Said, Step
from routing.models import BackgroundCall, Debate, Turn, TurnEvent
from routing.snapshot import Snapshot

HELD_ANEW_AFTER = timedelta(minutes=5)
_turns = Rows(Turn, "WHERE debate_id = %s ORDER BY number")
_background = Rows(BackgroundCall, "WHERE debate_id = %s ORDER BY id")
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Scene:
    """A debate as it stands. `turn`: what is to be said now, begun and ours; None: nothing."""

    debate: Debate
    caller: Caller | None  # None: the account is closed
    brief: Brief
    steps: tuple[Step, ...]
    turns: Sequence[Turn]
    background: Sequence[BackgroundCall]
    turn: Turn | None
    has_hold: bool = True  # money is held for this stage at its usual route
    kept: Sequence[Kept] = ()  # all that is held
    draws_on: tuple[UUID, ...] = ()
    about: About | None = None  # what of it others may be given; None: nothing
    kinds: Mapping[str, CallKind] = field(default_factory=dict)

    @property
    def step(self) -> Step:
        """Of the turn."""
        assert self.turn
        return self.steps[self.turn.step]

    @property
    def transcript(self) -> list[Said]:
        """What was said, in the order of the plan. A pass says nothing."""
        said = [turn for turn in self.completed if turn.text]
        return [
            Said(turn.step, turn.stage, turn.kind, turn.speaker, turn.text, turn.target,
                 is_users=turn.source == Turn.Source.USER)
            for turn in sorted(said, key=lambda turn: turn.number)
        ]

    @property
    def completed(self) -> list[Turn]:
        return [turn for turn in self.turns if turn.status == Turn.Status.COMPLETED]

    @property
    def found(self) -> list[Found]:
        return heard(self.background)

    @property
    def sharing(self) -> Sharing | None:
        """As the debate stands now."""
        if self.about is None:
            return None
        debate = self.debate
        return Sharing(self.about, self.kinds, self.completed, debate.variant, debate.seat)

    @property
    def steps_left(self) -> tuple[Step, ...]:
        done = {turn.step for turn in self.completed}
        return tuple(step for step in self.steps if step.index not in done)

    @property
    def after_calls(self) -> list[Background]:
        """What is still to be learnt from what was said, and what was said without knowing it
        (because it was stored) though others will want to."""
        made = {(row.kind, row.speaker, row.step) for row in self.background}
        done = {turn.step for turn in self.completed if turn.text}
        steps = [step for step in self.steps if step.index in done]
        owed = [each for step in steps for each in step.before if self._is_wanted_later(each)]
        after = [each for step in steps for each in step.after]
        return [each for each in (*owed, *after) if each.key not in made]

    def turn_before(self, background: Background) -> UUID | None:
        """The turn that this one follows; None: it comes before its turn."""
        if background not in self.steps[background.step].after:
            return None
        said = (turn.pk for turn in self.completed if turn.step == background.step)
        return next(said, None)

    def _is_wanted_later(self, background: Background) -> bool:
        return any(wants(step, background) for step in self.steps_left)

    @property
    def ahead(self) -> tuple[Background, ...]:
        """What the next turn will want to know: of the same stage, so that money is held for it."""
        if self.turn is None or self.turn.status != Turn.Status.COMPLETED or not self.steps_left:
            return ()
        step = self.steps_left[0]
        return step.before if step.stage == self.turn.stage and not step.is_users else ()


def scene_take(
    debate_id: UUID, *, worker: str, snapshot: Snapshot, now: datetime
) -> Scene | None:
    """Have the debate and begin its turn. None: somebody else has it."""
    debate = claims.claimed(debate_id, worker=worker, now=now)
    if debate is None:
        return None
    scene = _read(debate, snapshot)
    scene.kept = money.kept_of(debate)
    if scene.turn is not None:
        states.turn_begin(scene.turn, now=now)
        _hold(scene, snapshot, now)
    stage = (scene.turn or scene.completed[-1]).stage if scene.turn or scene.completed else ""
    scene.draws_on = money.draws_among(scene.kept, stage)
    return scene


def fail_untold(debate_id: UUID, error: CostControlError, events: list[TurnEvent]) -> None:
    """Its turn cannot even be begun (a philosopher was deleted)."""
    turns = Turn.objects.select_related("debate").select_for_update(of=("self",), no_key=True)
    turn = turns.filter(debate=debate_id, status__in=states.ACTIVE).first()
    if turn is not None:
        states.turn_begin(turn, now=clock.now())
        events += endings.fail(
            turn, error, language=turn.debate.language, text="", seq=0, now=clock.now()
        )


def _read(debate: Debate, snapshot: Snapshot) -> Scene:
    turns, caller, brief = _turns(debate.pk), caller_of(debate), brief_of(debate)
    has_search = bool(caller and searches(debate, snapshot=snapshot, tier=caller.tier))
    steps = steps_now(debate, snapshot=snapshot, has_search=has_search)
    return Scene(
        debate, caller, brief, steps, turns, _background(debate.pk),
        next((turn for turn in turns if turn.status in states.ACTIVE), None),
        about=about_of(debate, brief, caller, has_search=has_search) if caller else None,
        kinds=snapshot.kinds,
    )


def _hold(scene: Scene, snapshot: Snapshot, now: datetime) -> None:
    """Without it the debate goes on, from what is held for its finish."""
    if scene.caller is None or scene.turn is None or scene.turn.is_whole:
        return
    if scene.turn.is_cancel_asked:  # it will not be spoken; a cancelled debate holds nothing again
        return
    debate, stage = scene.debate, scene.turn.stage
    if _holds(scene, now):
        scene.has_hold = not debate.degraded_reason
        return
    if money.is_held_since(scene.kept, stage, now - HELD_ANEW_AFTER):
        return  # when the debate was made, a moment ago
    try:
        with transaction.atomic():
            scene.has_hold = money.stage_hold(
                debate, stage, caller=scene.caller, snapshot=snapshot, now=now
            )
    except (OperationalError, InterfaceError):
        raise
    except CostControlError:  # nobody can answer now: the call says so
        scene.has_hold = False
    except Exception:  # a turn is not lost for it
        log.exception("debates: no hold for %s of %s", stage, debate)
        scene.has_hold = False
    scene.kept = money.kept_of(debate)


def _holds(scene: Scene, now: datetime) -> bool:
    """A model wrote a turn of this stage a moment ago: what is held was looked at then, and each
    call since has kept it. Nobody looks for what needs no model."""
    assert scene.turn
    stage = scene.turn.stage
    ends = [
        turn.completed_at for turn in scene.completed
        if turn.stage == stage and turn.source == Turn.Source.LIVE
    ]
    return any(end is not None and now - end < HELD_ANEW_AFTER for end in ends)
