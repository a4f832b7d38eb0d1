"""Held, drawn, settled, swept and released in any order: a plain model says the same."""

from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing import debate_holds, ledger
from billing.holds import NoRoom
from billing.models import Window
from tests.billing.books import counters, lease_end, reserve, window_make
from tests.billing.debate_money import amounts, draw, hold

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
CAP = 100
AMOUNT = st.integers(1, 70)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("hold"), AMOUNT, AMOUNT), st.tuples(st.just("draw"), AMOUNT, AMOUNT),
        st.tuples(st.just("other"), AMOUNT, AMOUNT), st.tuples(st.just("settle"), AMOUNT, AMOUNT),
        st.tuples(st.just("release"), AMOUNT, AMOUNT), st.tuples(st.just("sweep"), AMOUNT, AMOUNT),
    ),
    min_size=3, max_size=14,
)


@dataclass
class Model:
    """One window, one debate: what is spent, what calls hold, what the debate holds."""

    spent: int = 0
    calls: dict[UUID, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)

    @property
    def left(self) -> int:
        return CAP - self.spent - sum(self.calls.values()) - sum(self.kept.values())

    def give_way(self, amount: int) -> None:
        for name in ("stage", "finish"):
            given = min(amount, self.kept.get(name, 0))
            if given:
                self.kept[name] -= given
                amount -= given


class Played:
    def __init__(self) -> None:
        self.window, self.debate, self.model = window_make(CAP), uuid4(), Model()

    def hold(self, stage: int, finish: int) -> None:
        fits = stage + finish <= self.model.left + sum(self.model.kept.values())
        try:
            hold(self.debate, self.window, stage=stage, finish=finish)
        except NoRoom:
            assert not fits
            return
        assert fits
        self.model.kept = {"stage": stage, "finish": finish}

    def draw(self, amount: int, _: int) -> None:
        key, reserved = draw(self.debate, self.window, amount=amount)
        room = self.model.left + sum(self.model.kept.values())
        assert reserved.is_admitted == (amount <= room)
        if reserved.is_admitted:
            self.model.give_way(amount)
            self.model.calls[key] = amount

    def other(self, amount: int, _: int) -> None:
        """Somebody else: only what is free."""
        key, reserved = reserve(self.window, amount=amount, is_sent=True)
        assert reserved.is_admitted == (amount <= self.model.left)
        if reserved.is_admitted:
            self.model.calls[key] = amount

    def settle(self, part: int, _: int) -> None:
        if self.model.calls:
            key, amount = self.model.calls.popitem()
            ledger.settle(key, charged=amount * part // 70)
            self.model.spent += amount * part // 70

    def release(self, which: int, _: int) -> None:
        name = "stage" if which % 2 else "finish"
        debate_holds.release(self.debate, names={name})
        self.model.kept.pop(name, None)

    def sweep(self, *_: int) -> None:
        """Nobody came back in time."""
        lease_end(*(kept.id for kept in debate_holds.kept(self.debate)))
        ledger.sweep()
        self.model.kept = {}

    def check(self) -> None:
        model = self.model
        held = sum(model.calls.values()) + sum(model.kept.values())
        assert counters(Window.objects.get(pk=self.window.pk)) == (model.spent, held)
        assert amounts(self.debate) == model.kept
        assert model.left >= 0
        assert ledger.differences() == []


@settings(max_examples=40)
@given(STEPS)
def test_any_order_of_steps_agrees_with_the_model(steps: list[tuple[str, int, int]]) -> None:
    played = Played()
    for name, one, two in steps:
        getattr(played, name)(one, two)
        played.check()
