"""The same question again: answered from memory, and never to somebody else."""

from typing import Any

import pytest

from tests.flows.rows import (
    CENT,
    account,
    assert_the_books_agree,
    budget,
    paid_body,
    records,
    records_of,
    spent_by,
)
from tests.flows.server import Gateway, burst
from tests.upstreams.metered import TEXT, Manner, Metered

TWENTY = 20
SLOW = Manner(wait_s=0.4, piece_s=0.01)


def body(**more: Any) -> dict[str, Any]:
    return paid_body(**more)


@pytest.mark.parametrize("is_stream", [False, True])
def test_twenty_identical_calls_at_once_make_one_upstream_request(
    gateway: Gateway, upstream: Metered, is_stream: bool
) -> None:
    alice = account("premium")
    upstream.manner = SLOW
    replies = burst(gateway, *[(alice, body(stream=is_stream))] * TWENTY)
    rows = records_of(alice, count=TWENTY)
    assert [reply.status for reply in replies] == [200] * TWENTY
    assert len(upstream.sales) == 1
    assert [row.outcome for row in rows].count("cached") == 19
    assert [row.cache_layer for row in rows].count("shared") == 19
    assert sorted(row.cost_nanos for row in rows) == [0] * 19 + [CENT]
    assert len({reply.call_id for reply in replies}) == TWENTY
    assert [reply.headers["x-cache"] for reply in replies].count("miss") == 1
    assert spent_by(alice) == (CENT, 0)
    assert_the_books_agree()


@pytest.mark.postgresql
def test_twenty_identical_calls_to_four_processes_make_one_upstream_request(
    four_workers: Gateway, upstream: Metered
) -> None:
    alice = account("premium")
    upstream.manner = SLOW
    replies = burst(four_workers, *[(alice, body())] * TWENTY)
    rows = records_of(alice, count=TWENTY)
    assert [reply.data["choices"][0]["message"]["content"] for reply in replies] == [TEXT] * TWENTY
    assert len(upstream.sales) == 1
    assert {row.cache_layer for row in rows if row.outcome == "cached"} <= {"shared", "exact"}
    assert spent_by(alice) == (CENT, 0)
    assert_the_books_agree()


def test_twenty_callers_of_a_call_that_fails_all_hear_it(
    gateway: Gateway, upstream: Metered
) -> None:
    alice = account("premium")
    upstream.manner = Manner(status=500, wait_s=0.2)
    replies = burst(gateway, *[(alice, body())] * TWENTY)
    assert {reply.status for reply in replies} == {503}
    assert len(upstream.sales) <= 4
    assert spent_by(alice) == (0, 0)
    assert_the_books_agree()


def test_repeat_is_a_hit_that_costs_nothing_and_says_whose_answer_it_is(
    gateway: Gateway, upstream: Metered
) -> None:
    alice = account()
    first, second = gateway.post(alice, body()), gateway.post(alice, body())
    [row] = records(second.call_id)
    assert (first.headers["x-cache"], second.headers["x-cache"]) == ("miss", "hit")
    assert second.headers["x-route"] == "cache"
    assert second.data["choices"] == first.data["choices"]
    assert second.data["usage"] == first.data["usage"]
    assert (row.outcome, row.cache_layer, row.cost_nanos) == ("cached", "exact", 0)
    assert first.call_id in row.reason
    assert row.baseline_nanos > 0
    assert len(upstream.sales) == 1
    assert spent_by(alice) == (CENT, 0)


def test_stream_and_whole_share_one_stored_answer(gateway: Gateway, upstream: Metered) -> None:
    alice = account()
    gateway.post(alice, body())
    asked = body(stream_options={"include_usage": True})
    with gateway.streaming(alice, asked) as stream:
        *chunks, usage, done = stream.read()
    assert "".join(chunk["choices"][0]["delta"]["content"] for chunk in chunks) == TEXT
    assert usage["usage"]["completion_tokens"] == 50
    assert done == "[DONE]"
    assert stream.headers["x-cache"] == "hit"
    assert len(upstream.sales) == 1


