"""The Ollama adapter against a scripted server with all of Ollama's faults."""

from typing import Any

import ollama
import pytest

from billing.usage import Usage
from costcontrol.lib.errors import (
    ProviderMalformed,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from routing.providers import get_provider
from routing.providers._errors import ProviderMisconfigured
from routing.types import DeploymentSpec, Message, StopReason
from tests.routing.providers.asking import ask, call_of, deployment
from tests.upstreams import ollama as frames
from tests.upstreams.server import Cut, Pause, Reply, Upstream, json_reply, ndjson_reply

COUNTED = Usage(fresh_input_tokens=26, output_tokens=11)


def here(upstream: Upstream, **changes: Any) -> DeploymentSpec:
    facts = {"model": frames.MODEL, "context_tokens": 8192}
    return deployment("ollama", upstream.url, **(facts | changes))


async def test_a_whole_answer_is_one_chunk(upstream: Upstream) -> None:
    upstream.will(json_reply(frames.last("Know thyself.")))
    [chunk] = await ask(here(upstream))
    assert (chunk.text, chunk.stop_reason, chunk.usage) == ("Know thyself.", "stop", COUNTED)
    assert chunk.served_model == frames.MODEL


async def test_a_stream_ends_with_reason_and_usage(upstream: Upstream) -> None:
    upstream.will(ndjson_reply(frames.line("Know"), frames.line(" thyself."), frames.last()))
    chunks = await ask(here(upstream), is_stream=True)
    assert [chunk.text for chunk in chunks] == ["Know", " thyself.", ""]
    assert (chunks[-1].stop_reason, chunks[-1].usage) == (StopReason.STOP, COUNTED)


async def test_the_prompt_is_never_cut_silently(upstream: Upstream) -> None:
    upstream.will(json_reply(frames.last("Yes")))
    await ask(
        here(upstream), cap=33, temperature=0.0, top_p=0.5, stop=("END",), extra={"seed": 7},
        messages=(Message("system", "Be brief."), Message("user", "Hello.")),
    )
    [received] = upstream.received
    assert (received.method, received.path) == ("POST", "/api/chat")
    assert received.body == {
        "model": frames.MODEL, "stream": False, "truncate": False, "shift": False,
        "messages": [
            {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello."},
        ],
        "options": {
            "num_ctx": 8192, "num_predict": 33, "temperature": 0.0, "top_p": 0.5,
            "stop": ["END"], "seed": 7,
        },
    }


@pytest.mark.parametrize(
    ("response_format", "sent"),
    [
        ({"type": "json_object"}, "json"),
        (
            {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}},
            {"type": "object"},
        ),
        ({"type": "text"}, None),
    ],
)
async def test_the_answers_format_is_asked_for_in_ollamas_words(
    upstream: Upstream, response_format: dict[str, Any], sent: Any
) -> None:
    upstream.will(json_reply(frames.last("{}")))
    await ask(here(upstream), extra={"response_format": response_format})
    assert upstream.received[0].body.get("format") == sent


@pytest.mark.parametrize(
    ("absent", "usage"),
    [
        (("prompt_eval_count",), Usage(fresh_input_tokens=None, output_tokens=11)),
        (("eval_count",), Usage(fresh_input_tokens=26, output_tokens=None)),
        (("prompt_eval_count", "eval_count"), None),
    ],
)
async def test_a_count_that_is_left_out_is_unknown_not_zero(
    upstream: Upstream, absent: tuple[str, ...], usage: Usage | None
) -> None:
    upstream.will(json_reply(frames.without(frames.last("Yes"), *absent)))
    [chunk] = await ask(here(upstream))
    assert chunk.usage == usage


@pytest.mark.parametrize(
    ("reported", "expected"),
    [("stop", StopReason.STOP), ("length", StopReason.LENGTH), ("load", StopReason.STOP)],
)
async def test_every_done_reason_is_known(
    upstream: Upstream, reported: str, expected: StopReason
) -> None:
    upstream.will(json_reply(frames.last("Yes", done_reason=reported)))
    [chunk] = await ask(here(upstream))
    assert chunk.stop_reason is expected


async def test_an_end_without_done_is_no_end(upstream: Upstream) -> None:
    upstream.will(ndjson_reply(frames.line("Know"), frames.line(" thy")))
    chunks = await ask(here(upstream), is_stream=True)
    assert [(chunk.text, chunk.stop_reason) for chunk in chunks] == [("Know", None), (" thy", None)]


async def test_a_whole_answer_that_is_not_done_has_no_end(upstream: Upstream) -> None:
    upstream.will(json_reply(frames.line("Know thy")))
    [chunk] = await ask(here(upstream))
    assert (chunk.text, chunk.stop_reason, chunk.usage) == ("Know thy", None, None)


async def test_an_error_line_inside_a_stream_may_have_cost_something(upstream: Upstream) -> None:
    upstream.will(ndjson_reply(frames.line("Know"), {"error": "llama runner has terminated"}))
    with pytest.raises(ProviderUnavailable) as failed:
        await ask(here(upstream), is_stream=True)
    assert failed.value.is_billed is None


async def test_an_error_in_place_of_a_whole_answer_is_a_failure(upstream: Upstream) -> None:
    upstream.will(json_reply({"error": "out of memory"}))
    with pytest.raises(ProviderUnavailable):
        await ask(here(upstream))


@pytest.mark.parametrize(
    ("status", "words", "expected"),
    [
        (400, "the input length exceeds the context length", ProviderRejected),
        (404, 'model "qwen3:4b" not found, try pulling it first', ProviderMisconfigured),
        (401, "unauthorized", ProviderMisconfigured),
        (429, "too many requests", ProviderRateLimited),
        (500, "unexpected", ProviderUnavailable),
        (502, "bad gateway", ProviderUnavailable),
        (503, "server busy, please try again.  maximum pending requests exceeded",
         ProviderUnavailable),
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_stream", [False, True])
async def test_an_error_reply_is_translated_once_and_owes_nothing(
    upstream: Upstream, status: int, words: str, expected: type, is_stream: bool
) -> None:
    upstream.will(json_reply({"error": words}, status=status))
    with pytest.raises(expected) as failed:
        await ask(here(upstream), is_stream=is_stream)
    assert type(failed.value) is expected
    assert (failed.value.upstream_status, failed.value.is_billed) == (status, False)


async def test_a_prompt_that_does_not_fit_says_so(upstream: Upstream) -> None:
    upstream.will(json_reply({"error": "input length exceeds context length"}, status=400))
    with pytest.raises(ProviderRejected, match="input length exceeds context length"):
        await ask(here(upstream))


async def test_a_cut_line_inside_a_stream_may_have_cost_something(upstream: Upstream) -> None:
    upstream.will(ndjson_reply(frames.line("Know"), Cut()))
    with pytest.raises(ProviderUnavailable) as failed:
        await ask(here(upstream), is_stream=True)
    assert failed.value.is_billed is None


@pytest.mark.parametrize("is_stream", [False, True])
async def test_a_refused_connection_costs_nothing(is_stream: bool) -> None:
    with pytest.raises(ProviderUnavailable) as failed:
        await ask(deployment("ollama", "http://127.0.0.1:9"), is_stream=is_stream)
    assert failed.value.is_billed is False


@pytest.mark.parametrize("is_stream", [False, True])
async def test_silence_is_a_timeout(upstream: Upstream, is_stream: bool) -> None:
    upstream.will(ndjson_reply(frames.line("Know"), Pause(5)))
    with pytest.raises(ProviderTimeout) as failed:
        await ask(here(upstream, timeout_s=0.2), is_stream=is_stream)
    assert failed.value.is_billed is None


@pytest.mark.parametrize("is_stream", [False, True])
async def test_an_answer_of_another_shape_is_malformed(
    upstream: Upstream, is_stream: bool
) -> None:
    upstream.will(Reply((b"<html>\n",)))
    with pytest.raises(ProviderMalformed):
        await ask(here(upstream), is_stream=is_stream)


async def test_closing_the_iterator_hangs_up_upstream(upstream: Upstream) -> None:
    upstream.will(ndjson_reply(frames.line("Know"), Pause(5)))
    stream = get_provider("ollama").stream(call_of(here(upstream), is_stream=True))
    assert (await anext(stream)).text == "Know"
    await stream.aclose()
    await upstream.until_hung_up()


@pytest.mark.parametrize("name", ["gpt-oss:120b-cloud", "qwen3-coder:cloud"])
async def test_a_model_that_is_called_cloud_is_never_asked(upstream: Upstream, name: str) -> None:
    with pytest.raises(ProviderMisconfigured, match="leave this machine"):
        await ask(here(upstream, model=name))
    assert upstream.received == []


async def test_an_answer_from_elsewhere_is_not_passed_off_as_local(upstream: Upstream) -> None:
    answer = frames.last("Yes", remote_host="https://ollama.com:443", remote_model="gpt-oss:120b")
    upstream.will(json_reply(answer))
    with pytest.raises(ProviderMisconfigured, match="leave this machine"):
        await ask(here(upstream))


@pytest.mark.parametrize(
    "request_",
    [
        {"messages": (Message("tool", "42", {"tool_call_id": "c1"}),)},
        {"extra": {"tools": []}},
    ],
)
async def test_what_cannot_be_expressed_is_refused_before_anything_is_sent(
    upstream: Upstream, request_: dict[str, Any]
) -> None:
    with pytest.raises(ProviderRejected):
        await ask(here(upstream), **request_)
    assert upstream.received == []


@pytest.mark.parametrize(
    ("models", "answer"),
    [
        ([frames.installed("qwen3:4b")], ""),
        ([frames.installed("llama3.2:latest")], "run: ollama pull qwen3:4b"),
        ([], "run: ollama pull qwen3:4b"),
        (
            [frames.installed("qwen3:4b", remote_host="https://ollama.com:443")],
            "qwen3:4b is a cloud model behind Ollama: data would leave this machine",
        ),
    ],
)
async def test_probe_looks_at_what_is_installed(
    upstream: Upstream, models: list[dict[str, Any]], answer: str
) -> None:
    upstream.will(json_reply(frames.tags(*models)))
    assert await get_provider("ollama").probe(here(upstream)) == answer


async def test_probe_knows_that_no_tag_means_latest(upstream: Upstream) -> None:
    upstream.will(json_reply(frames.tags(frames.installed("qwen3:latest"))))
    assert await get_provider("ollama").probe(here(upstream, model="qwen3")) == ""


@pytest.mark.parametrize(
    "reply", [Reply((Pause(2),)), json_reply({}, status=500), json_reply({"models": None})]
)
async def test_probe_does_not_wait_for_a_server_in_trouble(
    upstream: Upstream, reply: Reply
) -> None:
    upstream.will(reply)
    assert await get_provider("ollama").probe(here(upstream)) == "Ollama does not answer"


def test_our_frames_are_the_clients_own() -> None:
    """The scripted bodies hold to the vendor's types, so what passes here is what is sent there."""
    for frame in (frames.line("a"), frames.last("b")):
        parsed = ollama.ChatResponse.model_validate(frame)
        assert parsed.message.content in ("a", "b")
        assert frame.keys() <= ollama.ChatResponse.model_fields.keys()
    listed = ollama.ListResponse.model_validate(frames.tags(frames.installed("qwen3:4b")))
    assert listed.models[0].model == "qwen3:4b"
