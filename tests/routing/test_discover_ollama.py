"""`manage.py discover_ollama` against a scripted Ollama, on a real database."""

import asyncio
import io
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command

from routing.models import Deployment
from tests.upstreams import ollama as frames
from tests.upstreams.server import Upstream, json_reply, running_upstream

pytestmark = pytest.mark.django_db


@pytest.fixture
def ollama(settings: Any) -> Iterator[Upstream]:
    """A scripted Ollama on a thread of its own: the command blocks ours."""
    ready, done = threading.Event(), threading.Event()
    found: list[Upstream] = []

    async def serve() -> None:
        async with running_upstream() as upstream:
            found.append(upstream)
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(10)
    settings.OLLAMA_HOST = found[0].url
    yield found[0]
    done.set()
    thread.join()


def discover() -> list[str]:
    out = io.StringIO()
    call_command("discover_ollama", stdout=out)
    return out.getvalue().splitlines()


def test_each_model_becomes_a_local_deployment(ollama: Upstream) -> None:
    ollama.will(json_reply(frames.tags(
        frames.installed("qwen3:4b", "qwen3"), frames.installed("llama3.2:3b", "llama"),
    )))  # fmt: skip
    assert discover() == ["qwen3:4b: added, speaks en and ko", "llama3.2:3b: added, speaks en"]
    row = Deployment.objects.get(name="ollama/qwen3:4b")
    assert (row.provider, row.model, row.model_class) == ("ollama", "qwen3:4b", "local")
    assert (row.languages, row.context_tokens, row.max_concurrency) == (["en", "ko"], 8192, 2)
    assert row.is_enabled


def test_cloud_models_are_left_out_and_it_says_so(ollama: Upstream) -> None:
    ollama.will(json_reply(frames.tags(
        frames.installed("gpt-oss:120b-cloud", "gptoss"),
        frames.installed("mine", "gptoss", remote_host="https://ollama.com:443"),
        frames.installed("nomic-embed-text:latest", "nomic-bert"),
    )))  # fmt: skip
    assert discover() == [
        "gpt-oss:120b-cloud: skipped, a cloud model: data would leave this machine",
        "mine: skipped, a cloud model: data would leave this machine",
        "nomic-embed-text:latest: skipped, not a chat model",
    ]
    assert not Deployment.objects.filter(provider="ollama").exists()


def test_a_row_that_an_operator_edited_is_not_touched(ollama: Upstream) -> None:
    answer = json_reply(frames.tags(frames.installed("qwen3:4b")))
    ollama.will(answer, answer)
    discover()
    edited = {"languages": ["en"], "is_enabled": False, "context_tokens": 4096, "priority": 1}
    Deployment.objects.filter(name="ollama/qwen3:4b").update(**edited)
    before = Deployment.objects.filter(provider="ollama").values().get()
    assert discover() == ["qwen3:4b: already there"]
    assert Deployment.objects.filter(provider="ollama").values().get() == before


@pytest.mark.parametrize(
    ("name", "family", "is_korean"),
    [
        ("qwen2.5:7b", "qwen2", True), ("qwen2:7b", "qwen2", False), ("gemma2:9b", "gemma2", True),
        ("gemma3:4b", "gemma3", True), ("gemma:2b", "gemma", False),
        ("exaone3.5:8b", "exaone", True),
        ("llama3.2:3b", "llama", False), ("llama3.1-bllossom:8b", "llama", True),
        ("aya-expanse:8b", "command-r", True), ("my-own-name", "qwen3", True),
        ("phi3:mini", "phi3", False),
    ],
)  # fmt: skip
def test_only_families_that_know_korean_are_offered_for_it(
    ollama: Upstream, name: str, family: str, is_korean: bool
) -> None:
    ollama.will(json_reply(frames.tags(frames.installed(name, family))))
    discover()
    spoken = Deployment.objects.get(name=f"ollama/{name}").languages
    assert ("ko" in spoken) is is_korean


def test_no_model_yet_says_what_to_do(ollama: Upstream) -> None:
    ollama.will(json_reply(frames.tags()))
    assert discover() == ["Ollama has no model yet. Run: ollama pull qwen3:4b"]


def test_no_ollama_is_no_failure() -> None:
    assert discover() == ["Ollama does not answer at http://127.0.0.1:9."]
