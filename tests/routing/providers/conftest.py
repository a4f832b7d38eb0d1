"""Upstreams for the adapters: our scripted server, and llmock, a mock that others wrote."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from routing.providers import close_all
from tests.upstreams.server import Upstream, running_upstream


@pytest_asyncio.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with running_upstream() as running:
        yield running
        await close_all()


@dataclass(frozen=True)
class LLMock:
    url: str

    def will(self, *behaviors: dict[str, Any]) -> None:
        reply = httpx.post(
            f"{self.url}/_llmock/scenario", json={"behaviors": behaviors}, trust_env=False
        )
        reply.raise_for_status()

    def requests(self) -> int:
        reply = httpx.get(f"{self.url}/_llmock/requests", trust_env=False)
        return len(reply.json()["requests"])

    def reset(self) -> None:
        httpx.post(f"{self.url}/_llmock/reset", trust_env=False).raise_for_status()


@pytest.fixture(scope="session")
def llmock_server() -> Iterator[LLMock]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        Path(sys.executable).with_name("llmock"), "serve", "--host", "127.0.0.1",
        "--port", str(port), "--log-level", "error",
    ]
    server = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | {"CI": "1"}
    )
    mock = LLMock(f"http://127.0.0.1:{port}")
    try:
        wait_until_answered(f"{mock.url}/health", server)
        yield mock
    finally:
        server.terminate()
        server.wait(10)


def wait_until_answered(url: str, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        assert server.poll() is None, "llmock ended at once"
        try:
            httpx.get(url, trust_env=False)
            return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("llmock did not start")


@pytest_asyncio.fixture
async def llmock(llmock_server: LLMock) -> AsyncIterator[LLMock]:
    llmock_server.reset()
    yield llmock_server
    await close_all()
