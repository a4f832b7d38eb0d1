"""Calls that are parts of a debate: admitted as a whole, never cut, drawing on what is held."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from accounts.models import User
from accounts.throttles import throttle_set
from accounts.types import Caller
from billing import debate_holds, debates, gauge, ledger, output_lengths, purses
from billing.debate_holds import Wanted
from billing.models import CallUse, UsageRecord, Window
from billing.rules import Book, rules_of_call
from costcontrol.lib import clock, database
from costcontrol.lib.errors import QuotaExceeded, RateLimited, Suspended
from routing import gateway, keeper, limits, snapshot
from routing.models import Deployment
from routing.types import ChatRequest, Message
from tests.billing.conftest import append_only as append_only
from tests.billing.conftest import committed as committed
from tests.billing.purses import plan
from tests.flows.rows import price
from tests.services.defaults import defaults_copy
from tests.services.minutes import within_one_minute

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.postgresql]
ASKED = ChatRequest((Message("user", "What is virtue?"),), language="en", may_read_cache=False)
DOLLAR = 10**9
# 20 words of the fake upstream at $100 a million; and of a cheap one at $1.
DEAR, CHEAP = "fake/dear", "fake/cheap"


@pytest.fixture(autouse=True)
def house(committed: None) -> Iterator[None]:
    defaults_copy()
    Deployment.objects.all().update(is_enabled=False)
    for name, model_class in ((DEAR, "mid"), (CHEAP, "economy")):
        Deployment.objects.create(
            name=name, provider="fake", model=name.split("/")[1], model_class=model_class,
            languages=["en"],
        )
    price("fake", "dear", fresh_input=0, output=100)
    price("fake", "cheap", fresh_input=0, output=1)
    for memory in (gauge, output_lengths, purses):
        memory.forget_all()
    debates._taken.clear()
    snapshot.forget()
    limits._local.clear()
    yield
    snapshot.forget()
    keeper._rows.clear()
    keeper._uses.clear()


@pytest.fixture(autouse=True, scope="module")
def own_threads() -> Iterator[None]:
    """Connections of the bridge's threads end with these tests."""
    yield
    database.close_threads()


def caller(**rules: Any) -> Caller:
    tier = plan(route_mode="cloud", allowed_classes=["economy", "mid"], **rules)
    user = User.objects.filter(email="alice@example.com").first()
    return Caller.signed_in(user or User.objects.create_user("alice@example.com", tier=tier))


def ask(who: Caller, **more: Any) -> str:
    """The deployment that answered."""
    return asked(who, **more)[1]


def asked(who: Caller, **more: Any) -> tuple[UUID, str]:
    """One call on its own loop, with all that is written beside it."""

    async def run() -> tuple[UUID, str]:
        answer = await gateway.answer(ChatRequest(**_facts(more)), who)
        await answer.whole()
        await keeper.flush()
        assert answer.work
        assert answer.work.meter
        return answer.call.id, answer.work.meter.deployment.name

    return asyncio.run(run())


def _facts(more: dict[str, Any]) -> dict[str, Any]:
    fields = {name: getattr(ASKED, name) for name in ("messages", "language", "may_read_cache")}
    return fields | {"call_kind": "attack_response"} | more


def day_of(who: Caller) -> Window:
    return Window.objects.get(scope_kind="user", metric="usd", scope_id=str(who.user_id))


def hold(debate: UUID, who: Caller, *wanted: Wanted) -> tuple[UUID, ...]:
    rules = rules_of_call(
        Book.load(), tier=who.tier, payer=who.payer, user_id=who.user_id, key_prefix="",
        provider="", debate_id=str(debate),
    )
    money = [rule for rule in rules if rule.metric == "usd"]
    debate_holds.hold(debate, wanted, windows=gauge.windows(money, now=clock.now()))
    return tuple(kept.id for kept in debate_holds.kept(debate))


def test_parts_are_no_requests_of_their_own_in_a_minute() -> None:
    who = caller(requests_per_minute=1)
    with within_one_minute():
        for _ in range(3):
            ask(who, is_part=True)
        ask(who)
        with pytest.raises(RateLimited):
            ask(who)


def test_suspended_user_has_no_parts_either() -> None:
    """A turn that runs already makes no further call."""
    who = caller()
    ask(who, is_part=True)
    throttle_set(
        user=User.objects.get(pk=who.user_id), requests_per_minute=0, until=None, reason="",
        actor="alice@example.org", now=clock.now(),
    )
    snapshot.forget()
    with pytest.raises(Suspended):
        ask(who, is_part=True)


def test_parts_are_counted_in_the_ledger_as_other_calls_are() -> None:
    who = caller(calls_per_debate=2)
    for _ in range(2):
        ask(who, is_part=True, debate_id="d1")
    with pytest.raises(QuotaExceeded):
        ask(who, is_part=True, debate_id="d1")


def test_rather_than_be_cut_an_answer_comes_from_a_smaller_model() -> None:
    """Room for 60 tokens of the dear model, or for 256 of the cheap one."""
    who = caller(usd_per_day_nanos=6_000_000)
    assert ask(who, max_output_tokens=256, is_never_cut=True) == CHEAP
    assert ask(who, max_output_tokens=256) == DEAR  # others take what is left


def test_an_answer_that_fits_nowhere_whole_is_refused_rather_than_cut() -> None:
    who = caller(usd_per_day_nanos=20_000)
    with pytest.raises(QuotaExceeded):
        ask(who, max_output_tokens=256, is_never_cut=True)
    assert ask(who, max_output_tokens=256) == CHEAP


def test_a_part_is_paid_from_what_is_held_when_nothing_else_is_left() -> None:
    who, debate = caller(usd_per_day_nanos=100_000_000), uuid4()
    ids = hold(debate, who, Wanted("stage:opening", 100_000_000))
    with pytest.raises(QuotaExceeded):
        ask(who, max_output_tokens=256, is_never_cut=True)
    assert ask(who, max_output_tokens=256, is_never_cut=True, draws_on=ids) == DEAR
    assert debate_holds.kept(debate)[0].amount == 100_000_000 - 256 * 100_000
    assert day_of(who).spent == 20 * 100_000
    assert ledger.differences() == []


def test_what_is_held_for_the_end_is_spent_on_the_cheap_model() -> None:
    who, debate = caller(usd_per_day_nanos=100_000_000), uuid4()
    ids = hold(debate, who, Wanted("finish", 100_000_000, {"medium": ["0", "1"]}))
    assert ask(who, max_output_tokens=256, is_never_cut=True, draws_on=ids) == CHEAP
    assert debate_holds.kept(debate)[0].amount == 100_000_000 - 256 * 1_000


def test_rows_say_where_a_call_belongs_and_whose_answers_it_used() -> None:
    who, parent = caller(), uuid4()
    first, _ = asked(who, debate_id="d1", stage="opening", speaker="pro1", parent_call_id=parent)
    second, _ = asked(who, debate_id="d1", uses=(first,))
    row = UsageRecord.objects.get(call_id=first)
    assert (row.stage, row.speaker, row.parent_call_id) == ("opening", "pro1", parent)
    row = UsageRecord.objects.get(call_id=second)
    assert (row.stage, row.speaker, row.parent_call_id) == (None, None, None)
    assert list(CallUse.objects.values_list("call_id", "used_by")) == [(first, second)]


def test_a_use_that_is_written_twice_stands_there_once() -> None:
    pair = {"call_id": uuid4(), "used_by": uuid4()}
    for _ in range(2):
        ledger.insert_uses([CallUse(**pair), CallUse(**pair)])
    assert CallUse.objects.count() == 1
