"""What somebody may do with their debates: begin one, stop it, go on, show it to others.

Synchronous. Everything that belongs to somebody else is unknown. What is refused has taken nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_urlsafe
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts.types import Caller
from billing import gauge
from billing.gauge import Reading
from costcontrol.lib.errors import Conflict, Refused
from costcontrol.lib.rows import Rows
from costcontrol.lib.sentences import Sentence as _
from routing.debates import money, turns
from routing.debates.errors import DebateOver, DebateUnknown, TurnUnknown
from routing.debates.estimates import Foreseen
from routing.debates.foreseen import foreseen
from routing.debates.money import BriefFacts, Estimate
from routing.debates.orders import Order
from routing.debates.shown import ACTIVE
from routing.debates.topics import Choice
from routing.debates.variants import variant_of
from routing.debates.wakes import wake
from routing.models import BackgroundCall, Debate, Turn
from routing.snapshot import Snapshot
from routing.tokens import count

SEEN_EVERY = timedelta(seconds=5)
Status = Debate.Status
_debates_of = Rows(Debate, "WHERE id = %s AND user_id = %s")
_turns_of = Rows(Turn, "WHERE debate_id = %s AND number = %s")


@dataclass(frozen=True, slots=True)
class Created:
    """`is_new` False: the same was asked for before, and this is it. `readings`: of the quota;
    `choices`: topics that may have been meant."""

    debate: Debate
    is_new: bool
    readings: tuple[Reading, ...] = ()
    choices: tuple[Choice, ...] = ()


def estimated(
    order: Order, *, caller: Caller, snapshot: Snapshot, now: datetime, with_store: bool = False
) -> Estimate:
    """What it would cost; `with_store`: less what needs no model now. Raises LanguageUnavailable.
    """
    def foresee(is_lean: bool) -> Foreseen:
        return foreseen(order, is_lean=is_lean, caller=caller, snapshot=snapshot, now=now)

    is_alone = not order.topic_key or bool(order.context)
    facts = BriefFacts(order.language, count(order.context), is_alone=is_alone)
    found = money.estimate(
        order.shape(), brief_facts=facts, caller=caller, snapshot=snapshot, now=now,
        foresee=foresee if with_store else None,
    )
    if found.language_unavailable:
        raise found.language_unavailable
    return found


def debate_create(
    order: Order, *, caller: Caller, snapshot: Snapshot, now: datetime, idempotency_key: str = ""
) -> Created:
    """Take it from the quota and hold its money, all or nothing; nothing is written by a model yet.

    Raises Conflict (the key was used for another debate), LanguageUnavailable, and the gateway's
    refusals.
    """
    if repeated := debate_repeated(order.fingerprint, idempotency_key, caller=caller):
        return repeated
    is_lean = estimated(order, caller=caller, snapshot=snapshot, now=now).is_lean
    try:
        with transaction.atomic():
            variant = variant_of(order, snapshot)
            debate = _insert(
                order, caller, now, key=idempotency_key, is_lean=is_lean, variant=variant
            )
            readings = money.debate_open(debate, caller=caller, snapshot=snapshot, now=now)
    except IntegrityError:  # somebody was faster, with the same key
        if repeated := debate_repeated(order.fingerprint, idempotency_key, caller=caller):
            return repeated
        raise
    except Refused:
        gauge.forget_all()  # windows that were made meanwhile are not there any more
        raise
    return Created(debate, True, readings, order.choices)


def debate_repeated(fingerprint: str, key: str, *, caller: Caller) -> Created | None:
    """What was made for the same key. Raises Conflict: for another order."""
    if not key:
        return None
    debate = Debate.objects.filter(user_id=caller.user_id, idempotency_key=key).first()
    if debate is None:
        return None
    if debate.fingerprint != fingerprint:
        raise Conflict(
            _("This Idempotency-Key was used for another debate. Use a new key."),
            param="Idempotency-Key",
        )
    return Created(debate, False)


def _insert(
    order: Order, caller: Caller, now: datetime, *, key: str, is_lean: bool, variant: int
) -> Debate:
    return Debate.objects.create(
        id=uuid4(), user_id=caller.user_id, key_prefix=caller.key_prefix, idempotency_key=key,
        fingerprint=order.fingerprint, topic_key=order.topic_key, topic=order.topic,
        is_swapped=order.is_swapped, language=order.language, format=order.format,
        cast=dict(order.cast), seat=order.seat, moderator_style=order.moderator_style,
        context=order.context, is_lean=is_lean, variant=variant, created_at=now, seen_at=now,
    )


def debate_get(debate_id: UUID, *, caller: Caller) -> Debate:
    """One's own. Raises DebateUnknown."""
    found = _debates_of(debate_id, caller.user_id)
    if not found:
        raise DebateUnknown(_("There is no such debate. GET /api/v1/debates lists yours."))
    return found[0]


