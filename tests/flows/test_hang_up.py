"""A client that leaves: the upstream is left too, and what was produced is paid."""

import time
from typing import Any

import pytest

from tests.flows.rows import (
    CENT,
    account,
    assert_the_books_agree,
    paid_body,
    records,
    records_of,
    spent_by,
)
from tests.flows.server import Gateway
from tests.upstreams.metered import Manner, Metered

SLOW = Manner(piece_s=0.15)


@pytest.mark.postgresql
def test_stream_that_is_left_stops_the_upstream_within_a_second(
    gateway: Gateway, upstream: Metered
) -> None:
    upstream.will(SLOW)
    with gateway.streaming(account(), paid_body()) as stream:
        stream.read(3)
        left_at = time.monotonic()
    upstream.wait_until("hung_up", within_s=2)
    [sale] = upstream.sales
    assert sale.ended_at - left_at < 1
    assert sale.pieces < 12


@pytest.mark.postgresql
def test_stream_that_is_left_is_charged_for_what_was_produced(
    gateway: Gateway, upstream: Metered
) -> None:
    alice = account()
    upstream.will(SLOW)
    with gateway.streaming(alice, paid_body()) as stream:
        call_id = stream.headers["x-request-id"]
        stream.read(3)
    upstream.wait_until("hung_up", within_s=2)
    [row] = records(call_id)
    assert (row.outcome, row.error_code, row.confidence) == ("cancelled", "", "estimated")
    assert 100 <= row.fresh_input_tokens <= 150
    assert 6 <= row.output_tokens < 50
    assert row.cost_nanos == row.fresh_input_tokens * 50_000 + row.output_tokens * 100_000
    assert 0 < row.cost_nanos <= row.held_nanos
    assert spent_by(alice) == (row.cost_nanos, 0)
    assert_the_books_agree()


def test_whole_answer_that_nobody_waits_for_is_not_made(
    gateway: Gateway, upstream: Metered
) -> None:
    alice = account()
    upstream.will(Manner(wait_s=3))
    gateway.hang_up_before_the_answer(alice, paid_body(), after_s=0.5)
    upstream.wait_until("hung_up", within_s=1)
    [row] = records_of(alice, count=1)
    assert (row.outcome, row.confidence) == ("cancelled", "estimated")
    assert 0 < row.cost_nanos <= row.held_nanos
    assert spent_by(alice) == (row.cost_nanos, 0)
    assert_the_books_agree()


def test_half_an_answer_is_not_kept_for_the_next_who_asks(
    gateway: Gateway, upstream: Metered
) -> None:
    alice = account()
    upstream.will(SLOW)
    with gateway.streaming(alice, paid_body()) as stream:
        stream.read(3)
    upstream.wait_until("hung_up", within_s=2)
    again = gateway.post(alice, paid_body())
    assert again.headers["x-cache"] == "miss"
    assert len(upstream.sales) == 2


def test_one_of_two_readers_leaves_and_the_other_reads_on(
    gateway: Gateway, upstream: Metered
) -> None:
    alice = account()
    upstream.will(Manner(piece_s=0.05))
    with gateway.streaming(alice, paid_body()) as stays:
        first: list[Any] = stays.read(2)
        with gateway.streaming(alice, paid_body()) as leaves:
            leaves.read(3)
        rest = stays.read()
    text = "".join(each["choices"][0]["delta"]["content"] for each in [*first, *rest[:-1]])
    assert rest[-1] == "[DONE]"
    assert len(text) == 200
    assert upstream.ends() == ["complete"]
    assert spent_by(alice) == (CENT, 0)


def test_first_reader_leaves_and_the_one_who_read_along_gets_it_all(
    gateway: Gateway, upstream: Metered
) -> None:
    alice = account()
    upstream.will(Manner(piece_s=0.05))
    with gateway.streaming(alice, paid_body()) as leaves:
        leaves.read(2)
        with gateway.streaming(alice, paid_body()) as stays:
            stays.read(1)
            leaves.close()
            rest = stays.read()
    assert rest[-1] == "[DONE]"
    assert upstream.ends() == ["complete"]
    assert spent_by(alice) == (CENT, 0)


def test_same_question_right_after_hanging_up_is_answered(
    gateway: Gateway, upstream: Metered
) -> None:
    alice = account()
    for pause_s in (0, 0.002, 0.005, 0.01, 0.02):  # into the moment in which the first one settles
        upstream.will(SLOW)
        with gateway.streaming(alice, paid_body(pause_s)) as stream:
            stream.read(2)
        time.sleep(pause_s)
        with gateway.streaming(alice, paid_body(pause_s)) as again:
            assert again.read()[-1] == "[DONE]"
    assert_the_books_agree()
