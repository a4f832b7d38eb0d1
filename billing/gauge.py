"""How full the windows of a call are, as this process last saw them.

Every reservation brings fresh figures, so under load this costs no query. Only soft decisions
(economy mode, headers) read it; the hard limit is the reservation itself.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings

from billing import budgets
from billing.budgets import Rule, WindowRef
from billing.ledger import Room
from billing.models import Metric, Window

MAX_WINDOWS = 20_000

_refs: dict[tuple[str, str, str, str], WindowRef] = {}
_rooms: dict[int, tuple[Room, float]] = {}


@dataclass(frozen=True, slots=True)
class Reading:
    """One window and what was in it."""

    window: WindowRef
    room: Room

    @property
    def is_soft_reached(self) -> bool:
        rule = self.window.rule
        return rule.metric == Metric.USD and self.room.spent * 100 >= (
            self.room.cap * rule.soft_percent
        )


def forget_all() -> None:
    _refs.clear()
    _rooms.clear()


def windows(
    rules: Iterable[Rule], *, now: datetime, is_kept: bool = True
) -> tuple[WindowRef, ...]:
    """The windows of these rules now, made where missing. Synchronous: may query.

    `is_kept` False: inside a transaction, whose new windows nobody else sees yet.
    """
    return tuple(_ref(rule, now, is_kept) for rule in rules)


def _key(rule: Rule) -> tuple[str, str, str, str]:
    return (rule.scope_kind, rule.scope_id, rule.metric, rule.period)


def _ref(rule: Rule, now: datetime, is_kept: bool) -> WindowRef:
    known = _refs.get(_key(rule))
    if known is not None and known.start <= now and (known.end is None or now < known.end):
        return known if known.rule == rule else replace(known, rule=rule)
    ref = budgets.window_get(rule, now=now)
    if is_kept:
        if len(_refs) >= MAX_WINDOWS:
            forget_all()
        _refs[_key(rule)] = ref
    return ref


def read(
    rules: Sequence[Rule], *, now: datetime, is_kept: bool = True
) -> tuple[Reading, ...]:
    """Fresh readings from the database. Synchronous."""
    refs = windows(rules, now=now, is_kept=is_kept)
    rows = Window.objects.filter(pk__in=[ref.id for ref in refs])
    rooms = {row[0]: Room(*row) for row in rows.values_list("pk", "cap", "spent", "held")}
    note(rooms.values())
    return tuple(Reading(ref, rooms[ref.id]) for ref in refs if ref.id in rooms)


def peek(
    rules: Sequence[Rule], *, now: datetime, max_age_s: float | None = None
) -> tuple[Reading, ...] | None:
    """Readings without a query; None if one is missing or too old."""
    oldest = time.monotonic() - (settings.GAUGE_SECONDS if max_age_s is None else max_age_s)
    readings = []
    for rule in rules:
        ref = _refs.get(_key(rule))
        if ref is None or (ref.end is not None and now >= ref.end):
            return None
        room, at = _rooms.get(ref.id, (None, 0.0))
        if room is None or at < oldest:
            return None
        readings.append(Reading(ref if ref.rule == rule else replace(ref, rule=rule), room))
    return tuple(readings)


def note(rooms: Iterable[Room]) -> None:
    """Remember what a statement of the ledger saw."""
    at = time.monotonic()
    for room in rooms:
        _rooms[room.window_id] = (room, at)


def note_spent(window_ids: Iterable[int], charged: int) -> None:
    """A settlement of this process: add it to what we remember, without a query."""
    for window_id in window_ids:
        if window_id in _rooms:
            room, at = _rooms[window_id]
            _rooms[window_id] = (replace(room, spent=room.spent + charged), at)
