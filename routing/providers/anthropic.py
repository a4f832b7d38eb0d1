"""Anthropic's messages API."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import anthropic
import httpx2
from django.conf import settings

from billing.usage import Usage
from routing.providers._clients import (
    NO_KEY,
    Clients,
    address_of,
    http_client,
    key_of,
    missing_key,
    timeout,
)
from routing.providers._errors import (
    TRANSPORT_ERRORS,
    from_event,
    from_status,
    from_transport,
    parsed,
)
from routing.providers._requests import refuse_parameters, refuse_tool_messages, without_none
from routing.providers._wire import JsonObject, count, json_value, sse_value, values
from routing.providers.anthropic_search import (
    quotes,
    results,
    search_tool,
    sources_text,
    texts_of,
)
from routing.providers.prompt_cache import anthropic_least, marked
from routing.sources import unforged
from routing.types import Chunk, DeploymentSpec, Message, ProviderCall, StopReason

VENDOR = "Anthropic"
INSTRUCTIONS = ("system", "developer")
# An empty account is reported as a plain 400, with nothing but these words to tell it by.
NO_CREDIT = "credit balance is too low"

STOP_REASONS = {
    "max_tokens": StopReason.LENGTH,
    "model_context_window_exceeded": StopReason.LENGTH,
    "tool_use": StopReason.TOOL_CALLS,
    "refusal": StopReason.CONTENT_FILTER,
}


class AnthropicProvider:
    """Text in, text out: tools and OpenAI's further parameters have no counterpart here. Searches
    of Anthropic's own are asked for by `ChatRequest.max_searches`; their sources end the text."""

    passes: frozenset[str] | None = frozenset()

    def __init__(self) -> None:
        self._clients = Clients(make_client)

    async def stream(self, call: ProviderCall) -> AsyncGenerator[Chunk]:
        refuse_parameters(VENDOR, call, passes=frozenset())
        refuse_tool_messages(VENDOR, call)
        async with self._reply(call) as reply:
            if not call.request.is_stream:
                yield parsed(VENDOR, completion_chunk, reply.content)
                return
            answer = StreamedAnswer()
            events = values(VENDOR, reply.aiter_bytes(), decode=sse_value)
            async with aclosing(events):
                async for event in events:
                    if event.get("type") == "error":
                        raise from_event(VENDOR, event.get("error"))
                    if (chunk := parsed(VENDOR, answer.take, event)) is not None:
                        yield chunk

    async def probe(self, deployment: DeploymentSpec) -> str:
        return missing_key(deployment)

    async def close(self) -> None:
        await self._clients.close()

    @asynccontextmanager
    async def _reply(self, call: ProviderCall) -> AsyncIterator[httpx2.Response]:
        """The raw HTTP reply: read whole, or left open if the call is streamed."""
        client = self._clients.get(*endpoint(call.deployment))
        try:
            posted = await client.post(
                "/v1/messages",
                body=messages_body(call),
                cast_to=httpx2.Response,
                stream=call.request.is_stream,
                stream_cls=anthropic.AsyncStream[Any],
                options={"timeout": timeout(call.deployment)},
            )
        except anthropic.APIStatusError as error:
            raise refusal(error) from None
        except anthropic.APIConnectionError as error:
            raise from_transport(VENDOR, error.__cause__) from None
        except TRANSPORT_ERRORS as error:
            raise from_transport(VENDOR, error) from None
        reply = cast(httpx2.Response, posted)  # `cast_to` makes the SDK hand it over unread
        try:
            yield reply
        finally:
            await reply.aclose()


@dataclass(slots=True)
class StreamedAnswer:
    """What a stream has said so far about its end, which counts only once it says it is over."""

    served_model: str = ""
    stopped: StopReason | None = None
    counts: JsonObject = field(default_factory=dict)
    found: list[JsonObject] = field(default_factory=list)
    quoted: list[JsonObject] = field(default_factory=list)

    def take(self, event: JsonObject) -> Chunk | None:
        match event["type"]:
            case "content_block_delta":
                self.quoted += quotes(event["delta"])
                text = event["delta"].get("text") or ""
                return Chunk(text, served_model=self.served_model) if text else None
            case "content_block_start":
                self.found += results(event.get("content_block") or {})
            case "message_start":
                self.served_model = event["message"].get("model") or ""
                self._count(event["message"].get("usage"))
            case "message_delta":
                self.stopped = stop_reason(event["delta"].get("stop_reason"))
                self._count(event.get("usage"))
            case "message_stop" if self.stopped:
                return Chunk(
                    text=sources_text(self.found, self.quoted),
                    stop_reason=self.stopped,
                    usage=usage_of(self.counts),
                    served_model=self.served_model,
                )
        return None

    def _count(self, reported: JsonObject | None) -> None:
        """Counts are cumulative: a later one replaces an earlier one."""
        self.counts.update(without_none(reported or {}))


