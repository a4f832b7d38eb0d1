"""The Anthropic adapter against a scripted server that speaks Anthropic's own frames."""

import json
from typing import Any

import anthropic
import pytest
from anthropic.types import Message as SdkMessage
from anthropic.types import RawMessageStreamEvent
from pydantic import TypeAdapter

from billing.usage import Usage
from costcontrol.lib.errors import (
    ProviderMalformed,
    ProviderQuotaSpent,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)
from routing.providers import get_provider
from routing.providers._errors import ProviderMisconfigured
from routing.types import DeploymentSpec, Message, StopReason
from tests.routing.providers.asking import ask, deployment, text_of
from tests.upstreams import anthropic as frames
from tests.upstreams.server import Cut, Pause, Upstream, json_reply, sse_reply

CACHED = Usage(
    fresh_input_tokens=30, cache_read_tokens=200, cache_write_tokens=50, output_tokens=9,
    searches=2,
)


def here(upstream: Upstream, **changes: Any) -> DeploymentSpec:
    return deployment("anthropic", upstream.url, **changes)


async def test_a_whole_answer_is_one_chunk_with_four_buckets(upstream: Upstream) -> None:
    upstream.will(json_reply(frames.message("Know thyself.")))
    [chunk] = await ask(here(upstream))
    assert (chunk.text, chunk.stop_reason, chunk.usage) == ("Know thyself.", "stop", CACHED)
    assert chunk.served_model == frames.MODEL


async def test_only_text_blocks_are_text(upstream: Upstream) -> None:
    blocks = [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "text", "text": "Know "},
        {"type": "text", "text": "thyself."},
    ]
    upstream.will(json_reply(frames.message(content=blocks)))
    assert text_of(await ask(here(upstream))) == "Know thyself."


async def test_a_stream_ends_with_reason_and_the_last_counts(upstream: Upstream) -> None:
    upstream.will(sse_reply(*frames.sse(*frames.events("Know", " thyself", "."))))
    chunks = await ask(here(upstream), is_stream=True)
    assert [chunk.text for chunk in chunks] == ["Know", " thyself", ".", ""]
    assert (chunks[-1].stop_reason, chunks[-1].usage) == (StopReason.STOP, CACHED)
    assert {chunk.served_model for chunk in chunks} == {frames.MODEL}


async def test_frames_are_read_whatever_pieces_they_arrive_in(upstream: Upstream) -> None:
    body = b"".join(frames.sse(*frames.events("너 자신을", " 알라")))
    upstream.will(sse_reply(*[body[at : at + 11] for at in range(0, len(body), 11)]))
    assert text_of(await ask(here(upstream), is_stream=True)) == "너 자신을 알라"


async def test_without_message_stop_a_stream_has_no_end(upstream: Upstream) -> None:
    upstream.will(sse_reply(*frames.sse(*frames.events("Know")[:-1])))
    chunks = await ask(here(upstream), is_stream=True)
    assert text_of(chunks) == "Know"
    assert chunks[-1].stop_reason is None
    assert chunks[-1].usage is None, "the placeholder of message_start is not the usage"


async def test_message_stop_without_a_reason_is_no_end_either(upstream: Upstream) -> None:
    upstream.will(sse_reply(*frames.sse(*frames.events("Know", stop_reason=None))))
    chunks = await ask(here(upstream), is_stream=True)
    assert [(chunk.text, chunk.stop_reason) for chunk in chunks] == [("Know", None)]


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        ("end_turn", StopReason.STOP), ("stop_sequence", StopReason.STOP),
        ("pause_turn", StopReason.STOP), ("max_tokens", StopReason.LENGTH),
        ("model_context_window_exceeded", StopReason.LENGTH),
        ("tool_use", StopReason.TOOL_CALLS), ("refusal", StopReason.CONTENT_FILTER),
        ("tomorrow's word", StopReason.STOP),
    ],
)
async def test_every_stop_reason_is_known(
    upstream: Upstream, reported: str, expected: StopReason
) -> None:
    upstream.will(
        json_reply(frames.message(stop_reason=reported)),
        sse_reply(*frames.sse(*frames.events("Yes", stop_reason=reported))),
    )
    [whole] = await ask(here(upstream))
    streamed = await ask(here(upstream), is_stream=True)
    assert whole.stop_reason is streamed[-1].stop_reason is expected


