"""What staff do to stored answers by hand, and the audit row of each."""

from datetime import datetime

from django.db import transaction
from django.db.models import F

from accounts.models import AuditEvent
from accounts.services import audit
from routing.cache import endings
from routing.cache.endings import Scope
from routing.models import Topic
from routing.reports.purges import PURGE, back_from, ended_at

END, BRING_BACK, TAKE_DOWN = "answer_end", "answers_bring_back", "topic_take_down"


@transaction.atomic
def answer_end(answer_id: int, *, why: str, reason: str, actor: str, now: datetime) -> bool:
    """False: it had ended before."""
    if not endings.end([answer_id], why=why, now=now):
        return False
    audit(actor, END, f"stored answer {answer_id}", None, {"why": why, "reason": reason})
    return True


@transaction.atomic
def purge(scope: Scope, *, actor: str, now: datetime) -> int:
    """How many ended. They all end at the very moment that stands in the audit row."""
    number = endings.purge(scope, now=now)
    if number:
        after = {"ended": number, "at": now.isoformat()}
        audit(actor, PURGE, target_of(scope), None, after)
    return number


def target_of(scope: Scope) -> str:
    names = ("topic_key", "philosopher", "kind", "language", "route")
    said = [f"{name}={value}" for name in names if (value := getattr(scope, name))]
    return (", ".join(said) or "everything")[:200]


@transaction.atomic
def bring_back(event_id: int, *, actor: str, now: datetime) -> int:
    """Entries of a purge are served again, unless something newer took their place."""
    event = AuditEvent.objects.filter(pk=event_id, action=PURGE).first()
    at = ended_at(event.after) if event else None
    if event is None or at is None:
        return 0
    number = back_from([at], now=now).update(ended_at=None, ended_why="")
    if number:
        audit(actor, BRING_BACK, event.target, None, {"brought_back": number, "of": event.pk})
    return number


@transaction.atomic
def take_down(topic_key: str, *, reason: str, actor: str, now: datetime) -> int | None:
    """A new epoch: no key of the old one is asked for again, also not of what is being written
    just now. How many entries ended by it; None: there is no such topic."""
    topic = Topic.objects.select_for_update().filter(pk=topic_key).first()
    if topic is None:
        return None
    Topic.objects.filter(pk=topic_key).update(epoch=F("epoch") + 1)
    number = endings.purge(Scope(topic_key=topic_key), now=now)
    after = {"epoch": topic.epoch + 1, "ended": number, "reason": reason}
    audit(actor, TAKE_DOWN, topic_key, {"epoch": topic.epoch}, after)
    return number
