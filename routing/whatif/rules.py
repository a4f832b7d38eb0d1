"""One set of rules at any moment of the past: those of then, or those with the changes.

Routes are chosen by `routing.policy` itself. What it says depends on few things of a call, so it is
asked once for each kind of question.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from accounts.types import TierRules
from billing.budgets import Book, Rule
from billing.models import Budget, Metric, ScopeKind
from billing.prices import STANDARD, Price, PriceTable
from costcontrol.lib.errors import CostControlError
from routing import policy
from routing.policy import AUTO, Situation
from routing.snapshot import Snapshot
from routing.tokens import scaled
from routing.types import ChatRequest, Classified, Complexity, DeploymentSpec, Plan
from routing.whatif.changes import TODAY, Changes
from routing.whatif.limits import day_rules
from routing.whatif.pricing import changed_book, changed_price
from routing.whatif.rows import Row
from routing.whatif.world import World

MOST_CALLERS = 50_000  # remembered at a time
LEAST_ROOM = 16  # tokens, as `policy` asks for
NO_CHANGES = Changes()


class Rules:
    """`changes` empty: the rules of then."""

    def __init__(self, world: World, changes: Changes = NO_CHANGES) -> None:
        self.world, self.changes = world, changes
        self.book = _book(world.snapshot.book, changes)
        self._tiers = {
            name: replace(tier, **_limits(changes, name)) for name, tier in world.tiers.items()
        }
        self._books: dict[int, PriceTable] = {}
        self._snapshots: dict[tuple[int, int], Snapshot] = {}
        self._plans: dict[tuple[object, ...], Plan | CostControlError] = {}
        self._days: dict[tuple[object, ...], list[Rule]] = {}
        self._has_debates = any(
            rule.scope_kind == ScopeKind.DEBATE for rule in self.book.every()
        )

    def tier(self, name: str) -> TierRules | None:
        return self._tiers.get(name)

    def of_day(self, row: Row, tier: TierRules, *, provider: str) -> list[Rule]:
        """Budgets of a day that its call must fit in: the same for all calls of one caller."""
        key = (
            tier.name, row.payer, row.user_id, row.key_prefix, provider, row.paid_from,
            row.debate_id if self._has_debates else "",
        )
        found = self._days.get(key)
        if found is None:
            if len(self._days) >= MOST_CALLERS:
                self._days.clear()
            found = self._days[key] = day_rules(self.book, tier, row, provider=provider)
        return found

    def serves(self, layer: str) -> bool:
        return layer not in self.changes.layers_off

    def prices(self, at: datetime) -> PriceTable:
        number = self._book_number(at)
        if number not in self._books:
            today = self.world.snapshot.prices
            table = today if number < 0 else self.world.books[number][1]
            self._books[number] = changed_book(table, self.changes.prices)
        return self._books[number]

    def price(self, row: Row, spec: DeploymentSpec | None, *, size: int) -> Price | None:
        """Of its own model: the price that it was booked at, unless other ones are asked for.
        None: there is none. `spec` None: its own model, which is gone by now."""
        is_own = spec is None or spec.name == row.deployment
        booked = self.world.price_rows.get(row.price_id or 0) if is_own else None
        if booked and self.changes.prices_of != TODAY:
            return self._booked(booked, row.at)
        processing = booked.processing if booked else STANDARD
        key = spec.price_key if spec else (booked.provider, booked.model) if booked else None
        table = self.prices(row.at)
        if key is None or not table.has(*key, processing=processing):
            return None
        return table.price(*key, input_tokens=size, processing=processing)

    def _booked(self, booked: Price, at: datetime) -> Price:
        for change in self.changes.prices:
            tiers = self.world.books[self.world.book_number(at)][1].tiers(
                change.provider, change.model
            )
            if tiers and (booked.provider, booked.model) == (tiers[-1].provider, tiers[-1].model):
                return changed_price(booked, change, tiers[-1])
        return booked

    def plan(self, row: Row, *, tier: TierRules, is_economy: bool) -> Plan:
        """Who answers it, best first. Raises what the caller would be told."""
        size_of = self._size_of(row)
        known = self._snapshot(row.at)
        key = (
            id(known), tier.name, row.complexity, row.language, row.requested_model, is_economy,
            bool(row.usage.searches), self._least(row), row.usage.input_tokens if size_of else 0,
            row.deployment if size_of else "",
        )
        found = self._plans.get(key)
        if found is None:
            found = self._plans[key] = self._choose(row, known, tier, is_economy, size_of)
        if isinstance(found, CostControlError):
            raise found
        return found

    def _choose(
        self, row: Row, known: Snapshot, tier: TierRules, is_economy: bool,
        size_of: Callable[[DeploymentSpec], int] | None,
    ) -> Plan | CostControlError:
        request = ChatRequest(
            (), model=row.requested_model or AUTO, max_output_tokens=self._least(row),
            max_searches=row.usage.searches or 0,
        )
        situation = Situation(
            request=request, classified=Classified(Complexity(row.complexity), "", row.language),
            tier=tier, snapshot=known, problems={}, is_economy=is_economy,
            size_of=size_of or (lambda _spec: 0),
        )
        try:
            return policy.choose(situation)
        except CostControlError as error:
            return error

    def _least(self, row: Row) -> int:
        return min(LEAST_ROOM, row.max_output_tokens or LEAST_ROOM)

    def _size_of(self, row: Row) -> Callable[[DeploymentSpec], int] | None:
        """None: so short that every model has room for it."""
        size, made_by = row.usage.input_tokens, self.world.known.get(row.deployment)
        if made_by is None or not size:
            return None
        ratio = self.world.widest_factor / made_by.token_factor
        if scaled(size, ratio) + LEAST_ROOM <= self.world.smallest_context:
            return None
        return _Sized(size, made_by).on

    def _book_number(self, at: datetime) -> int:
        """-1: today's."""
        is_today = self.changes.prices_of == TODAY
        return -1 if is_today else self.world.book_number(at)

    def _snapshot(self, at: datetime) -> Snapshot:
        cells = self.changes.cells or self.world.table_at(at)
        key = (id(cells), self._book_number(at))
        if key not in self._snapshots:
            self._snapshots[key] = replace(
                self.world.snapshot, cells=cells, prices=self.prices(at)
            )
        return self._snapshots[key]


@dataclass(frozen=True, slots=True)
class _Sized:
    """A prompt of so many tokens, counted by one model."""

    tokens: int
    made_by: DeploymentSpec

    def on(self, spec: DeploymentSpec) -> int:
        return scaled(self.tokens, spec.token_factor / self.made_by.token_factor)


def _limits(changes: Changes, tier: str) -> dict[str, Any]:
    limits = dict(changes.tiers.get(tier, {}))
    if "allowed_classes" in limits:
        limits["allowed_classes"] = tuple(limits["allowed_classes"])
    return limits


def _book(book: Book, changes: Changes) -> Book:
    """The same budgets, and another one for the platform's day."""
    cap = changes.platform_day_nanos
    if cap is None:
        return book
    day = Budget.Period.DAY
    return Book((
        *(rule for rule in book.every() if (rule.scope_kind, rule.period) != ("platform", day)),
        _platform(book, cap),
    ), book.version)


def _platform(book: Book, cap: int) -> Rule:
    """With the soft percent and the zone that it has, if there is one."""
    for rule in book.of(ScopeKind.PLATFORM, ""):
        if rule.period == Budget.Period.DAY:
            return replace(rule, cap=cap)
    return Rule(ScopeKind.PLATFORM, "", Metric.USD, Budget.Period.DAY, cap)
