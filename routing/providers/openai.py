"""OpenAI's chat completions, and every server that speaks them (vLLM, llama.cpp, LM Studio)."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any, cast

import httpx2
import openai
from django.conf import settings

from billing.usage import Usage
from routing.providers._clients import (
    MAX_IDLE,
    NO_KEY,
    Clients,
    address_of,
    http_client,
    is_official,
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
from routing.providers._requests import refuse_parameters, without_none
from routing.providers._wire import JsonObject, count, json_value, sse_value, values
from routing.providers.prompt_cache import OPENAI_LEAST, marked, openai_fields
from routing.types import ChatRequest, Chunk, DeploymentSpec, Message, ProviderCall, StopReason

# Ours alone to decide: what was held pays for one answer of a known length.
OURS = frozenset({"max_tokens", "max_completion_tokens", "stream", "stream_options"})
STOP_REASONS = {"function_call": StopReason.TOOL_CALLS} | {str(each): each for each in StopReason}


class OpenAIProvider:
    vendor = "OpenAI"
    passes: frozenset[str] | None = None

    def __init__(self) -> None:
        self._clients = Clients(make_client)

    async def stream(self, call: ProviderCall) -> AsyncGenerator[Chunk]:
        if self.passes is not None:
            refuse_parameters(self.vendor, call, passes=self.passes)
        base_url, key = self.endpoint(call.deployment)
        body = chat_body(call, base_url=base_url)
        async with self._reply(call, base_url=base_url, key=key, body=body) as reply:
            if not call.request.is_stream:
                yield parsed(self.vendor, completion_chunk, reply.content)
                return
            events = values(self.vendor, reply.aiter_bytes(), decode=sse_value)
            async with aclosing(events):
                async for event in events:
                    if error := event.get("error"):
                        raise from_event(self.vendor, error)
                    if (chunk := parsed(self.vendor, event_chunk, event)) is not None:
                        yield chunk

    async def probe(self, deployment: DeploymentSpec) -> str:
        return missing_key(deployment)

    async def close(self) -> None:
        await self._clients.close()

    def endpoint(self, deployment: DeploymentSpec) -> tuple[str, str]:
        """Address and key of a deployment."""
        usual = settings.OPENAI_BASE_URL
        key = key_of(deployment, usual_key=settings.OPENAI_API_KEY, usual_address=usual)
        return address_of(deployment, usual=usual), key or NO_KEY

    @asynccontextmanager
    async def _reply(
        self, call: ProviderCall, *, base_url: str, key: str, body: JsonObject
    ) -> AsyncIterator[httpx2.Response]:
        """The raw HTTP reply: read whole, or left open if the call is streamed."""
        client = self._clients.get(base_url, key)
        try:
            posted = await client.post(
                "/chat/completions",
                body=body,
                cast_to=httpx2.Response,
                stream=call.request.is_stream,
                stream_cls=openai.AsyncStream[Any],
                options={"timeout": timeout(call.deployment)},
            )
        except openai.APIStatusError as error:
            raise self._refusal(error) from None
        except openai.APIConnectionError as error:
            raise from_transport(self.vendor, error.__cause__) from None
        except TRANSPORT_ERRORS as error:
            raise from_transport(self.vendor, error) from None
        reply = cast(httpx2.Response, posted)  # `cast_to` makes the SDK hand it over unread
        try:
            yield reply
        finally:
            await reply.aclose()

    def _refusal(self, error: openai.APIStatusError) -> Exception:
        body = error.body if isinstance(error.body, dict) else {}
        return from_status(
            self.vendor,
            error.status_code,
            headers=error.response.headers,
            kind=str(error.code or error.type or ""),
            message=str(body.get("message") or ""),
        )


def make_client(base_url: str, key: str, *, max_idle: int = MAX_IDLE) -> openai.AsyncOpenAI:
    http = http_client(base_url, max_idle=max_idle)
    return openai.AsyncOpenAI(api_key=key, base_url=base_url, max_retries=0, http_client=http)


def chat_body(call: ProviderCall, *, base_url: str) -> JsonObject:
    request = call.request
    theirs = {name: value for name, value in request.extra.items() if name not in OURS}
    is_openai = is_official(base_url)
    cache = openai_fields(request, model=call.deployment.model) if is_openai else {}
    cap = "max_completion_tokens" if is_openai else "max_tokens"
    ours = {
        "model": call.deployment.model,
        "messages": message_bodies(request, has_marks="prompt_cache_options" in cache,
                                   is_merged=request.is_part and not is_openai),
        cap: call.max_output_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "stop": list(request.stop) or None,
    }
    body = theirs | cache | without_none(ours)
    if request.is_stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return body


def message_bodies(
    request: ChatRequest, *, has_marks: bool, is_merged: bool
) -> list[JsonObject]:
    """`is_merged`: neighbours of one role as one, for chat templates that want them to alternate
    (many open models' do)."""
    if is_merged:
        return merged(request.messages)
    marks = marked(request.messages, least=OPENAI_LEAST) if has_marks else frozenset()
    return [
        message_body(message, is_kept=at in marks) for at, message in enumerate(request.messages)
    ]


def message_body(message: Message, *, is_kept: bool) -> JsonObject:
    content: Any = message.content
    if is_kept:
        mark = {"mode": "explicit"}
        content = [{"type": "text", "text": message.content, "prompt_cache_breakpoint": mark}]
    return {"role": message.role, "content": content, **message.extra}


def merged(messages: tuple[Message, ...]) -> list[JsonObject]:
    bodies: list[JsonObject] = []
    for message in messages:
        if bodies and not message.extra and bodies[-1]["role"] == message.role:
            bodies[-1]["content"] += "\n" + message.content
        else:
            bodies.append(message_body(message, is_kept=False))
    return bodies


def completion_chunk(content: bytes) -> Chunk:
    """A whole answer. Only the first choice is read: several are never asked for."""
    answer = json_value(content)
    choice = answer["choices"][0]
    return Chunk(
        text=choice["message"].get("content") or "",
        delta=beside_text(choice["message"]),
        stop_reason=stop_reason(choice.get("finish_reason")),
        usage=usage_of(answer.get("usage")),
        served_model=answer.get("model") or "",
    )


def event_chunk(event: JsonObject) -> Chunk | None:
    """One event of a stream; None if it says nothing (the opening one has only a role)."""
    choice = (event.get("choices") or [{}])[0]
    delta = choice.get("delta") or {}
    text, beside = delta.get("content") or "", beside_text(delta)
    stopped, usage = stop_reason(choice.get("finish_reason")), usage_of(event.get("usage"))
    if not (text or beside or stopped or usage):
        return None
    return Chunk(text, beside, stopped, usage, event.get("model") or "")


def beside_text(message: Mapping[str, Any]) -> JsonObject | None:
    """What a message or delta says besides text (tool calls, a refusal); None if nothing."""
    if len(message) == 1 and "content" in message:
        return None
    rest = {
        name: value
        for name, value in message.items()
        if name not in ("role", "content") and value not in (None, [], "")
    }
    return rest or None


def stop_reason(finish_reason: str | None) -> StopReason | None:
    if not finish_reason:
        return None
    return STOP_REASONS.get(finish_reason, StopReason.STOP)


def usage_of(reported: Mapping[str, Any] | None) -> Usage | None:
    """Disjoint buckets: OpenAI's prompt count includes what it read from and wrote to its cache.

    Hidden reasoning is part of the completion count. Some servers count cached tokens beside the
    prompt; where the parts are more than the whole, the whole prompt is fresh.
    """
    if not reported:
        return None
    details = reported.get("prompt_tokens_details") or {}
    prompt = count(reported.get("prompt_tokens"))
    read, written = count(details.get("cached_tokens")), count(details.get("cache_write_tokens"))
    cached = (read or 0) + (written or 0)
    is_inside = prompt is not None and prompt >= cached
    return Usage(
        fresh_input_tokens=prompt - cached if prompt is not None and is_inside else prompt,
        cache_read_tokens=read,
        cache_write_tokens=written,
        output_tokens=count(reported.get("completion_tokens")),
    )
