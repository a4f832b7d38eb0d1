"""Random lives of credit, beside a model that knows single nanos and no arithmetic."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)

from accounts.services import tiers_load
from billing import credits, gauge, ledger, purses
from billing.credits import SETTLING
from billing.holds import NoRoom
from billing.models import CreditGrant
from tests.billing.books import NOW, counters
from tests.billing.purses import DAY, beyond, credit_window, customer_make, give

small, amounts = st.integers(4, 12), st.integers(1, 6)


@dataclass
class Coin:
    """One nano of one grant."""

    grant: int


@dataclass
class Given:
    pk: int
    expires_at: datetime
    charge: str
    ended_at: datetime | None = None  # taken off for the first time


@dataclass
class Model:
    grants: list[Given] = field(default_factory=list)
    coins: list[Coin] = field(default_factory=list)
    spent: int = 0
    held: int = 0
    given: int = 0
    gone: int = 0

    def has_ended(self, grant: Given, now: datetime) -> bool:
        return grant.expires_at <= now or grant.ended_at is not None

    def unused(self, now: datetime) -> list[Coin]:
        """The ended are used first, then what ends next."""
        def turn(coin: Coin) -> tuple[bool, datetime, int]:
            grant = self.grants[coin.grant]
            return not self.has_ended(grant, now), grant.expires_at, coin.grant

        return sorted(self.coins, key=turn)[max(0, self.spent + self.held):]

    def left(self, now: datetime) -> int:
        return sum(not self.has_ended(self.grants[c.grant], now) for c in self.unused(now))

    def take_off(self, now: datetime, charge: str = "") -> int:
        """All unused coins of what has ended, or ends now. How many of the latter."""
        ending = [i for i, grant in enumerate(self.grants)
                  if self.has_ended(grant, now) or (charge and grant.charge == charge)]
        lost = [coin for coin in self.unused(now) if coin.grant in ending]
        for index in ending:
            self.grants[index].ended_at = self.grants[index].ended_at or now
        ids = {id(coin) for coin in lost}
        self.coins = [coin for coin in self.coins if id(coin) not in ids]
        self.gone += len(lost)
        return len(lost)

    def is_settling(self, now: datetime) -> bool:
        return any(
            (grant.expires_at <= now and grant.ended_at is None)
            or (grant.ended_at is not None and grant.ended_at > now - SETTLING)
            for grant in self.grants
        )


class CreditMachine(RuleBasedStateMachine):
    calls: Bundle[tuple[UUID, int]] = Bundle("calls")

    def __init__(self) -> None:
        super().__init__()
        self._run = transaction.atomic()
        self._run.__enter__()
        gauge.forget_all()
        purses.forget_all()
        tiers_load()
        self.customer = customer_make()
        self.model, self.now = Model(), NOW
        self.give(12, 2)

    def teardown(self) -> None:
        assert ledger.differences() == []
        transaction.set_rollback(True)
        self._run.__exit__(None, None, None)

    @rule(nanos=small, days=st.integers(1, 4))
    def give(self, nanos: int, days: int) -> None:
        number = len(self.model.grants)
        row = give(self.customer, nanos, days=days, charge=f"ch_{number}", now=self.now)
        self.model.grants.append(Given(row.pk, row.expires_at, row.charge_id))
        self.model.coins += [Coin(number) for _ in range(nanos)]
        self.model.given += nanos
        self.model.take_off(self.now)

    @rule(target=calls, nanos=amounts)
    def hold(self, nanos: int) -> tuple[UUID, int] | None:
        fits = nanos <= self.model.left(self.now)
        try:
            key = beyond(self.customer, nanos, now=self.now)
        except NoRoom:
            assert not fits
            return None
        assert fits
        self.model.take_off(self.now)
        self.model.held += nanos
        return key, nanos

    @rule(call=consumes(calls), charge=st.integers(0, 8))
    def settle(self, call: tuple[UUID, int] | None, charge: int) -> None:
        if call is not None:
            ledger.settle(call[0], charged=charge)
            self.model.held -= call[1]
            self.model.spent += charge

    @rule(call=consumes(calls))
    def release(self, call: tuple[UUID, int] | None) -> None:
        if call is not None:
            ledger.release(call[0])
            self.model.held -= call[1]

    @rule(call=consumes(calls), charge=st.integers(0, 3))
    def end_in_flight(self, call: tuple[UUID, int] | None, charge: int) -> None:
        """The first credit ends under a call, is taken off, and the call costs little."""
        if call is not None and self.model.grants:
            ends = [g.expires_at for g in self.model.grants if g.expires_at > self.now]
            self.now = min(ends, default=self.now)
            self.lapse()
            self.settle(call, charge)

    @rule(number=st.integers(0, 9), nanos=small)
    def refund_and_give_sooner(self, number: int, nanos: int) -> None:
        """What was used of the refunded must not be laid upon the next."""
        self.take_back(number)
        self.give(nanos, 1)

    @rule(hours=st.sampled_from((1, 12, 24)))
    def wait(self, hours: int) -> None:
        self.now += DAY * hours / 24

    @rule()
    def lapse(self) -> None:
        credits.lapse_all(now=self.now)
        if self.model.is_settling(self.now):
            self.model.take_off(self.now)

    @rule(number=st.integers(0, 9))
    def take_back(self, number: int) -> None:
        charge = f"ch_{number}"
        is_running = any(grant.charge == charge and not self.model.has_ended(grant, self.now)
                         for grant in self.model.grants)
        credits.take_back(charge_id=charge, now=self.now)
        if is_running:
            self.model.take_off(self.now, charge)

    @invariant()
    def what_is_left_is_what_the_model_has(self) -> None:
        balance = credits.balance(self.customer, now=self.now)
        assert balance.left_nanos == self.model.left(self.now)
        assert balance.held_nanos == self.model.held

    @invariant()
    def nothing_is_lost_or_made(self) -> None:
        rows = CreditGrant.objects.filter(customer=self.customer)
        window = credit_window(self.customer)
        off = sum(row.lapsed_nanos + row.reversed_nanos for row in rows)
        assert window.cap + off == self.model.given
        assert (window.cap, off) == (len(self.model.coins), self.model.gone)
        assert counters(window) == (self.model.spent, self.model.held)


@pytest.mark.django_db
@pytest.mark.postgresql
def test_credit_is_what_the_model_says() -> None:
    run_state_machine_as_test(
        CreditMachine, settings=settings(max_examples=12, stateful_step_count=20, deadline=None)
    )
