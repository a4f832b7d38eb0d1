"""What there was to decide with: tables by when they were published, prices by when they held.

Models, plans and budgets have no history: they are those of today, which is said. A model that had
no price yet is priced by its first one.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from accounts.models import Tier
from accounts.types import TierRules
from billing.models import ModelPrice
from billing.prices import PRICE_FIELDS, Price, PriceTable
from billing.rules import EPOCH
from routing.models import Deployment, RoutePolicy
from routing.snapshot import Cells, Snapshot, load, spec_of
from routing.types import DeploymentSpec

Status = RoutePolicy.Status


@dataclass(frozen=True, slots=True)
class World:
    """`known`: also models that are switched off by now. Tables and prices by their beginning, the
    earliest first; there is always one of each."""

    snapshot: Snapshot
    known: Mapping[str, DeploymentSpec]
    tiers: Mapping[str, TierRules]
    tables: tuple[tuple[datetime, Cells], ...]
    books: tuple[tuple[datetime, PriceTable], ...]
    price_rows: Mapping[int, Price]

    @property
    def smallest_context(self) -> int:
        return min((d.context_tokens for d in self.snapshot.deployments), default=0)

    @property
    def widest_factor(self) -> float:
        return max((d.token_factor for d in self.snapshot.deployments), default=1.0)

    def table_at(self, at: datetime) -> Cells:
        """Before the first one was published, that one."""
        return self.tables[_place([begun for begun, _ in self.tables], at)][1]

    def book_number(self, at: datetime) -> int:
        return _place([begun for begun, _ in self.books], at)


def _place(begun: list[datetime], at: datetime) -> int:
    return max(0, bisect_right(begun, at) - 1)


def world_load(*, start: datetime, end: datetime) -> World:
    """Of calls in [start, end)."""
    snapshot = load()
    prices = _Prices()
    return World(
        snapshot=snapshot,
        known={row.name: spec_of(row) for row in Deployment.objects.all()},
        tiers={row.pk: TierRules.of(row) for row in Tier.objects.all()},
        tables=_tables(snapshot),
        books=tuple((at, prices.table(at)) for at in _price_changes(start, end)),
        price_rows=prices.by_id,
    )


def _tables(snapshot: Snapshot) -> tuple[tuple[datetime, Cells], ...]:
    rows = RoutePolicy.objects.filter(
        status__in=[Status.PUBLISHED, Status.RETIRED], published_at__isnull=False
    ).order_by("published_at")
    found = tuple((row.published_at, row.cells) for row in rows if row.published_at)
    return found or ((EPOCH, snapshot.cells),)


def _price_changes(start: datetime, end: datetime) -> list[datetime]:
    inside = Q(effective_from__gt=start, effective_from__lt=end)
    moments = set(ModelPrice.objects.filter(inside).values_list("effective_from", flat=True))
    ended = ModelPrice.objects.filter(superseded_at__gt=start, superseded_at__lt=end)
    moments |= {at for at in ended.values_list("superseded_at", flat=True) if at}
    return [start, *sorted(moments)]


class _Prices:
    """All price rows there are, read once."""

    def __init__(self) -> None:
        self._rows = [
            (row["effective_from"], row["superseded_at"],
             Price(**{name: row[name] for name in PRICE_FIELDS}))
            for row in ModelPrice.objects.order_by("effective_from").values(
                *PRICE_FIELDS, "effective_from", "superseded_at"
            )
        ]
        self.by_id = {price.id: price for _begun, _ended, price in self._rows}

    def table(self, at: datetime) -> PriceTable:
        """In force at this moment; of a model that has none, those that it had first."""
        held = [price for begun, ended, price in self._rows
                if begun <= at and (ended is None or ended > at)]
        there = {_key(price) for price in held}
        first = {_key(price): begun for begun, _ended, price in reversed(self._rows)}
        held += [price for begun, _ended, price in self._rows
                 if _key(price) not in there and begun == first[_key(price)]]
        return PriceTable.of(held)


def _key(price: Price) -> tuple[str, str, str]:
    return (price.provider, price.model, price.processing)
