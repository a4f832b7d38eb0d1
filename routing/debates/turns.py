"""What a caller may do with the turns of a debate: ask for the next, cancel it, speak themselves.

Whoever asks first makes the turn, and whoever asks for the same again gets the same one. The row of
the debate is locked for the moment that takes; the database's unique constraints hold it besides.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.types import Caller
from costcontrol.lib.errors import Conflict
from costcontrol.lib.rows import Rows, changed, insert
from costcontrol.lib.sentences import Sentence as _
from routing.debates import endings, states
from routing.debates.at_once import turn_at_once
from routing.debates.errors import (
    DebateOver,
    DebatePaused,
    StageOutOfOrder,
    TurnInProgress,
    TurnUnknown,
    UserTurn,
)
from routing.debates.plan import next_steps
from routing.debates.shapes import steps_of
from routing.debates.types import Step
from routing.debates.wakes import wake as wake
from routing.models import BackgroundCall, Debate, Turn

Status = Turn.Status
UNSAID = (Status.FAILED, Status.CANCELLED)
SEEN = "UPDATE routing_debate SET seen_at = %s WHERE id = %s"
_debate_locked = Rows(Debate, "WHERE id = %s", lock=True)
_turns = Rows(Turn, "WHERE debate_id = %s ORDER BY number", without=["text"])


def turn_next(
    debate: Debate, *, caller: Caller, now: datetime, idempotency_key: str = "",
    expected_turn: int | None = None, stage: str = "", speaker: str = "",
    asked_at: datetime | None = None,
) -> Turn:
    """The next turn, queued, or completed if it is stored or a template's. Asked for again (same
    key or number): the same turn, as it is now.

    `asked_at`: when the request came in. Who asked before the last turn was there meant that one,
    however long ago it ended by the time we look. Raises TurnInProgress, StageOutOfOrder, UserTurn,
    DebateOver, DebatePaused, Conflict.
    """
    with transaction.atomic():
        debate, turns = _locked(debate)
        asked = {"number": expected_turn, "stage": stage, "speaker": speaker}
        if repeated := _repeated(turns, idempotency_key, asked):
            return repeated
        _check_free(debate, turns)
        if expected_turn is None:
            _check_news(turns, asked_at or now)
        step = _named(_steps_open(debate, turns), stage=stage, speaker=speaker)
        if step.is_users:
            raise UserTurn(
                _("It is your turn to speak. Send your text, or pass, with POST messages."),
                stage=step.stage, speaker=step.speaker,
            )
        number = _next_number(turns, expected_turn)
        turn, is_work_left = turn_at_once(
            debate, step, turns, number=number, caller=caller, now=now,
            idempotency_key=idempotency_key,
        )
        if turn is None:
            turn = _made(debate, step, number, idempotency_key=idempotency_key, created_at=now)
        changed(SEEN, now, debate.pk)
        if is_work_left:
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
        debate, turns = _locked(debate)
        if repeated := _repeated(turns, idempotency_key, {}):
            return repeated
        _check_free(debate, turns)
        step = next((step for step in _steps_open(debate, turns) if step.is_users), None)
        if step is None:
            raise StageOutOfOrder(_("It is not your turn to speak. Ask for the next turn first."))
        turn = _made(
            debate, step, _next_number(turns), idempotency_key=idempotency_key, created_at=now,
            status=Status.COMPLETED, source=Turn.Source.USER, attempt=1, is_whole=True,
            text="" if is_pass else text, started_at=now, completed_at=now,
        )
        Debate.objects.filter(pk=debate.pk).update(seen_at=now, texts_deleted_at=None)
        endings.write_users_turn(debate, turn, caller=caller, now=now)
        transaction.on_commit(lambda: wake(debate.pk))
        return turn


def turn_anew(
    debate: Debate, number: int, *, now: datetime, idempotency_key: str = ""
) -> Turn:
    """The last turn written anew, queued: with another text than those that are stored, at the cost
    of one. The old one is out of the debate, and back in it if the new one is not written.

    Raises TurnUnknown, StageOutOfOrder, TurnInProgress, DebateOver, DebatePaused, Conflict.
    """
    with transaction.atomic():
        debate, turns = _locked(debate)
        if repeated := _repeated(turns, idempotency_key, {}):
            if repeated.is_fresh and _is_of_step(turns, number, repeated.step):
                return repeated
            raise _another()
        _check_free(debate, turns)
        old = _rewritable(turns, number)
        states.turn_replace(old)
        step = steps_of(debate)[old.step]
        known = BackgroundCall.objects.filter(debate=debate, step=step.index)
        known.filter(kind__in=[each.kind for each in step.after]).delete()  # about the old text
        known.filter(text="").delete()  # the old text did without it
        turn = _made(
            debate, step, _next_number(turns), idempotency_key=idempotency_key, created_at=now,
            is_fresh=True,
        )
        changed(SEEN, now, debate.pk)
        transaction.on_commit(lambda: wake(debate.pk))
        return turn


def _rewritable(turns: Sequence[Turn], number: int) -> Turn:
    """A try that came to nothing is nobody's last word."""
    turn = next((turn for turn in turns if turn.number == number), None)
    if turn is None:
        raise TurnUnknown(_("This debate has no turn %(number)d.") % {"number": number})
    is_models = turn.source in (Turn.Source.LIVE, Turn.Source.CACHE)
    last = next((turn for turn in reversed(turns) if turn.status not in UNSAID), None)
    if turn is not last or turn.status != Status.COMPLETED or not is_models:
        raise StageOutOfOrder(
            _("Only the last turn can be written anew, and only if a model wrote it. Ask before "
              "you ask for the next one.")
        )
    return turn


