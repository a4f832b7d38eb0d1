"""A book with prices by size and for batches, and a ledger of calls that were booked at it as the
gateway books: words for tests of corrections."""

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from billing import corrections, corrections_work, ledger
from billing.corrections import RightPrice
from billing.models import ModelPrice, PriceCorrection, UsageRecord, Window
from billing.prices import STANDARD, Price, PriceTable, cost
from billing.savings import prompt_cache_nanos
from billing.usage import Usage
from tests.billing import books

NOW = datetime(2026, 11, 20, 3, 30, tzinfo=UTC)
BEGAN = NOW - timedelta(days=3)  # of the calls
SINCE = NOW - timedelta(days=30)  # of the prices
START, END = NOW - timedelta(days=2), NOW - timedelta(days=1)
BIG = 1000  # tokens, from which requests have a price of their own
RATES = ("fresh_input", "cache_read", "cache_write", "output")
RIGHT = RightPrice(
    fresh_input=Decimal("3.1"), cache_read=Decimal("0.31"), cache_write=Decimal("3.875001"),
    output=Decimal("12.000003"), search_usd=Decimal("0.02"), source="operator: the contract",
    source_date=date(2026, 11, 19),
)


def price_make(*, min_input_tokens: int = 0, processing: str = STANDARD, times: int = 1,
               model: str = "gpt-test", since: datetime = SINCE) -> ModelPrice:
    return ModelPrice.objects.create(
        provider="openai", model=model, processing=processing, effective_from=since,
        min_input_tokens=min_input_tokens, fresh_input=Decimal("2.5") * times,
        cache_read=Decimal("0.25") * times, cache_write=Decimal("3.125") * times,
        output=Decimal("10") * times, search_usd=Decimal("0.01"), source="test",
        source_date=date(2026, 1, 1),
    )


@dataclass(frozen=True)
class Booked:
    """`usage` None: it has no price: out of a cache, or refused."""

    row: UsageRecord
    usage: Usage | None

    def right(self, price: ModelPrice, new: RightPrice, start: datetime, end: datetime) -> int:
        """In nanos, by the rule of the gateway, without a look at any correction."""
        if self.row.price_id != price.pk or not start <= self.row.at < end or not self.usage:
            return self.row.cost_nanos
        numbers = {name: getattr(new, name) for name in (*RATES, "search_usd")}
        table = PriceTable.of([Price(
            id=price.pk, provider="openai", model=price.model, processing=price.processing,
            min_input_tokens=price.min_input_tokens, **numbers,
        )])
        found = table.price(
            "openai", price.model, input_tokens=self.usage.input_tokens,
            processing=price.processing,
        )
        return cost(self.usage, found)


def book(
    chance: random.Random, windows: Sequence[Window], *, at: datetime | None = None,
    outcome: str = "", processing: str = "", usage: Usage | None = None,
) -> Booked:
    """One attempt, held, settled and written down."""
    outcome = outcome or chance.choice(
        ("complete", "complete", "complete", "incomplete", "failed", "cached", "refused")
    )
    at = at or BEGAN + timedelta(seconds=chance.random() * 3 * 86_400)
    is_free = outcome in ("cached", "refused")
    usage = usage or usage_make(chance)
    row = UsageRecord(
        call_id=uuid.UUID(int=chance.getrandbits(128)), attempt=0 if is_free else 1, at=at,
        user_id=chance.choice((1, 2)), payer=chance.choice(("user:1", "org:3")),
        paid_from=chance.choice(("plan", "credit")), tier=chance.choice(("free", "precompute")),
        language="ko", debate_id=chance.choice(("", "a")), requested_model="auto",
        call_kind=chance.choice(("closing", "judge")), outcome=outcome,
        error_code="upstream_timeout" if outcome == "failed" else "",
        confidence=chance.choice(("exact", "estimated")),
        cache_layer="exact" if outcome == "cached" else "",
        baseline="" if outcome == "failed" else "openai/best",
        baseline_nanos=None if outcome == "failed" else chance.choice((None, 10**9)),
    )
    if is_free:
        ledger.insert_usage([row])
        return Booked(row, None)
    return Booked(_settled(row, usage, windows, processing or chance.choice(("", "batch"))), usage)


def _settled(
    row: UsageRecord, usage: Usage, windows: Sequence[Window], processing: str
) -> UsageRecord:
    price = PriceTable.load(row.at).price(
        "openai", "gpt-test", input_tokens=usage.input_tokens, processing=processing or STANDARD
    )
    nanos = cost(usage, price)
    row.reservation_id = books.held(*windows, amount=nanos)
    row.provider, row.model, row.deployment = "openai", "gpt-test", "openai/gpt-test"
    row.model_class, row.cost_nanos, row.held_nanos = "mid", nanos, nanos
    row.prompt_cache_nanos = prompt_cache_nanos(usage, price)
    for name in ("fresh_input", "cache_read", "cache_write", "output"):
        setattr(row, f"{name}_tokens", getattr(usage, f"{name}_tokens"))
        setattr(row, f"price_{name}", getattr(price, name))
    row.price_id, row.searches = price.id, usage.searches
    row.search_nanos = cost(Usage(searches=usage.searches), price) if usage.searches else None
    ledger.settle(row.reservation_id, charged=nanos, usage=row)
    return UsageRecord.objects.get(reservation_id=row.reservation_id)


def usage_make(chance: random.Random) -> Usage:
    def tokens() -> int | None:
        return chance.choice((None, 0, chance.randrange(700)))

    return Usage(
        chance.randrange(900), tokens(), tokens(), chance.randrange(5000),
        chance.choice((None, 0, 2)),
    )


def make(
    price: ModelPrice, right: RightPrice = RIGHT, *, start: datetime = START, end: datetime = END
) -> PriceCorrection:
    return corrections.correction_make(
        price, right, start=start, end=end, reason="typed wrong", actor="ann", now=NOW
    )


def posted(correction: PriceCorrection) -> PriceCorrection:
    """Counted, posted and done."""
    corrections_work.work(lambda: NOW)
    corrections.correction_post(correction, actor="ann", now=NOW)
    corrections_work.work(lambda: NOW)
    correction.refresh_from_db()
    return correction


def as_booked(price: ModelPrice) -> RightPrice:
    """What the book says, as a correction."""
    numbers = {name: getattr(price, name) for name in (*RATES, "search_usd")}
    return RightPrice(**numbers, source="operator: back", source_date=date(2026, 11, 19))


def doubled(price: ModelPrice) -> RightPrice:
    right = as_booked(price)
    return replace(
        right, fresh_input=right.fresh_input * 2, cache_read=right.cache_read * 2,
        cache_write=right.cache_write * 2, output=right.output * 2,
        search_usd=right.search_usd * 2,
    )


def cost_by_call() -> dict[uuid.UUID, int]:
    found: dict[uuid.UUID, int] = {}
    for call_id, nanos in UsageRecord.objects.values_list("call_id", "cost_nanos"):
        found[call_id] = found.get(call_id, 0) + nanos
    return found