def debate_seen(debate: Debate, *, now: datetime) -> None:
    """Somebody is there: what is written goes on being written."""
    if debate.seen_at is None or now - debate.seen_at > SEEN_EVERY:
        Debate.objects.filter(pk=debate.pk).update(seen_at=now)


def turn_get(debate: Debate, number: int) -> Turn:
    """Raises TurnUnknown."""
    found = _turns_of(debate.pk, number)
    if not found:
        raise TurnUnknown(_("This debate has no turn %(number)d.") % {"number": number})
    return found[0]


def debate_pause(debate: Debate) -> Debate:
    """A turn that is being written is finished; no other begins. Repeatable. Raises DebateOver."""
    return _moved(debate, Status.OPEN, Status.PAUSED)


def debate_resume(debate: Debate, *, now: datetime) -> Debate:
    """Raises DebateOver."""
    debate = _moved(debate, Status.PAUSED, Status.OPEN)
    Debate.objects.filter(pk=debate.pk).update(seen_at=now)
    return debate


@transaction.atomic
def _moved(debate: Debate, before: str, after: str) -> Debate:
    debate = Debate.objects.select_for_update(no_key=True).get(pk=debate.pk)
    if debate.status not in (before, after):
        raise over()
    if debate.status == before:
        debate.status = after
        debate.save(update_fields=["status"])
        transaction.on_commit(lambda: wake(debate.pk))
    return debate


def over() -> DebateOver:
    return DebateOver(_("This debate is over. Its replay can still be watched."))


@transaction.atomic
def debate_cancel(debate: Debate, *, now: datetime) -> bool:
    """Stop it for good: what is held is free again. Repeatable. Raises DebateOver if it finished.

    True: it was given back to the quota, because nothing had been written yet.
    """
    debate = Debate.objects.select_for_update(no_key=True).get(pk=debate.pk)
    if debate.status == Status.FINISHED:
        raise over()
    if debate.status == Status.CANCELLED:
        return False
    debate.status, debate.finished_at = Status.CANCELLED, now
    debate.save(update_fields=["status", "finished_at"])
    is_unused = not was_generated(debate)
    for turn in Turn.objects.filter(debate=debate, status__in=ACTIVE):
        turns.turn_cancel(turn, now=now)
    money.debate_close(debate, now=now)
    transaction.on_commit(lambda: wake(debate.pk))
    return is_unused and money.quota_back(debate, now=now)


def was_generated(debate: Debate) -> bool:
    """Whether a model has written anything for it, or is at it. A template is no model."""
    free = (Turn.Source.USER, Turn.Source.TEMPLATE)
    made = Turn.objects.filter(debate=debate).exclude(source__in=free)
    written = ~Q(text="") | Q(status__in=(Turn.Status.RUNNING, Turn.Status.COMPLETED))
    found_out = BackgroundCall.objects.filter(debate=debate).exclude(text="")
    return made.filter(written).exists() or found_out.exists()


def debate_share(debate: Debate, *, is_public: bool) -> Debate:
    """Each time it is made public its link is a new one; made private, the old link is dead."""
    if is_public and debate.status == Status.CANCELLED:
        raise DebateOver(_("A debate that was ended early cannot be shown to others."))
    if is_public != debate.is_public:
        debate.is_public = is_public
        debate.share_key = token_urlsafe(18) if is_public else ""
        debate.save(update_fields=["is_public", "share_key"])
    return debate
