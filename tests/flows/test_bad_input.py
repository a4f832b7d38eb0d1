"""What cannot be meant: a 4xx with a code and a sentence that says what to change. Nothing is
asked upstream, nothing stays held, no row is half written."""

import json
import socket
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import ApiKey
from accounts.services import api_key_issue, api_key_revoke
from costcontrol.lib import clock
from tests.flows.rows import (
    PAID,
    Account,
    account,
    assert_the_books_agree,
    paid_body,
    records_of,
    spent_by,
    tier,
)
from tests.flows.server import Gateway, Reply
from tests.services.plain import PLAIN
from tests.upstreams.metered import Metered

ASKED: list[dict[str, Any]] = [{"role": "user", "content": "What is virtue?"}]
BODY: dict[str, Any] = {"model": PAID, "messages": ASKED}


def raw(text: str) -> bytes:
    """A body with this in place of the temperature."""
    return json.dumps(BODY | {"temperature": "HERE"}).replace('"HERE"', text).encode()


def said(content: Any, **more: Any) -> dict[str, Any]:
    return BODY | {"messages": [{"role": "user", "content": content} | more]}


def assert_is_refused(reply: Reply, status: int, code: str) -> None:
    assert (reply.status, reply.error["code"]) == (status, code), reply.text
    assert reply.error["message"][0].isupper() or reply.error["message"][0] in "“{"
    assert len(reply.error["message"]) > 20
    assert reply.error["message"].rstrip()[-1] in ".-_”"


# --- who ----------------------------------------------------------------------------------


def test_no_key_at_all(gateway: Gateway) -> None:
    assert_is_refused(gateway.post(None, BODY), 401, "invalid_api_key")


@pytest.mark.parametrize(
    "authorization",
    ["Bearer cc-aaaaaaaa-wrong", "Bearer", "Basic YTpi", "cc-aaaaaaaa-wrong", "Bearer 열쇠", ""],
)
def test_wrong_key(gateway: Gateway, authorization: str) -> None:
    reply = httpx.post(
        f"{gateway.url}/v1/chat/completions", json=BODY, **PLAIN,
        headers=[(b"authorization", authorization.encode())],
    )  # fmt: skip
    assert reply.status_code == 401
    assert reply.json()["error"]["code"] == "invalid_api_key"


def test_prefix_of_a_key_with_another_secret(gateway: Gateway) -> None:
    alice = account()
    assert gateway.post(Account(alice.user, alice.key[:-1] + "_"), BODY).status == 401


def test_revoked_key_stops_working_within_seconds(gateway: Gateway) -> None:
    alice = account()
    row = ApiKey.objects.get(user=alice.user)
    before = gateway.post(alice, BODY)
    api_key_revoke(row, at=clock.now(), actor="test")
    gateway.sees_new_rows()
    after = gateway.post(alice, BODY)
    assert before.status == 200
    assert_is_refused(after, 401, "invalid_api_key")
    assert "revoked" in after.error["message"]


@pytest.mark.parametrize(("seconds", "status"), [(60, 200), (-1, 401)])
def test_key_works_until_it_expires(gateway: Gateway, seconds: int, status: int) -> None:
    user = account().user
    expires_at = clock.now() + timedelta(seconds=seconds)
    _row, secret = api_key_issue(user=user, expires_at=expires_at, actor="test")
    assert gateway.post(Account(user, secret), BODY).status == status


def test_closed_account(gateway: Gateway) -> None:
    assert_is_refused(gateway.post(account(is_active=False), BODY), 401, "invalid_api_key")


# --- what ----------------------------------------------------------------------------------

