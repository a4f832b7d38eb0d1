"""llmock, a mock of OpenAI's and Anthropic's APIs that others wrote and that breaks on demand."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.services.plain import PLAIN
from tests.services.product import free_port


@dataclass(frozen=True)
class LLMock:
    url: str

    def will(self, *behaviors: dict[str, Any]) -> None:
        reply = httpx.post(
            f"{self.url}/_llmock/scenario", json={"behaviors": behaviors}, **PLAIN
        )
        reply.raise_for_status()

    def requests(self) -> int:
        """How many its own log says it got."""
        reply = httpx.get(f"{self.url}/_llmock/requests", **PLAIN)
        return len(reply.json()["requests"])

    def reset(self) -> None:
        httpx.post(f"{self.url}/_llmock/reset", **PLAIN).raise_for_status()


@contextmanager
def running_llmock() -> Iterator[LLMock]:
    port = free_port()
    command = [
        Path(sys.executable).with_name("llmock"), "serve", "--host", "127.0.0.1",
        "--port", str(port), "--log-level", "error",
    ]  # fmt: skip
    server = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | {"CI": "1"}
    )
    mock = LLMock(f"http://127.0.0.1:{port}")
    try:
        _wait_until_it_answers(f"{mock.url}/health", server)
        yield mock
    finally:
        server.terminate()
        server.wait(10)


def _wait_until_it_answers(url: str, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        assert server.poll() is None, "llmock ended at once"
        try:
            httpx.get(url, **PLAIN)
            return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("llmock did not start")
