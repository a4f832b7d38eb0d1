"""The OpenAI adapter against a scripted server that speaks OpenAI's own frames."""

import asyncio
from dataclasses import replace

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from billing.usage import Usage
from costcontrol.lib.errors import (
    ProviderError,
    ProviderMalformed,
    ProviderQuotaSpent,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from routing.providers import close_all, get_provider
from routing.providers._errors import ProviderMisconfigured
from routing.providers.openai import chat_body, usage_of
from routing.types import DeploymentSpec, Message, StopReason
from tests.routing.providers.asking import QUESTION, ask, call_of, deployment, text_of
from tests.upstreams import openai as frames
from tests.upstreams.server import (
    Cut,
    Pause,
    Reply,
    Upstream,
    json_reply,
    running_upstream,
    sse_reply,
)

CACHED = Usage(
    fresh_input_tokens=20, cache_read_tokens=64, cache_write_tokens=16, output_tokens=7
)


def here(upstream: Upstream, **changes: object) -> DeploymentSpec:
    return deployment("openai", f"{upstream.url}/v1", **changes)


async def test_a_whole_answer_is_one_chunk_with_disjoint_buckets(upstream: Upstream) -> None:
    upstream.will(json_reply(frames.completion("Know thyself.")))
    [chunk] = await ask(here(upstream))
    assert (chunk.text, chunk.stop_reason, chunk.usage) == ("Know thyself.", "stop", CACHED)
    assert chunk.served_model == frames.MODEL
    assert chunk.delta is None


async def test_a_stream_comes_in_pieces_and_ends_with_reason_and_usage(upstream: Upstream) -> None:
    upstream.will(sse_reply(*frames.sse(*frames.chunks("Know", " thyself", "."))))
    chunks = await ask(here(upstream), is_stream=True)
    assert [chunk.text for chunk in chunks] == ["Know", " thyself", ".", "", ""]
    assert [chunk.stop_reason for chunk in chunks] == [None, None, None, StopReason.STOP, None]
    assert chunks[-1].usage == CACHED


async def test_frames_are_read_whatever_pieces_they_arrive_in(upstream: Upstream) -> None:
    body = b"".join(frames.sse(*frames.chunks("너 자신을", " 알라")))
    pieces = [body[at : at + 7] for at in range(0, len(body), 7)]
    upstream.will(sse_reply(*pieces))
    assert text_of(await ask(here(upstream), is_stream=True)) == "너 자신을 알라"


async def test_comments_and_crlf_line_ends_are_understood(upstream: Upstream) -> None:
    body = b": keep-alive\r\n\r\n" + b"".join(frames.sse(*frames.chunks("Yes"))).replace(
        b"\n", b"\r\n"
    )
    upstream.will(sse_reply(body))
    assert text_of(await ask(here(upstream), is_stream=True)) == "Yes"


async def test_what_was_asked_is_sent_and_nothing_else(upstream: Upstream) -> None:
    upstream.will(json_reply(frames.completion()))
    await ask(
        here(upstream), cap=33, temperature=0.0, top_p=0.9, stop=("END",),
        extra={"seed": 7, "tools": [{"type": "function", "function": {"name": "f"}}]},
        messages=(*QUESTION, Message("tool", "42", {"tool_call_id": "c1"})),
    )
    [received] = upstream.received
    assert (received.method, received.path) == ("POST", "/v1/chat/completions")
    assert received.body == {
        "model": "m", "max_tokens": 33, "temperature": 0.0, "top_p": 0.9, "stop": ["END"],
        "seed": 7, "tools": [{"type": "function", "function": {"name": "f"}}],
        "messages": [
            {"role": "user", "content": "What is virtue?"},
            {"role": "tool", "content": "42", "tool_call_id": "c1"},
        ],
    }


async def test_a_stream_always_asks_for_usage(upstream: Upstream) -> None:
    upstream.will(sse_reply(*frames.sse(*frames.chunks("Yes"))))
    await ask(here(upstream), is_stream=True)
    assert upstream.received[0].body["stream_options"] == {"include_usage": True}


async def test_a_parameter_cannot_lift_the_cap_that_was_paid_for(upstream: Upstream) -> None:
    upstream.will(json_reply(frames.completion()))
    await ask(here(upstream), cap=5, extra={"max_completion_tokens": 9_999, "stream": True})
    body = upstream.received[0].body
    assert body["max_tokens"] == 5
    assert "max_completion_tokens" not in body
    assert "stream" not in body


@pytest.mark.parametrize(
    ("base_url", "name"),
    [
        ("https://api.openai.com/v1", "max_completion_tokens"),
        ("https://eu.api.openai.com/v1", "max_completion_tokens"),
        ("https://api.notopenai.com/v1", "max_tokens"),
        ("http://127.0.0.1:8000/v1", "max_tokens"),
    ],
)
def test_the_cap_has_the_name_that_the_server_knows(base_url: str, name: str) -> None:
    body = chat_body(call_of(deployment("openai", base_url)), base_url=base_url)
    assert {"max_tokens", "max_completion_tokens"} & body.keys() == {name}


async def test_tool_calls_pass_through_untouched(upstream: Upstream) -> None:
    part = {"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}}
    opening = frames.chunk({"role": "assistant", "content": None, "tool_calls": [part]})
    upstream.will(sse_reply(*frames.sse(opening, frames.chunk({}, "tool_calls"))))
    first, last = await ask(here(upstream), is_stream=True)
    assert first.delta == {"tool_calls": [part]}
    assert (last.stop_reason, last.delta) == (StopReason.TOOL_CALLS, None)


async def test_a_whole_answer_with_tool_calls_and_no_text_is_understood(upstream: Upstream) -> None:
    part = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    body = frames.completion(None, message={"tool_calls": [part]}, finish_reason="tool_calls")
    upstream.will(json_reply(body))
    [chunk] = await ask(here(upstream))
    assert (chunk.text, chunk.delta) == ("", {"tool_calls": [part]})


@pytest.mark.parametrize(
    ("finish_reason", "expected"),
    [
        ("stop", StopReason.STOP), ("length", StopReason.LENGTH),
        ("tool_calls", StopReason.TOOL_CALLS), ("function_call", StopReason.TOOL_CALLS),
        ("content_filter", StopReason.CONTENT_FILTER), ("tomorrow's word", StopReason.STOP),
    ],
)
async def test_every_finish_reason_has_a_stop_reason(
    upstream: Upstream, finish_reason: str, expected: StopReason
) -> None:
    upstream.will(json_reply(frames.completion(finish_reason=finish_reason)))
    [chunk] = await ask(here(upstream))
    assert chunk.stop_reason is expected


async def test_an_answer_without_usage_reports_none_not_zero(upstream: Upstream) -> None:
    upstream.will(json_reply(frames.completion(usage=None)))
    [chunk] = await ask(here(upstream))
    assert chunk.usage is None


@pytest.mark.parametrize(
    ("reported", "usage"),
    [
        ({"prompt_tokens": 9, "completion_tokens": 1}, Usage(9, None, None, 1)),
        (
            {"prompt_tokens": 9, "completion_tokens": 1, "prompt_tokens_details": None},
            Usage(9, None, None, 1),
        ),
        (
            {"prompt_tokens": 9, "completion_tokens": 1,
             "prompt_tokens_details": {"cached_tokens": 9}},
            Usage(0, 9, None, 1),
        ),
        (  # a server that counts cached tokens beside the prompt: never a negative bucket
            {"prompt_tokens": 9, "completion_tokens": 1,
             "prompt_tokens_details": {"cached_tokens": 10}},
            Usage(9, 10, None, 1),
        ),
        ({"prompt_tokens": -1, "completion_tokens": "7"}, Usage(None, None, None, None)),
    ],
)
def test_buckets_never_overlap_and_unknown_is_none(reported: dict, usage: Usage) -> None:
    assert usage_of(reported) == usage


async def test_a_stream_that_ends_early_just_ends(upstream: Upstream) -> None:
    early = frames.sse(*frames.chunks("Know", " thy")[:3], is_done=False)
    upstream.will(sse_reply(*early))
    chunks = await ask(here(upstream), is_stream=True)
    assert text_of(chunks) == "Know thy"
    assert all(chunk.stop_reason is None and chunk.usage is None for chunk in chunks)


async def test_a_cut_line_inside_a_stream_may_have_cost_something(upstream: Upstream) -> None:
    upstream.will(sse_reply(*frames.sse(*frames.chunks("Know")[:2], is_done=False), Cut()))
    with pytest.raises(ProviderUnavailable) as failed:
        await ask(here(upstream), is_stream=True)
    assert failed.value.is_billed is None


async def test_a_line_cut_before_any_reply_may_have_cost_something(upstream: Upstream) -> None:
    upstream.will(Reply(is_silent=True))
    with pytest.raises(ProviderUnavailable) as failed:
        await ask(here(upstream))
    assert failed.value.is_billed is None
    assert len(upstream.received) == 1, "the SDK must not retry by itself"


async def test_a_refused_connection_costs_nothing() -> None:
    with pytest.raises(ProviderUnavailable) as failed:
        await ask(deployment("openai", "http://127.0.0.1:9/v1"))
    assert failed.value.is_billed is False


async def test_silence_within_a_whole_answer_is_a_timeout(upstream: Upstream) -> None:
    upstream.will(Reply((Pause(5),)))
    with pytest.raises(ProviderTimeout) as failed:
        await ask(here(upstream, timeout_s=0.2))
    assert failed.value.is_billed is None


async def test_silence_within_a_stream_is_a_timeout(upstream: Upstream) -> None:
    upstream.will(sse_reply(*frames.sse(frames.chunk({"content": "Know"}))[:1], Pause(5)))
    with pytest.raises(ProviderTimeout) as failed:
        await ask(here(upstream, timeout_s=0.2), is_stream=True)
    assert failed.value.is_billed is None


async def test_an_error_event_inside_a_stream_is_a_failure(upstream: Upstream) -> None:
    event = frames.error("The server had an error", kind="server_error")
    upstream.will(sse_reply(*frames.sse(frames.chunk({"content": "Know"}), event)))
    with pytest.raises(ProviderUnavailable) as failed:
        await ask(here(upstream), is_stream=True)
    assert failed.value.is_billed is None


@pytest.mark.parametrize(
    "body",
    [b"{not json", b"[]", b'{"choices": []}', b'{"choices": [{"message": "text"}]}', b"\xff"],
)
async def test_an_answer_of_another_shape_is_malformed(upstream: Upstream, body: bytes) -> None:
    upstream.will(Reply((body,), headers={"content-type": "application/json"}))
    with pytest.raises(ProviderMalformed) as failed:
        await ask(here(upstream))
    assert failed.value.is_billed is None


@pytest.mark.parametrize("line", [b"data: {oops\n\n", b'data: {"choices": 5}\n\n', b"data: 5\n\n"])
async def test_a_frame_of_another_shape_is_malformed(upstream: Upstream, line: bytes) -> None:
    upstream.will(sse_reply(line))
    with pytest.raises(ProviderMalformed):
        await ask(here(upstream), is_stream=True)


async def test_a_line_without_an_end_does_not_fill_the_memory(upstream: Upstream) -> None:
    upstream.will(sse_reply(*[b"x" * 65_536] * 20))
    with pytest.raises(ProviderMalformed):
        await ask(here(upstream), is_stream=True)


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, None, ProviderRejected),
        (413, None, ProviderRejected),
        (422, None, ProviderRejected),
        (401, "invalid_api_key", ProviderMisconfigured),
        (403, None, ProviderMisconfigured),
        (404, "model_not_found", ProviderMisconfigured),
        (402, None, ProviderQuotaSpent),
        (429, "insufficient_quota", ProviderQuotaSpent),
        (429, "rate_limit_exceeded", ProviderRateLimited),
        (408, None, ProviderUnavailable),
        (409, None, ProviderUnavailable),
        (500, None, ProviderUnavailable),
        (503, None, ProviderUnavailable),
        (302, None, ProviderUnavailable),
    ],
)
@pytest.mark.parametrize("is_stream", [False, True])
async def test_an_error_reply_is_translated_once_and_owes_nothing(
    upstream: Upstream, status: int, code: str | None, expected: type, is_stream: bool
) -> None:
    upstream.will(json_reply(frames.error("No.", code=code), status=status))
    with pytest.raises(expected) as failed:
        await ask(here(upstream), is_stream=is_stream)
    assert type(failed.value) is expected
    assert (failed.value.upstream_status, failed.value.is_billed) == (status, False)
    assert len(upstream.received) == 1