WRONG: dict[str, Any] = {
    "nothing": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "null": b"null",
    "a number": b"1",
    "a text": b'"hello"',
    "no UTF-8": b'{"messages": [{"role": "user", "content": "\xff\xfe"}]}',
    "half a surrogate pair": b'{"messages": [{"role": "user", "content": "\\ud800"}]}',
    "surrogate in a name": b'{"messages": [{"role": "user", "content": "a"}], "\\udfff": 1}',
    "deep nesting": b'{"messages": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep parameter": b'{"messages": [{"role": "user", "content": "a"}], "tools": '
    + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}",
    "NaN": raw("NaN"),
    "infinity": raw("Infinity"),
    "temperature 1e999": raw("1e999"),
    "negative temperature": BODY | {"temperature": -0.1},
    "hot temperature": BODY | {"temperature": 2.1},
    "temperature in words": BODY | {"temperature": "x"},
    "true temperature": BODY | {"temperature": True},
    "top_p over 1": BODY | {"top_p": 1.1},
    "a huge integer": raw("1" + "0" * 5_000),
    "no messages": {"model": PAID},
    "empty messages": BODY | {"messages": []},
    "messages in words": BODY | {"messages": "hello"},
    "messages of words": BODY | {"messages": ["hello"]},
    "null messages": BODY | {"messages": None},
    "1,001 messages": BODY | {"messages": ASKED * 1_001},
    "no role": BODY | {"messages": [{"content": "a"}]},
    "unknown role": BODY | {"messages": [{"role": "god", "content": "a"}]},
    "list for a role": BODY | {"messages": [{"role": [], "content": "a"}]},
    "empty content": said(""),
    "null content": said(None),
    "number for content": said(1),
    "empty list of parts": said([]),
    "max_tokens 0": BODY | {"max_tokens": 0},
    "max_tokens -1": BODY | {"max_tokens": -1},
    "max_tokens a billion": BODY | {"max_tokens": 10**9},
    "max_tokens true": BODY | {"max_tokens": True},
    "max_tokens in words": BODY | {"max_tokens": "50"},
    "max_tokens 1.5": BODY | {"max_tokens": 1.5},
    "max_completion_tokens 0": BODY | {"max_completion_tokens": 0},
    "stream in words": BODY | {"stream": "yes"},
    "stream_options in words": BODY | {"stream": True, "stream_options": "yes"},
    "seventeen stops": BODY | {"stop": ["a"] * 17},
    "an empty stop": BODY | {"stop": [""]},
    "number for stop": BODY | {"stop": 1},
    "number for model": BODY | {"model": 1},
    "empty model": BODY | {"model": ""},
    "model with a space": BODY | {"model": "a b"},
    "metadata in words": BODY | {"metadata": "x"},
    "number for a kind": BODY | {"metadata": {"call_kind": 1}},
    "unknown kind": BODY | {"metadata": {"call_kind": "sermon"}},
    "unknown complexity": BODY | {"metadata": {"complexity": "godlike"}},
    "unknown language": BODY | {"metadata": {"language": "xx"}},
    "debate id with a space": BODY | {"metadata": {"debate_id": "a b"}},
    "long debate id": BODY | {"metadata": {"debate_id": "d" * 161}},
}


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG.keys())
def test_wrong_body(gateway: Gateway, upstream: Metered, body: Any) -> None:
    alice = account("enterprise")
    assert_is_refused(gateway.post(alice, body), 400, "invalid_request")
    assert upstream.sales == []
    assert spent_by(alice) == (0, 0)


@pytest.mark.parametrize(
    "more",
    [{"n": 2}, {"n": 0}, {"n": True}, {"n": "1"}, {"service_tier": "priority"},
     {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]}],
)  # fmt: skip
def test_parameter_that_nobody_supports(
    gateway: Gateway, upstream: Metered, more: dict[str, Any]
) -> None:
    reply = gateway.post(account(), BODY | more)
    assert_is_refused(reply, 400, "unsupported_parameter")
    assert reply.error["param"]
    assert upstream.sales == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("x_complexity", "godlike"), ("x_call_kind", "sermon"), ("x_language", "xx"),
     ("x_debate_id", "a b")],
)  # fmt: skip
def test_wrong_header(gateway: Gateway, name: str, value: str) -> None:
    reply = gateway.post(account(), BODY, **{name: value})
    assert_is_refused(reply, 400, "invalid_request")


@pytest.mark.parametrize(("megabytes", "status"), [(10, 413), (4.1, 413), (3.9, 400)])
def test_size_of_the_body(
    gateway: Gateway, upstream: Metered, megabytes: float, status: int
) -> None:
    who = account("enterprise")
    reply = gateway.post(who, said("word " * int(megabytes * 1024 * 1024 / 5)))
    code = "payload_too_large" if status == 413 else "context_length_exceeded"
    assert_is_refused(reply, status, code)
    assert upstream.sales == []


