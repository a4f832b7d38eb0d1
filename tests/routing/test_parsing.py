"""An OpenAI chat request, read. What is wrong with one is in tests/flows/test_bad_input.py."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costcontrol.lib.errors import BadRequest
from routing.api.parsing import request_of
from routing.types import ChatRequest, Complexity, Message

ASKED = [{"role": "user", "content": "What is virtue?"}]


def read(headers: dict[str, str] | None = None, **body: Any) -> ChatRequest:
    return request_of(json.dumps({"messages": ASKED} | body).encode(), headers or {})


def test_little_is_enough() -> None:
    assert read() == ChatRequest((Message("user", "What is virtue?"),))


@pytest.mark.parametrize(
    ("body", "field", "value"),
    [
        ({"model": "anthropic/claude-opus-5-5"}, "model", "anthropic/claude-opus-5-5"),
        ({"max_tokens": 1}, "max_output_tokens", 1),
        ({"max_tokens": 200_000}, "max_output_tokens", 200_000),
        ({"max_tokens": 5, "max_completion_tokens": 7}, "max_output_tokens", 7),
        ({"temperature": 0}, "temperature", 0.0),
        ({"temperature": 2}, "temperature", 2.0),
        ({"top_p": 1}, "top_p", 1.0),
        ({"stop": "a"}, "stop", ("a",)),
        ({"stop": ["a", "b"]}, "stop", ("a", "b")),
        ({"stream": True}, "is_stream", True),
        ({"stream": None}, "is_stream", False),
        ({"n": 1}, "extra", {}),
        ({"seed": 1, "user": "u", "store": True}, "extra", {"seed": 1}),
        ({"seed": None}, "extra", {}),
        ({"metadata": {"debate_id": "d1"}}, "debate_id", "d1"),
        ({"metadata": {"complexity": "simple"}}, "complexity", Complexity.SIMPLE),
        ({"metadata": {"call_kind": "closing"}}, "call_kind", "closing"),
        ({"metadata": {"language": "ko"}}, "language", "ko"),
        ({"metadata": {"anything": 1}}, "debate_id", ""),
        ({"metadata": {"max_searches": "2"}}, "max_searches", 2),
    ],
)
def test_fields_are_read(body: dict[str, Any], field: str, value: Any) -> None:
    assert getattr(read(**body), field) == value


@pytest.mark.parametrize("where", ["body", "metadata", "header"])
def test_no_client_can_say_that_others_may_be_given_its_answer(where: str) -> None:
    fields = {"fields": {"kind": "opening_statement", "topic": "t"}}
    request = {
        "body": lambda: read(reuse=fields, store=True),
        "metadata": lambda: read(metadata={"reuse": json.dumps(fields)}),
        "header": lambda: read({"x-reuse": json.dumps(fields)}),
    }[where]()
    assert request.reuse is None


@pytest.mark.parametrize(
    ("stream", "options", "wants"),
    [(True, {"include_usage": True}, True), (True, {"include_usage": False}, False),
     (True, None, False), (False, {"include_usage": True}, False)],
)  # fmt: skip
def test_usage_chunk_is_for_streams_that_ask(stream: bool, options: Any, wants: bool) -> None:
    assert read(stream=stream, stream_options=options).wants_usage_chunk is wants


def test_headers_win_over_metadata() -> None:
    request = read({"x-debate-id": "theirs"}, metadata={"debate_id": "ours"})
    assert request.debate_id == "theirs"


@pytest.mark.parametrize(
    ("said", "may_read", "may_store"),
    [("", True, True), ("no-cache", False, True), ("no-store", False, False),
     ("max-age=0, No-Cache", False, True), ("private", True, True)],
)  # fmt: skip
def test_cache_control_is_obeyed(said: str, may_read: bool, may_store: bool) -> None:
    request = read({"cache-control": said})
    assert (request.may_read_cache, request.may_store) == (may_read, may_store)


def test_parts_of_text_become_one_text() -> None:
    parts = [{"type": "text", "text": "What is"}, {"type": "text", "text": "virtue?"}]
    assert read(messages=[{"role": "user", "content": parts}]).messages[0].content == (
        "What is\nvirtue?"
    )


def test_tool_calls_need_no_text_and_are_kept() -> None:
    calls = [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    [message] = read(
        messages=[{"role": "assistant", "content": None, "tool_calls": calls}]
    ).messages
    assert message == Message("assistant", "", {"tool_calls": calls})


def test_field_that_is_unknown_is_kept_for_who_knows_it() -> None:
    assert read(top_k=3, reasoning_effort="low").extra == {"top_k": 3, "reasoning_effort": "low"}


def test_emoji_in_escapes_is_text() -> None:
    body = b'{"messages": [{"role": "user", "content": "\\ud83d\\ude00"}]}'
    assert request_of(body, {}).messages[0].content == "😀"


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with suppress(BadRequest):
        request_of(body, {})


@pytest.mark.parametrize("asked", ["4", "-1", "one", "1.0", "٣"])
def test_searches_are_a_small_number(asked: str) -> None:
    assert read({"x-max-searches": "1"}).max_searches == 1
    with pytest.raises(BadRequest, match="from 0 to 3"):
        read({"x-max-searches": asked})
