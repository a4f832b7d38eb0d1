"""What people do with runs: ask for one, stop it, keep its table as a draft. Each is audited."""

from datetime import datetime, timedelta

from django.db import transaction

from accounts.services import audit
from costcontrol.lib.errors import BadRequest, Conflict
from costcontrol.lib.sentences import Sentence as _
from routing.models import RoutePolicy, WhatIfRun
from routing.services import policy_draft
from routing.whatif.changes import Changes
from routing.whatif.rows import count_between

State = WhatIfRun.State
OPEN = (State.WAITING, State.RUNNING)
MOST_DAYS = 400
AT_ONCE = timedelta(hours=25)  # a day of 25 hours is one
AT_ONCE_CALLS = 4_000


@transaction.atomic
def run_make(
    changes: Changes, *, title: str, start: datetime, end: datetime, actor: str, now: datetime
) -> WhatIfRun:
    """It waits for a worker. The future has no calls, so the range ends now."""
    end = min(end, now)
    if start >= end:
        raise BadRequest(_("These days have not begun yet. Choose days that are over."))
    if end - start > timedelta(days=MOST_DAYS + 1):
        raise BadRequest(_("Choose at most %(days)d days.") % {"days": MOST_DAYS})
    run = WhatIfRun.objects.create(
        title=title[:120], start=start, end=end, changes=changes.as_json(), made_at=now,
        made_by=actor[:254],
    )
    audit(actor, "whatif_run", name_of(run), None, run.changes)
    return run


def is_small(run: WhatIfRun) -> bool:
    """Short enough to be waited for."""
    if run.end - run.start > AT_ONCE:
        return False
    return count_between(run.start, run.end) <= AT_ONCE_CALLS


@transaction.atomic
def run_stop(run: WhatIfRun, *, actor: str, now: datetime) -> None:
    """Whoever works on it notices before the next calls. Raises Conflict."""
    is_stopped = WhatIfRun.objects.filter(pk=run.pk, state__in=OPEN).update(
        state=State.STOPPED, ended_at=now, lease_until=None, result={}  # a part says nothing
    )
    if not is_stopped:
        raise Conflict(_("This run is over already."))
    audit(actor, "whatif_stop", name_of(run))


@transaction.atomic
def draft_of(run: WhatIfRun, *, actor: str) -> RoutePolicy:
    """The table of a run as a draft. Nothing is published. Raises Conflict."""
    cells = Changes.of_json(run.changes).cells
    if cells is None:
        raise Conflict(_("This run was made with the tables of then, so there is none to keep."))
    return policy_draft(cells, actor=actor, because=name_of(run))


def name_of(run: WhatIfRun) -> str:
    return f"what-if run {run.pk}"
