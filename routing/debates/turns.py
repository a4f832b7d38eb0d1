"""What a caller may do with the turns of a debate: ask for the next, cancel it, speak themselves.

Whoever asks first makes the turn, and whoever asks for the same again gets the same one. The row of
the debate is locked for the moment that takes; the database's unique constraints hold it besides.
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from accounts.types import Caller
from costcontrol.lib.errors import Conflict
from costcontrol.lib.sentences import Sentence as _
from routing.debates import endings, states
from routing.debates.errors import (
    DebateOver,
    DebatePaused,
    StageOutOfOrder,
    TurnInProgress,
    UserTurn,
)
from routing.debates.types import Step
from routing.debates.wakes import wake
from routing.models import Debate, Turn

Status = Turn.Status


def turn_next(
    debate: Debate, *, caller: Caller, now: datetime, idempotency_key: str = "",
    expected_turn: int | None = None, stage: str = "", speaker: str = "",
) -> Turn:
    """The next turn, queued. Asked for again (same key or number): the same turn, as it is now.

    Raises TurnInProgress, StageOutOfOrder, UserTurn, DebateOver, DebatePaused, Conflict.
    """
    with transaction.atomic():
        debate = _locked(debate)
        asked = {"number": expected_turn, "stage": stage, "speaker": speaker}
        if repeated := _repeated(debate, idempotency_key, asked):
            return repeated
        _check_free(debate)
        step = _named(steps_open(debate), stage=stage, speaker=speaker)
        if step.is_users:
            raise UserTurn(
                _("It is your turn to speak. Send your text, or pass, with POST messages."),
                stage=step.stage, speaker=step.speaker,
            )
        turn = _made(debate, step, expected_turn, idempotency_key=idempotency_key, created_at=now)
        Debate.objects.filter(pk=debate.pk).update(seen_at=now)
        transaction.on_commit(lambda: wake(debate.pk))
        return turn


def message_add(
    debate: Debate, *, text: str, is_pass: bool, caller: Caller, now: datetime,
    idempotency_key: str = "",
) -> Turn:
    """What the user says themselves, or that they pass: a turn that is completed at once.

    Raises as `turn_next`; StageOutOfOrder while somebody else is to speak.
    """
    with transaction.atomic():
        debate = _locked(debate)
        if repeated := _repeated(debate, idempotency_key, {}):
            return repeated
        _check_free(debate)
        step = next((step for step in steps_open(debate) if step.is_users), None)
        if step is None:
            raise StageOutOfOrder(_("It is not your turn to speak. Ask for the next turn first."))
        turn = _made(
            debate, step, None, idempotency_key=idempotency_key, created_at=now,
            status=Status.COMPLETED, source=Turn.Source.USER, attempt=1, is_whole=True,
            text="" if is_pass else text, started_at=now, completed_at=now,
        )
        Debate.objects.filter(pk=debate.pk).update(seen_at=now)
        endings.write_users_turn(debate, turn, caller=caller, now=now)
        transaction.on_commit(lambda: wake(debate.pk))
        return turn


def turn_cancel(turn: Turn, *, now: datetime) -> Turn:
    """Stop it. One that nobody has begun ends at once; the worker ends the others. Repeatable."""
    with transaction.atomic():
        turn = Turn.objects.select_for_update(of=("self",)).select_related("debate").get(pk=turn.pk)
        if turn.status == Status.QUEUED:
            states.turn_give_up(turn, reason=endings.ASKED, now=now)
            endings.write_cancelled(turn)
        elif turn.status == Status.RUNNING:
            Turn.objects.filter(pk=turn.pk).update(is_cancel_asked=True)
        transaction.on_commit(lambda: wake(turn.debate_id))
    return turn


def steps_open(debate: Debate) -> tuple[Step, ...]:
    """What may be said now, the usual first. Raises DebateOver: everything was."""
    steps = endings.steps_left(debate)
    if not steps:
        raise DebateOver(_("This debate is over. Its replay can still be watched."))
    return steps


def _locked(debate: Debate) -> Debate:
    return Debate.objects.select_for_update().get(pk=debate.pk)


def _repeated(debate: Debate, key: str, asked: dict[str, Any]) -> Turn | None:
    """The turn that was made for the same key, or that has the expected number."""
    number = asked.get("number")
    turns = Turn.objects.filter(debate=debate)
    found = turns.filter(idempotency_key=key).first() if key else None
    if found and any(value and getattr(found, name) != value for name, value in asked.items()):
        raise Conflict(_("This Idempotency-Key was used for another turn. Send a new one."))
    return found or (turns.filter(number=number).first() if number is not None else None)


def _check_free(debate: Debate) -> None:
    if debate.status in (Debate.Status.FINISHED, Debate.Status.CANCELLED):
        raise DebateOver(_("This debate is over. Its replay can still be watched."))
    if debate.status == Debate.Status.PAUSED:
        raise DebatePaused(_("This debate is paused. Resume it first."))
    if active := Turn.objects.filter(debate=debate, status__in=states.ACTIVE).first():
        raise TurnInProgress(
            _("Turn %(number)d is still running. Read along, or cancel it.")
            % {"number": active.number},
            turn=active.number, turn_id=str(active.pk),
        )


def _named(steps: tuple[Step, ...], *, stage: str, speaker: str) -> Step:
    def fits(step: Step) -> bool:
        return stage in ("", step.stage) and speaker in ("", step.speaker)

    found = next(filter(fits, steps), None)
    if found is None:
        raise StageOutOfOrder(
            _("That is not what comes next. Next comes: %(what)s.")
            % {"what": ", ".join(f"{step.stage} {step.speaker}".strip() for step in steps)},
            allowed=[{"stage": step.stage, "speaker": step.speaker} for step in steps],
        )
    return found


def _made(debate: Debate, step: Step, expected: int | None, **facts: Any) -> Turn:
    last = Turn.objects.filter(debate=debate).aggregate(last=Max("number"))["last"] or 0
    if expected not in (None, last + 1):
        raise StageOutOfOrder(
            _("The next turn is number %(number)d.") % {"number": last + 1}, turn=last + 1
        )
    return Turn.objects.create(
        debate=debate, number=last + 1, step=step.index, stage=step.stage, kind=step.kind,
        speaker=step.speaker, target=step.target, **facts,
    )