async def test_instructions_and_neighbours_of_one_role_are_merged(upstream: Upstream) -> None:
    upstream.will(json_reply(frames.message()))
    await ask(
        here(upstream), cap=33, temperature=0.0, top_p=0.5, stop=("END",),
        messages=(
            Message("system", "You are Socrates."), Message("user", "Hello."),
            Message("developer", "Be brief."), Message("user", "What is virtue?"),
            Message("assistant", "What do you think?"), Message("user", "Courage."),
        ),
    )
    [received] = upstream.received
    assert (received.method, received.path) == ("POST", "/v1/messages")
    assert received.body == {
        "model": "m", "max_tokens": 33, "temperature": 0.0, "top_p": 0.5,
        "stop_sequences": ["END"], "system": "You are Socrates.\n\nBe brief.",
        "messages": [
            {"role": "user", "content": "Hello.\n\nWhat is virtue?"},
            {"role": "assistant", "content": "What do you think?"},
            {"role": "user", "content": "Courage."},
        ],
    }
    assert received.headers["anthropic-version"]


async def test_a_large_cap_needs_no_stream(upstream: Upstream) -> None:
    upstream.will(json_reply(frames.message()))
    await ask(here(upstream), cap=64_000)
    assert upstream.received[0].body["max_tokens"] == 64_000


@pytest.mark.parametrize(
    "request_",
    [
        {"messages": (Message("tool", "42", {"tool_call_id": "c1"}),)},
        {"messages": (Message("assistant", "", {"tool_calls": []}),)},
        {"messages": (Message("user", "Hi", {"name": "alice"}),)},
        {"extra": {"seed": 1}},
    ],
)
async def test_what_cannot_be_expressed_is_refused_before_anything_is_sent(
    upstream: Upstream, request_: dict[str, Any]
) -> None:
    with pytest.raises(ProviderRejected) as failed:
        await ask(here(upstream), **request_)
    assert not failed.value.may_retry
    assert upstream.received == []


@pytest.mark.parametrize(
    ("status", "kind", "error_code", "expected"),
    [
        (400, "invalid_request_error", None, ProviderRejected),
        (413, "request_too_large", None, ProviderRejected),
        (401, "authentication_error", None, ProviderMisconfigured),
        (403, "permission_error", None, ProviderMisconfigured),
        (404, "not_found_error", None, ProviderMisconfigured),
        (402, "billing_error", None, ProviderQuotaSpent),
        (429, "rate_limit_error", None, ProviderRateLimited),
        (429, "rate_limit_error", "ramp_limit_exceeded", ProviderRateLimited),
        (429, "rate_limit_error", "contract_spend_limit_reached", ProviderQuotaSpent),
        (429, "rate_limit_error", "enforced_spend_limit_reached", ProviderQuotaSpent),
        (500, "api_error", None, ProviderUnavailable),
        (529, "overloaded_error", None, ProviderUnavailable),
    ],
)
@pytest.mark.parametrize("is_stream", [False, True])
async def test_an_error_reply_is_translated_once_and_owes_nothing(
    upstream: Upstream, status: int, kind: str, error_code: str | None, expected: type,
    is_stream: bool,
) -> None:
    body = frames.error("No.", kind=kind, error_code=error_code)
    upstream.will(json_reply(body, status=status, headers={"retry-after": "7"}))
    with pytest.raises(expected) as failed:
        await ask(here(upstream), is_stream=is_stream)
    assert type(failed.value) is expected
    assert (failed.value.upstream_status, failed.value.is_billed) == (status, False)
    assert failed.value.retry_after_s == 7
    assert len(upstream.received) == 1


