"""What users wrote into their debates themselves: personal data, so it goes when they say so, when
its days are over, and with their account.

A text leaves a mark where it stood, so that a transcript still says that somebody spoke. What calls
behind the scenes made of it (summaries, analyses) goes with it; what the others answered stays.
Synchronous.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from billing.models import UsageRecord
from costcontrol.lib.sentences import Sentence as _
from routing.debates import sayings, services
from routing.debates.own import OWN
from routing.models import BackgroundCall, CallText, Debate, Turn, TurnEvent

ABOUT_THE_USER = ("context_summary", "user_turn_analysis")
DEBATES_AT_ONCE = 200
DELETED = _("[This text was deleted.]")


def texts_delete(debate: Debate, *, now: datetime) -> int:
    """How many messages lost their text. Repeatable."""
    with transaction.atomic():
        debate = Debate.objects.select_for_update(no_key=True).get(pk=debate.pk)
        mark = sayings.in_language(debate.language, DELETED)
        written = Turn.objects.filter(debate=debate, source=Turn.Source.USER)
        written = written.exclude(text="").exclude(text=mark)
        events = TurnEvent.objects.filter(turn__in=written.values("pk"), kind=sayings.PIECE)
        events.update(data={"text": mark})
        count = written.update(text=mark)
        Turn.objects.filter(debate=debate).exclude(rating_note="").update(rating_note="")
        about = Q(kind__in=ABOUT_THE_USER) | (Q(speaker=debate.seat) & ~Q(speaker=""))
        BackgroundCall.objects.filter(about, debate=debate).update(text="")
        _prompts(debate).delete()
        Debate.objects.filter(pk=debate.pk).update(context="", texts_deleted_at=now)
    return count


def _prompts(debate: Debate) -> QuerySet[CallText]:
    """The user's words stand in what models were asked, where an operator keeps that."""
    calls = UsageRecord.objects.filter(debate_id=str(debate.pk), user_id=debate.user_id)
    calls = calls.exclude(debate_id="")  # said for SQLite, which else does not use the index
    return CallText.objects.filter(call_id__in=calls.values("call_id"))


def purge(*, now: datetime) -> int:
    """Of debates that began longer than DEBATE_TEXT_DAYS ago. How many debates."""
    oldest = now - timedelta(days=settings.DEBATE_TEXT_DAYS)
    has_notes = Exists(Turn.objects.filter(debate=OuterRef("pk")).exclude(rating_note=""))
    kept = Debate.objects.filter(created_at__lt=oldest, texts_deleted_at=None)
    kept = kept.filter(~Q(seat="") | ~Q(context="") | has_notes).order_by("pk")
    count = 0
    while batch := list(kept[:DEBATES_AT_ONCE]):
        for debate in batch:
            texts_delete(debate, now=now)
        count += len(batch)
    return count


def forget(user_ids: Iterable[int], *, now: datetime) -> int:
    """Of people whose account is closed: their debates end, and no word of them stays."""
    debates = Debate.objects.filter(user_id__in=list(user_ids))
    for debate in debates.filter(status__in=(Debate.Status.OPEN, Debate.Status.PAUSED)):
        services.debate_cancel(debate, now=now)
    spoken = debates.exclude(topic="")
    count = spoken.count()
    _words_delete(debates)
    return count


@transaction.atomic
def _words_delete(debates: QuerySet[Debate]) -> None:
    ids = debates.values("pk")
    # The last event of a turn has no words of anybody, and whoever reads along waits for it.
    TurnEvent.objects.filter(turn__debate__in=ids, is_last=False).delete()
    Turn.objects.filter(debate__in=ids).update(
        text="", error="", rating_note="", citations=[],
    )
    BackgroundCall.objects.filter(debate__in=ids).update(text="")
    debates.update(
        topic="", context="", is_public=False, share_key="", idempotency_key="", fingerprint="",
    )
    for debate in debates.only("cast"):
        _names_delete(debate)


def _names_delete(debate: Debate) -> None:
    """Of philosophers that they made."""
    own = [one for side in debate.cast.values() for one in side if one["key"].startswith(OWN)]
    for one in own:
        one |= {"name_ko": "", "name_en": ""}
    if own:
        debate.save(update_fields=["cast"])
