"""Upstreams that fail in every way they can: what the caller sees, what is charged, who is asked
next. llmock's own log is the other side of our books."""

import json
from typing import Any
from uuid import uuid4

import openai
import pytest

from billing.models import UsageRecord
from tests.flows.rows import (
    Account,
    account,
    assert_the_books_agree,
    deployment,
    paid_body,
    records,
    records_of,
    spent_by,
)
from tests.flows.server import Gateway, Reply
from tests.services.llmock import LLMock
from tests.upstreams.metered import TEXT, Manner, Metered

PATHS = {"openai": "/v1", "anthropic": "/anthropic"}
both = pytest.mark.parametrize("provider", sorted(PATHS))
any_way = pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])


@pytest.fixture
def alice(house: object) -> Account:
    return account("premium")


_pools: dict[tuple[str, str, float], list[str]] = {}


def at(gateway: Gateway, mock: LLMock, provider: str, *, timeout_s: float = 5.0) -> dict[str, Any]:
    """A call to llmock, through a deployment of its own: an open breaker stays in the test."""
    pool = _pools.setdefault((mock.url, provider, timeout_s), [])
    if not pool:
        for _ in range(12):
            pool.append(f"mock/{uuid4().hex[:12]}")
            deployment(
                pool[-1], mock.url + PATHS[provider], provider=provider, model="paid",
                model_class="mid", priority=999, timeout_s=timeout_s, api_key_env="OPENAI_API_KEY",
            )
        gateway.sees_new_rows()
    return paid_body(model=pool.pop(), max_tokens=64)


def ask(gateway: Gateway, who: Account, body: dict[str, Any]) -> Reply:
    return gateway.post(who, body)


def is_again_a_miss(gateway: Gateway, mock: LLMock, who: Account, body: dict[str, Any]) -> bool:
    """Nothing of what went wrong was kept: the same question reaches the upstream once more."""
    mock.reset()
    return gateway.post(who, body).headers["x-cache"] == "miss" and mock.requests() == 1


def assert_all_is_accounted_for(who: Account, rows: list[UsageRecord]) -> None:
    assert all(row.cost_nanos <= row.held_nanos for row in rows)
    assert spent_by(who) == (sum(row.cost_nanos for row in rows), 0)
    assert_the_books_agree()


@both
@any_way
def test_healthy_answer_is_charged_as_reported(
    gateway: Gateway, llmock: LLMock, alice: Account, provider: str, is_stream: bool
) -> None:
    reply = ask(gateway, alice, at(gateway, llmock, provider) | {"stream": is_stream})
    [row] = records(reply.call_id)
    assert (row.outcome, row.confidence) == ("complete", "exact")
    assert row.cost_nanos == row.fresh_input_tokens * 50_000 + row.output_tokens * 100_000 > 0
    assert llmock.requests() == 1
    assert_all_is_accounted_for(alice, [row])


@both
@pytest.mark.parametrize(
    ("status", "is_stream"), [(429, False), (500, False), (529, False), (529, True)]
)
def test_failure_that_lasts_is_tried_twice_and_costs_nothing(
    gateway: Gateway, llmock: LLMock, alice: Account, provider: str, status: int, is_stream: bool
) -> None:
    body = at(gateway, llmock, provider)
    llmock.will({"type": "fail", "status": status, "times": 9})
    reply = ask(gateway, alice, body | {"stream": is_stream})
    *attempts, refusal = sorted(records(reply.call_id, count=3), key=lambda row: -row.attempt)
    assert (reply.status, reply.error["code"]) == (503, "upstream_unavailable")
    assert reply.headers["x-should-retry"] == "false"
    assert "retry-after" in reply.headers
    assert [row.outcome for row in attempts] == ["failed", "failed"]
    assert llmock.requests() == len(attempts) == 2
    assert (refusal.outcome, refusal.attempt) == ("refused", 0)
    assert spent_by(alice) == (0, 0)
    assert_the_books_agree()
    assert is_again_a_miss(gateway, llmock, alice, body)


@both
@pytest.mark.parametrize("status", [429, 500, 529])
def test_failure_that_passes_is_not_seen_by_the_caller(
    gateway: Gateway, llmock: LLMock, alice: Account, provider: str, status: int
) -> None:
    body = at(gateway, llmock, provider)
    llmock.will({"type": "fail", "status": status, "times": 1, "retry_after": 0})
    reply = ask(gateway, alice, body)
    failed, answered = records(reply.call_id, count=2)
    assert reply.status == 200
    assert (failed.outcome, failed.cost_nanos) == ("failed", 0)
    assert (answered.outcome, answered.attempt) == ("complete", 2)
    assert llmock.requests() == 2
    assert_all_is_accounted_for(alice, [failed, answered])


@both
def test_short_retry_after_is_waited_for(
    gateway: Gateway, llmock: LLMock, alice: Account, provider: str
) -> None:
    body = at(gateway, llmock, provider)
    llmock.will({"type": "fail", "status": 429, "times": 1, "retry_after": 1})
    reply = ask(gateway, alice, body)
    failed, answered = records(reply.call_id, count=2)
    assert reply.status == 200
    assert answered.outcome == "complete"
    assert llmock.requests() == 2
    assert_all_is_accounted_for(alice, [failed, answered])


