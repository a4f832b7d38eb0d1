"""What open pages cost the gateway: calls a second with nobody looking, and with three who look.

    python -m bench.open_pages [--rows 1000000] [--seconds 30] [--rounds 4] [--postgresql]

One granian worker serves both. Each reader has the overview open, as `templates/dashboard` makes
it: what `data-renew` says is asked for again so often, with the address beside it. Runs alternate
on the same process, because a machine's speed drifts; needs `wrk`.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from html import unescape
from pathlib import Path

from bench.run import ROOT, Gateway, cpu_s, databases, manage, ours, say, upstream, wrk

READERS, CONNECTIONS = 3, 8
PART = re.compile(r'data-renew="(\d+)" hx-get="([^"]+)"')
FILL = """
import sys, django
django.setup()
from bench import pages
pages.fill(int(sys.argv[1]))
pages.roll()
"""
SIGN_IN = """
from django.test import Client
from accounts.models import User
client = Client()
client.force_login(User.objects.create_superuser("reader@example.com"))
print(client.cookies["sessionid"].value)
"""


class Reader(threading.Thread):
    """Somebody with the overview open; its parts renew themselves while `looking` is set."""

    def __init__(
        self, origin: str, cookie: str, looking: threading.Event, *, phase: float
    ) -> None:
        super().__init__(daemon=True)
        self.origin, self.cookie, self.looking, self.phase = origin, cookie, looking, phase
        self.took: list[float] = []

    def run(self) -> None:
        found = PART.findall(self.get("/dashboard/"))
        assert len(found) == 2, "the overview renews its figures and its health strip"
        parts = [(int(every), unescape(path)) for every, path in found]
        due, looked = [every * self.phase for every, _ in parts], 0.0
        while True:
            self.looking.wait()
            began = time.monotonic()
            time.sleep(0.1)
            for at, (every, path) in enumerate(parts):
                if looked >= due[at]:
                    due[at] += every
                    self.took.append(-time.monotonic())
                    self.get(path, part=True)
                    self.took[-1] += time.monotonic()
            looked += time.monotonic() - began

    def get(self, path: str, *, part: bool = False) -> str:
        headers = {"Cookie": f"sessionid={self.cookie}"} | ({"HX-Request": "true"} if part else {})
        request = urllib.request.Request(self.origin + path, headers=headers)
        return str(urllib.request.urlopen(request, timeout=60).read().decode())


def measure(gateway: Gateway, seconds: int) -> tuple[float, float, float]:
    """Calls a second, their p95 in ms, and CPU ms of the process for each."""
    before = cpu_s(gateway.pid)
    got = wrk(
        gateway.url, connections=CONNECTIONS, seconds=seconds, KEY=gateway.key, MODEL="bench0"
    )
    if got["errors"]:
        raise SystemExit(f"{got['errors']:.0f} calls failed: nothing to compare")
    return got["rps"], got["p95"], (cpu_s(gateway.pid) - before) * 1000 / got["n"]


@contextmanager
def readers(origin: str, cookie: str) -> Iterator[tuple[threading.Event, list[Reader]]]:
    looking = threading.Event()
    found = [
        Reader(origin, cookie, looking, phase=(number + 0.5) / READERS) for number in range(READERS)
    ]
    for reader in found:
        reader.start()
    yield looking, found
    looking.clear()


def compare(gateway: Gateway, cookie: str, *, seconds: int, rounds: int) -> None:
    origin = gateway.url.removesuffix("/v1/chat/completions")
    alone, watched = [], []
    with readers(origin, cookie) as (looking, people):
        measure(gateway, 3)
        for number in range(rounds):
            order = (alone, watched) if number % 2 == 0 else (watched, alone)
            for kind in order:
                if kind is watched:
                    looking.set()
                kind.append(measure(gateway, seconds))
                looking.clear()
                time.sleep(1)
                say(f"| {gateway.name} | {'3 pages open' if kind is watched else 'alone'} | "
                    f"{kind[-1][0]:.0f} | {kind[-1][1]:.1f} | {kind[-1][2]:.2f} |")
        took = [each for person in people for each in person.took]
    for label, column in (("calls a second", 0), ("CPU ms a call", 2)):
        changes = [(b[column] / a[column] - 1) * 100 for a, b in zip(alone, watched, strict=True)]
        each = ", ".join(f"{change:+.1f}%" for change in changes)
        say(f"{label}, with pages against alone: {statistics.median(changes):+.1f}% ({each})")
    say(f"{len(took)} parts renewed, median {statistics.median(took) * 1000:.0f} ms, "
        f"slowest {max(took) * 1000:.0f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--postgresql", action="store_true")
    options = parser.parse_args()
    say(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}, {options.rows:,} rows\n")
    say("| gateway | | calls/s | p95 ms | CPU ms/call |\n|---|---|---|---|---|")
    with ExitStack() as stack:
        up0 = stack.enter_context(upstream(0))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for url in databases(stack, folder, options.postgresql):
            with ours(folder, up0, up0, url) as gateway:
                env = {"DATA_DIR": str(folder), "DATABASE_URL": url,
                       "DJANGO_SETTINGS_MODULE": "costcontrol.settings"}
                subprocess.run([sys.executable, "-c", FILL, str(options.rows)], cwd=ROOT,
                               env=os.environ | env, check=True, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
                cookie = manage("shell", stdin=SIGN_IN, **env).splitlines()[-1]
                compare(gateway, cookie, seconds=options.seconds, rounds=options.rounds)


if __name__ == "__main__":
    main()
