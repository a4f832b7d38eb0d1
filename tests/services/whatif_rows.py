"""A draft of the routing table, and a what-if run with it that is done."""

from datetime import datetime, timedelta

from costcontrol.lib import clock
from routing.models import AnswerRating, RoutePolicy, StoredAnswer, WhatIfRun
from routing.services import policy_draft
from routing.whatif import runs, work
from routing.whatif.changes import Changes

ACTOR = "alice@example.com"


def ratings_make(number: int = 40) -> None:
    """So many users thought of one stored answer: most of them well."""
    answer = StoredAnswer.objects.filter(deployment__startswith="anthropic/").earliest("pk")
    AnswerRating.objects.bulk_create(
        AnswerRating(
            answer=answer, user_id=90_000 + place, rating=-1 if place % 5 == 0 else 1,
            at=clock.now(),
        )
        for place in range(number)
    )


def whatif_make(*, start: datetime, days: int = 1) -> WhatIfRun:
    """Complex calls of the hybrid row go to the middle; one cache is off."""
    published = RoutePolicy.objects.get(status=RoutePolicy.Status.PUBLISHED)
    cells = {**published.cells, "hybrid": {**published.cells["hybrid"], "complex": ["mid"]}}
    draft = policy_draft(cells, actor=ACTOR)
    changes = Changes(policy=draft.version, cells=cells, layers_off=("exact",))
    run = runs.run_make(
        changes, title="No premium", start=start, end=start + timedelta(days=days), actor=ACTOR,
        now=clock.now(),
    )
    work.advance(run)
    run.refresh_from_db()
    return run