@pytest.mark.postgresql
def test_answer_made_by_one_process_is_found_by_another(
    gateway: Gateway, four_workers: Gateway, upstream: Metered
) -> None:
    alice = account()
    gateway.post(alice, body())
    elsewhere = four_workers.post(alice, body())
    assert elsewhere.headers["x-cache"] == "hit"
    assert len(upstream.sales) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"temperature": 0.5}, {"top_p": 0.9}, {"max_tokens": 49}, {"stop": ["."]}, {"seed": 1},
        {"metadata": {"language": "ko"}}, {"metadata": {"complexity": "complex"}},
        {"messages": [{"role": "user", "content": "Another question"}]},
        {"messages": [{"role": "system", "content": "Be brief."}, *paid_body()["messages"]]},
        {"model": "mid"},
    ],
)
def test_anything_that_shapes_the_answer_makes_it_another_question(
    gateway: Gateway, upstream: Metered, change: dict[str, Any]
) -> None:
    alice = account()
    gateway.post(alice, body())
    other = gateway.post(alice, body() | change)
    assert other.headers["x-cache"] == "miss"
    assert len(upstream.sales) == 2


def test_two_users_never_share_an_answer(gateway: Gateway, upstream: Metered) -> None:
    replies = [gateway.post(who, body()) for who in (account(), account())]
    assert [reply.headers["x-cache"] for reply in replies] == ["miss", "miss"]
    assert len(upstream.sales) == 2


def test_two_users_at_once_do_not_read_along(gateway: Gateway, upstream: Metered) -> None:
    upstream.manner = SLOW
    burst(gateway, (account(), body()), (account(), body()))
    assert len(upstream.sales) == 2


def test_no_cache_asks_anew_and_keeps_the_answer(gateway: Gateway, upstream: Metered) -> None:
    alice = account()
    gateway.post(alice, body())
    fresh = gateway.post(alice, body(), cache_control="no-cache")
    after = gateway.post(alice, body())
    assert (fresh.headers["x-cache"], after.headers["x-cache"]) == ("off", "hit")
    assert len(upstream.sales) == 2


def test_no_store_leaves_nothing_behind(gateway: Gateway, upstream: Metered) -> None:
    alice = account()
    gateway.post(alice, body(), cache_control="no-store")
    after = gateway.post(alice, body())
    assert after.headers["x-cache"] == "miss"
    assert len(upstream.sales) == 2


def test_calls_with_no_store_do_not_read_along(gateway: Gateway, upstream: Metered) -> None:
    alice = account()
    upstream.manner = SLOW
    burst(gateway, *[(alice, body())] * 2, **{"cache-control": "no-store"})
    assert len(upstream.sales) == 2


def test_answer_of_economy_mode_is_not_served_in_normal_mode(
    gateway: Gateway, upstream: Metered
) -> None:
    alice = account("premium")
    asked = {"model": "auto", "messages": body()["messages"], "metadata": {"complexity": "medium"}}
    gateway.post(alice, body(tag="this one is paid"))
    budget(f"user:{alice.email}", "0.0125")  # 80% of it is spent
    gateway.sees_new_budgets()
    saving, again = gateway.post(alice, asked), gateway.post(alice, asked)
    budget(f"user:{alice.email}", "1")
    gateway.sees_new_budgets()
    normal = gateway.post(alice, asked)
    assert (saving.headers["x-route"], again.headers["x-cache"]) == ("local", "hit")
    assert (normal.headers["x-route"], normal.headers["x-cache"]) == ("economy", "miss")


def test_answer_of_normal_mode_is_served_in_economy_mode(
    gateway: Gateway, upstream: Metered
) -> None:
    alice = account("premium")
    asked = {"model": "auto", "messages": body()["messages"], "metadata": {"complexity": "medium"}}
    normal = gateway.post(alice, asked)
    budget(f"user:{alice.email}", "1", "--soft", "0")
    gateway.sees_new_budgets()
    saving = gateway.post(alice, asked)
    assert (normal.headers["x-route"], saving.headers["x-cache"]) == ("economy", "hit")


@pytest.mark.parametrize(
    "manner",
    [Manner(cut_after=5), Manner(reports_usage=False)],
    ids=["cut", "without usage"],
)
def test_answer_that_is_not_whole_is_never_stored(
    gateway: Gateway, upstream: Metered, manner: Manner
) -> None:
    alice = account()
    upstream.will(manner)
    with gateway.streaming(alice, body()) as stream:
        stream.read()
    again = gateway.post(alice, body())
    assert again.headers["x-cache"] == "miss"
    assert len(upstream.sales) == 2
