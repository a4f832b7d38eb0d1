"""Where a call goes: by plan, by how hard it is, by language, and by what was asked for."""

from typing import Any

import pytest

from routing.models import CallKindRow, Deployment
from tests.flows.rows import LOCAL, PAID, account, assert_the_books_agree, records
from tests.flows.server import Gateway, Reply
from tests.upstreams.metered import Manner, Metered

SIMPLE, MEDIUM, COMPLEX = "simple", "medium", "complex"
KOREAN = "소크라테스 선생님, 정의란 무엇이라고 생각하십니까?"


def told(complexity: str, **more: Any) -> dict[str, Any]:
    return {"headers": {"x-complexity": complexity} | more}


def who_answered(reply: Reply) -> tuple[str, str]:
    assert reply.status == 200, reply.text
    return reply.headers["x-model"], reply.headers["x-route"]


@pytest.mark.parametrize(
    ("tier", "complexity", "model", "route"),
    [
        ("free", SIMPLE, LOCAL, "local"),
        ("free", MEDIUM, LOCAL, "local"),
        ("free", COMPLEX, LOCAL, "local"),
        ("premium", SIMPLE, LOCAL, "local"),
        ("premium", MEDIUM, "anthropic/claude-haiku-5-5", "economy"),
        ("premium", COMPLEX, "anthropic/claude-opus-5-5", "premium"),
        ("enterprise", SIMPLE, "anthropic/claude-haiku-5-5", "economy"),
        ("enterprise", MEDIUM, "anthropic/claude-sonnet-5-5", "mid"),
        ("enterprise", COMPLEX, "anthropic/claude-opus-5-5", "premium"),
    ],
)
def test_route_follows_plan_and_complexity(
    gateway: Gateway, upstream: Metered, tier: str, complexity: str, model: str, route: str
) -> None:
    reply = gateway.ask(account(tier), "What is virtue?", **told(complexity))
    [row] = records(reply.call_id)
    [sale] = upstream.sales
    assert who_answered(reply) == (model, route)
    assert sale.body["model"] == model.rpartition("/")[2]
    assert f"the caller asked for {complexity}" in row.reason
    assert tier in row.reason
    assert_the_books_agree()


def test_cloud_call_carries_the_platforms_key_and_not_the_callers(
    gateway: Gateway, upstream: Metered
) -> None:
    alice = account("enterprise")
    gateway.ask(alice, **told(COMPLEX))
    [sale] = upstream.sales
    assert "sk-ant-test" in str(sale.headers)
    assert alice.key not in str(sale.headers)


def test_key_of_a_cloud_never_goes_to_another_address(gateway: Gateway, upstream: Metered) -> None:
    gateway.ask(account("free"))
    assert "sk-test" not in str(upstream.sales[0].headers)


def test_korean_call_of_a_premium_user_passes_the_english_model_by(
    gateway: Gateway, upstream: Metered
) -> None:
    reply = gateway.ask(account("premium"), KOREAN, **told(SIMPLE))
    [row] = records(reply.call_id)
    assert who_answered(reply) == ("anthropic/claude-haiku-5-5", "economy")
    assert f"not {LOCAL}: it does not speak ko" in row.reason
    assert [sale.is_anthropic for sale in upstream.sales] == [True]


def test_korean_call_of_a_free_user_is_refused_with_the_reason(
    gateway: Gateway, upstream: Metered
) -> None:
    reply = gateway.ask(account("free"), KOREAN)
    [row] = records(reply.call_id)
    assert (reply.status, reply.error["code"]) == (503, "upstream_unavailable")
    assert "it does not speak ko" in reply.error["message"]
    assert (row.outcome, row.error_code, row.language) == ("refused", "upstream_unavailable", "ko")
    assert upstream.sales == []


def test_language_that_was_named_wins_over_the_script(gateway: Gateway) -> None:
    named = gateway.ask(account("free"), "What is virtue?", headers={"x-language": "ko"})
    assert named.status == 503


@pytest.mark.parametrize(
    "said",
    [
        {"headers": {"x-call-kind": "conclusion"}},
        {"metadata": {"call_kind": "conclusion"}},
        {"metadata": {"complexity": "complex"}},
        {"metadata": {"complexity": "simple"}, "headers": {"x-complexity": "complex"}},
    ],
)
def test_kind_and_complexity_are_read_from_headers_or_metadata(
    gateway: Gateway, said: dict[str, Any]
) -> None:
    reply = gateway.ask(account("premium"), "What is virtue?", **said)
    assert who_answered(reply) == ("anthropic/claude-opus-5-5", "premium")


def test_metadata_stays_with_us(gateway: Gateway, upstream: Metered) -> None:
    told = {"debate_id": "stoics-1", "call_kind": "attack_response"}
    gateway.ask(account(), metadata=told, user="u1")
    [sale] = upstream.sales
    assert not {"metadata", "user"} & sale.body.keys()


