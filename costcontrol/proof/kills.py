"""Streams that are cut by SIGKILL, workers that fall asleep, a Valkey that dies; a sweeper beside.

A dead worker's lease runs out after a minute. The proof does not wait that long: once a process is
dead, its leases are set back. Those of the living are left alone.
"""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from django.db.models import QuerySet

from accounts.models import User
from billing import ledger
from billing.models import LedgerEntry, Reservation, UsageRecord
from costcontrol.lib.money import Nanos
from costcontrol.proof.audit import (
    OPEN,
    bill_check,
    books_check,
    completed_check,
    spent_check,
    usage_check,
    usd,
)
from costcontrol.proof.broker import Broker
from costcontrol.proof.crew import Member, outcomes_of, start_together
from costcontrol.proof.rows import deployment_name, payer_make
from costcontrol.proof.scene import Check, Result, Scene
from costcontrol.proof.worker import ANSWERED, REFUSED, Order

PREFIX = "kills"
MAX_TOKENS = 150  # 62 a second; the sweeper adds 100 to the last checkpoint
TICK_S = 0.2
NAP_S = 1.0
WARM_WITHIN_S = 60.0  # a busy machine starts processes slowly; the trial begins when they work


@dataclass
class Toll:
    """What was done to the workers."""

    killed: int = 0
    cut: int = 0
    asleep: int = 0
    answered_before: int = 0
    codes: list[int] = field(default_factory=list)


def prove_kills(
    scene: Scene, broker: Broker, *, processes: int, seconds: float, cap: Nanos
) -> Result:
    payer = payer_make(PREFIX, cap=cap)
    trial = Trial(scene, payer, processes)
    had_broker = broker.is_there
    trial.run(broker, seconds=seconds)
    trial.end()
    broker_text = "Valkey killed" if had_broker else "no Valkey on this machine"
    toll = trial.toll
    return Result(
        f"kill -9: streams against {usd(cap)} for {seconds:g} s by {processes} processes; "
        f"{toll.killed} killed, {toll.asleep} stopped and woken, {broker_text}",
        (*trial.checks(), spent_check(payer), usage_check(payer),
         completed_check(payer, scene.books), bill_check(payer, scene.books, prefix=PREFIX),
         books_check()),
    )


class Trial:
    def __init__(self, scene: Scene, payer: User, processes: int) -> None:
        self.scene, self.payer = scene, payer
        self.toll = Toll()
        self._started = 0
        self._all: list[Member] = []
        self._crew = [self._new() for _ in range(processes)]
        start_together(self._crew)
        self._coming = [self._new()]  # the next to take a dead worker's place

    # --- what happens --------------------------------------------------------------------------

    def run(self, broker: Broker, *, seconds: float) -> None:
        self._await_first_answers()
        begun = time.monotonic()
        while (passed := time.monotonic() - begun) < seconds:
            if broker.is_there and passed > seconds / 2 and self.outcomes[ANSWERED]:
                self.toll.answered_before = self.outcomes[ANSWERED]
                broker.kill()
            if victim := self._in_mid_stream():
                self._strike(victim)
            ledger.sweep()
            time.sleep(TICK_S)

    def end(self) -> None:
        for member in self._coming:
            member.kill()
        self.toll.codes = [member.stop() for member in self._crew]
        Reservation.objects.filter(OPEN).update(lease_until_ms=0)  # nobody is left
        ledger.sweep()

    def _await_first_answers(self) -> None:
        deadline = time.monotonic() + WARM_WITHIN_S
        while time.monotonic() < deadline:
            if self._coming[0].is_ready and self.outcomes[ANSWERED]:
                return
            time.sleep(TICK_S)

    @property
    def outcomes(self) -> Counter[str]:
        return outcomes_of(self._all)

    def _in_mid_stream(self) -> Member | None:
        """The first in the line that has answered and streams, once its successor is up."""
        if not self._coming[0].is_ready:
            return None
        ready = (member for member in self._crew if member.outcomes[ANSWERED])
        return next((member for member in ready if self._open_of(member).exists()), None)

    def _strike(self, victim: Member) -> None:
        """Two of three are killed, the third only sleeps past its lease."""
        if (self.toll.killed + self.toll.asleep) % 3 == 1:
            self._let_sleep(victim)
        else:
            self._kill(victim)

    def _let_sleep(self, victim: Member) -> None:
        self.toll.asleep += 1
        victim.freeze()
        alarm = threading.Timer(NAP_S, victim.wake)  # also if it sleeps with a lock that we need
        alarm.start()
        self._leases_end(victim)
        ledger.sweep()
        alarm.join()
        self._crew.remove(victim)
        self._crew.append(victim)

    def _kill(self, victim: Member) -> None:
        victim.kill()
        self.toll.killed += 1
        self.toll.cut += self._open_of(victim).count()
        self._leases_end(victim)
        successor = self._coming.pop()
        successor.go()
        self._crew.remove(victim)
        self._crew.append(successor)
        self._coming = [self._new()]

    def _new(self) -> Member:
        self._started += 1
        order = Order(
            name=f"w{self._started}", user_id=self.payer.pk, model=deployment_name("usual"),
            prefix=PREFIX, max_tokens=MAX_TOKENS, width=6, is_stream=True,
        )
        member = Member(self.scene, order)
        self._all.append(member)
        return member

    def _open_of(self, member: Member) -> QuerySet[Reservation]:
        return Reservation.objects.filter(OPEN, facts__usage__key_prefix=member.order.name)

    def _leases_end(self, member: Member) -> None:
        self._open_of(member).update(lease_until_ms=0)

    # --- what must be so afterwards --------------------------------------------------------------

    def checks(self) -> tuple[Check, ...]:
        outcomes, toll = self.outcomes, self.toll
        answered, refused = outcomes[ANSWERED], outcomes[REFUSED]
        broken = sum(outcomes.values()) - answered - refused
        after = answered - toll.answered_before
        rows = UsageRecord.objects.filter(user_id=self.payer.pk)
        lost = rows.filter(error_code="worker_lost").count()
        corrected = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.CORRECTION)
        woken = corrected.values("reservation_id").distinct().count()
        return (
            Check(f"{answered} answered ({after} after Valkey was gone), {refused} refused, "
                  f"{broken} broken off", answered > after > 0),
            Check(f"{toll.cut} streams cut, {lost} charged as estimated, {woken} corrected by "
                  "workers that woke up", toll.killed > 0 and toll.cut > 0 and lost > 0),
            Check("every other worker ended by itself", not any(toll.codes)),
        )