async def test_an_empty_account_is_told_apart_from_a_wrong_call(upstream: Upstream) -> None:
    words = "Your credit balance is too low to access the Anthropic API."
    upstream.will(json_reply(frames.error(words, kind="invalid_request_error"), status=400))
    with pytest.raises(ProviderQuotaSpent):
        await ask(here(upstream))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("overloaded_error", ProviderUnavailable), ("api_error", ProviderUnavailable),
        ("rate_limit_error", ProviderRateLimited), ("timeout_error", ProviderTimeout),
        ("billing_error", ProviderQuotaSpent),
    ],
)
async def test_an_error_event_inside_a_stream_may_have_cost_something(
    upstream: Upstream, kind: str, expected: type
) -> None:
    events = frames.sse(frames.start(), frames.delta("Know"), frames.error("No.", kind=kind))
    upstream.will(sse_reply(*events))
    with pytest.raises(expected) as failed:
        await ask(here(upstream), is_stream=True)
    assert failed.value.is_billed is None


async def test_a_cut_line_inside_a_stream_may_have_cost_something(upstream: Upstream) -> None:
    upstream.will(sse_reply(*frames.sse(*frames.events("Know")[:4]), Cut()))
    with pytest.raises(ProviderUnavailable) as failed:
        await ask(here(upstream), is_stream=True)
    assert failed.value.is_billed is None


async def test_silence_within_a_stream_is_a_timeout(upstream: Upstream) -> None:
    upstream.will(sse_reply(*frames.sse(frames.start()), Pause(5)))
    with pytest.raises(ProviderTimeout) as failed:
        await ask(here(upstream, timeout_s=0.2), is_stream=True)
    assert failed.value.is_billed is None


async def test_a_refused_connection_costs_nothing() -> None:
    with pytest.raises(ProviderUnavailable) as failed:
        await ask(deployment("anthropic", "http://127.0.0.1:9"))
    assert failed.value.is_billed is False


@pytest.mark.parametrize(
    "event", [{"no": "type"}, {"type": "content_block_delta"}, {"type": "message_start"}]
)
async def test_a_frame_of_another_shape_is_malformed(
    upstream: Upstream, event: dict[str, Any]
) -> None:
    upstream.will(sse_reply(b"data: " + json.dumps(event).encode() + b"\n\n"))
    with pytest.raises(ProviderMalformed):
        await ask(here(upstream), is_stream=True)


async def test_a_key_that_cannot_be_sent_is_the_operators_problem(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "sk-with\nnewline")
    with pytest.raises(ProviderMisconfigured):
        await ask(here(upstream, api_key_env="MY_KEY"))


async def test_probe_says_what_is_missing(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    probe = get_provider("anthropic").probe
    assert await probe(deployment("anthropic", "")) == "set ANTHROPIC_API_KEY"
    assert await probe(deployment("anthropic", "", api_key_env="MY_KEY")) == "set MY_KEY"
    monkeypatch.setenv("MY_KEY", "sk-1")
    assert await probe(deployment("anthropic", "", api_key_env="MY_KEY")) == ""
    settings.ANTHROPIC_API_KEY = "sk-2"
    assert await probe(deployment("anthropic", "")) == ""


async def test_the_usual_key_is_sent_to_the_usual_address(
    upstream: Upstream, settings: Any
) -> None:
    settings.ANTHROPIC_API_KEY, settings.ANTHROPIC_BASE_URL = "sk-usual", upstream.url
    upstream.will(json_reply(frames.message()))
    await ask(deployment("anthropic", ""))
    assert upstream.received[0].headers["authorization"] == "Bearer sk-usual"


def test_our_frames_are_anthropics_own() -> None:
    """The scripted bodies hold to the vendor's types, so what passes here is what is sent there."""
    whole = SdkMessage.model_validate(frames.message(), strict=True)
    assert whole.usage.cache_read_input_tokens == 200
    one_event = TypeAdapter(RawMessageStreamEvent)
    kinds = [event for event in frames.events("a", "b") if event["type"] != "ping"]
    for event in kinds:
        one_event.validate_python(event, strict=True)
    assert issubclass(anthropic.EnforcedSpendLimitReachedError, anthropic.RateLimitError)


FOUND = (
    frames.page("The [Republic]\n", "https://a.example/x"),
    frames.page("again", "https://a.example/x"),
    frames.page("", "https://b.example/"), frames.page("no", "javascript:alert(1)"),
    frames.page("no", "https://c.example/)](https://d.example"),
)
TOLD = "Plato wrote it.\n[again](https://a.example/x)\n[https://b.example/](https://b.example/)"


async def test_a_search_is_asked_for_and_its_pages_end_the_answer(upstream: Upstream) -> None:
    upstream.will(json_reply(frames.message(content=frames.searched(*FOUND))))
    [chunk] = await ask(here(upstream), max_searches=1)
    assert upstream.received[0].body["tools"] == [
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 1}
    ]
    assert chunk.text == TOLD
    assert chunk.usage is not None
    assert chunk.usage.searches == 2