@both
def test_long_retry_after_is_told_to_the_caller_at_once(
    gateway: Gateway, llmock: LLMock, alice: Account, provider: str
) -> None:
    body = at(gateway, llmock, provider)
    llmock.will({"type": "fail", "status": 429, "retry_after": 30, "times": 9})
    reply = ask(gateway, alice, body)
    assert (reply.status, reply.headers["retry-after"]) == (503, "30")
    assert llmock.requests() == 1
    assert spent_by(alice) == (0, 0)
    assert_the_books_agree()


@both
@any_way
def test_slow_answer_is_waited_for(
    gateway: Gateway, llmock: LLMock, alice: Account, provider: str, is_stream: bool
) -> None:
    body = at(gateway, llmock, provider)
    llmock.will({"type": "delay", "seconds": 0.5})
    reply = ask(gateway, alice, body | {"stream": is_stream})
    [row] = records(reply.call_id)
    assert reply.status == 200
    assert row.latency_ms >= 500
    assert llmock.requests() == 1


@both
@any_way
def test_answer_that_never_comes_may_have_cost_something(
    gateway: Gateway, llmock: LLMock, alice: Account, provider: str, is_stream: bool
) -> None:
    body = at(gateway, llmock, provider, timeout_s=0.4)
    llmock.will({"type": "delay", "seconds": 1.5, "times": 2})
    reply = ask(gateway, alice, body | {"stream": is_stream})
    attempts = [row for row in records(reply.call_id, count=3) if row.attempt]
    assert reply.status == 503
    assert [row.error_code for row in attempts] == ["upstream_timeout"] * 2
    assert {row.confidence for row in attempts} == {"estimated"}
    assert all(row.cost_nanos > 0 for row in attempts)
    assert llmock.requests() == 2
    assert_all_is_accounted_for(alice, attempts)


@both
@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("disconnect", "upstream_unavailable"),
        ("truncate", "upstream_malformed"),
        ("malformed", "upstream_malformed"),
        ("stall", "upstream_timeout"),
    ],
)
def test_stream_that_breaks_ends_in_an_error_and_is_charged_as_estimated(
    gateway: Gateway, llmock: LLMock, alice: Account, provider: str, kind: str, code: str
) -> None:
    body = at(gateway, llmock, provider, timeout_s=0.6)
    fault = {"type": "stream_fault", "kind": kind, "after_chunks": 5}
    llmock.will(fault | ({"stall_seconds": 1.5} if kind == "stall" else {}))
    with gateway.streaming(alice, body) as stream:
        *chunks, last = stream.read()
    call_id = stream.headers["x-request-id"]
    [row] = records(call_id)
    assert stream.status == 200
    assert "".join(chunk["choices"][0]["delta"]["content"] for chunk in chunks)
    assert last["error"]["code"] == code
    assert (row.outcome, row.error_code, row.confidence) == ("incomplete", code, "estimated")
    assert 0 < row.cost_nanos <= row.held_nanos
    assert llmock.requests() == 1
    assert_all_is_accounted_for(alice, [row])
    assert is_again_a_miss(gateway, llmock, alice, body)


def test_stream_that_breaks_is_an_error_of_the_official_client(
    gateway: Gateway, upstream: Metered, alice: Account
) -> None:
    upstream.will(Manner(cut_after=5))
    with gateway.client(alice) as client, pytest.raises(openai.APIError) as failed:
        list(client.chat.completions.create(**paid_body(stream=True)))
    assert failed.value.code == "upstream_unavailable"
    assert len(upstream.sales) == 1


# --- who is asked next --------------------------------------------------------------------------


def economy(**more: Any) -> dict[str, Any]:
    return paid_body(model="economy") | more


@any_way
def test_next_candidate_is_asked_before_the_first_chunk(
    gateway: Gateway, upstream: Metered, alice: Account, is_stream: bool
) -> None:
    upstream.will(Manner(status=500), Manner(status=529))
    reply = gateway.post(alice, economy(stream=is_stream))
    rows = records(reply.call_id, count=3)
    assert [row.deployment for row in rows] == [
        "anthropic/claude-haiku-5-5", "anthropic/claude-haiku-5-5", "openai/gpt-6-luna",
    ]
    assert [row.outcome for row in rows] == ["failed", "failed", "complete"]
    assert reply.headers["x-model"] == "openai/gpt-6-luna"
    assert "left anthropic/claude-haiku-5-5: Anthropic failed (status 529)" in rows[-1].reason
    assert [sale.is_anthropic for sale in upstream.sales] == [True, True, False]
    assert_all_is_accounted_for(alice, rows)


