"""Who may answer, best first, and why: the table, and what strikes candidates out of it."""

from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
from pytest_django import Settings

from accounts.types import TierRules
from billing.budgets import Book
from billing.prices import Price, PriceTable
from costcontrol.lib.errors import (
    ContextTooLong,
    CostControlError,
    TierFeature,
    Unavailable,
    UnknownModel,
    UnpricedModel,
    UnsupportedParameter,
)
from routing import tokens
from routing.management.commands.load_defaults import CELLS
from routing.policy import Situation, choose, usual_route
from routing.snapshot import Snapshot
from routing.types import (
    ChatRequest,
    Classified,
    Complexity,
    DeploymentSpec,
    Message,
    ModelClass,
    Plan,
)

ALL = tuple(ModelClass)
ASKED = ChatRequest((Message("user", "What is virtue?"),))


def deployment(name: str, model_class: str, **more: Any) -> DeploymentSpec:
    provider = more.pop("provider", "openai")
    return DeploymentSpec(name, provider, "m", ModelClass(model_class), **more)


LOCAL = deployment("local", "local", languages=("en",))
ECONOMY = deployment("economy", "economy", provider="anthropic")
ECONOMY_2 = deployment("economy-2", "economy", priority=200)
MID, PREMIUM = deployment("mid", "mid"), deployment("premium", "premium")
HOUSE = (PREMIUM, MID, ECONOMY_2, ECONOMY, LOCAL)


def price(provider: str) -> Price:
    one = Decimal(1)
    return Price(1, provider, "*", "standard", 0, one, one, one, one, Decimal(0))


def tier(mode: str, allowed: tuple[str, ...] = ALL) -> TierRules:
    return TierRules(
        name=mode, title=mode.title(), route_mode=mode, debates_per_day=None,
        requests_per_day=None, calls_per_debate=None, usd_per_day_nanos=None,
        requests_per_minute=None, concurrent_calls=None, allowed_classes=allowed,
        is_economy_exempt=False,
    )


FREE, PREMIUM_PLAN, ENTERPRISE = tier("local", ("local",)), tier("hybrid"), tier("cloud")


def situation(plan: TierRules = PREMIUM_PLAN, **more: Any) -> Situation:
    complexity = Complexity(more.pop("complexity", "medium"))
    language = more.pop("language", "en")
    house = more.pop("house", HOUSE)
    priced = more.pop("priced", ("openai", "anthropic"))
    request = replace(ASKED, **more.pop("request", {}))
    snapshot = Snapshot(
        house, CELLS, 1, PriceTable.of(price(name) for name in priced), Book([]), None, "hash"
    )
    return Situation(
        request=request, classified=Classified(complexity, "a test", language), tier=plan,
        snapshot=snapshot, problems=more.pop("problems", MappingProxyType({})), **more,
    )


def names(plan: Plan) -> list[str]:
    return [deployment.name for deployment in plan.candidates]


@pytest.mark.parametrize(
    ("plan", "complexity", "expected"),
    [
        (FREE, "simple", ["local"]),
        (FREE, "complex", ["local"]),
        (PREMIUM_PLAN, "simple", ["local", "economy", "economy-2"]),
        (PREMIUM_PLAN, "medium", ["economy", "economy-2", "local"]),
        (PREMIUM_PLAN, "complex", ["premium", "mid", "economy", "economy-2", "local"]),
        (ENTERPRISE, "simple", ["economy", "economy-2", "mid"]),
        (ENTERPRISE, "medium", ["mid", "economy", "economy-2", "premium"]),
        (ENTERPRISE, "complex", ["premium", "mid"]),
    ],
)
def test_table_orders_the_candidates(
    plan: TierRules, complexity: str, expected: list[str]
) -> None:
    assert names(choose(situation(plan, complexity=complexity))) == expected


def test_reason_names_complexity_plan_and_classes() -> None:
    reason = choose(situation()).reason
    assert reason == "medium (a test) on hybrid (hybrid): economy > local"


@pytest.mark.parametrize(
    ("plan", "complexity", "expected"),
    [
        (PREMIUM_PLAN, "medium", ["local", "economy", "economy-2"]),
        (ENTERPRISE, "complex", ["economy", "economy-2", "local", "mid"]),
        (FREE, "complex", ["local"]),
    ],
)
def test_economy_mode_moves_every_cell_to_the_cheapest(
    plan: TierRules, complexity: str, expected: list[str]
) -> None:
    chosen = choose(situation(plan, complexity=complexity, is_economy=True))
    assert names(chosen) == expected
    assert chosen.is_economy
    assert "economy mode: a budget passed its soft limit" in chosen.reason


def test_class_that_was_asked_for_comes_first_and_its_cell_behind_it() -> None:
    chosen = choose(situation(request={"model": "mid"}))
    assert names(chosen) == ["mid", "economy", "economy-2", "local"]
    assert chosen.reason.startswith("mid was asked for")


def test_name_that_was_asked_for_stands_alone() -> None:
    chosen = choose(situation(request={"model": "economy-2"}))
    assert names(chosen) == ["economy-2"]
    assert chosen.if_closed == ()