@pytest.mark.parametrize(
    ("model", "answered_by"),
    [
        ("local", LOCAL),
        ("economy", "anthropic/claude-haiku-5-5"),
        ("mid", "anthropic/claude-sonnet-5-5"),
        ("premium", "anthropic/claude-opus-5-5"),
        ("openai/gpt-6-luna", "openai/gpt-6-luna"),
        (PAID, PAID),
    ],
)
def test_class_or_deployment_that_was_asked_for_answers(
    gateway: Gateway, model: str, answered_by: str
) -> None:
    reply = gateway.ask(account("premium"), "What is virtue?", model=model)
    [row] = records(reply.call_id)
    assert reply.headers["x-model"] == answered_by
    assert "was asked for" in row.reason
    assert row.requested_model == model


@pytest.mark.parametrize("model", ["premium", "economy", "anthropic/claude-haiku-5-5", PAID])
def test_class_outside_the_plan_is_refused_with_the_way_out(
    gateway: Gateway, upstream: Metered, model: str
) -> None:
    reply = gateway.ask(account("free"), model=model)
    assert (reply.status, reply.error["code"]) == (403, "tier_feature")
    assert reply.error["upgrade"]["feature"] in reply.error["message"]
    assert upstream.sales == []


@pytest.mark.parametrize("model", ["gpt-4", "claude", "Auto", "stub/nobody"])
def test_unknown_model_is_not_found(gateway: Gateway, model: str) -> None:
    reply = gateway.ask(account(), model=model)
    assert (reply.status, reply.error["code"]) == (404, "model_not_found")
    assert reply.error["param"] == "model"
    assert "GET /v1/models" in reply.error["message"]


def test_class_and_cap_of_a_kind_of_call_are_the_operators(
    gateway: Gateway, upstream: Metered
) -> None:
    kind = CallKindRow.objects.filter(name="conclusion")
    usual = kind.values("complexity", "max_output_tokens").get()
    alice, told_kind = account("enterprise"), {"headers": {"x-call-kind": "conclusion"}}
    before = gateway.ask(alice, "What is virtue?", **told_kind)
    kind.update(complexity=SIMPLE, max_output_tokens=320)
    try:
        gateway.sees_new_rows()
        after = gateway.ask(alice, "What is vice?", **told_kind)
        again = gateway.ask(alice, "What is virtue?", **told_kind)
    finally:
        kind.update(**usual)
        gateway.sees_new_rows()
    assert who_answered(before) == ("anthropic/claude-opus-5-5", "premium")
    assert who_answered(after) == ("anthropic/claude-haiku-5-5", "economy")
    assert again.headers["x-cache"] == "miss", "the stored answer is of another class"
    assert [sale.body["max_tokens"] for sale in upstream.sales] == [832, 320, 320]
    [row] = records(after.call_id)
    assert "conclusion is simple" in row.reason


def test_switched_off_deployment_is_found_no_more(gateway: Gateway) -> None:
    Deployment.objects.filter(name="openai/gpt-6-luna").update(is_enabled=False)
    try:
        gateway.sees_new_rows()
        off = gateway.ask(account(), model="openai/gpt-6-luna")
    finally:
        Deployment.objects.filter(name="openai/gpt-6-luna").update(is_enabled=True)
        gateway.sees_new_rows()
    assert off.status == 404
    assert gateway.ask(account(), model="openai/gpt-6-luna").status == 200


def test_parameter_that_only_some_know_reaches_those(gateway: Gateway, upstream: Metered) -> None:
    reply = gateway.ask(account("premium"), seed=7, logit_bias={"50256": -100}, **told(COMPLEX))
    [row] = records(reply.call_id)
    [sale] = upstream.sales
    assert reply.headers["x-model"] == "openai/gpt-6.1-sol"
    assert "not anthropic/claude-opus-5-5: it does not know logit_bias, seed" in row.reason
    assert (sale.body["seed"], sale.body["logit_bias"]) == (7, {"50256": -100})


def test_parameter_that_nobody_knows_is_refused_by_name(
    gateway: Gateway, upstream: Metered
) -> None:
    reply = gateway.ask(account("premium"), model="anthropic/claude-haiku-5-5", seed=7)
    assert (reply.status, reply.error["code"]) == (400, "unsupported_parameter")
    assert reply.error["param"] == "seed"
    assert "it does not know seed" in reply.error["message"]
    assert upstream.sales == []


def test_tools_go_to_who_knows_tools_and_their_calls_come_back(
    gateway: Gateway, upstream: Metered
) -> None:
    tool = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}
    called = {"id": "c1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
    upstream.will(Manner(text="", message={"content": None, "tool_calls": [called]}))
    reply = gateway.ask(account("premium"), tools=[tool], **told(COMPLEX))
    assert reply.headers["x-model"] == "openai/gpt-6.1-sol"
    assert reply.data["choices"][0]["message"]["tool_calls"] == [called]
    assert upstream.sales[0].body["tools"] == [tool]