def _is_of_step(turns: Sequence[Turn], number: int, step: int) -> bool:
    return any(turn.number == number and turn.step == step for turn in turns)


def turn_cancel(turn: Turn, *, now: datetime) -> Turn:
    """Stop it. One that nobody has begun ends at once; the worker ends the others. Repeatable."""
    with transaction.atomic():
        rows = Turn.objects.select_for_update(of=("self",), no_key=True)
        turn = rows.select_related("debate").get(pk=turn.pk)
        if turn.status == Status.QUEUED:
            states.turn_give_up(turn, reason=endings.ASKED, now=now)
            states.turn_restore(turn)
            endings.write_cancelled(turn)
        elif turn.status == Status.RUNNING:
            Turn.objects.filter(pk=turn.pk).update(is_cancel_asked=True)
        transaction.on_commit(lambda: wake(turn.debate_id))
    return turn


def _locked(debate: Debate) -> tuple[Debate, list[Turn]]:
    """And all its turns, without what was said in them."""
    found = _debate_locked(debate.pk)
    if not found:
        raise Debate.DoesNotExist
    return found[0], _turns(debate.pk)


def _steps_open(debate: Debate, turns: Sequence[Turn]) -> tuple[Step, ...]:
    """What may be said now, the usual first. Raises DebateOver: everything was."""
    done = {turn.step for turn in turns if turn.status == Status.COMPLETED}
    steps = next_steps(steps_of(debate), lambda step: step.index in done)
    if not steps:
        raise DebateOver(_("This debate is over. Its replay can still be watched."))
    return steps


def _repeated(turns: Sequence[Turn], key: str, asked: Mapping[str, Any]) -> Turn | None:
    """The turn that was made for the same key, or that has the expected number."""
    found = next((turn for turn in turns if key and turn.idempotency_key == key), None)
    if found and any(value and getattr(found, name) != value for name, value in asked.items()):
        raise _another()
    return found or next((turn for turn in turns if turn.number == asked.get("number")), None)


def _another() -> Conflict:
    return Conflict(_("This Idempotency-Key was used for another turn. Send a new one."))


def _check_free(debate: Debate, turns: Sequence[Turn]) -> None:
    if debate.status in (Debate.Status.FINISHED, Debate.Status.CANCELLED):
        raise DebateOver(_("This debate is over. Its replay can still be watched."))
    if debate.status == Debate.Status.PAUSED:
        raise DebatePaused(_("This debate is paused. Resume it first."))
    if active := next((turn for turn in turns if turn.status in states.ACTIVE), None):
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


def _check_news(turns: Sequence[Turn], asked_at: datetime) -> None:
    """Somebody pressed twice, and the machine was so busy that the first turn is over already."""
    if turns and turns[-1].created_at > asked_at:
        raise TurnInProgress(
            _("Turn %(number)d was asked for at the same moment. Read it first.")
            % {"number": turns[-1].number},
            turn=turns[-1].number, turn_id=str(turns[-1].pk),
        )


def _next_number(turns: Sequence[Turn], expected: int | None = None) -> int:
    number = turns[-1].number + 1 if turns else 1
    if expected not in (None, number):
        raise StageOutOfOrder(
            _("The next turn is number %(number)d.") % {"number": number}, turn=number
        )
    return number


def _made(debate: Debate, step: Step, number: int, **facts: Any) -> Turn:
    turn = Turn(
        debate=debate, number=number, step=step.index, stage=step.stage, kind=step.kind,
        speaker=step.speaker, target=step.target, **facts,
    )
    insert(turn)
    return turn