def test_closed_budget_leaves_the_local_models_where_the_choice_was_ours() -> None:
    chosen = choose(situation(ENTERPRISE, complexity="complex"))
    assert [each.name for each in chosen.if_closed] == ["local"]


def test_language_strikes_out_who_does_not_speak_it() -> None:
    chosen = choose(situation(complexity="simple", language="ko"))
    assert names(chosen) == ["economy", "economy-2"]
    assert "not local: it does not speak ko" in chosen.reason
    assert chosen.if_closed == ()


def test_problem_strikes_out_who_has_it() -> None:
    chosen = choose(situation(problems={"economy": "set ANTHROPIC_API_KEY"}))
    assert names(chosen) == ["economy-2", "local"]
    assert "not economy: set ANTHROPIC_API_KEY" in chosen.reason


def test_price_that_is_missing_strikes_out() -> None:
    chosen = choose(situation(priced=("openai",)))
    assert names(chosen) == ["economy-2", "local"]
    assert "not economy: it has no price" in chosen.reason


def test_parameter_strikes_out_who_does_not_know_it() -> None:
    chosen = choose(situation(request={"extra": {"seed": 1}}))
    assert names(chosen) == ["economy-2", "local"]
    assert "not economy: it does not know seed" in chosen.reason


def test_tool_messages_strike_out_who_takes_text_alone() -> None:
    talk = (*ASKED.messages, Message("tool", "42", {"tool_call_id": "c1"}))
    assert names(choose(situation(request={"messages": talk}))) == ["economy-2", "local"]


@pytest.mark.parametrize(("spare", "is_in"), [(16, True), (15, False)])
def test_prompt_must_leave_room_for_sixteen_tokens(spare: int, is_in: bool) -> None:
    size = tokens.estimate_input(ASKED, LOCAL)
    small = replace(LOCAL, context_tokens=size + spare)
    chosen = choose(situation(house=(ECONOMY, small)))
    assert (small.name in names(chosen)) is is_in


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"request": {"model": "nobody"}}, UnknownModel, "no model “nobody”"),
        ({"plan": FREE, "request": {"model": "premium"}}, TierFeature, "does not include premium"),
        ({"plan": FREE, "request": {"model": "economy"}}, TierFeature, "does not include economy"),
        ({"plan": FREE, "language": "ko"}, Unavailable, "local: it does not speak ko"),
        ({"house": ()}, Unavailable, "No model is set up for this plan"),
        ({"plan": FREE, "priced": ()}, UnpricedModel, "local: it has no price"),
        (
            {"house": (ECONOMY,), "request": {"extra": {"seed": 1}}},
            UnsupportedParameter, "economy: it does not know seed",
        ),
        (
            {"house": (replace(LOCAL, context_tokens=10),)},
            ContextTooLong, "do not fit its context of 10",
        ),
        (
            {"house": (ECONOMY, LOCAL), "request": {"extra": {"seed": 1}},
             "problems": {"local": "it is down"}},
            Unavailable, "local: it is down",
        ),
    ],
)
def test_when_nobody_is_left_the_reason_is_said(
    changes: dict[str, Any], error: type[CostControlError], says: str
) -> None:
    plan = changes.pop("plan", PREMIUM_PLAN)
    with pytest.raises(error, match=says):
        choose(situation(plan, **changes))


# --- who usually answers -------------------------------------------------------------------------


def usual(kind: str = "opening_statement", plan: TierRules = PREMIUM_PLAN, **more: Any) -> str:
    found = situation(plan, **more)
    language = found.classified.language
    return usual_route(kind, tier=plan, language=language, snapshot=found.snapshot)


def test_usual_route_is_the_first_choice_of_the_table() -> None:
    assert usual() == "premium premium"
    assert usual("quality_check", ENTERPRISE) == "premium premium"
    assert usual("attack_response", PREMIUM_PLAN) == "economy economy-2"  # the first has no key
    assert usual("attack_response", FREE) == "local local"


def test_usual_route_knows_neither_budgets_nor_failures() -> None:
    assert usual(problems={"premium": "it fails"}, is_economy=True) == "premium premium"


def test_usual_route_passes_over_what_cannot_answer() -> None:
    assert usual(language="ko", plan=FREE) == ""
    assert usual(priced=("anthropic",)) == ""
    assert usual(plan=tier("hybrid", ("mid",))) == "mid mid"
    assert usual(plan=tier("hybrid", ())) == ""
    assert usual("no_such_kind") == ""


def test_usual_route_passes_over_a_model_whose_key_nobody_has_set(settings: Settings) -> None:
    settings.ANTHROPIC_API_KEY = ""
    keyless = deployment("first", "premium", provider="anthropic", priority=1)
    assert usual(house=(keyless, PREMIUM)) == "premium premium"
    settings.ANTHROPIC_API_KEY = "sk-ant-test"
    assert usual(house=(keyless, PREMIUM)) == "premium first"


def test_a_call_that_searches_goes_to_a_model_that_can() -> None:
    searches = replace(ECONOMY, name="searches", can_search=True, priority=900)
    asked = situation(house=(ECONOMY, searches))
    found = choose(replace(asked, request=replace(asked.request, max_searches=1)))
    assert [each.name for each in found.candidates] == ["searches"]
    assert "not economy: it does not search the web" in found.reason
