"""The built-in model's adapter against a scripted server. See test_embedded_server.py for the
real one."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from costcontrol.lib.errors import ProviderRejected, ProviderUnavailable
from routing.providers import get_provider
from tests.routing.providers.asking import ask, deployment, text_of
from tests.upstreams import openai as frames
from tests.upstreams.server import Pause, Reply, Upstream, json_reply, running_upstream, sse_reply

BUILT_IN = deployment("embedded", "", model="smollm2-135m")


@pytest.fixture
def model_file(tmp_path: Path, settings: Any) -> Iterator[Path]:
    settings.LOCAL_MODEL_FILE = tmp_path / "local-model.json"
    return settings.LOCAL_MODEL_FILE


def announce(path: Path, url: str, *, key: str = "k1") -> None:
    write(path, json.dumps({"url": url, "key": key, "model": "smollm2-135m"}))


def write(path: Path, content: str) -> None:
    path.write_text(content)


def remove(path: Path) -> None:
    path.unlink()


async def test_it_is_asked_where_the_file_says(upstream: Upstream, model_file: Path) -> None:
    announce(model_file, upstream.url)
    upstream.will(json_reply(frames.completion("Hello.")))
    assert text_of(await ask(BUILT_IN)) == "Hello."
    [received] = upstream.received
    assert received.path == "/v1/chat/completions"
    assert received.headers["authorization"] == "Bearer k1"
    assert received.body["max_tokens"] == 64


async def test_a_restarted_process_is_found_on_its_new_port(
    upstream: Upstream, model_file: Path
) -> None:
    announce(model_file, "http://127.0.0.1:9")
    with pytest.raises(ProviderUnavailable):
        await ask(BUILT_IN)
    async with running_upstream() as other:
        announce(model_file, other.url, key="k2")
        os.utime(model_file, ns=(1, 1))
        other.will(json_reply(frames.completion()))
        await ask(BUILT_IN)
        assert other.received[0].headers["authorization"] == "Bearer k2"
        await get_provider("embedded").close()


async def test_no_connection_is_used_twice(upstream: Upstream, model_file: Path) -> None:
    """llama.cpp hangs up after a stream, a moment after a next call could have been sent."""
    announce(model_file, upstream.url)
    upstream.will(
        sse_reply(*frames.sse(*frames.chunks("Hello."))), json_reply(frames.completion("Hello."))
    )
    assert text_of(await ask(BUILT_IN, is_stream=True)) == "Hello."
    assert text_of(await ask(BUILT_IN)) == "Hello."
    assert upstream.connections == 2


@pytest.mark.parametrize("content", [None, "", "{", "[]", "{}", '{"url": 5, "key": "k"}'])
async def test_without_a_readable_file_it_is_not_running(
    model_file: Path, content: str | None
) -> None:
    if content is not None:
        write(model_file, content)
    assert await get_provider("embedded").probe(BUILT_IN) == "the built-in model is not running"
    with pytest.raises(ProviderUnavailable) as failed:
        await ask(BUILT_IN)
    assert failed.value.is_billed is False


async def test_a_file_that_is_removed_means_it_is_gone(
    upstream: Upstream, model_file: Path
) -> None:
    announce(model_file, upstream.url)
    upstream.will(json_reply({"status": "ok"}))
    probe = get_provider("embedded").probe
    assert await probe(BUILT_IN) == ""
    assert upstream.received[0].path == "/health"
    remove(model_file)
    assert await probe(BUILT_IN) == "the built-in model is not running"


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (json_reply({"error": "Loading model"}, status=503), "the built-in model is still loading"),
        (Reply((Pause(2),)), "the built-in model does not answer"),
        (Reply(is_silent=True), "the built-in model does not answer"),
    ],
)
async def test_probe_says_what_is_wrong(
    upstream: Upstream, model_file: Path, reply: Reply, answer: str
) -> None:
    announce(model_file, upstream.url)
    upstream.will(reply)
    assert await get_provider("embedded").probe(BUILT_IN) == answer


async def test_a_parameter_that_it_does_not_know_is_refused(
    upstream: Upstream, model_file: Path
) -> None:
    announce(model_file, upstream.url)
    with pytest.raises(ProviderRejected, match="service_tier"):
        await ask(BUILT_IN, extra={"service_tier": "flex"})
    upstream.will(json_reply(frames.completion()))
    await ask(BUILT_IN, extra={"seed": 1, "logit_bias": {}})
    assert upstream.received[0].body["seed"] == 1
