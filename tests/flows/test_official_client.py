"""What a stranger sees who points OpenAI's own client at us."""

import asyncio
from datetime import datetime
from typing import Any
from uuid import uuid4

import openai
import pytest

from billing.models import CallUse
from tests.flows.rows import (
    CENT,
    LOCAL,
    PAID,
    QUESTION,
    Account,
    account,
    assert_the_books_agree,
    eventually,
    records,
    spent_by,
)
from tests.flows.server import Gateway
from tests.upstreams.metered import TEXT, Metered

pytestmark = pytest.mark.postgresql


def asked(text: str = QUESTION, **more: Any) -> dict[str, Any]:
    return {"model": PAID, "messages": [{"role": "user", "content": text}]} | more


def answered(gateway: Gateway, who: Account, **more: Any) -> Any:
    """(headers, answer) of one call that is not streamed."""
    with gateway.client(who) as client:
        raw = client.chat.completions.with_raw_response.create(**asked(**more))
    return raw.headers, raw.parse()


def streamed(gateway: Gateway, who: Account, **more: Any) -> Any:
    """(headers, chunks) of one call that is streamed."""
    with gateway.client(who) as client:
        raw = client.chat.completions.with_raw_response.create(**asked(stream=True, **more))
        return raw.headers, list(raw.parse())


def test_answer_comes_with_text_and_usage(gateway: Gateway) -> None:
    _headers, answer = answered(gateway, account())
    assert answer.choices[0].message.content == TEXT
    assert answer.choices[0].finish_reason == "stop"
    assert answer.model == PAID
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (100, 50)
    assert answer.usage.total_tokens == 150


def test_stream_brings_the_text_in_pieces_and_usage_last(gateway: Gateway) -> None:
    _headers, chunks = streamed(gateway, account(), stream_options={"include_usage": True})
    *body, last = chunks
    assert "".join(chunk.choices[0].delta.content or "" for chunk in body) == TEXT
    assert len([chunk for chunk in body if chunk.choices[0].delta.content]) == 20
    assert [chunk.choices[0].finish_reason for chunk in body if chunk.choices[0].finish_reason] == [
        "stop"
    ]
    assert last.choices == []
    assert (last.usage.prompt_tokens, last.usage.completion_tokens) == (100, 50)
    assert {chunk.model for chunk in chunks} == {PAID}
    assert len({chunk.id for chunk in chunks}) == 1


def test_stream_without_the_option_brings_no_usage_chunk(gateway: Gateway) -> None:
    _headers, chunks = streamed(gateway, account())
    assert all(chunk.choices and chunk.usage is None for chunk in chunks)
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_usage_is_asked_of_the_upstream_all_the_same(gateway: Gateway, upstream: Metered) -> None:
    headers, _chunks = streamed(gateway, account())
    [row] = records(headers["x-request-id"])
    assert upstream.sales[0].body["stream_options"] == {"include_usage": True}
    assert (row.fresh_input_tokens, row.output_tokens, row.confidence) == (100, 50, "exact")


def test_models_are_those_of_the_plan(gateway: Gateway) -> None:
    with gateway.client(account("free")) as client:
        free = [model.id for model in client.models.list()]
    with gateway.client(account("premium")) as client:
        premium = [model.id for model in client.models.list()]
    assert free == ["auto", "local", LOCAL]
    assert premium[:5] == ["auto", "local", "economy", "mid", "premium"]
    assert {LOCAL, PAID, "anthropic/claude-opus-5-5", "openai/gpt-6-luna"} <= set(premium)


@pytest.mark.parametrize("ask", [answered, streamed])
def test_headers_name_the_call_the_model_and_what_is_left(gateway: Gateway, ask: Any) -> None:
    headers, _answer = ask(gateway, account("premium"))
    [row] = records(headers["x-request-id"])
    assert (headers["x-model"], headers["x-route"], headers["x-cache"]) == (PAID, "mid", "miss")
    assert row.deployment == PAID
    assert headers["x-quota-limit"] == "3000"
    assert headers["x-quota-remaining"] == "2999"
    assert datetime.fromisoformat(headers["x-quota-reset"]) > row.at


def test_remaining_quota_counts_this_call(gateway: Gateway) -> None:
    alice = account("premium")
    left = [answered(gateway, alice, text=text)[0]["x-quota-remaining"] for text in "abb"]
    assert left == ["2999", "2998", "2998"]  # the last one came from the cache


