"""Many at once on money that is held for debates: nobody else gets it, and no cap is passed."""

from collections import Counter
from uuid import UUID, uuid4

import pytest

from accounts.types import Payer
from billing import debate_holds, debates, ledger
from billing.budgets import Rule
from billing.debates import Opener
from billing.holds import NoRoom
from billing.models import Window
from tests.billing.books import NOW, counters, lease_end, reserve, threads, window_make
from tests.billing.debate_money import amounts, draw, hold

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.postgresql]


def test_nobody_else_gets_what_is_held_while_calls_draw_on_it() -> None:
    """Half of the threads make calls of the debate, the others want the same windows."""
    windows = [window_make(700, scope=scope) for scope in ("user", "tier", "platform")]
    debate = uuid4()
    hold(debate, *windows, stage=300, finish=300)
    won: Counter[str] = Counter()

    def work(number: int) -> None:
        for turn in range(15):
            if number % 2:
                key, reserved = draw(debate, *windows, amount=10)
                won["drawn"] += reserved.is_admitted
            else:
                key, reserved = reserve(*windows[turn % 2 :], amount=10)
                won["others"] += reserved.is_admitted
            if reserved.is_admitted:
                ledger.settle(key, charged=10)

    threads(4, work)
    assert won == {"drawn": 30, "others": 10}  # those of the debate, and what was free
    assert sum(amounts(debate).values()) == 300
    assert counters(windows[-1]) == (400, 300)
    assert debate_holds.release(debate) == 2
    assert {held for _, held in map(counters, windows)} == {0}
    assert ledger.differences() == []


def test_draws_holds_sweeps_and_releases_at_once_never_pass_a_cap() -> None:
    windows = [window_make(500, scope=scope) for scope in ("user", "platform")]
    both = [uuid4(), uuid4()]
    for debate in both:
        hold(debate, *windows, stage=100, finish=100)
    over: list[int] = []

    def work(number: int) -> None:
        debate = both[number % 2]
        for turn in range(12):
            if number < 2:
                key, reserved = draw(debate, *windows, amount=7)
                if reserved.is_admitted:
                    ledger.settle(key, charged=3)
            elif turn % 3 == 0:
                _hold_or_not(debate, windows, turn)
            elif turn % 3 == 1:
                lease_end(*(kept.id for kept in debate_holds.kept(debate)))
                ledger.sweep()
            else:
                debate_holds.release(debate, names={"stage"})
            over.extend(w.pk for w in Window.objects.all() if w.spent + w.held > w.cap)

    threads(4, work)
    assert over == []
    assert ledger.differences() == []
    for debate in both:
        debate_holds.release(debate)
    assert {held for _, held in map(counters, windows)} == {0}


def _hold_or_not(debate: UUID, windows: list[Window], turn: int) -> None:
    try:
        hold(debate, *windows, stage=50 + turn, finish=100)
    except NoRoom:
        return


def test_the_last_room_goes_to_one_debate_of_many() -> None:
    window = window_make(100)

    def work(number: int) -> bool:
        try:
            hold(UUID(int=number + 1), window, stage=60)
        except NoRoom:
            return False
        return True

    assert sum(threads(6, work)) == 1
    assert counters(window) == (0, 60)


def test_a_debate_that_many_give_back_at_once_comes_back_once() -> None:
    opener = Opener(Payer("user", "7"), 7, "d1", uuid4())
    debates.take(Rule("user", "7", "debates", "day", 2), opener, now=NOW)
    assert sum(threads(5, lambda _: debates.give_back(7, "d1"))) == 1
    assert counters(Window.objects.get()) == (0, 0)
    assert ledger.differences() == []