def endpoint(deployment: DeploymentSpec) -> tuple[str, str]:
    """Address and key of a deployment."""
    usual = settings.ANTHROPIC_BASE_URL
    key = key_of(deployment, usual_key=settings.ANTHROPIC_API_KEY, usual_address=usual)
    return address_of(deployment, usual=usual), key or NO_KEY


def make_client(base_url: str, key: str) -> anthropic.AsyncAnthropic:
    return anthropic.AsyncAnthropic(
        api_key=key, base_url=base_url, max_retries=0, http_client=http_client(base_url)
    )


def refusal(error: anthropic.APIStatusError) -> Exception:
    message = str(error.api_message or "")
    kind = "billing_error" if NO_CREDIT in message else str(error.error_code or error.type or "")
    return from_status(
        VENDOR, error.status_code, headers=error.response.headers, kind=kind, message=message
    )


def messages_body(call: ProviderCall) -> JsonObject:
    request = call.request
    marks = marked(request.messages, least=anthropic_least(call.deployment.model))
    body = {
        "model": call.deployment.model,
        "max_tokens": call.max_output_tokens,
        **(blocks(request.messages, marks) if marks else texts(request.messages)),
        "temperature": request.temperature,
        "top_p": request.top_p,
        "stop_sequences": list(request.stop) or None,
        "stream": request.is_stream or None,
        "tools": [search_tool(request.max_searches)] if request.max_searches else None,
    }
    return without_none(body)


def texts(messages: tuple[Message, ...]) -> JsonObject:
    instructions = [each.content for each in messages if each.role in INSTRUCTIONS]
    return {"system": "\n\n".join(instructions) or None, "messages": turns(messages)}


def blocks(messages: tuple[Message, ...], marks: frozenset[int]) -> JsonObject:
    """Each message a block of its own, so that a prefix ends at the same place in every call."""
    system: list[JsonObject] = []
    merged: list[JsonObject] = []
    for at, message in enumerate(messages):
        block: JsonObject = {"type": "text", "text": message.content}
        if at in marks:
            block["cache_control"] = {"type": "ephemeral"}
        if message.role in INSTRUCTIONS:
            system.append(block)
        elif merged and merged[-1]["role"] == message.role:
            merged[-1]["content"].append(block)
        else:
            merged.append({"role": message.role, "content": [block]})
    return {"system": system or None, "messages": merged}


def turns(messages: tuple[Message, ...]) -> list[dict[str, str]]:
    """The conversation without instructions; neighbours of one role become one turn."""
    merged: list[dict[str, str]] = []
    for message in messages:
        if message.role in INSTRUCTIONS:
            continue
        if merged and merged[-1]["role"] == message.role:
            merged[-1]["content"] += "\n\n" + message.content
        else:
            merged.append({"role": message.role, "content": message.content})
    return merged


def completion_chunk(content: bytes) -> Chunk:
    answer = json_value(content)
    blocks = answer["content"]
    said = "".join(texts_of(blocks))
    found = [page for block in blocks for page in results(block)]
    quoted = [quote for block in blocks for quote in quotes(block)]
    usage = usage_of(answer.get("usage") or {})
    if found or (usage and usage.searches):  # only what was found may look like a page
        said = unforged(said)
    return Chunk(
        text=said + sources_text(found, quoted),
        stop_reason=stop_reason(answer.get("stop_reason")),
        usage=usage,
        served_model=answer.get("model") or "",
    )


def stop_reason(reported: str | None) -> StopReason | None:
    """end_turn, stop_sequence, pause_turn and whatever comes next are an ordinary stop."""
    return STOP_REASONS.get(reported, StopReason.STOP) if reported else None


def usage_of(reported: Mapping[str, Any]) -> Usage | None:
    """Anthropic's buckets are disjoint as they are; thinking is part of the output count."""
    if not reported:
        return None
    searches = (reported.get("server_tool_use") or {}).get("web_search_requests")
    return Usage(
        fresh_input_tokens=count(reported.get("input_tokens")),
        cache_read_tokens=count(reported.get("cache_read_input_tokens")),
        cache_write_tokens=count(reported.get("cache_creation_input_tokens")),
        output_tokens=count(reported.get("output_tokens")),
        searches=count(searches),
    )
