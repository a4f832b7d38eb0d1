"""What a call costs: the prices in force, and the arithmetic on them.

Prices are `Decimal` USD per million tokens, and depend on the size of the whole request: all of
it is billed at the row with the greatest `min_input_tokens` that it reaches. A price that is not
there is an error, never zero.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Q

from accounts.services import audit, snapshot
from billing.models import ModelPrice
from billing.usage import Usage
from costcontrol.lib.errors import UnpricedModel
from costcontrol.lib.money import Nanos, ceil_nanos
from costcontrol.lib.sentences import Sentence as _

STANDARD = "standard"
ANY_MODEL = "*"  # a row for whatever a provider serves: local servers, priced by the machine
MILLION = 1_000_000

# "-20260930" or "-2026-09-30" at the end: the same model, as pinned by its maker
DATE_SUFFIX = re.compile(r"-20\d{2}(-?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])$")

PriceKey = tuple[str, str, str]  # provider, model, processing


@dataclass(frozen=True, slots=True)
class Price:
    """One row in force: USD per million tokens, and USD per search."""

    id: int
    provider: str
    model: str
    processing: str
    min_input_tokens: int
    fresh_input: Decimal
    cache_read: Decimal
    cache_write: Decimal
    output: Decimal
    search_usd: Decimal

    @property
    def dearest_input(self) -> Decimal:
        """Whether a prompt is written to the provider's cache is known only afterwards."""
        return max(self.fresh_input, self.cache_write)


@dataclass(frozen=True, slots=True)
class PriceTable:
    """All prices in force at one instant. Dearer tiers come first in each tuple."""

    rows: Mapping[PriceKey, tuple[Price, ...]]

    @classmethod
    def load(cls, at: datetime) -> "PriceTable":
        in_force = Q(superseded_at__isnull=True) | Q(superseded_at__gt=at)
        found = ModelPrice.objects.filter(in_force, effective_from__lte=at)
        return cls.of(Price(**row) for row in found.values(*PRICE_FIELDS))

    @classmethod
    def of(cls, prices: Iterable[Price]) -> "PriceTable":
        grouped: dict[PriceKey, list[Price]] = defaultdict(list)
        for price in sorted(prices, key=lambda price: -price.min_input_tokens):
            grouped[price.provider, price.model, price.processing].append(price)
        return cls({key: tuple(tiers) for key, tiers in grouped.items()})

    def price(
        self, provider: str, model: str, *, input_tokens: int, processing: str = STANDARD
    ) -> Price:
        """The row for a request of this size. Raises UnpricedModel."""
        for price in self._tiers(provider, model, processing):
            if price.min_input_tokens <= input_tokens:
                return price
        raise UnpricedModel(
            _("There is no %(processing)s price for %(name)s, so it is not called. "
              "An operator can add one in the price book.")
            % {"processing": processing, "name": f"{provider}/{model}"},
            param="model",
        )

    def has(self, provider: str, model: str, *, processing: str = STANDARD) -> bool:
        return bool(self._tiers(provider, model, processing))

    def tiers(self, provider: str, model: str) -> tuple[Price, ...]:
        """All its prices, those of the biggest requests first; none: it has no price."""
        return self._tiers(provider, model, STANDARD)

    def _tiers(self, provider: str, model: str, processing: str) -> tuple[Price, ...]:
        """Exact name, else without its date, else whatever the provider serves."""
        for name in (model, DATE_SUFFIX.sub("", model), ANY_MODEL):
            if found := self.rows.get((provider, name, processing)):
                return found
        return ()


PRICE_FIELDS = tuple(field.name for field in fields(Price))


def cost(usage: Usage, price: Price) -> Nanos:
    """Nanos for one call, rounded up once. Buckets that nobody reported count as zero."""
    return ceil_nanos(
        (usage.fresh_input_tokens or 0) * price.fresh_input
        + (usage.cache_read_tokens or 0) * price.cache_read
        + (usage.cache_write_tokens or 0) * price.cache_write
        + (usage.output_tokens or 0) * price.output
        + (usage.searches or 0) * MILLION * price.search_usd
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPrice:
    """A price to write down: where it comes from, and from when it holds."""

    provider: str
    model: str
    fresh_input: Decimal
    cache_read: Decimal
    cache_write: Decimal
    output: Decimal
    source: str
    source_date: date
    processing: str = STANDARD
    min_input_tokens: int = 0
    search_usd: Decimal = Decimal(0)

    @property
    def key(self) -> tuple[str, str, str, int]:
        return (self.provider, self.model, self.processing, self.min_input_tokens)


@transaction.atomic
def price_supersede(
    new: NewPrice, *, at: datetime, actor: str, reason: str = ""
) -> ModelPrice:
    """Close the open row and open this one at `at`. Numbers already written are never edited.

    Raises ValueError if the open row begins at `at` or later: the past stays as it was billed.
    """
    old = price_close(new, at=at)
    row = ModelPrice.objects.create(**asdict(new), effective_from=at)
    before = snapshot(old) if old else None
    audit(actor, "price_supersede", str(row)[:200], before, snapshot(row), reason=reason)
    return row


def price_close(price: NewPrice | ModelPrice, *, at: datetime) -> ModelPrice | None:
    """Let the open row of this model and tier end at `at`. Call inside a transaction."""
    old = (
        ModelPrice.objects.select_for_update()
        .filter(
            provider=price.provider,
            model=price.model,
            processing=price.processing,
            min_input_tokens=price.min_input_tokens,
            superseded_at__isnull=True,
        )
        .first()
    )
    if old is None:
        return None
    if old.effective_from >= at:
        raise ValueError(
            f"{old.provider}/{old.model} already has a price from "
            f"{old.effective_from:%Y-%m-%d %H:%M} UTC on; choose a later start."
        )
    old.superseded_at = at
    old.save(update_fields=["superseded_at"])
    return old
