"""What vectors of a vendor cost: held like any call, settled by what was reported. Sync.

The platform pays: such a row has no user and no baseline, and is taken off what caches save. Its
limits are those of the platform, of the provider and of the "tier" `embedding`. Where they are
full, or the model has no price, nothing is sent: topics are known by titles and aliases then.
No text is written down.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import connection

from accounts.services import MODEL_CLASSES
from accounts.types import Payer, TierRules
from billing import gauge, ledger
from billing.budgets import WindowRef, rules_of_call
from billing.holds import holds_of, worst_case
from billing.ledger import Attempt
from billing.models import ScopeKind, UsageRecord
from billing.prices import Price, cost
from billing.usage import Usage
from costcontrol.lib import clock
from costcontrol.lib.errors import ProviderError, UnpricedModel
from costcontrol.lib.sentences import Sentence as _
from routing import snapshot as snapshots
from routing.snapshot import Snapshot

KIND = TIER = "embedding"
PLATFORM_ITSELF = 0  # no user has this id
TRIES = 3  # against budgets that change meanwhile
LONGEST = 300  # characters of a typed topic
RULES = TierRules(
    name=TIER, title="Embeddings", route_mode="cloud", debates_per_day=None,
    requests_per_day=None, calls_per_debate=None, usd_per_day_nanos=None,
    requests_per_minute=None, concurrent_calls=None, allowed_classes=MODEL_CLASSES,
    is_economy_exempt=True,
)
Outcome, Confidence = UsageRecord.Outcome, UsageRecord.Confidence


class NoMoney(Exception):
    """A budget is full, or there is no price: `sentence` says which, in any language."""

    @property
    def sentence(self) -> str:
        sentence: str = self.args[0]
        return sentence


@dataclass(frozen=True, slots=True)
class Source:
    """Whose model it is, as in the price book."""

    provider: str
    model: str

    @property
    def name(self) -> str:
        return f"{self.provider}/{self.model}"


@dataclass(frozen=True, slots=True)
class Reply:
    """`tokens` None: the vendor did not say how many it read."""

    rows: Sequence[Sequence[float]]
    tokens: int | None


@dataclass(frozen=True, slots=True)
class _Hold:
    id: UUID
    source: Source
    price: Price
    most_tokens: int
    amount: int
    at: datetime
    begun: float


def bought(source: Source, texts: list[str], ask: Callable[[list[str]], Reply]) -> Reply:
    """Raises NoMoney before anything is sent, and whatever `ask` raises."""
    held = _hold(source, texts)
    try:
        reply = ask(texts)
    except BaseException as error:
        _give_up(held, error)
        raise
    _settle(held, reply.tokens)
    return reply


def why_not(source: Source, *, now: datetime) -> str:
    """Why the next text would not be sent; empty: it would."""
    snapshot = snapshots.latest()
    try:
        price = _price(source, snapshot, tokens=LONGEST)
    except NoMoney as said:
        return said.sentence
    windows = _windows(source, snapshot, now)
    rooms = {reading.room.window_id: reading.room for reading in gauge.read(
        [window.rule for window in windows], now=now, is_kept=False)}
    worst = worst_case(price, input_tokens=LONGEST, output_tokens=0)
    full = [window for window in windows if rooms[window.id].left < worst]
    return _is_full(full) if worst and full else ""


def _hold(source: Source, texts: Sequence[str]) -> _Hold:
    """No tokenizer makes more tokens of a text than it has bytes. Raises NoMoney."""
    now, most = clock.now(), sum(len(text.encode(errors="replace")) + 1 for text in texts)
    for _try in range(TRIES):
        snapshot = snapshots.latest()
        price = _price(source, snapshot, tokens=most)
        worst = worst_case(price, input_tokens=most, output_tokens=0)
        held = _Hold(uuid4(), source, price, most, worst, now, time.monotonic())
        try:
            _reserve(held, snapshot)
        except ledger.StaleBook:
            snapshots.forget()
            continue
        return held
    raise NoMoney(_("Budgets are being changed at this moment."))


def _reserve(held: _Hold, snapshot: Snapshot) -> None:
    windows = _windows(held.source, snapshot, held.at)
    reserved = ledger.reserve(
        held.id, holds=holds_of(windows, held.amount), amount=held.amount, is_sent=True,
        attempt=Attempt(
            held.id, held.source.provider, held.source.model, {"usage": _facts(held.source)}
        ),
        progress=held.amount, book_version=snapshot.book.version,
    )
    gauge.note(reserved.rooms)
    if not reserved.is_admitted:
        full = {room.window_id for room in reserved.rooms if room.left < held.amount}
        said = _is_full([window for window in windows if window.id in full])
        ledger.insert_usage([_record(held, Outcome.REFUSED, error="budget_exhausted", why=said)])
        raise NoMoney(said)


def _settle(held: _Hold, tokens: int | None) -> None:
    usage = Usage(
        held.most_tokens if tokens is None else tokens, output_tokens=0,
        is_estimated=tokens is None,
    )
    charged = held.amount if tokens is None else cost(usage, held.price)
    record = _record(held, Outcome.COMPLETE, usage=usage, nanos=charged)
    ledger.settle(held.id, charged=charged, usage=record, is_estimate=usage.is_estimated)


def _give_up(held: _Hold, error: BaseException) -> None:
    """An answer with an error, or no connection, is not billed. Whatever else is not known, and
    charged as if it was."""
    code = error.code if isinstance(error, ProviderError) else "internal_error"
    if isinstance(error, ProviderError) and error.is_billed is False:
        ledger.release(held.id, usage=_record(held, Outcome.FAILED, error=code))
        return
    usage = Usage(held.most_tokens, output_tokens=0, is_estimated=True)
    record = _record(held, Outcome.FAILED, error=code, usage=usage, nanos=held.amount)
    ledger.settle(held.id, charged=held.amount, usage=record, is_estimate=True)


def _price(source: Source, snapshot: Snapshot, *, tokens: int) -> Price:
    try:
        return snapshot.prices.price(source.provider, source.model, input_tokens=tokens)
    except UnpricedModel as error:
        raise NoMoney(error.message) from None


def _windows(source: Source, snapshot: Snapshot, now: datetime) -> tuple[WindowRef, ...]:
    rules = rules_of_call(
        snapshot.book, tier=RULES, payer=Payer(ScopeKind.USER, str(PLATFORM_ITSELF)),
        user_id=PLATFORM_ITSELF, key_prefix="", provider=source.provider, debate_id="",
    )
    return gauge.windows(rules, now=now, is_kept=not connection.in_atomic_block)


def _is_full(windows: Sequence[WindowRef]) -> str:
    names = ", ".join(
        f"{window.rule.scope_kind} {window.rule.scope_id}".strip() for window in windows
    )
    return _("The budget for finding out what typed topics mean is used up (%(names)s). Topics are "
             "found by their titles and other words only. Raise the budget, or wait until its "
             "next period.") % {"names": names}


def _facts(source: Source) -> dict[str, Any]:
    """What every row says, as plain values: the sweeper may have to write one."""
    return {
        "user_id": PLATFORM_ITSELF, "key_prefix": "", "tier": TIER, "call_kind": KIND,
        "complexity": "simple", "requested_model": source.name[:160], "attempt": 1,
        "deployment": source.name[:160], "provider": source.provider, "model": source.model[:120],
    }


def _record(
    held: _Hold, outcome: str, *, error: str = "", why: str = "", usage: Usage | None = None,
    nanos: int = 0,
) -> UsageRecord:
    told, is_refused = usage or Usage(), outcome == Outcome.REFUSED
    facts = _facts(held.source) | ({"attempt": 0} if is_refused else {})
    return UsageRecord(
        **facts, call_id=held.id, reservation_id=None if is_refused else held.id, at=held.at,
        outcome=outcome, error_code=error, reason=why, fresh_input_tokens=told.fresh_input_tokens,
        output_tokens=told.output_tokens, held_nanos=0 if is_refused else held.amount,
        cost_nanos=nanos, latency_ms=int((time.monotonic() - held.begun) * 1000),
        confidence=Confidence.ESTIMATED if told.is_estimated else Confidence.EXACT,
        **(_prices(held.price) if usage else {}),
    )


def _prices(price: Price) -> dict[str, Any]:
    return {
        "price_id": price.id, "price_fresh_input": price.fresh_input,
        "price_cache_read": price.cache_read, "price_cache_write": price.cache_write,
        "price_output": price.output,
    }
