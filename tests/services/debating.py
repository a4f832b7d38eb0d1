"""The providers of `tests/upstreams/debating.py` as a process, and what they say they sold."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from django.conf import settings

from tests.services.plain import PLAIN
from tests.services.product import free_port
from tests.upstreams.debating import Sale

KEYS = {"ANTHROPIC_API_KEY": "sk-ant-test", "OPENAI_API_KEY": "sk-test"}


@dataclass(frozen=True)
class Debating:
    url: str
    pid: int = 0

    @property
    def env(self) -> dict[str, str]:
        """What makes a product buy here and nowhere else."""
        return KEYS | {
            "ANTHROPIC_BASE_URL": f"{self.url}/anthropic",
            "OPENAI_BASE_URL": f"{self.url}/openai/v1",
        }

    def will(self, *, first_s: float, tokens_s: float, piece_s: float) -> None:
        manner = {"first_s": first_s, "tokens_s": tokens_s, "piece_s": piece_s}
        self._call("POST", "/_manner", json=manner)

    def reset(self) -> None:
        self._call("POST", "/_reset")

    def sales(self) -> list[Sale]:
        return [Sale(**row) for row in self._call("GET", "/_books")]

    def _call(self, method: str, path: str, **more: Any) -> Any:
        answer = httpx.request(method, self.url + path, **PLAIN, timeout=60, **more)
        return answer.raise_for_status().json()


@contextmanager
def running_debating() -> Iterator[Debating]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.upstreams.debating", str(port)], cwd=settings.BASE_DIR
    )
    upstream = Debating(f"http://127.0.0.1:{port}", process.pid)
    try:
        _wait_until_it_answers(upstream)
        yield upstream
    finally:
        process.terminate()
        process.wait(10)


def _wait_until_it_answers(upstream: Debating) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            return upstream.reset()
        except httpx.TransportError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
