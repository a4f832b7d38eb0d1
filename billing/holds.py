"""How much to set aside for one attempt, so that a budget refuses as little as it must.

In order: the output that was asked for (or this kind of call's usual cap); under pressure the
length that such answers really have; then what is affordable, if that is still useful. If only
other calls' holds are in the way the caller may wait for them (`MustWait`). See docs/ledger.md.
"""

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from billing import draws, ledger
from billing.budgets import WindowRef
from billing.draws import Draw
from billing.ledger import Attempt, Hold, Reserved, Room
from billing.models import Metric
from billing.prices import Price
from costcontrol.lib.money import ZERO, Nanos, ceil_nanos

USEFUL_TOKENS = 16  # an answer that may not even be this long is not worth its input
MAX_TRIES = 3  # against others who take the room between our look and our reservation


@dataclass(frozen=True, slots=True)
class Want:
    """One attempt that looks for room. `tight_tokens`: what to ask for when room is short."""

    reservation_id: UUID
    attempt: Attempt
    windows: tuple[WindowRef, ...]
    book_version: int
    price: Price
    input_tokens: int
    output_tokens: int
    tight_tokens: int | None = None
    draw: Draw | None = None  # on money that is held for it already
    extra: Nanos = ZERO  # beside tokens: web searches
    may_cut: bool = True  # False: rather none than an answer shorter than such answers are

    @property
    def least_tokens(self) -> int:
        return min(USEFUL_TOKENS, self.output_tokens)

    def worst(self, output_tokens: int) -> Nanos:
        """What it can cost at most with an answer of this length."""
        tokens = worst_case(
            self.price, input_tokens=self.input_tokens, output_tokens=output_tokens
        )
        return Nanos(tokens + self.extra)


@dataclass(frozen=True, slots=True)
class Held:
    """Room was found: for this many output tokens, at this worst case."""

    output_tokens: int
    amount: Nanos
    input_nanos: Nanos
    rooms: tuple[Room, ...]


class NoRoom(Exception):
    """These windows are full, and waiting for open holds would not help."""

    def __init__(self, windows: Sequence[WindowRef], rooms: tuple[Room, ...]) -> None:
        super().__init__(", ".join(f"{w.rule.scope_kind}:{w.rule.scope_id}" for w in windows))
        self.windows = tuple(windows)
        self.rooms = rooms

    def room_of(self, window: WindowRef) -> Room:
        return next(room for room in self.rooms if room.window_id == window.id)


class MustWait(NoRoom):
    """Only holds of calls in flight are in the way."""


def worst_case(price: Price, *, input_tokens: int, output_tokens: int) -> Nanos:
    """What an attempt can cost at most: all input at the dearer of fresh and cache write."""
    return ceil_nanos(input_tokens * price.dearest_input + output_tokens * price.output)


def hold(
    want: Want, *, may_wait: bool, may_shorten: Callable[[], bool] = lambda: True
) -> Held:
    """Reserve and claim the right to send, in one write. Raises MustWait, NoRoom or StaleBook.

    `may_shorten` is asked before an answer is cut down to what is left: another purse may pay for
    all of it.
    """
    tokens = want.output_tokens
    for _ in range(MAX_TRIES):
        amount, floor = want.worst(tokens), want.worst(0)
        holds = holds_of(want.windows, amount)
        reserved = _reserve(want, holds, amount=amount, floor=floor)
        if reserved.is_admitted:
            return Held(tokens, amount, floor, reserved.rooms)
        busy = _busy(reserved.rooms) if may_wait else frozenset()
        shorter = _shorter(want, tokens, holds, reserved.rooms, busy)
        if shorter is None or (_is_cut(want, shorter) and not (want.may_cut and may_shorten())):
            break
        tokens = shorter
    raise _refusal(want, holds, reserved.rooms, busy)


def _reserve(want: Want, holds: list[Hold], *, amount: Nanos, floor: Nanos) -> Reserved:
    how: dict[str, Any] = {
        "holds": holds, "attempt": want.attempt, "amount": amount, "is_sent": True,
        "progress": floor, "book_version": want.book_version,
    }
    if want.draw is None:
        return ledger.reserve(want.reservation_id, **how)
    return draws.reserve(want.reservation_id, draw=want.draw, price=want.price, **how)


def holds_of(windows: Sequence[WindowRef], amount: int) -> list[Hold]:
    """What to hold in each window. Money of 0 is not held: a free call passes a full budget."""
    holds = []
    for window in windows:
        match window.rule.metric:
            case Metric.USD:
                if amount:
                    holds.append(Hold(window.id, amount))
            case Metric.CONCURRENT:
                holds.append(Hold(window.id, 1, charge=0))
            case _:
                holds.append(Hold(window.id, 1, charge=1))
    return holds


def _busy(rooms: tuple[Room, ...]) -> frozenset[int]:
    """Windows in which calls in flight hold something, which comes back soon. What debates hold
    does not: nobody waits for that."""
    kept = draws.kept_in(room.window_id for room in rooms if room.held)
    return frozenset(r.window_id for r in rooms if r.held > kept.get(r.window_id, 0))


def _shorter(
    want: Want, tokens: int, holds: list[Hold], rooms: tuple[Room, ...], busy: Set[int]
) -> int | None:
    """A smaller output to try at once, or None: wait or refuse."""
    amounts = {hold.window_id: hold.amount for hold in holds}
    money = {w.id for w in want.windows if w.rule.metric == Metric.USD}
    if any(r.left < amounts.get(r.window_id, 0) for r in rooms if r.window_id not in money):
        return None
    money_rooms = [room for room in rooms if room.window_id in money]
    fit = affordable(want, min((room.left for room in money_rooms), default=0))
    if want.tight_tokens is not None and want.tight_tokens < tokens and want.tight_tokens <= fit:
        return want.tight_tokens
    if busy & money:
        return None
    return fit if want.least_tokens <= fit < tokens else None


def _is_cut(want: Want, tokens: int) -> bool:
    """Shorter than such answers are known to be."""
    return tokens != want.tight_tokens


def affordable(want: Want, nanos: int) -> int:
    """Output tokens that this much money pays for after the input; -1 if not even that."""
    if nanos < want.worst(0):
        return -1
    if want.price.output == 0:
        return want.output_tokens
    usd_micros = Decimal(nanos - want.extra) / 1000 - want.input_tokens * want.price.dearest_input
    return int(usd_micros // want.price.output)


def _refusal(
    want: Want, holds: list[Hold], rooms: tuple[Room, ...], busy: Set[int]
) -> NoRoom:
    """Which windows lack room now, and whether only calls in flight are in the way."""
    by_id = {window.id: window for window in want.windows}
    amounts = {hold.window_id: hold.amount for hold in holds}
    full = [by_id[r.window_id] for r in rooms if r.left < amounts[r.window_id]]
    for_good = [by_id[r.window_id] for r in rooms if _is_spent(want, by_id[r.window_id], r)]
    if not for_good and busy & {window.id for window in full}:
        return MustWait(full, rooms)
    return NoRoom(for_good or full or want.windows, rooms)


def _is_spent(want: Want, window: WindowRef, room: Room) -> bool:
    """Not even the least would fit if every open hold came back."""
    left = room.cap - room.spent
    if window.rule.metric == Metric.USD:
        return affordable(want, left) < want.least_tokens
    return left < 1
