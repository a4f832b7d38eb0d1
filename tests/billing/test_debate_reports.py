"""What debates cost, by everything their calls say; each sum is the ledger's."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db.models import Sum

from billing import ledger, rollups
from billing.models import CallUse, LedgerEntry, UsageRecord
from billing.reports import debate_list
from billing.reports.debate_list import Order
from billing.reports.debates import DebateCosts, Part, Use, debate_costs
from billing.reports.ranges import last_days
from billing.reports.shapes import Filters, Question
from tests.billing.books import NOW, held, usage, window_make

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
BACKGROUND = frozenset({"tone_select", "opening_analysis"})
HOUR = timedelta(hours=1)


def call(
    kind: str, cost: int, *, debate: str = "d1", id: UUID | None = None, **more: Any
) -> UUID:
    """A call of a debate that was settled, or another attempt of call `id`."""
    window = window_make(10**9)
    key, call_id = held(window, amount=cost), id or uuid4()
    facts: dict[str, Any] = {
        "call_id": call_id, "debate_id": debate, "call_kind": kind, "language": "ko",
        "deployment": "openai/x", "model_class": "economy",
    } | more
    ledger.settle(key, charged=cost, usage=usage(key, cost=cost, **facts))
    return call_id


def use(used: UUID, by: UUID) -> None:
    ledger.insert_uses([CallUse(call_id=used, used_by=by)])


def costs(debate: str = "d1", **more: Any) -> DebateCosts:
    found = debate_costs(debate, background=BACKGROUND, **more)
    assert found
    return found


def keys(parts: Iterable[Part]) -> dict[str, tuple[int, int]]:
    return {part.key: (part.cost_nanos, part.unread_nanos) for part in parts}


def test_every_grouping_adds_up_to_what_the_ledger_booked() -> None:
    call("opening_statement", 700, stage="pro_argument", speaker="pro1")
    call("opening_statement", 300, stage="con_argument", speaker="con1", model_class="premium")
    call("tone_select", 50, stage="interactive_argument", speaker="pro1", language="en")
    found = costs()
    booked = LedgerEntry.objects.aggregate(sum=Sum("delta"))["sum"]
    assert found.cost_nanos == booked == 1_050
    for name, parts in found.parts.items():
        assert sum(part.cost_nanos for part in parts) == booked, name
        assert sum(part.calls for part in parts) == 3, name
    assert keys(found.by("speaker")) == {"pro1": (750, 50), "con1": (300, 0)}


def test_background_calls_are_of_use_when_a_prompt_of_the_debate_was_made_of_them() -> None:
    turn = call("attack_response", 100)
    read, unread = call("tone_select", 10), call("opening_analysis", 30)
    elsewhere = call("opening_analysis", 5)
    use(read, turn)
    use(elsewhere, uuid4())  # a call of nobody's
    found = {each.call_id: each.use for each in costs().calls}
    assert found == {
        turn: Use.SHOWN, read: Use.READ, unread: Use.UNREAD, elsewhere: Use.UNREAD
    }
    assert costs().unread_nanos == 35


def test_turns_are_of_use_when_they_were_shown() -> None:
    shown, lost = call("attack_response", 100), call("attack_response", 40)
    assert keys(costs(shown={shown}).by("use")) == {"shown": (100, 0), "lost": (40, 40)}
    assert costs(shown={shown, lost}).unread_nanos == 0


def test_where_turns_are_not_known_an_answer_counts_as_shown() -> None:
    call("attack_response", 100)
    refused = uuid4()
    ledger.insert_usage([usage(uuid4(), cost=0, reservation_id=None, call_id=refused, attempt=0,
                               debate_id="d1", outcome="refused", call_kind="attack_response")])
    found = {each.call_id: each.use for each in costs().calls}
    assert found.pop(refused) == Use.LOST
    assert set(found.values()) == {Use.SHOWN}


def test_attempts_that_failed_and_were_billed_belong_to_their_call() -> None:
    one = call("attack_response", 20, outcome="failed", model_class="premium", attempt=1)
    call("attack_response", 100, id=one, attempt=2)
    found = costs()
    assert [(each.call_id, each.cost_nanos) for each in found.calls] == [(one, 120)]
    assert keys(found.by("model_class")) == {"economy": (120, 0)}


def test_two_users_may_call_their_debates_the_same() -> None:
    call("attack_response", 100, user_id=1)
    call("attack_response", 7, user_id=2, at=NOW + HOUR)
    assert (costs().user_id, costs().cost_nanos, costs().others) == (2, 7, (1,))
    assert costs(user_id=1).cost_nanos == 100
    assert debate_costs("d1", background=BACKGROUND, user_id=3) is None
    assert debate_costs("", background=BACKGROUND) is None


# --- the list ------------------------------------------------------------------------------------


def question(**filters: str) -> Question:
    days = last_days(7, zone="Asia/Seoul", now=NOW)
    return Question(range=days, now=NOW, filters=Filters(**filters))


def names(order: Order = Order.NEWEST, **more: int) -> list[str]:
    return [line.debate_id for line in debate_list.page(question(), order=order, **more).lines]


def three_debates() -> None:
    call("attack_response", 5, debate="old", at=NOW - 21 * HOUR)
    call("attack_response", 50, debate="dear", at=NOW - 20 * HOUR)
    call("attack_response", 7, debate="dear", at=NOW - 19 * HOUR)
    call("attack_response", 1, debate="new", at=NOW - timedelta(minutes=2), language="en")
    call("attack_response", 1, debate="", at=NOW)
    call("attack_response", 1, debate="long-ago", at=NOW - timedelta(days=9))


@pytest.mark.parametrize("is_rolled", [False, True])
def test_debates_of_the_days_newest_or_dearest_first(is_rolled: bool) -> None:
    three_debates()
    if is_rolled:
        rollups.catch_up(now=NOW)
    assert names() == ["new", "dear", "old"]
    assert names(Order.DEAREST) == ["dear", "old", "new"]
    dear = debate_list.page(question(), order=Order.DEAREST).lines[0]
    assert (dear.calls, dear.cost_nanos) == (2, 57)
    assert (dear.first_at, dear.last_at) == (NOW - 20 * HOUR, NOW - 19 * HOUR)


def test_pages_have_each_debate_once() -> None:
    three_debates()
    first = debate_list.page(question(), order=Order.NEWEST, size=2)
    assert first.has_more
    rest = debate_list.page(question(), order=Order.NEWEST, number=2, size=2)
    assert not rest.has_more
    assert [line.debate_id for line in (*first.lines, *rest.lines)] == ["new", "dear", "old"]


def test_filters_leave_debates_in_one_language() -> None:
    three_debates()
    found = debate_list.page(question(language="en"), order=Order.NEWEST)
    assert [line.debate_id for line in found.lines] == ["new"]


def test_an_export_is_bounded() -> None:
    three_debates()
    assert len(list(debate_list.every(question(), order=Order.DEAREST, limit=2))) == 2
    assert len(list(debate_list.every(question(), order=Order.DEAREST, limit=9))) == 3


def test_a_debate_is_found_by_its_index() -> None:
    """A scan of all rows would make its page slower every day."""
    call("attack_response", 100)
    plan = UsageRecord.objects.filter(debate_id="d1").exclude(debate_id="").explain()
    assert "usage_by_debate" in plan or "Seq Scan" in plan  # PostgreSQL: of a table of one row