@pytest.mark.parametrize(
    ("columns", "is_service", "is_shown"),
    [({}, False, False), ({}, True, True), ({"is_staff": True}, False, True)],
)
def test_cost_is_shown_to_services_and_staff_alone(
    gateway: Gateway, columns: dict[str, Any], is_service: bool, is_shown: bool
) -> None:
    who = account("premium", is_service=is_service, **columns)
    headers, _answer = answered(gateway, who)
    _headers, chunks = streamed(
        gateway, who, text="again, in a stream", stream_options={"include_usage": True}
    )
    shown = (headers.get("x-cost-nanos"), getattr(chunks[-1].usage, "cost_nanos", None))
    assert shown == ((str(CENT), CENT) if is_shown else (None, None))


@pytest.mark.parametrize("ask", [answered, streamed])
def test_cost_is_price_times_usage_to_the_nano(gateway: Gateway, ask: Any) -> None:
    alice = account()
    headers, _answer = ask(gateway, alice)
    [row] = records(headers["x-request-id"])
    assert row.cost_nanos == CENT == 100 * 50_000 + 50 * 100_000
    assert (row.price_fresh_input, row.price_output) == (50, 100)
    assert row.held_nanos >= row.cost_nanos
    assert spent_by(alice) == (CENT, 0)
    assert_the_books_agree()


def test_async_client_reads_the_same_stream(gateway: Gateway) -> None:
    async def read(key: str) -> str:
        http = openai.DefaultAsyncHttpxClient(trust_env=False)
        async with openai.AsyncOpenAI(
            base_url=f"{gateway.url}/v1", api_key=key, http_client=http
        ) as client:
            stream = await client.chat.completions.create(**asked(stream=True))
            return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    assert asyncio.run(read(account().key)) == TEXT


def test_what_a_call_cost_is_said_in_credits_to_whoever_paid_for_it(gateway: Gateway) -> None:
    alice = account()
    paid, stored = (answered(gateway, alice)[0] for _ in range(2))
    assert paid["x-cost-credits"] == "10.000"  # a cent
    assert "x-cost-credits" not in stored
    assert "x-cost-credits" not in streamed(gateway, alice, text="in a stream")[0]


@pytest.mark.parametrize("way", ["headers", "metadata"])
def test_where_a_call_stands_in_a_debate_is_said_by_headers_or_metadata(
    gateway: Gateway, way: str
) -> None:
    who, debate, parent = account(), f"debate-{uuid4()}", str(uuid4())
    told = {"debate_id": debate, "stage": "pro_argument", "speaker": "pro1", "parent_call": parent}
    more: dict[str, Any] = {"metadata": told}
    if way == "headers":
        more = {"extra_headers": {f"X-{k.replace('_', '-')}": v for k, v in told.items()}}
    headers, _answer = answered(gateway, who, **more)
    [row] = records(headers["x-request-id"])
    assert (row.debate_id, row.stage, row.speaker) == (debate, "pro_argument", "pro1")
    assert str(row.parent_call_id) == parent


def test_answers_that_a_prompt_used_are_written_down_once(gateway: Gateway) -> None:
    who = account()
    first, second = (answered(gateway, who, text=text)[0]["x-request-id"] for text in "ab")
    uses = {"X-Uses-Calls": f"{first}, {second},{first}"}
    headers, _answer = answered(gateway, who, text="c", extra_headers=uses)
    by = headers["x-request-id"]
    eventually(lambda: CallUse.objects.filter(used_by=by).count() == 2, what="both uses")
    used = CallUse.objects.filter(used_by=by).values_list("call_id", flat=True)
    assert {str(call_id) for call_id in used} == {first, second}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Stage", "no such\tname"), ("X-Speaker", "x" * 41), ("X-Parent-Call", "12"),
        ("X-Uses-Calls", "nobody"), ("X-Uses-Calls", ",".join([str(uuid4())] * 65)),
    ],
)
def test_place_in_a_debate_that_makes_no_sense_is_refused(
    gateway: Gateway, upstream: Metered, name: str, value: str
) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        answered(gateway, account(), extra_headers={name: value})
    assert refused.value.param == name
    assert upstream.sales == []


def test_wrong_key_is_the_clients_own_authentication_error(gateway: Gateway) -> None:
    stranger = Account(account().user, "cc-aaaaaaaa-wrong")
    with pytest.raises(openai.AuthenticationError) as refused:
        answered(gateway, stranger)
    assert refused.value.code == "invalid_api_key"


def test_refusal_is_not_retried_by_the_client(gateway: Gateway, upstream: Metered) -> None:
    with pytest.raises(openai.PermissionDeniedError) as refused:
        answered(gateway, account("free"))
    assert refused.value.code == "tier_feature"
    assert refused.value.response.headers["x-should-retry"] == "false"
    assert upstream.sales == []