def test_prompt_of_100_000_tokens_goes_only_where_it_fits(
    gateway: Gateway, upstream: Metered
) -> None:
    prompt = "virtue " * 100_000
    here = gateway.post(account("enterprise"), said(prompt) | {"model": "economy"})
    short = tier(allowed_classes=["mid"])
    there = gateway.post(account(short), said(prompt * 2))
    assert here.status == 200, here.text
    assert_is_refused(there, 400, "context_length_exceeded")
    assert "do not fit its context of 128000" in there.error["message"]


@pytest.mark.parametrize("cap", [1, 200_000])
def test_cap_of_the_output_is_cut_to_what_the_model_can(
    gateway: Gateway, upstream: Metered, cap: int
) -> None:
    reply = gateway.post(account("enterprise"), BODY | {"max_tokens": cap})
    assert reply.status == 200
    assert upstream.sales[0].body["max_tokens"] == min(cap, 8192)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_wrong_method(gateway: Gateway, method: str) -> None:
    who = account()
    reply = httpx.request(
        method, f"{gateway.url}/v1/chat/completions", headers=who.headers(), **PLAIN
    )
    assert (reply.status_code, reply.json()["error"]["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize("content", ["a\x00b", "\x00", "\ufffe", "👩‍👩‍👧", "\u202e", "a" * 10_000])
def test_strange_text_is_text(gateway: Gateway, upstream: Metered, content: str) -> None:
    reply = gateway.post(account(), said(content))
    assert reply.status == 200, reply.text
    assert upstream.sales[0].prompt == content


@pytest.mark.parametrize("name", ["x_end_user", "x_debate_id", "idempotency_key"])
def test_nul_in_a_header_is_refused_by_somebody(gateway: Gateway, name: str) -> None:
    who = account(is_service=True)
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {who.key}\r\n"
        f"{name.replace('_', '-')}: a\x00b\r\ncontent-length: 2\r\n\r\n{{}}"
    )
    assert b" 4" in answer_to(gateway, head.encode())[:14]


def answer_to(gateway: Gateway, request: bytes) -> bytes:
    host, port = gateway.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as line:
        line.sendall(request)
        return line.recv(100)


# --- anything ----------------------------------------------------------------------------------

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["", "user", "tool", "auto", "local", "stop", "가", "\x00", 10**400])
)  # fmt: skip
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["role", "content", "type", "text", "function", "a"]), inner, max_size=3
    ), max_leaves=6,
)  # fmt: skip
messages = st.lists(
    st.fixed_dictionaries(
        {}, optional={"role": st.sampled_from(["user", "system", "tool"]) | values,
                      "content": st.text(max_size=20) | values, "name": values,
                      "tool_calls": values},
    ), max_size=3,
)  # fmt: skip
NAMES = (
    "max_tokens", "max_completion_tokens", "temperature", "top_p", "stop", "stream",
    "stream_options", "n", "metadata", "tools", "tool_choice", "response_format", "seed", "user",
    "service_tier", "model", "logit_bias", "functions",
)  # fmt: skip
wild = st.fixed_dictionaries({"messages": messages | values}, optional=dict.fromkeys(NAMES, values))
nearly_right = st.dictionaries(
    st.sampled_from(NAMES) | st.text(max_size=5), values, max_size=2
).map(lambda more: {"messages": ASKED, "model": PAID} | more)
some_messages = messages.map(lambda some: {"model": PAID, "messages": [*some, *ASKED]})
bodies = wild | nearly_right | some_messages


@given(body=bodies)
@settings(
    max_examples=250, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True,
    database=None,
)  # fmt: skip
def ask_anything(gateway: Gateway, who: Account, body: dict[str, Any]) -> None:
    reply = gateway.post(who, json.dumps(body).encode("utf-8", "surrogatepass"))
    assert reply.status < 500 or reply.error["code"] == "upstream_unavailable", (body, reply.text)
    assert reply.status == 200 or reply.error["message"]


def test_whatever_is_sent_nothing_breaks(gateway: Gateway) -> None:
    who, before = account(tier(requests_per_minute=None)), len(gateway.log.read_text())
    ask_anything(gateway, who)
    assert_the_books_agree()
    assert "Traceback" not in gateway.log.read_text()[before:]


def test_refused_call_is_one_row_that_says_why(gateway: Gateway) -> None:
    alice = account("free")
    reply = gateway.post(alice, paid_body())
    [row] = records_of(alice, count=1)
    assert str(row.call_id) == reply.call_id
    assert (row.outcome, row.error_code, row.cost_nanos) == ("refused", "tier_feature", 0)
    assert reply.error["message"] in row.reason
