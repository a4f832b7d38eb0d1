"""What watching the live calls costs the gateway: its CPU at 200 calls a second, alone and watched.

    python -m bench.live [--rate 200] [--viewers 20] [--seconds 20] [--rounds 3]
    python -m tests.services.postgresql python -m bench.live --postgresql

One worker, as in `bench.run`. Calls are sent at a constant rate, whether or not the last one has
been answered; a round is measured once with nobody there and once with all viewers, so that what
else the machine does disturbs both alike. CPU is that of the gateway's process. `given` counts the
calls that viewers were shown or told of: it must be the calls made, for each of them.
"""

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

from bench.run import Gateway, cpu_s, manage, ours, say, upstream

MODEL = "bench20"
CONNECTIONS = 64
SETTLE_S = 2.0
COOKIES = """
from django.test import Client
from accounts.models import User
for number in range({count}):
    email = f"viewer-{{number}}@bench.example"
    user = User.objects.filter(email=email).first()
    client = Client()
    client.force_login(user or User.objects.create_superuser(email=email, password=None))
    print("COOKIE", client.cookies["sessionid"].value)
"""


class Sender:
    """Calls at a constant rate over connections that stay open."""

    def __init__(self, gateway: Gateway) -> None:
        self._to, self._key = urlsplit(gateway.url), gateway.key
        self._idle: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = (
            asyncio.Queue()
        )
        self.sent = self.failed = 0

    async def open(self) -> None:
        for _ in range(CONNECTIONS):
            self._idle.put_nowait(await self._connection())

    async def run(self, rate: int, seconds: float) -> None:
        begun, calls = time.monotonic(), []
        for number in range(int(rate * seconds)):
            await asyncio.sleep(begun + number / rate - time.monotonic())
            calls.append(asyncio.create_task(self._call()))
        await asyncio.gather(*calls)

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self._to.hostname, self._to.port)

    async def _call(self) -> None:
        self.sent += 1
        text = f"Socrates, what is justice? {time.monotonic_ns()}-{self.sent}"
        body = json.dumps({
            "model": MODEL, "max_tokens": 200, "messages": [{"role": "user", "content": text}],
        }).encode()
        reader, writer = await self._idle.get()
        writer.write(
            f"POST {self._to.path} HTTP/1.1\r\nHost: {self._to.netloc}\r\n"
            f"Authorization: Bearer {self._key}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode() + body
        )
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(length_of(head))
        self.failed += b" 200 " not in head.partition(b"\r\n")[0]
        self._idle.put_nowait((reader, writer))


def length_of(head: bytes) -> int:
    lines = (line.lower() for line in head.split(b"\r\n"))
    return next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))


class Viewer:
    """Reads the stream as a page does, and counts."""

    def __init__(self) -> None:
        self.given = 0

    async def run(self, origin: str, cookie: str) -> None:
        to = urlsplit(origin)
        reader, writer = await asyncio.open_connection(to.hostname, to.port)
        writer.write(
            f"GET /dashboard/live/stream/?after={10**17} HTTP/1.1\r\nHost: {to.netloc}\r\n"
            f"Cookie: sessionid={cookie}\r\nAccept: text/event-stream\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.partition(b"\r\n")[0]:
            raise SystemExit(f"no stream: {head[:200]!r}")
        try:
            while line := await reader.readline():
                if line.startswith(b"data: {"):
                    come = json.loads(line[6:])
                    self.given += len(come["calls"]) + come["more"]
        finally:
            writer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--viewers", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--postgresql", action="store_true")
    options = parser.parse_args()
    say(f"{time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.2f}\n")
    with ExitStack() as stack:
        up0, up20 = (stack.enter_context(upstream(ms)) for ms in (0, 20))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = os.environ["DATABASE_URL"] if options.postgresql else f"sqlite:///{folder}/b.sqlite3"
        gateway = stack.enter_context(ours(folder, up0, up20, url))
        cookies = cookies_of(folder, url, options.viewers)
        asyncio.run(measure(gateway, cookies, options))


def cookies_of(folder: Path, url: str, count: int) -> list[str]:
    said = manage(
        "shell", stdin=COOKIES.format(count=count), DATA_DIR=str(folder), DATABASE_URL=url
    )
    return [line.split()[1] for line in said.splitlines() if line.startswith("COOKIE ")]


async def measure(
    gateway: Gateway, cookies: list[str], options: argparse.Namespace
) -> None:
    sender = Sender(gateway)
    await sender.open()
    await sender.run(options.rate, 3)  # so that all is loaded
    say("| round | viewers | calls | failed | CPU s | CPU ms a call | given to each |\n"
        "|---|---|---|---|---|---|---|")
    ratios = []
    for number in range(options.rounds):
        alone = await one(sender, gateway, [], options, number)
        watched = await one(sender, gateway, cookies, options, number)
        ratios.append(watched / alone - 1)
    say(f"\nadded by {len(cookies)} viewers: median {100 * statistics.median(ratios):.1f}%, "
        f"each round {', '.join(f'{100 * ratio:.1f}%' for ratio in ratios)}")


async def one(
    sender: Sender, gateway: Gateway, cookies: list[str], options: argparse.Namespace, number: int
) -> float:
    """CPU seconds of the gateway in a round."""
    viewers = [Viewer() for _ in cookies]
    origin = gateway.url.removesuffix("/v1/chat/completions")
    watching = [
        asyncio.create_task(viewer.run(origin, cookie))
        for viewer, cookie in zip(viewers, cookies, strict=True)
    ]
    await asyncio.sleep(SETTLE_S)
    before, failed, sent = cpu_s(gateway.pid), sender.failed, sender.sent
    await sender.run(options.rate, options.seconds)
    used, sent = cpu_s(gateway.pid) - before, sender.sent - sent
    await asyncio.sleep(SETTLE_S)
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
    given = sorted({viewer.given for viewer in viewers})
    say(f"| {number + 1} | {len(cookies)} | {sent} | {sender.failed - failed} | {used:.2f} | "
        f"{1000 * used / sent:.2f} | {', '.join(map(str, given)) or '-'} |")
    return used


if __name__ == "__main__":
    main()
