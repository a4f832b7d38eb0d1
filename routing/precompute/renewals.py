"""Answers made anew in batches, at half the price: those that have time enough for it. Synchronous.

They are gathered in one run, of kind "refresh", which the machine takes on like any other. What was
learnt from an opening is made anew with it, as the new one says something else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.services import audit
from routing import snapshot as snapshots
from routing.debates.reuse import OF_STATEMENT
from routing.models import PrecomputeItem, PrecomputeRun, StoredAnswer, Topic
from routing.precompute import machine, money, stale
from routing.precompute.candidates import SPOKEN, Bundle, Part, after_part
from routing.precompute.demand import Speaker
from routing.precompute.estimate import Choice, rows_of, totals_of
from routing.precompute.runs import ROWS_AT_ONCE, items_of, name_of
from routing.precompute.sizes import size_of
from routing.snapshot import Snapshot

EVERY = timedelta(hours=6)  # so that one run has many of them
MOST = 500  # answers a run
YOUNGEST = timedelta(days=1)  # less says nothing about how often it is asked for
Kind = PrecomputeRun.Kind
Status = PrecomputeRun.Status


@dataclass(frozen=True, slots=True)
class Renewal:
    """An answer, and what is made in its place: itself first, then what is learnt from it."""

    answer: StoredAnswer
    choice: Choice


def begin(*, now: datetime) -> PrecomputeRun | None:
    """The next run, if there is something for one, and the month has money for it."""
    if not money.is_on() or _is_too_soon(now):
        return None
    money.month_sync(now=now)
    left = money.month(now=now).left
    found = _renewals(now) if left else []
    chosen = _affordable(found, left)
    return _started(chosen, found, now=now) if chosen else None


def _is_too_soon(now: datetime) -> bool:
    """One is under way, or has begun a moment ago."""
    runs = PrecomputeRun.objects.filter(kind=Kind.REFRESH)
    is_going = runs.filter(status__in=machine.GOING).exists()
    return is_going or runs.filter(created_at__gt=now - EVERY).exists()


def _renewals(now: datetime) -> list[Renewal]:
    old = stale.in_batches(most=MOST, now=now)
    gone = {each.row.pk for each in old if each.row.kind == SPOKEN}
    topics = {row.pk: row for row in Topic.objects.all()}
    known = snapshots.latest()
    return [
        Renewal(each.row, _choice(each, topics[each.row.topic_key], known, now))
        for each in old
        if each.row.topic_key in topics and not stale.statements_of(each.row.fields) & gone
    ]


def _choice(old: stale.Old, topic: Topic, known: Snapshot, now: datetime) -> Choice:
    """How often it was asked for says how often the new one will be."""
    row = old.row
    age = max(now - row.made_at, YOUNGEST)
    lasts = timedelta(days=known.kinds[row.kind].ttl_days)
    main = Part(row.kind, dict(row.fields), row.key, row.route)
    who = Speaker(row.topic_key, row.language, row.side, row.philosopher)
    bundle = Bundle(
        topic, row.language, main, row.served * (lasts / age), who if row.philosopher else None
    )
    parts = (main, *_learnt(bundle, row, known))
    sizes = [
        size_of(part.kind, row.language, deployment, known)
        for part in parts if (deployment := known.deployment(part.deployment))
    ]
    return Choice(
        bundle, row.variant, 1, parts, (row.variant, *(0 for _part in parts[1:])),
        sum(size.ahead_nanos for size in sizes), sum(size.online_nanos for size in sizes),
        sum(size.most_nanos for size in sizes),
    )


def _learnt(bundle: Bundle, row: StoredAnswer, known: Snapshot) -> list[Part]:
    """What is served beside an opening, and says its number."""
    if row.kind != SPOKEN:
        return []
    rows = StoredAnswer.objects.filter(
        topic_key=row.topic_key, language=row.language, kind__in=OF_STATEMENT, ended_at=None,
    ).exclude(served_at=None).order_by("pk")
    return [
        after_part(bundle, each.kind, row.variant, each.route) for each in rows
        if each.fields.get("statement_id") == row.pk and known.deployment(each.deployment)
    ]


def _affordable(found: Sequence[Renewal], left: int) -> list[Renewal]:
    """Best payback first, as long as the month's money lasts."""
    chosen = []
    for each in sorted(found, key=lambda each: (-each.choice.figure, each.answer.hard_until)):
        if each.choice.figure >= 1 and each.choice.cost_nanos <= left:
            left -= each.choice.cost_nanos
            chosen.append(each)
    return chosen


@transaction.atomic
def _started(
    chosen: Sequence[Renewal], found: Sequence[Renewal], *, now: datetime
) -> PrecomputeRun:
    told = _told(chosen, found, now)
    budget = min(told["totals"]["most_nanos"], money.month(now=now).left)
    run = PrecomputeRun.objects.create(
        kind=Kind.REFRESH, status=Status.RUNNING, created_at=now, started_at=now, estimate=told,
        order={"hours": settings.PRECOMPUTE_REFRESH_HOURS}, budget_nanos=budget,
    )
    items = [item for each in chosen for item in _items(run, each)]
    PrecomputeItem.objects.bulk_create(items, batch_size=ROWS_AT_ONCE)
    audit(money.ACTOR, "precompute_start", name_of(run), None, {"budget_nanos": budget})
    return run


def _items(run: PrecomputeRun, renewal: Renewal) -> list[PrecomputeItem]:
    items = items_of(run, renewal.choice)
    items[0].replaces = renewal.answer
    return items


def _told(
    chosen: Sequence[Renewal], found: Sequence[Renewal], now: datetime
) -> dict[str, Any]:
    """What its page shows."""
    choices = [each.choice for each in chosen]
    left = [each.choice for each in found if each not in chosen]
    cut = [each for each in left if each.figure >= 1]
    unpaid = [each for each in left if each.figure < 1]
    fates = (("chosen", choices), ("cut", cut), ("unpaid", unpaid))
    return {
        "made_at": now.isoformat(), "totals": totals_of(choices), "cut": totals_of(cut),
        "unpaid": len(unpaid), "rows": rows_of(fates),
    }
