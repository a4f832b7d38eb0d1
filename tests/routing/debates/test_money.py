"""What a debate holds: opened with all it needs or not at all, finished whatever becomes of
budgets, and in the end everything is given back."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from accounts.models import Member, Organisation, User
from accounts.services import tiers_load
from accounts.types import Caller
from billing import debate_holds, debates, ledger
from billing.budgets import Book, book_changed
from billing.models import Budget, Reservation, UsageRecord, Window
from billing.prices import Price, PriceTable
from costcontrol.lib.errors import BudgetExhausted, QuotaExceeded
from routing.call_kinds import CALL_KINDS
from routing.debates import money
from routing.debates.errors import LanguageUnavailable
from routing.debates.money import BriefFacts, debate_close, debate_open, draws_of, stage_hold
from routing.debates.plan import STAGES, Shape
from routing.management.commands.load_defaults import CELLS
from routing.models import Debate, Turn
from routing.snapshot import Snapshot
from routing.types import Complexity, DeploymentSpec
from tests.billing.books import NOW, usage
from tests.billing.purses import customer_make, give, plan
from tests.routing.test_policy import ECONOMY, LOCAL, MID, PREMIUM

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
CHEAP, DEAR = Decimal(1), Decimal(10)
CLOUD = (
    replace(ECONOMY, price_provider="economy"), replace(MID, price_provider="mid"),
    replace(PREMIUM, price_provider="premium"),
)
DOLLAR = 10**9


@pytest.fixture(autouse=True)
def plans_and_keys(settings: Any) -> None:
    tiers_load()
    settings.OPENAI_API_KEY = settings.ANTHROPIC_API_KEY = "sk-test"


def price(provider: str, usd: Decimal) -> Price:
    return Price(1, provider, "*", "standard", 0, usd, usd / 10, usd, usd * 5, Decimal(0))


def snapshot(house: Iterable[DeploymentSpec] = CLOUD) -> Snapshot:
    prices = PriceTable.of([
        price("economy", CHEAP), price("mid", DEAR), price("premium", DEAR * 4),
        price("openai", Decimal(0)),
    ])
    return Snapshot(tuple(house), CELLS, 1, prices, Book.load(), None, "hash")


def caller(**limits: Any) -> Caller:
    allowed = ["local", "economy", "mid", "premium"]
    tier = plan(route_mode="hybrid", allowed_classes=allowed, **limits)
    return Caller.signed_in(User.objects.create_user("alice@example.com", tier=tier))


def debate_of(who: Caller, **more: Any) -> Debate:
    values = {"topic": "What is virtue?", "language": "en", "format": "1v1", "created_at": NOW}
    return Debate.objects.create(user_id=who.user_id, **values | more)


def opened(who: Caller, known: Snapshot | None = None, **more: Any) -> Debate:
    debate = debate_of(who, **more)
    debate_open(debate, caller=who, snapshot=known or snapshot(), now=NOW)
    return debate


def amounts(debate: Debate) -> dict[str, int]:
    return {kept.name: kept.amount for kept in debate_holds.kept(debate.id)}


def completed(debate: Debate, *steps: int) -> None:
    for step in steps:
        Turn.objects.create(
            debate=debate, number=step + 1, step=step, stage="x", status="completed",
            created_at=NOW,
        )


def held() -> int:
    return sum(Window.objects.filter(metric="usd").values_list("held", flat=True))


def taken() -> int:
    return sum(Window.objects.filter(metric="debates").values_list("spent", flat=True))


# --- opening ---------------------------------------------------------------------------------


def test_a_debate_is_taken_from_the_quota_and_money_is_held_for_its_beginning_and_its_end() -> None:
    who = caller(debates_per_day=3, usd_per_day_nanos=5 * DOLLAR)
    debate = debate_of(who)
    readings = debate_open(debate, caller=who, snapshot=snapshot(), now=NOW)
    assert [reading.room.left for reading in readings] == [2]
    found = amounts(debate)
    assert set(found) == {"stage:opening", "finish"}
    assert held() == sum(found.values()) > 0
    assert ledger.differences() == []


def test_the_end_is_held_for_on_cheaper_models_than_its_stages_are_usually_made_on() -> None:
    who = caller(usd_per_day_nanos=90 * DOLLAR)
    debate, found = opened(who), 0
    finish = amounts(debate)["finish"]
    for stage in STAGES[1:]:
        assert stage_hold(debate, stage, caller=who, snapshot=snapshot(), now=NOW)
        found += amounts(debate)[f"stage:{stage}"]
    assert found > 3 * finish


def test_without_money_for_all_of_it_nothing_is_taken() -> None:
    who = caller(debates_per_day=3, usd_per_day_nanos=1_000_000)
    debate = debate_of(who)
    with pytest.raises(QuotaExceeded) as refused:
        debate_open(debate, caller=who, snapshot=snapshot(), now=NOW)
    assert refused.value.details["metric"] == "usd"
    assert (taken(), held()) == (0, 0)
    assert not Reservation.objects.exists()


def test_without_a_debate_left_nothing_is_held() -> None:
    who = caller(debates_per_day=1, usd_per_day_nanos=5 * DOLLAR)
    first = opened(who)
    with pytest.raises(QuotaExceeded) as refused:
        opened(who)
    assert refused.value.details["metric"] == "debates"
    assert held() == sum(amounts(first).values())
    assert taken() == 1


def test_the_operators_budget_closes_it_for_everybody() -> None:
    Budget.objects.create(scope_kind="platform", cap_nanos=1_000_000)
    who = caller(debates_per_day=3)
    with pytest.raises(BudgetExhausted):
        opened(who)
    assert (taken(), held()) == (0, 0)


def test_a_plan_without_a_ceiling_holds_nothing_and_runs() -> None:
    who = caller(debates_per_day=3)
    debate = opened(who)
    assert amounts(debate) == {}
    assert stage_hold(debate, "pro_argument", caller=who, snapshot=snapshot(), now=NOW)
    assert draws_of(debate, "pro_argument") == ()
    assert taken() == 1


def test_models_that_cost_nothing_hold_nothing_even_when_the_money_is_gone() -> None:
    who = caller(debates_per_day=3, usd_per_day_nanos=0)
    debate = opened(who, snapshot([LOCAL]))
    assert amounts(debate) == {}
    assert stage_hold(debate, "pro_argument", caller=who, snapshot=snapshot([LOCAL]), now=NOW)


def test_opening_twice_takes_and_holds_once() -> None:
    who = caller(debates_per_day=3, usd_per_day_nanos=5 * DOLLAR)
    debate = opened(who)
    before = held()
    debate_open(debate, caller=who, snapshot=snapshot(), now=NOW)
    assert (taken(), held()) == (1, before)


def test_a_budget_that_was_set_meanwhile_is_kept_to() -> None:
    """The snapshot is older than the book: it is read again, and here has no models any more."""
    who = caller(usd_per_day_nanos=5 * DOLLAR)
    old = snapshot()
    book_changed()
    debate = debate_of(who)
    with pytest.raises(LanguageUnavailable):
        debate_open(debate, caller=who, snapshot=old, now=NOW)
    assert held() == 0


def test_nobody_is_charged_for_a_language_that_no_model_speaks() -> None:
    who = caller(debates_per_day=3, usd_per_day_nanos=5 * DOLLAR)
    with pytest.raises(LanguageUnavailable) as refused:
        opened(who, snapshot([LOCAL]), language="ko")
    assert "OPENAI_API_KEY" in refused.value.message
    assert (taken(), held()) == (0, 0)


# --- beyond the plan -------------------------------------------------------------------------


def customer(credit: int, **limits: Any) -> Caller:
    tier = plan(route_mode="hybrid", allowed_classes=["economy", "mid", "premium"], **limits)
    who = customer_make()
    assert who.user
    who.user.tier = tier
    who.user.save()
    give(who, credit)
    return Caller.signed_in(who.user)


def test_credit_holds_what_the_plan_has_no_room_for() -> None:
    who = customer(5 * DOLLAR, debates_per_day=3, usd_per_day_nanos=1_000_000)
    debate = opened(who)
    kept = debate_holds.kept(debate.id)
    assert {each.paid_from for each in kept} == {"credit"}
    assert Window.objects.get(scope_kind="credit").held == sum(each.amount for each in kept)
    assert taken() == 1
    assert not debates.is_beyond(who.user_id, str(debate.id))


def test_a_debate_beyond_the_quota_is_held_for_by_credit_and_counted_nowhere() -> None:
    who = customer(5 * DOLLAR, debates_per_day=0, usd_per_day_nanos=5 * DOLLAR)
    debate = opened(who)
    assert {each.paid_from for each in debate_holds.kept(debate.id)} == {"credit"}
    assert taken() == 0
    assert debates.is_beyond(who.user_id, str(debate.id))
    assert money.quota_back(debate, now=NOW)
    assert not money.quota_back(debate, now=NOW)


def test_credit_that_does_not_cover_it_is_told_as_the_plans_limit() -> None:
    who = customer(1_000, debates_per_day=3, usd_per_day_nanos=1_000_000)
    with pytest.raises(QuotaExceeded) as refused:
        opened(who)
    assert refused.value.details["metric"] == "usd"
    assert refused.value.details["limit"] == 1_000_000
    assert (taken(), held()) == (0, 0)


def test_members_of_an_organisation_share_its_money_and_its_debates() -> None:
    tier = plan(
        route_mode="hybrid", allowed_classes=["economy", "mid", "premium"], debates_per_day=3,
        usd_per_day_nanos=5 * DOLLAR,
    )
    team = Organisation.objects.create(name="Team", tier=tier)
    for name in ("ann", "ben"):
        member = User.objects.create_user(f"{name}@example.com", tier_id="free")
        Member.objects.create(organisation=team, user=member)
        opened(Caller.signed_in(User.objects.get(pk=member.pk)))
    rows = Window.objects.filter(scope_kind="org", scope_id=str(team.pk))
    assert rows.get(metric="debates").spent == 2
    assert rows.get(metric="usd").held == held() > 0


# --- stage by stage --------------------------------------------------------------------------


def test_each_stage_is_held_for_when_it_begins_and_the_end_shrinks() -> None:
    who = caller(usd_per_day_nanos=90 * DOLLAR)
    debate = opened(who)
    ends = [amounts(debate)["finish"]]
    for stage in STAGES[1:]:
        assert stage_hold(debate, stage, caller=who, snapshot=snapshot(), now=NOW)
        assert set(amounts(debate)) <= {f"stage:{stage}", "finish"}
        ends.append(amounts(debate).get("finish", 0))
    assert ends == sorted(ends, reverse=True)
    assert ends[-1] == 0
    assert ledger.differences() == []


def test_asking_again_within_a_stage_changes_nothing() -> None:
    who = caller(usd_per_day_nanos=90 * DOLLAR)
    debate = opened(who)
    stage_hold(debate, "pro_argument", caller=who, snapshot=snapshot(), now=NOW)
    ids = draws_of(debate, "pro_argument")
    stage_hold(debate, "pro_argument", caller=who, snapshot=snapshot(), now=NOW)
    assert draws_of(debate, "pro_argument") == ids
    assert len(ids) == 2


def test_what_a_stage_did_not_need_makes_room_for_the_next() -> None:
    who = caller(usd_per_day_nanos=90 * DOLLAR)
    debate = opened(who)
    first = amounts(debate)["stage:opening"]
    assert stage_hold(debate, "pro_argument", caller=who, snapshot=snapshot(), now=NOW)
    need = held()
    debate_close(debate, now=NOW)
    again = opened(who)
    Window.objects.filter(metric="usd").update(cap=max(need, held()))
    assert need + first > max(need, held())
    assert stage_hold(again, "pro_argument", caller=who, snapshot=snapshot(), now=NOW)
    assert held() == need
    assert ledger.differences() == []


def test_when_the_money_is_gone_the_debate_goes_on_with_what_is_held_for_its_end() -> None:
    who = caller(usd_per_day_nanos=90 * DOLLAR)
    debate = opened(who)
    finish = amounts(debate)["finish"]
    Window.objects.filter(metric="usd").update(cap=held())
    assert not stage_hold(debate, "pro_argument", caller=who, snapshot=snapshot(), now=NOW)
    assert amounts(debate)["finish"] == finish
    assert len(draws_of(debate, "pro_argument")) == 1


def test_turns_that_are_done_are_not_held_for_again() -> None:
    who = caller(usd_per_day_nanos=90 * DOLLAR)
    debate = opened(who, format="2v2")
    stage_hold(debate, "pro_argument", caller=who, snapshot=snapshot(), now=NOW)
    whole = amounts(debate)["stage:pro_argument"]
    debate_close(debate, now=NOW)
    completed(debate, 1)
    stage_hold(debate, "pro_argument", caller=who, snapshot=snapshot(), now=NOW)
    assert amounts(debate)["stage:pro_argument"] < 0.6 * whole


def test_after_midnight_money_is_held_in_the_new_day() -> None:
    who = caller(usd_per_day_nanos=90 * DOLLAR)
    debate = opened(who)
    tomorrow = NOW + timedelta(days=1)
    assert stage_hold(debate, "opening", caller=who, snapshot=snapshot(), now=tomorrow)
    by_day = Window.objects.filter(metric="usd").order_by("start").values_list("held", flat=True)
    assert list(by_day) == [0, sum(amounts(debate).values())]
    assert ledger.differences() == []


def test_what_was_swept_while_nobody_watched_is_held_anew() -> None:
    who = caller(usd_per_day_nanos=90 * DOLLAR)
    debate = opened(who)
    Reservation.objects.update(lease_until_ms=1)
    ledger.sweep()
    assert amounts(debate) == {}
    assert stage_hold(debate, "opening", caller=who, snapshot=snapshot(), now=NOW)
    assert set(amounts(debate)) == {"stage:opening", "finish"}


def test_a_debate_that_is_over_holds_nothing() -> None:
    who = caller(debates_per_day=3, usd_per_day_nanos=90 * DOLLAR)
    debate = opened(who)
    debate_close(debate, now=NOW)
    debate_close(debate, now=NOW)
    assert held() == 0
    assert taken() == 1
    assert ledger.differences() == []


def test_the_quota_comes_back_once_and_not_after_something_was_made() -> None:
    who = caller(debates_per_day=3)
    debate, begun = opened(who), opened(who)
    ledger.insert_usage([_usage(begun)])
    assert money.quota_back(debate, now=NOW)
    assert not money.quota_back(debate, now=NOW)
    assert not money.quota_back(begun, now=NOW)
    assert taken() == 1


def _usage(debate: Debate) -> UsageRecord:
    return usage(uuid4(), cost=5, debate_id=str(debate.id), user_id=debate.user_id)


# --- held out --------------------------------------------------------------------------------


def with_baseline() -> Snapshot:
    return replace(snapshot(), baseline=CLOUD[2])


def test_a_debate_that_is_held_out_holds_for_the_model_of_the_baseline(settings: Any) -> None:
    who = caller(usd_per_day_nanos=90 * DOLLAR)
    usual = amounts(opened(who, with_baseline()))["stage:opening"]
    settings.HOLDOUT_PERCENT = 100
    debate = opened(who, with_baseline())
    assert amounts(debate)["stage:opening"] > 10 * usual
    assert stage_hold(debate, "closing", caller=who, snapshot=with_baseline(), now=NOW)
    assert ledger.differences() == []


def test_without_room_a_debate_that_is_held_out_is_opened_as_usual(settings: Any) -> None:
    settings.HOLDOUT_PERCENT = 100
    who = caller(usd_per_day_nanos=90 * DOLLAR)
    debate = opened(who, replace(with_baseline(), baseline=None))
    usual = amounts(debate)
    debate_close(debate, now=NOW)
    Window.objects.filter(metric="usd", scope_kind="user").update(cap=sum(usual.values()))
    assert amounts(opened(who, with_baseline())) == usual
    assert ledger.differences() == []


def test_credit_is_not_touched_for_a_debate_that_is_held_out(settings: Any) -> None:
    settings.HOLDOUT_PERCENT = 100
    who = customer(90 * DOLLAR, debates_per_day=3, usd_per_day_nanos=200_000_000)
    debate = opened(who, with_baseline())
    assert {each.paid_from for each in debate_holds.kept(debate.id)} == {"plan"}


# --- estimates -------------------------------------------------------------------------------


def estimated(who: Caller, known: Snapshot | None = None, **more: Any) -> money.Estimate:
    shape = Shape(more.pop("format", "2v2"))
    facts = BriefFacts(more.pop("language", "en"))
    return money.estimate(
        shape, brief_facts=facts, caller=who, snapshot=known or snapshot(), now=NOW
    )


def test_an_estimate_is_a_range_over_all_stages() -> None:
    found = estimated(caller(debates_per_day=3, usd_per_day_nanos=90 * DOLLAR))
    assert [stage.stage for stage in found.stages] == list(STAGES)
    assert 0 < found.low_nanos < found.high_nanos
    assert found.low_nanos == sum(stage.low_nanos for stage in found.stages)
    assert found.model_classes == ("economy", "premium")
    assert sum(stage.calls for stage in found.stages) == 57
    assert sum(stage.templates for stage in found.stages) == 3
    assert found.is_covered
    assert found.debates
    assert found.debates.room.left == 3


def test_a_smaller_debate_costs_less_and_korean_costs_more() -> None:
    who = caller()
    small, large, korean = (
        estimated(who, format="1v1"), estimated(who), estimated(who, language="ko")
    )
    assert small.high_nanos < large.high_nanos < korean.high_nanos


def test_what_covers_an_estimate_opens_the_debate_and_what_does_not_refuses_it() -> None:
    who = caller(usd_per_day_nanos=90 * DOLLAR)
    debate = opened(who)
    need = sum(amounts(debate).values())
    debate_close(debate, now=NOW)
    for cap, is_covered in ((need, True), (need - 1, False)):
        Window.objects.filter(metric="usd").update(cap=cap)
        found = estimated(who, format="1v1")
        assert found.is_covered == is_covered
        if is_covered:
            debate_close(opened(who), now=NOW)
        else:
            assert found.refusal
            assert found.refusal.details["resets_at"]
            with pytest.raises(QuotaExceeded):
                opened(who)


def test_an_estimate_says_what_else_would_pay() -> None:
    found = estimated(customer(5 * DOLLAR, debates_per_day=0, usd_per_day_nanos=1_000))
    assert found.is_covered
    assert found.paid_from == "credit"


def test_an_estimate_in_a_language_that_no_model_speaks_tells_the_mend() -> None:
    found = estimated(caller(), snapshot([LOCAL]), language="ko")
    assert not found.is_covered
    assert found.language_unavailable
    assert "Korean" in found.language_unavailable.message
    assert found.stages == ()


def test_where_all_models_are_tiny_only_the_debate_itself_is_made() -> None:
    tiny = replace(LOCAL, context_tokens=2048)
    found = estimated(caller(), snapshot([tiny]), language="en")
    assert found.is_lean
    assert sum(stage.calls for stage in found.stages) == 24
    assert not estimated(caller_again(), snapshot()).is_lean


def caller_again() -> Caller:
    return Caller.signed_in(User.objects.get())


def test_a_debate_of_ones_own_costs_what_staff_say_that_such_answers_are_worth() -> None:
    kinds = {
        name: replace(kind, complexity_alone=Complexity.MEDIUM)
        if name == "opening_statement" else kind
        for name, kind in CALL_KINDS.items()
    }
    known, now = replace(snapshot(), kinds=kinds), NOW
    shape, whose = Shape("2v2"), caller()

    def low(*, is_alone: bool) -> int:
        facts = BriefFacts("ko", is_alone=is_alone)
        return money.estimate(
            shape, brief_facts=facts, caller=whose, snapshot=known, now=now
        ).low_nanos

    assert low(is_alone=True) < low(is_alone=False)
