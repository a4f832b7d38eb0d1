"""The reviewed prices that ship with the product, and how they get into the database.

One JSON file per provider; `manage.py refresh_price_book` writes those of the cloud vendors.
Numbers are strings, so that they stay exact.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import transaction

from accounts.services import audit, snapshot
from billing.models import ModelPrice
from billing.prices import STANDARD, NewPrice, price_close, price_supersede

FOLDER = Path(__file__).parent
OPERATOR = "operator"  # how the source of a row begins that staff wrote
NUMBERS = ("fresh_input", "cache_read", "cache_write", "output", "search_usd")

TierKey = tuple[str, str, str, int]


@dataclass(frozen=True, slots=True)
class BookPrice:
    """One row of the book. A placeholder fills a gap and replaces nothing."""

    price: NewPrice
    effective_from: datetime
    is_placeholder: bool


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load of the book did, in rows."""

    inserted: int = 0
    superseded: int = 0
    closed: int = 0
    kept: int = 0
    unchanged: int = 0

    @property
    def has_changes(self) -> bool:
        return bool(self.inserted or self.superseded or self.closed)


def read_book(folder: Path = FOLDER) -> list[BookPrice]:
    return [row for path in sorted(folder.glob("*.json")) for row in read_file(path)]


def read_file(path: Path) -> Iterator[BookPrice]:
    page = json.loads(path.read_text())
    effective_from = datetime.fromisoformat(page["effective_from"])
    for row in page["rows"]:
        yield BookPrice(read_price(row, page), effective_from, page.get("is_placeholder", False))


def read_price(row: dict[str, Any], page: dict[str, Any]) -> NewPrice:
    return NewPrice(
        provider=page["provider"],
        model=row["model"],
        processing=row.get("processing", STANDARD),
        min_input_tokens=row.get("min_input_tokens", 0),
        source=page["source"],
        source_date=date.fromisoformat(page["source_date"]),
        **{name: Decimal(row.get(name, "0")) for name in NUMBERS},
    )


@transaction.atomic
def book_load(
    book: Iterable[BookPrice], *, at: datetime, actor: str, is_forced: bool = False
) -> Loaded:
    """Insert what is missing, supersede what changed, leave what the operator wrote."""
    rows = list(book)
    opened = open_rows()
    missing = [row for row in rows if row.price.key not in opened]
    rows_insert(missing, at=at)
    done = Counter(
        row_load(row, opened[row.price.key], at=at, actor=actor, is_forced=is_forced)
        for row in rows
        if row.price.key in opened
    )
    closed = stale_tiers_close(rows, opened, at=at, actor=actor)
    loaded = Loaded(inserted=len(missing), closed=closed, **done)
    if loaded.has_changes:
        audit(actor, "price_book_load", "price book", None, asdict(loaded))
    return loaded


def open_rows() -> dict[TierKey, ModelPrice]:
    found = ModelPrice.objects.filter(superseded_at__isnull=True)
    return {(p.provider, p.model, p.processing, p.min_input_tokens): p for p in found}


def rows_insert(rows: list[BookPrice], *, at: datetime) -> None:
    """A model new to us has its price from the book's date on; one with a past, from now."""
    past = set(
        ModelPrice.objects.values_list("provider", "model", "processing", "min_input_tokens")
    )
    ModelPrice.objects.bulk_create(
        ModelPrice(
            **asdict(row.price),
            effective_from=at if row.price.key in past else min(row.effective_from, at),
        )
        for row in rows
    )


def row_load(
    row: BookPrice, standing: ModelPrice, *, at: datetime, actor: str, is_forced: bool
) -> str:
    if all(getattr(standing, name) == getattr(row.price, name) for name in NUMBERS):
        return "unchanged"
    if row.is_placeholder or (standing.source.startswith(OPERATOR) and not is_forced):
        return "kept"
    price_supersede(row.price, at=at, actor=actor)
    return "superseded"


def stale_tiers_close(
    rows: Iterable[BookPrice], opened: dict[TierKey, ModelPrice], *, at: datetime, actor: str
) -> int:
    """End the tiers of a model that the book now prices with other tiers."""
    tiers: dict[tuple[str, str, str], set[int]] = defaultdict(set)
    for row in rows:
        tiers[row.price.key[:3]].add(row.price.min_input_tokens)
    stale = [
        standing
        for (*model, start), standing in opened.items()
        if start not in tiers.get((model[0], model[1], model[2]), {start})
        and not standing.source.startswith(OPERATOR)
    ]
    for standing in stale:
        before = snapshot(standing)
        closed = price_close(standing, at=at)
        audit(actor, "price_close", str(standing)[:200], before, closed and snapshot(closed))
    return len(stale)