async def test_a_gateway_timeout_may_have_cost_something(upstream: Upstream) -> None:
    upstream.will(Reply((b"<html>504</html>",), status=504))
    with pytest.raises(ProviderTimeout) as failed:
        await ask(here(upstream))
    assert failed.value.is_billed is None


async def test_a_rejection_quotes_the_upstream_briefly(upstream: Upstream) -> None:
    upstream.will(json_reply(frames.error("temperature\nmust be " + "x" * 500), status=400))
    with pytest.raises(ProviderRejected, match="temperature must be xxx") as failed:
        await ask(here(upstream))
    assert len(failed.value.message) < 250


async def test_a_failure_never_tells_the_key_or_the_prompt(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "sk-very-secret")
    for status in (401, 429, 500):
        body = frames.error("key sk-very-secret, prompt: What is virtue?")
        upstream.will(json_reply(body, status=status))
        with pytest.raises(ProviderError) as failed:
            await ask(here(upstream, api_key_env="MY_KEY"))
        assert "secret" not in str(failed.value)
        assert "virtue" not in str(failed.value)
        assert failed.value.__cause__ is None
    assert upstream.received[0].headers["authorization"] == "Bearer sk-very-secret"


async def test_the_usual_key_goes_to_the_usual_address_only(upstream, settings) -> None:
    settings.OPENAI_API_KEY = "sk-usual"
    settings.OPENAI_BASE_URL = f"{upstream.url}/usual/v1/"
    upstream.will(json_reply(frames.completion()), json_reply(frames.completion()))
    await ask(deployment("openai", ""))
    await ask(here(upstream))
    usual, other = upstream.received
    assert (usual.path, usual.headers["authorization"]) == (
        "/usual/v1/chat/completions", "Bearer sk-usual",
    )
    assert other.headers["authorization"] == "Bearer none"


