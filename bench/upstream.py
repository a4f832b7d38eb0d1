"""A provider with fixed usage and latency, so that a gateway's own cost can be read off.

OpenAI's chat API, streamed or not: 100 tokens in, 50 out (or `max_tokens`, if fewer). One worker:
`GET /__stats` says how many requests really arrived, `POST /__reset` zeroes it.

    LATENCY_MS=20 granian --interface asgi --port 9120 bench.upstream:app
"""

import asyncio
import json
import os

LATENCY_S = float(os.environ.get("LATENCY_MS", "0")) / 1000
CHUNKS = 20
TEXT = "An unexamined life is not worth living, said one of us. " * 4
INPUT, OUTPUT = 100, 50
stats = {"requests": 0}


async def app(scope, receive, send):
    if scope["type"] != "http":
        return None
    body = await read(receive)
    if scope["path"] == "/__stats":
        return await reply(send, json.dumps(stats).encode())
    if scope["path"] == "/__reset":
        stats["requests"] = 0
        return await reply(send, b"{}")
    stats["requests"] += 1
    if LATENCY_S:
        await asyncio.sleep(LATENCY_S)
    asked = json.loads(body)
    cap = asked.get("max_tokens") or asked.get("max_completion_tokens") or OUTPUT
    usage = {
        "prompt_tokens": INPUT,
        "completion_tokens": min(OUTPUT, cap),
        "total_tokens": INPUT + min(OUTPUT, cap),
    }
    if asked.get("stream"):
        return await stream(send, asked, usage)
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": TEXT},
        "finish_reason": "stop",
    }
    return await reply(send, whole(asked, "chat.completion", [choice], usage=usage))


async def read(receive):
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def reply(send, body, content_type=b"application/json"):
    headers = [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def stream(send, asked, usage):
    headers = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for event in events(asked, usage):
        await send({"type": "http.response.body", "body": event, "more_body": True})
    await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})


def events(asked, usage):
    size = len(TEXT) // CHUNKS
    for start in range(0, size * CHUNKS, size):
        delta = {"role": "assistant", "content": TEXT[start : start + size]}
        yield event(asked, [{"index": 0, "delta": delta, "finish_reason": None}])
    yield event(asked, [{"index": 0, "delta": {}, "finish_reason": "stop"}])
    if (asked.get("stream_options") or {}).get("include_usage"):
        yield event(asked, [], usage=usage)


def event(asked, choices, **more):
    return b"data: " + whole(asked, "chat.completion.chunk", choices, **more) + b"\n\n"


def whole(asked, kind, choices, **more):
    head = {"id": "chatcmpl-bench", "object": kind, "created": 1_700_000_000}
    return json.dumps(head | {"model": asked.get("model"), "choices": choices} | more).encode()
