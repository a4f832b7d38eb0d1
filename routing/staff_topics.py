"""What staff decide about other words for topics, and the audit row of each."""

from datetime import datetime

from django.db import transaction

from accounts.services import audit
from routing.debates.topic_aliases import alias_approve, alias_quarantine
from routing.models import TopicAlias

Status = TopicAlias.Status


@transaction.atomic
def alias_decide(alias_id: int, *, status: str, actor: str, now: datetime) -> bool | None:
    """Into use, or into quarantine. False: in use for another topic already. None: it is gone.

    The audit row has the number of the words, not the words: those go with the account of whoever
    used them, and the log keeps everything.
    """
    row = TopicAlias.objects.select_for_update().filter(pk=alias_id).first()
    if row is None:
        return None
    before = {"status": row.status}
    if status == Status.ACTIVE:
        if not alias_approve(row, now=now):
            return False
    else:
        alias_quarantine(row, now=now)
    target = f"{row.topic_id}: words {row.pk}"
    audit(actor, "topic_words_decide", target, before, {"status": str(row.status)})
    return True
