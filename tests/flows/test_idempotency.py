"""`Idempotency-Key`: the same call again is the same answer, and is paid once.

`no-store` keeps the exact cache out: it would hide a second bill.
"""

import time
from typing import Any

import pytest

from tests.flows.rows import (
    CENT,
    Account,
    account,
    assert_the_books_agree,
    paid_body,
    records_of,
    spent_by,
)
from tests.flows.server import Gateway, Reply, burst
from tests.upstreams.metered import TEXT, Manner, Metered

pytestmark = pytest.mark.postgresql
KEY = {"idempotency-key": "turn-7", "cache-control": "no-store"}
NAMED = {"idempotency_key": "turn-7", "cache_control": "no-store"}


def post(gateway: Gateway, who: Account, **more: Any) -> Reply:
    return gateway.post(who, paid_body(**more), **NAMED)


def text_of(reply: Reply) -> str:
    return str(reply.data["choices"][0]["message"]["content"])


def test_same_key_twice_is_one_answer_and_one_bill(gateway: Gateway, upstream: Metered) -> None:
    alice = account(is_service=True)
    first, second = post(gateway, alice), post(gateway, alice)
    assert (first.status, second.status) == (200, 200)
    assert text_of(second) == text_of(first) == TEXT
    assert second.data["usage"] == first.data["usage"]
    assert (first.headers["x-cost-nanos"], second.headers["x-cost-nanos"]) == (str(CENT), "0")
    assert len(upstream.sales) == 1
    assert spent_by(alice) == (CENT, 0)
    assert_the_books_agree()


def test_same_key_ten_times_at_once_is_one_answer_and_one_bill(
    gateway: Gateway, upstream: Metered
) -> None:
    alice = account()
    upstream.manner = Manner(wait_s=0.3)
    replies = burst(gateway, *[(alice, paid_body())] * 10, **KEY)
    assert [text_of(reply) for reply in replies] == [TEXT] * 10
    assert len(upstream.sales) == 1
    assert spent_by(alice) == (CENT, 0)


def test_same_key_to_four_processes_is_one_answer_and_one_bill(
    four_workers: Gateway, upstream: Metered
) -> None:
    alice = account()
    upstream.manner = Manner(wait_s=0.3)
    replies = burst(four_workers, *[(alice, paid_body())] * 8, **KEY)
    assert [text_of(reply) for reply in replies] == [TEXT] * 8
    assert len(upstream.sales) == 1
    assert spent_by(alice) == (CENT, 0)


@pytest.mark.parametrize("change", [{"max_tokens": 49}, {"temperature": 0.1}, {"tag": "!"}])
def test_same_key_with_another_call_is_a_conflict(
    gateway: Gateway, upstream: Metered, change: dict[str, Any]
) -> None:
    alice = account()
    post(gateway, alice)
    other = post(gateway, alice, **change)
    assert (other.status, other.error["code"]) == (409, "idempotency_conflict")
    assert "Use a new key" in other.error["message"]
    assert len(upstream.sales) == 1


def test_same_key_of_somebody_else_is_another_key(gateway: Gateway, upstream: Metered) -> None:
    replies = [post(gateway, account()), post(gateway, account(), tag="other")]
    assert [reply.status for reply in replies] == [200, 200]
    assert len(upstream.sales) == 2


def test_whole_answer_is_repeated_as_a_stream(gateway: Gateway, upstream: Metered) -> None:
    alice = account()
    post(gateway, alice)
    with gateway.streaming(alice, paid_body(), **NAMED) as stream:
        *chunks, _done = stream.read()
    assert "".join(chunk["choices"][0]["delta"]["content"] for chunk in chunks) == TEXT
    assert len(upstream.sales) == 1


def test_call_that_failed_can_be_tried_again_with_its_key(
    gateway: Gateway, upstream: Metered
) -> None:
    alice = account()
    upstream.will(Manner(status=500), Manner(status=500))
    first, second = post(gateway, alice), post(gateway, alice)
    assert (first.status, second.status) == (503, 200)
    assert spent_by(alice) == (CENT, 0)


def test_call_that_was_refused_can_be_tried_again_with_its_key(
    gateway: Gateway, upstream: Metered
) -> None:
    alice = account("free")
    assert post(gateway, alice).status == 403
    assert post(gateway, alice).status == 403


def test_stream_that_is_left_runs_to_its_end_and_the_retry_gets_it(
    gateway: Gateway, upstream: Metered
) -> None:
    alice = account()
    upstream.will(Manner(piece_s=0.05))
    with gateway.streaming(alice, paid_body(), **NAMED) as stream:
        stream.read(3)
    retry = post(gateway, alice)
    assert text_of(retry) == TEXT
    assert upstream.ends() == ["complete"]
    assert spent_by(alice) == (CENT, 0)


def test_call_that_is_left_before_its_answer_runs_to_its_end_and_the_retry_gets_it(
    gateway: Gateway, upstream: Metered
) -> None:
    alice = account()
    upstream.will(Manner(wait_s=1.2))
    gateway.hang_up_before_the_answer(alice, paid_body(), after_s=0.5, **NAMED)
    time.sleep(0.2)
    retry = post(gateway, alice)
    assert text_of(retry) == TEXT
    assert upstream.ends() == ["complete"]
    assert spent_by(alice) == (CENT, 0)


def test_key_on_a_call_that_reads_along_is_answered_and_kept(
    gateway: Gateway, upstream: Metered
) -> None:
    alice = account()
    upstream.will(Manner(piece_s=0.05))
    with gateway.streaming(alice, paid_body()) as first:
        first.read(2)
        with gateway.streaming(alice, paid_body(), idempotency_key="turn-8") as second:
            assert second.read()[-1] == "[DONE]"
        first.read()
    begun = time.monotonic()
    retry = gateway.post(alice, paid_body(), idempotency_key="turn-8")
    assert text_of(retry) == TEXT
    assert time.monotonic() - begun < 2
    assert len(upstream.sales) == 1


def test_answer_without_reported_usage_is_repeated_too(
    gateway: Gateway, upstream: Metered
) -> None:
    alice = account()
    upstream.will(Manner(reports_usage=False))
    first, second = post(gateway, alice), post(gateway, alice)
    assert text_of(first) == text_of(second) == TEXT
    assert len(upstream.sales) == 1
    assert len([row for row in records_of(alice, count=1) if row.cost_nanos]) == 1


@pytest.mark.parametrize("is_stream", [False, True])
def test_tool_calls_are_repeated_too(
    gateway: Gateway, upstream: Metered, is_stream: bool
) -> None:
    alice = account()
    called = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    upstream.will(Manner(text="", message={"content": None, "tool_calls": [called]}))
    first = post(gateway, alice)
    if is_stream:
        with gateway.streaming(alice, paid_body(), **NAMED) as stream:
            again = stream.read()[0]["choices"][0]["delta"]
        called["index"] = 0  # pieces of a stream are numbered
    else:
        again = post(gateway, alice).data["choices"][0]["message"]
    assert len(first.data["choices"][0]["message"]["tool_calls"]) == 1
    assert again["tool_calls"] == [called]
    assert len(upstream.sales) == 1


@pytest.mark.parametrize(("key", "status"), [("k" * 255, 200), ("k" * 256, 400)])
def test_key_may_have_255_characters(gateway: Gateway, key: str, status: int) -> None:
    assert gateway.post(account(), paid_body(), idempotency_key=key).status == status
