"""What staff decide about other words for topics and about what was taken for one, and the audit
row of each."""

from datetime import datetime

from django.db import transaction

from accounts.services import audit
from routing.debates.topic_aliases import alias_approve, alias_quarantine
from routing.debates.topic_audits import match_judge
from routing.models import TopicAlias, TopicMatch

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


@transaction.atomic
def match_decide(match_id: int, *, is_right: bool, actor: str, now: datetime) -> bool:
    """Whether a text that was drawn meant the topic. False: it is gone, or was judged before.

    The audit row has its number, not the text.
    """
    rows = TopicMatch.objects.select_for_update(of=("self",)).select_related("topic")
    row = rows.filter(pk=match_id, verdict=TopicMatch.Verdict.WAITING).first()
    if row is None:
        return False
    match_judge(row, is_right=is_right, now=now)
    audit(actor, "topic_match_judge", f"{row.topic_id}: match {row.pk}", {"verdict": ""},
          {"verdict": row.verdict})
    return True
