"""From an `Answer` to OpenAI's shapes: one JSON object, or server-sent events."""

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing
from typing import Any

from billing.gauge import Reading
from billing.models import Metric
from billing.usage import Usage
from costcontrol.lib.api import openai_error
from costcontrol.lib.errors import CostControlError
from costcontrol.lib.money import credits
from routing.answers import Answer
from routing.meter import Meter
from routing.types import Chunk, StopReason

DONE = b"data: [DONE]\n\n"


def headers_of(answer: Answer) -> dict[str, str]:
    """Who answered, from where, and what is left of the quota."""
    name, model_class = _who(answer)
    headers = {
        "X-Request-Id": str(answer.call.id),
        "X-Model": name,
        "X-Route": "cache" if answer.cache == "hit" else model_class,
        "X-Cache": answer.cache,
    }
    if meter := _own_meter(answer):
        headers["X-Paid-From"] = meter.paid_from
    return headers | _quota(answer)


def _own_meter(answer: Answer) -> Meter | None:
    """Of the attempt that this call paid for; None: from a store, or read along with another."""
    meter = answer.work.meter if answer.work else None
    return meter if meter and meter.call.id == answer.call.id else None


def _who(answer: Answer) -> tuple[str, str]:
    stored = answer.completion or (answer.work.found if answer.work else None)
    if stored is not None:
        return stored.deployment, str(stored.model_class)
    meter = answer.work.meter if answer.work else None
    return (meter.deployment.name, str(meter.deployment.model_class)) if meter else ("", "")


def _quota(answer: Answer) -> dict[str, str]:
    """Debates of this day; for a call outside debates, calls. What is left after this one."""
    by_metric = {r.window.rule.metric: r for r in (*answer.readings, *_readings(answer))}
    reading = by_metric.get(Metric.DEBATES) or by_metric.get(Metric.REQUESTS)
    if reading is None:
        return {}
    headers = {
        "X-Quota-Limit": str(reading.room.cap),
        "X-Quota-Remaining": str(max(0, reading.room.left)),
    }
    if reading.window.end:
        headers["X-Quota-Reset"] = reading.window.end.isoformat()
    return headers


def _readings(answer: Answer) -> Iterable[Reading]:
    """From this call's own reservation if it made one, else what was last seen."""
    meter = _own_meter(answer)
    return meter.readings if meter else answer.readings


def cost_nanos(answer: Answer) -> int:
    """What this call cost, once it is settled. Read along with another call: nothing."""
    meter = _own_meter(answer)
    return int(meter.cost_nanos) if meter else 0


def cost_headers(answer: Answer) -> dict[str, str]:
    """Of a whole reply, which is settled: credits for everybody, nanos for who may see them."""
    headers = {}
    if _own_meter(answer):
        headers["X-Cost-Credits"] = credits(cost_nanos(answer))
    if answer.call.caller.may_see_costs:
        headers["X-Cost-Nanos"] = str(cost_nanos(answer))
    return headers


def completion_json(answer: Answer, chunks: list[Chunk]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": "".join(c.text for c in chunks)}
    for chunk in chunks:
        message |= chunk.delta or {}
    if calls := message.get("tool_calls"):
        message["tool_calls"] = [{k: v for k, v in c.items() if k != "index"} for c in calls]
        message["content"] = message["content"] or None
    stop = next((c.stop_reason for c in reversed(chunks) if c.stop_reason), StopReason.STOP)
    return {
        "id": f"chatcmpl-{answer.call.id}",
        "object": "chat.completion",
        "created": int(answer.call.at.timestamp()),
        "model": _who(answer)[0],
        "choices": [{"index": 0, "message": message, "finish_reason": stop, "logprobs": None}],
        "usage": usage_json(usage_of(answer, chunks)),
    }


def usage_of(answer: Answer, chunks: Iterable[Chunk]) -> Usage:
    """What was billed: reported by the provider, or our estimate."""
    meter = answer.work.meter if answer.work else None
    reported = next((c.usage for c in chunks if c.usage), None)
    return meter.billed_usage() if meter else reported or Usage()


def usage_json(usage: Usage) -> dict[str, Any]:
    output = usage.output_tokens or 0
    return {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": output,
        "total_tokens": usage.input_tokens + output,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read_tokens or 0},
    }


async def events(answer: Answer, *, accept_language: str = "") -> AsyncIterator[bytes]:
    """OpenAI's stream. The usage chunk and [DONE] come after the settlement."""
    head = json.dumps(
        {"id": f"chatcmpl-{answer.call.id}", "object": "chat.completion.chunk",
         "created": int(answer.call.at.timestamp()), "model": _who(answer)[0]}
    )[:-1].encode()
    role = b'"role":"assistant",'
    seen: list[Chunk] = []
    try:
        async with aclosing(answer.chunks()) as chunks:
            async for chunk in chunks:
                if chunk.usage:
                    seen = [chunk]
                if chunk.text or chunk.delta or chunk.stop_reason:
                    yield _event(head, chunk, role)
                    role = b""
    except CostControlError as error:
        error.call_id = error.call_id or str(answer.call.id)
        body = openai_error(error, accept_language=accept_language)
        yield b"data: " + json.dumps(body).encode() + b"\n\n"
        return
    if answer.call.request.wants_usage_chunk:
        yield _usage_event(head, answer, seen)
    yield DONE


def _event(head: bytes, chunk: Chunk, role: bytes) -> bytes:
    """One chunk. Put together from bytes: twenty of these make a stream's cost."""
    said = json.dumps({"content": chunk.text, **(chunk.delta or {})}, ensure_ascii=False)
    body = said.encode(errors="replace")
    stop = b'"%s"' % chunk.stop_reason.encode() if chunk.stop_reason else b"null"
    return (
        b"data: " + head + b',"choices":[{"index":0,"delta":{' + role + body[1:]
        + b',"finish_reason":' + stop + b"}]}\n\n"
    )


def _usage_event(head: bytes, answer: Answer, chunks: list[Chunk]) -> bytes:
    usage = usage_json(usage_of(answer, chunks))
    if answer.call.caller.may_see_costs:
        usage["cost_nanos"] = cost_nanos(answer)
    return b"data: " + head + b',"choices":[],"usage":' + json.dumps(usage).encode() + b"}\n\n"