async def test_pages_of_a_streamed_answer_come_with_its_end(upstream: Upstream) -> None:
    blocks = [
        {"type": "content_block_start", "index": at, "content_block": block}
        for at, block in enumerate(frames.searched(*FOUND)[:2])
    ]
    first, *rest = frames.events("Plato wrote it.")
    upstream.will(sse_reply(*frames.sse(first, *blocks, *rest)))
    assert text_of(await ask(here(upstream), is_stream=True, max_searches=1)) == TOLD


async def test_words_that_the_answer_quotes_of_a_page_stand_beside_it(upstream: Upstream) -> None:
    quotes = [
        frames.quote("https://b.example/", "It was\nPlato."),
        frames.quote("https://b.example/", "And Socrates."),
        frames.quote("https://unknown.example/", "Nobody found this page."),
    ]
    upstream.will(json_reply(frames.message(content=frames.searched(*FOUND, quotes=quotes))))
    said = text_of(await ask(here(upstream), max_searches=1))
    assert said == (
        "Plato wrote it.\n[https://b.example/](https://b.example/) It was Plato. … And Socrates."
        "\n[again](https://a.example/x)"
    )


async def test_quotes_of_a_streamed_answer_come_with_its_end(upstream: Upstream) -> None:
    blocks = [
        {"type": "content_block_start", "index": at, "content_block": block}
        for at, block in enumerate(frames.searched(*FOUND)[:2])
    ]
    quoted: dict[str, Any] = {
        "type": "content_block_delta", "index": 2, "delta": {
            "type": "citations_delta", "citation": frames.quote("https://b.example/", "Plato."),
        },
    }
    TypeAdapter(RawMessageStreamEvent).validate_python(quoted, strict=True)
    first, *rest = frames.events("Plato wrote it.")
    upstream.will(sse_reply(*frames.sse(first, *blocks, quoted, *rest)))
    said = text_of(await ask(here(upstream), is_stream=True, max_searches=1))
    assert said.startswith("Plato wrote it.\n[https://b.example/](https://b.example/) Plato.\n")


async def test_a_model_that_searched_cannot_write_a_page_of_its_own(upstream: Upstream) -> None:
    blocks = frames.searched(failed="unavailable", text="So.\n[Shop](https://shop.example/)")
    upstream.will(json_reply(frames.message(content=blocks)))
    said = text_of(await ask(here(upstream), max_searches=1))
    assert said == "So.\n(Shop](https://shop.example/)"


async def test_a_search_that_failed_leaves_no_page(upstream: Upstream) -> None:
    blocks = frames.searched(failed="unavailable")
    upstream.will(json_reply(frames.message(content=blocks)))
    assert text_of(await ask(here(upstream), max_searches=1)) == "Plato wrote it."


def test_frames_of_a_search_are_those_of_the_sdk() -> None:
    quotes = [frames.quote("https://b.example/", "Plato.")]
    for blocks in (frames.searched(*FOUND, quotes=quotes), frames.searched(failed="unavailable")):
        SdkMessage.model_validate(frames.message(content=blocks))


async def test_without_a_search_no_tool_is_offered(upstream: Upstream) -> None:
    upstream.will(json_reply(frames.message()))
    await ask(here(upstream))
    assert "tools" not in upstream.received[0].body