@pytest.mark.parametrize("key", ["sk-with\nnewline", "sk-한글"])
async def test_a_key_that_cannot_be_sent_is_the_operators_problem(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("MY_KEY", key)
    with pytest.raises(ProviderMisconfigured) as failed:
        await ask(here(upstream, api_key_env="MY_KEY"))
    assert "sk-" not in str(failed.value)
    assert upstream.received == []


@pytest.mark.parametrize("base_url", ["ftp://127.0.0.1/v1", "http://[oops/v1", "127.0.0.1:9/v1"])
async def test_an_address_that_is_none_is_a_failure_that_costs_nothing(base_url: str) -> None:
    with pytest.raises(ProviderUnavailable) as failed:
        await ask(deployment("openai", base_url))
    assert failed.value.is_billed is False


async def test_closing_the_iterator_hangs_up_upstream(upstream: Upstream) -> None:
    upstream.will(sse_reply(*frames.sse(frames.chunk({"content": "Know"}))[:1], Pause(5)))
    stream = get_provider("openai").stream(call_of(here(upstream), is_stream=True))
    assert (await anext(stream)).text == "Know"
    await stream.aclose()
    await upstream.until_hung_up()


async def test_calls_one_after_another_share_a_connection(upstream: Upstream) -> None:
    upstream.will(
        json_reply(frames.completion()),
        sse_reply(*frames.sse(*frames.chunks("Yes"))),
        json_reply(frames.completion()),
    )
    await ask(here(upstream))
    await ask(here(upstream), is_stream=True)
    await ask(here(upstream))
    assert upstream.connections == 1


async def test_a_connection_that_was_closed_while_idle_is_not_used(upstream: Upstream) -> None:
    body = json_reply(frames.completion())
    upstream.will(replace(body, is_last=True), body)
    await ask(here(upstream))
    await asyncio.sleep(0.05)
    await ask(here(upstream))
    assert upstream.connections == 2


@pytest.mark.parametrize("is_stream", [False, True])
async def test_a_cancelled_call_hangs_up_upstream(upstream: Upstream, is_stream: bool) -> None:
    upstream.will(sse_reply(*frames.sse(frames.chunk({"content": "Know"}))[:1], Pause(5)))
    asking = asyncio.create_task(ask(here(upstream), is_stream=is_stream))
    async with asyncio.timeout(5):
        while not upstream.received:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await upstream.until_hung_up()


async def test_many_calls_run_at_the_same_time(upstream: Upstream) -> None:
    slow = sse_reply(Pause(0.3), *frames.sse(*frames.chunks("Yes")))
    upstream.will(*[slow] * 150)
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        for _ in range(150):
            group.create_task(ask(here(upstream), is_stream=True))
    assert upstream.connections == 150


def test_another_event_loop_gets_connections_of_its_own() -> None:
    async def once() -> None:
        async with running_upstream() as upstream:
            upstream.will(json_reply(frames.completion("Yes")))
            assert text_of(await ask(here(upstream))) == "Yes"
            await close_all()

    asyncio.run(once())
    asyncio.run(once())


async def test_probe_says_what_is_missing(settings, monkeypatch: pytest.MonkeyPatch) -> None:
    probe = get_provider("openai").probe
    settings.OPENAI_BASE_URL = "https://api.openai.com/v1"
    assert await probe(deployment("openai", "")) == "set OPENAI_API_KEY"
    assert await probe(deployment("openai", "", api_key_env="MY_KEY")) == "set MY_KEY"
    assert await probe(deployment("openai", "http://vllm:8000/v1")) == ""
    monkeypatch.setenv("MY_KEY", "sk-1")
    assert await probe(deployment("openai", "", api_key_env="MY_KEY")) == ""
    settings.OPENAI_API_KEY = "sk-2"
    assert await probe(deployment("openai", "")) == ""


def test_our_frames_are_openais_own() -> None:
    """The scripted bodies hold to the vendor's types, so what passes here is what is sent there."""
    whole = ChatCompletion.model_validate(frames.completion(), strict=True)
    assert whole.usage is not None
    assert whole.usage.prompt_tokens_details is not None
    assert whole.usage.prompt_tokens_details.cached_tokens == 64
    for frame in frames.chunks("a", "b"):
        ChatCompletionChunk.model_validate(frame, strict=True)