def test_nobody_else_is_asked_after_the_first_chunk(
    gateway: Gateway, upstream: Metered, alice: Account
) -> None:
    upstream.will(Manner(cut_after=6))
    with gateway.streaming(alice, economy()) as stream:
        *_chunks, last = stream.read()
    assert last["error"]["code"] == "upstream_unavailable"
    assert stream.headers["x-model"] == "anthropic/claude-haiku-5-5"
    assert len(upstream.sales) == 1
    assert_all_is_accounted_for(alice, records_of(alice, count=1))


@pytest.mark.parametrize("status", [401, 402, 403, 404])
def test_provider_that_refuses_us_is_left_at_once(
    gateway: Gateway, upstream: Metered, alice: Account, status: int
) -> None:
    name = f"mock/{uuid4().hex[:12]}"
    deployment(name, f"{upstream.url}/v1", model="paid", model_class="economy", priority=1)
    gateway.sees_new_rows()
    try:
        upstream.will(Manner(status=status))
        first = gateway.post(alice, economy())
        second = gateway.post(alice, economy(tag=2))
    finally:
        deployment(name, "", is_enabled=False)
        gateway.sees_new_rows()
    failed, answered = records(first.call_id, count=2)
    assert (failed.deployment, failed.outcome, failed.cost_nanos) == (name, "failed", 0)
    assert answered.outcome == "complete"
    assert len(records(second.call_id)) == 1  # its breaker is open: nobody asks it again
    assert len(upstream.sales) == 3


def test_call_that_the_provider_calls_wrong_is_not_repeated(
    gateway: Gateway, upstream: Metered, alice: Account
) -> None:
    upstream.will(Manner(status=400))
    reply = gateway.post(alice, paid_body())
    assert (reply.status, reply.error["code"]) == (400, "upstream_rejected")
    assert len(upstream.sales) == 1
    assert spent_by(alice) == (0, 0)


def test_answer_of_a_weaker_class_that_stood_in_is_not_kept(
    gateway: Gateway, upstream: Metered, alice: Account
) -> None:
    body = paid_body(model="premium", metadata={"complexity": "complex"})
    upstream.will(*[Manner(status=500)] * 4)
    stood_in = gateway.post(alice, body)
    after = gateway.post(alice, body)
    assert (stood_in.status, stood_in.headers["x-route"]) == (200, "mid")
    assert (after.headers["x-route"], after.headers["x-cache"]) == ("premium", "miss")


def test_deployment_that_keeps_failing_is_left_alone(
    gateway: Gateway, upstream: Metered, alice: Account
) -> None:
    name = f"mock/{uuid4().hex[:12]}"
    deployment(name, f"{upstream.url}/v1", model="paid", model_class="mid", priority=999)
    gateway.sees_new_rows()
    upstream.manner = Manner(status=500)
    replies = [gateway.post(alice, paid_body(tag, model=name)) for tag in range(5)]
    assert [reply.status for reply in replies] == [503] * 5
    assert 5 <= len(upstream.sales) <= 6  # the fifth failure opened it, maybe within a call


def test_text_of_the_answer_is_untouched(gateway: Gateway, upstream: Metered) -> None:
    text = "정의란 무엇인가? “So—”\n\t\\u0000 is not NUL 🏛️ </script>" + TEXT
    upstream.manner = Manner(text=text)
    alice = account()
    whole = gateway.post(alice, paid_body())
    with gateway.streaming(alice, paid_body(), cache_control="no-cache") as stream:
        *chunks, _done = stream.read()
    assert whole.data["choices"][0]["message"]["content"] == text
    assert "".join(chunk["choices"][0]["delta"]["content"] for chunk in chunks) == text


STRANGE = [("half a pair: \ud83d.", "half a pair: ?."), ("a NUL: \0.", "a NUL: \0.")]


@any_way
@pytest.mark.parametrize(("sent", "seen"), STRANGE)
@pytest.mark.postgresql
def test_what_no_text_can_hold_is_replaced(
    gateway: Gateway, upstream: Metered, alice: Account, is_stream: bool, sent: str, seen: str
) -> None:
    upstream.will(Manner(text=sent, pieces=1))
    with gateway.streaming(alice, paid_body(stream=is_stream), idempotency_key="k") as reply:
        first = reply.read_text()
    again = gateway.post(alice, paid_body(), idempotency_key="k")
    assert json.dumps(seen)[1:-1] in first
    assert again.data["choices"][0]["message"]["content"] == seen.replace("\0", "\ufffd")
    assert len(upstream.sales) == 1
    assert_all_is_accounted_for(alice, records_of(alice, count=1))


@pytest.mark.postgresql
def test_reason_of_a_provider_is_quoted_without_what_cannot_be_written(
    gateway: Gateway, upstream: Metered, alice: Account
) -> None:
    upstream.will(Manner(status=400, says="no \0 and \ud83d, please"))
    reply = gateway.post(alice, paid_body())
    rows = records(reply.call_id, count=2)
    assert reply.status == 400
    assert "no \ufffd and \ufffd, please" in reply.error["message"]
    assert "please" in next(row.reason for row in rows if row.outcome == "refused")
