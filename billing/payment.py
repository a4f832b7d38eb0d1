"""Plan -> credit -> beyond the plan -> refusal: the same reservation, in other windows.

Only the plan's own windows (money and calls of a day) are ever stood in for. Budgets of the
platform, a provider, a tier, a user or a key, calls at once and calls of a debate hold for every
call, whoever pays for it.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.types import Payer
from billing import credits, draws, gauge
from billing.budgets import WindowRef, book_version
from billing.holds import Held, MustWait, NoRoom, Want, hold
from billing.ledger import Attempt, Room, StaleBook
from billing.models import ScopeKind, Window
from billing.purses import PaidFrom, Purse, credit_rule, purses_of

STAND_INS = (ScopeKind.CREDIT, ScopeKind.OVERAGE)


@dataclass(frozen=True, slots=True)
class Paid:
    """Room was found, and whose money it is."""

    held: Held
    windows: tuple[WindowRef, ...]
    paid_from: str


def hold_in_order(
    want: Want, *, payer: Payer, now: datetime, may_wait: bool, is_beyond: bool = False,
    is_plan_only: bool = False,
) -> Paid:
    """`is_beyond`: not from the plan at all; `is_plan_only`: from nothing else, and of what is held
    for it elsewhere nothing is taken. Raises MustWait, NoRoom or StaleBook."""
    if is_plan_only:
        is_elsewhere = want.draw is not None and draws.is_beyond_plan(want.draw)
        want = replace(want, draw=None) if is_elsewhere else want
        return _hold_in_plan(want, may_wait=may_wait, may_shorten=lambda: False)
    if is_beyond:
        return _hold_beyond(want, _purses(want, payer, now), payer=payer, now=now,
                            may_wait=may_wait)
    if paid := _hold_where_it_was_held(want, payer=payer, now=now, may_wait=may_wait):
        return paid
    try:
        return _hold_in_plan(
            want, may_wait=may_wait, may_shorten=lambda: not _purses(want, payer, now)
        )
    except MustWait:
        raise
    except NoRoom as full:
        purses = _purses(want, payer, now) if any(map(_is_quota, full.windows)) else ()
        if not purses:
            raise
    try:
        return _hold_beyond(want, purses, payer=payer, now=now, may_wait=may_wait)
    except MustWait:
        raise
    except NoRoom as full:
        if not is_all_used_up(full):
            raise
    return _hold_in_plan(want, may_wait=False, may_shorten=lambda: True)  # what is left of it


def _hold_where_it_was_held(
    want: Want, *, payer: Payer, now: datetime, may_wait: bool
) -> Paid | None:
    """Of a call that draws on money which another purse than the plan holds for it."""
    if want.draw is None or not draws.is_beyond_plan(want.draw):
        return None
    try:
        return _hold_beyond(want, _purses(want, payer, now), payer=payer, now=now,
                            may_wait=may_wait)
    except MustWait:
        raise
    except NoRoom as full:
        if not is_all_used_up(full):
            raise
        return None


def is_all_used_up(full: NoRoom) -> bool:
    """Nothing but credit and what is allowed beyond the plan is in the way."""
    return all(window.rule.scope_kind in STAND_INS for window in full.windows)


def _purses(want: Want, payer: Payer, now: datetime) -> tuple[Purse, ...]:
    return purses_of(payer, book_version=want.book_version, now=now)


def _is_quota(window: WindowRef) -> bool:
    return window.rule.is_quota


def _hold_in_plan(want: Want, *, may_wait: bool, may_shorten: Any) -> Paid:
    held = hold(want, may_wait=may_wait, may_shorten=may_shorten)
    return Paid(held, want.windows, PaidFrom.PLAN)


def _hold_beyond(
    want: Want, purses: Sequence[Purse], *, payer: Payer, now: datetime, may_wait: bool
) -> Paid:
    """From the first purse that has room; only the last one may shorten the answer."""
    if not purses:
        raise _nothing_left(want, payer, now)
    full = None
    for purse in purses:
        try:
            return _hold_from(purse, want, now=now, may_wait=may_wait, is_last=purse is purses[-1])
        except MustWait:
            raise
        except NoRoom as error:
            if not is_all_used_up(error):
                raise
            full = error
    assert full is not None
    raise full


def _hold_from(purse: Purse, want: Want, *, now: datetime, may_wait: bool, is_last: bool) -> Paid:
    ref = gauge.windows([purse.rule], now=now)[0]
    kept = tuple(window for window in want.windows if not _is_quota(window))
    instead = replace(
        want, windows=(*kept, ref), attempt=_marked(want.attempt, purse.paid_from)
    )
    with _transaction_of(purse):
        _refuse_empty(purse, ref, now)
        held = hold(instead, may_wait=may_wait, may_shorten=lambda: is_last)
    return Paid(held, instead.windows, purse.paid_from)


def _transaction_of(purse: Purse) -> AbstractContextManager[Any]:
    """Credit that has ended goes, and the reservation comes, under one lock."""
    return transaction.atomic() if purse.paid_from == PaidFrom.CREDIT else nullcontext()


def _refuse_empty(purse: Purse, ref: WindowRef, now: datetime) -> None:
    """A call that costs nothing holds nothing, and still needs something to be left."""
    if purse.paid_from != PaidFrom.CREDIT:
        return  # `purses_of` has just looked
    window = Window.objects.select_for_update().get(pk=ref.id)
    credits.close_ended(window, customer_id=purse.customer_id, now=now)
    if window.cap <= window.spent:
        raise NoRoom([ref], (Room(window.pk, window.cap, window.spent, window.held),))


def _marked(attempt: Attempt, paid_from: str) -> Attempt:
    """The row that the sweeper may have to write says it too."""
    usage = attempt.facts.get("usage")
    if usage is None:
        return attempt
    return replace(attempt, facts=attempt.facts | {"usage": usage | {"paid_from": paid_from}})


def _nothing_left(want: Want, payer: Payer, now: datetime) -> NoRoom:
    """No reservation has told that the book is old; somebody may just have paid."""
    if want.book_version != book_version():
        raise StaleBook
    ref = gauge.windows([credit_rule(payer)], now=now)[0]
    row = Window.objects.get(pk=ref.id)
    return NoRoom([ref], (Room(row.pk, row.cap, row.spent, row.held),))
