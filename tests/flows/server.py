"""The gateway as it runs in production: granian in processes of its own, and how it is called."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import openai
import psutil
import pytest
from django.conf import settings

from tests.flows.rows import QUESTION, Account, eventually
from tests.services.plain import PLAIN
from tests.services.product import free_port, product_env

SNAPSHOT_SECONDS = 0.1
GAUGE_SECONDS = 0.1


@dataclass
class Reply:
    """What a raw call brought."""

    status: int
    headers: Mapping[str, str]
    text: str
    data: Any = None

    @property
    def error(self) -> dict[str, Any]:
        return dict(self.data["error"])

    @property
    def call_id(self) -> str:
        return self.headers["x-request-id"]


class Lines:
    """The events of a stream, as they come."""

    def __init__(self, reply: httpx.Response) -> None:
        self.status, self.headers = reply.status_code, reply.headers
        self.close = reply.close
        self._lines = reply.iter_lines()
        self._reply = reply

    def read_text(self) -> str:
        return self._reply.read().decode()

    def read(self, count: int = 1_000) -> list[Any]:
        """So many events; fewer if the stream ends before."""
        found: list[Any] = []
        for line in self._lines:
            if line.startswith("data: "):
                data = line.removeprefix("data: ")
                found.append(data if data == "[DONE]" else json.loads(data))
            if len(found) == count:
                break
        return found


class Gateway:
    """Granian with the product in it, `workers` processes wide."""

    def __init__(self, folder: Path, *, workers: int = 1, **env: str) -> None:
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self.log = folder / f"gateway-{port}.log"
        options = ["--interface", "asginl", "--host", "127.0.0.1", "--port", str(port)]
        flags = ["--no-ws", "--no-access-log", "--respawn-failed-workers", "--log-level", "warning"]
        flags += ["--workers-kill-timeout", "3"]  # one that still starts cannot be stopped
        self.workers = workers
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "granian", *options, "--workers", str(workers), *flags,
                 "costcontrol.asgi:application"],
                cwd=settings.BASE_DIR, env=product_env(folder, **env), stdout=log, stderr=log,
            )  # fmt: skip

    def wait_until_ready(self) -> None:
        """Until every worker serves: each is a process that listens."""
        eventually(self._answers, what=f"the gateway\n{self.log.read_text()}", within_s=60)
        eventually(
            lambda: len(self.worker_processes()) >= self.workers, what="workers", within_s=60
        )

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return httpx.get(f"{self.url}/v1/models", **PLAIN).status_code == 401
        except httpx.TransportError:
            return False

    def worker_processes(self) -> list[psutil.Process]:
        children = psutil.Process(self.process.pid).children(recursive=True)
        return [child for child in children if child.status() != psutil.STATUS_ZOMBIE]

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    # --- calling it ---

    def client(self, who: Account, **more: Any) -> openai.OpenAI:
        """The official client, as its makers ship it."""
        http = openai.DefaultHttpxClient(**PLAIN)
        return openai.OpenAI(
            base_url=f"{self.url}/v1", api_key=who.key, http_client=http, **more
        )

    def post(self, who: Account | None, body: Any, path: str = "/v1/chat/completions",
             **headers: str) -> Reply:
        """One raw call. `body` may be bytes."""
        sent = who.headers(**headers) if who else headers
        kind = {"content": body} if isinstance(body, bytes) else {"json": body}
        reply = httpx.post(
            self.url + path, headers=sent, timeout=60, **PLAIN, **kind
        )
        return reply_of(reply.status_code, reply.headers, reply.text)

    def ask(self, who: Account, text: str = QUESTION, *, headers: Mapping[str, str] = {},
            **body: Any) -> Reply:
        asked = {"model": "auto", "messages": [{"role": "user", "content": text}]} | body
        named = {name.replace("-", "_"): value for name, value in headers.items()}
        return self.post(who, asked, **named)

    @contextmanager
    def streaming(self, who: Account, body: dict[str, Any], **headers: str) -> Iterator[Lines]:
        """An open stream. Leaving the block early is a client that hangs up."""
        sent = who.headers(**headers)
        url = f"{self.url}/v1/chat/completions"
        with (
            httpx.Client(timeout=30, **PLAIN) as client,
            client.stream("POST", url, json={"stream": True} | body, headers=sent) as reply,
        ):
            yield Lines(reply)

    def hang_up_before_the_answer(
        self, who: Account, body: dict[str, Any], *, after_s: float, **headers: str
    ) -> None:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(
                f"{self.url}/v1/chat/completions", json=body, headers=who.headers(**headers),
                timeout=httpx.Timeout(after_s, connect=5), **PLAIN,
            )

    def sees_new_rows(self) -> None:
        """No worker's snapshot is older than twice SNAPSHOT_SECONDS."""
        time.sleep(2 * SNAPSHOT_SECONDS + 0.05)

    def sees_new_budgets(self) -> None:
        """Until what is known of windows is read anew: GAUGE_SECONDS."""
        self.sees_new_rows()
        time.sleep(GAUGE_SECONDS + 0.05)


def reply_of(status: int, headers: Mapping[str, str], text: str) -> Reply:
    try:
        data = json.loads(text)
    except ValueError:
        data = None
    return Reply(status, headers, text, data)


def burst(gateway: Gateway, *calls: tuple[Account, dict[str, Any]], **headers: str) -> list[Reply]:
    """All calls at once, each on a connection of its own."""
    return asyncio.run(_burst(gateway, calls, headers))


async def _burst(
    gateway: Gateway, calls: Sequence[tuple[Account, dict[str, Any]]], headers: Mapping[str, str]
) -> list[Reply]:
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=60)
    ) as session:


        async def one(who: Account, body: dict[str, Any]) -> Reply:
            url = f"{gateway.url}/v1/chat/completions"
            async with session.post(url, json=body, headers=who.headers(**headers)) as reply:
                low = {name.lower(): value for name, value in reply.headers.items()}
                return reply_of(reply.status, low, await reply.text())

        return await asyncio.gather(*(one(who, body) for who, body in calls))
