"""What a past call costs on some model: its own tokens there, or as many as that model would count.

Another model is taken to read and write the same text, so its tokens are ours times the ratio of
the two `token_factor`s. A prompt cache belongs to its provider: with another one, all input is
fresh.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from billing.prices import Price, PriceKey, PriceTable, cost
from billing.savings import prompt_cache_nanos
from billing.usage import Usage
from routing.tokens import scaled
from routing.types import DeploymentSpec
from routing.whatif.changes import BUCKETS, PriceChange
from routing.whatif.rows import Row


@dataclass(frozen=True, slots=True)
class Priced:
    """`prompt_cache_nanos`: of it, what the provider's prompt cache saves."""

    cost_nanos: int
    prompt_cache_nanos: int





def usage_on(spec: DeploymentSpec, row: Row, made_by: DeploymentSpec | None) -> Usage | None:
    """The tokens of this row on `spec`. None: it does not say how many, or by whose count."""
    usage = row.usage
    if not usage.is_reported:
        return None
    if made_by is None:
        return usage if spec.name == row.deployment else None
    if spec.name == made_by.name:
        return usage
    ratio = spec.token_factor / made_by.token_factor
    output = scaled(usage.output_tokens or 0, ratio)
    if spec.provider != made_by.provider:
        fresh = scaled(usage.input_tokens, ratio)
        return Usage(fresh, 0, 0, output, usage.searches)
    return Usage(
        scaled(usage.fresh_input_tokens or 0, ratio), scaled(usage.cache_read_tokens or 0, ratio),
        scaled(usage.cache_write_tokens or 0, ratio), output, usage.searches,
    )


def priced(usage: Usage, price: Price, *, most: int | None = None) -> Priced:
    """`most`: an estimate never passes what was held for it."""
    nanos: int = cost(usage, price)
    if most is not None:
        nanos = min(nanos, most)
    return Priced(nanos, prompt_cache_nanos(usage, price))


def changed_book(table: PriceTable, changes: Iterable[PriceChange]) -> PriceTable:
    """The same book with other prices. Batches and big requests keep their distance to it."""
    rows = dict(table.rows)
    for change in changes:
        usual = _usual(table, change)
        for key in _keys_of(table, change):
            rows[key] = tuple(
                changed_price(price, change, usual or price) for price in table.rows[key]
            )
    return PriceTable(rows)


def changed_price(price: Price, change: PriceChange, usual: Price) -> Price:
    """`usual`: the row that the change names; others move by the same factor."""
    new: dict[str, Any] = {
        name: _moved(getattr(price, name), getattr(usual, name), change.prices[name])
        for name in BUCKETS if name in change.prices
    }
    return replace(price, **new)


def _moved(own: Decimal, usual: Decimal, new: Decimal) -> Decimal:
    return own * new / usual if usual and own != usual else new


def _usual(table: PriceTable, change: PriceChange) -> Price | None:
    """The price of the smallest requests stands last."""
    tiers = table.tiers(change.provider, change.model)
    return tiers[-1] if tiers else None


def _keys_of(table: PriceTable, change: PriceChange) -> list[PriceKey]:
    usual = _usual(table, change)
    model = usual.model if usual else change.model
    return [key for key in table.rows if key[:2] == (change.provider, model)]

