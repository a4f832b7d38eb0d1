"""Random lives of reservations, beside a model of the ledger in thirty lines of Python."""

from dataclasses import dataclass, field
from typing import Any
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

from billing import ledger
from billing.ledger import Closed, Hold, State
from billing.models import LedgerEntry, Window
from tests.billing.books import counters, lease_end, reserve, window_make

MARGIN = 3  # what the sweeper adds to the progress it knows of
amounts, charges = st.integers(0, 40), st.integers(0, 50)
OPEN = (State.HELD, State.SENT)


@dataclass
class Account:
    """What a window should say. `may_be_over`: its cap was lowered, or more was charged."""

    row: Window
    cap: int
    is_money: bool = True
    spent: int = 0
    held: int = 0
    may_be_over: bool = False


@dataclass
class Life:
    """What a reservation should be."""

    amount: int
    holds: list[tuple[Account, int, int | None]]
    state: int = State.HELD
    progress: int = 0
    charged: int = 0
    is_expired: bool = False

    def close(self, state: int, charge: int) -> None:
        for account, amount, fixed in self.holds:
            account.held -= amount
            if state != State.RELEASED:
                account.spent += charge if fixed is None else fixed
                account.may_be_over |= charge > self.amount
        self.state, self.charged = state, charge

    def correct(self, charge: int) -> None:
        for account, _, fixed in self.holds:
            if fixed is None:
                account.spent += charge - self.charged
                account.may_be_over |= charge > self.charged
        self.state, self.charged = State.SETTLED, charge


@dataclass
class Model:
    accounts: list[Account] = field(default_factory=list)
    lives: dict[UUID, Life] = field(default_factory=dict)


class LedgerMachine(RuleBasedStateMachine):
    reservations: Bundle[UUID] = Bundle("reservations")

    def __init__(self) -> None:
        super().__init__()
        self._run = transaction.atomic()
        self._run.__enter__()
        user, platform = window_make(60, scope="user"), window_make(100)
        requests = window_make(4, scope="user", metric="requests")
        self.model = Model([
            Account(user, 60), Account(platform, 100), Account(requests, 4, is_money=False)
        ])

    def teardown(self) -> None:
        """Undone: the sweeper of the next run must not find what this one left."""
        transaction.set_rollback(True)
        self._run.__exit__(None, None, None)

    # --- what can happen ---------------------------------------------------------------------

    @rule(target=reservations, amount=amounts, is_sent=st.booleans(), shape=st.integers(1, 7))
    def reserve(self, amount: int, is_sent: bool, shape: int) -> UUID:
        chosen = [each for bit, each in enumerate(self.model.accounts) if shape >> bit & 1]
        holds = [(a, amount, None) if a.is_money else (a, 1, 1) for a in chosen]
        fits = all(a.spent + a.held + wanted <= a.cap for a, wanted, _ in holds)
        key, reserved = self._reserve(holds, amount, is_sent=is_sent)
        assert (reserved.is_admitted, reserved.is_repeat) == (fits, False)
        if fits:
            state = State.SENT if is_sent else State.HELD
            self.model.lives[key] = Life(amount, list(holds), state)
            for account, wanted, _ in holds:
                account.held += wanted
        return key

    @rule(key=reservations)
    def reserve_again(self, key: UUID) -> None:
        if life := self.model.lives.get(key):
            _, reserved = self._reserve(life.holds, life.amount, id=key)
            assert (reserved.is_admitted, reserved.is_repeat) == (True, True)

    @rule(key=reservations, progress=amounts)
    def mark_sent(self, key: UUID, progress: int) -> None:
        life = self.model.lives.get(key)
        may_send = life is not None and life.state == State.HELD and not life.is_expired
        assert ledger.mark_sent(key, progress=progress) is may_send
        if life and may_send:
            life.state, life.progress = State.SENT, progress

    @rule(key=reservations, progress=amounts)
    def checkpoint(self, key: UUID, progress: int) -> None:
        life = self.model.lives.get(key)
        is_running = life is not None and life.state == State.SENT
        assert ledger.checkpoint({key: progress}) == (set() if is_running else {key})
        if life and is_running:
            life.progress, life.is_expired = progress, False

    @rule(key=reservations, charge=charges)
    def settle(self, key: UUID, charge: int) -> None:
        life = self.model.lives.get(key)
        closed = ledger.settle(key, charged=charge)
        if life is None or life.state == State.SETTLED:
            assert closed == Closed.ALREADY
        elif life.state in OPEN:
            assert closed == Closed.DONE
            life.close(State.SETTLED, charge)
        else:
            was_released = life.state == State.RELEASED
            assert closed == (Closed.LATE if was_released else Closed.CORRECTED)
            life.correct(charge)

    @rule(key=consumes(reservations))
    def release(self, key: UUID) -> None:
        life = self.model.lives.get(key)
        is_open = life is not None and life.state in OPEN
        assert ledger.release(key) is is_open
        if life and is_open:
            life.close(State.RELEASED, 0)

    @rule(key=reservations)
    def worker_dies(self, key: UUID) -> None:
        if life := self.model.lives.get(key):
            lease_end(key)
            life.is_expired = True

    @rule()
    def sweep(self) -> None:
        dead = [life for life in self.model.lives.values() if life.is_expired]
        unsent = [life for life in dead if life.state == State.HELD]
        sent = [life for life in dead if life.state == State.SENT]
        assert ledger.sweep() == (len(unsent), len(sent))
        for life in unsent:
            life.close(State.RELEASED, 0)
        for life in sent:
            life.close(State.ESTIMATED, min(life.amount, life.progress + MARGIN))

    @rule(which=st.integers(0, 2), cap=st.integers(0, 120))
    def change_cap(self, which: int, cap: int) -> None:
        account = self.model.accounts[which]
        Window.objects.filter(pk=account.row.pk).update(cap=cap)
        account.may_be_over |= cap < account.cap
        account.cap = cap

    # --- what must hold after each step --------------------------------------------------------

    @invariant()
    def the_windows_are_as_in_the_model(self) -> None:
        for account in self.model.accounts:
            assert counters(account.row) == (account.spent, account.held)
            if account.spent + account.held > account.cap:
                assert account.may_be_over

    @invariant()
    def spent_is_the_ledger_and_held_the_open_reservations(self) -> None:
        assert ledger.differences() == []
        for account in self.model.accounts:
            booked = LedgerEntry.objects.filter(window=account.row)
            assert sum(booked.values_list("delta", flat=True)) == account.spent

    def _reserve(self, holds: list[Any], amount: int, **more: Any) -> tuple[UUID, ledger.Reserved]:
        wanted = [Hold(account.row.pk, held, charge) for account, held, charge in holds]
        facts = {"checkpoint_nanos": MARGIN}
        return reserve(amount=amount, holds=wanted, facts=facts, **more)


@pytest.mark.django_db
@pytest.mark.postgresql
def test_the_database_is_the_model_after_every_step() -> None:
    run_state_machine_as_test(
        LedgerMachine, settings=settings(max_examples=60, stateful_step_count=30, deadline=None)
    )
