"""The processes that a replay needs: simulated providers, a Valkey of its own, and players."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from django.conf import settings
from django.core.management.base import CommandError

from costcontrol.demo.upstream import HOST
from costcontrol.supervisor import parts
from costcontrol.supervisor.leash import Leash

UP_WITHIN_S = 15.0
GRACE_S = 5.0


class Family:
    """Children that end with us, however we end."""

    def __init__(self, *, lock: int) -> None:
        self._leash = Leash(inherit=(lock,))
        self._children: list[subprocess.Popen[str]] = []

    def start(
        self, command: Sequence[str], *, env: Mapping[str, str] = {}, is_spoken_to: bool = False
    ) -> "subprocess.Popen[str]":
        child = subprocess.Popen(
            command, cwd=settings.BASE_DIR, env=os.environ | dict(env), text=True,
            stdin=subprocess.PIPE if is_spoken_to else subprocess.DEVNULL,
            stdout=subprocess.PIPE if is_spoken_to else subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches us alone
        )
        self._leash.hold(child.pid)
        self._children.append(child)
        return child

    def broker(self) -> None:
        part = parts.broker()
        self.start(part.command, env=part.env)
        _await(part.is_ready)

    def upstream(self, port: int) -> str:
        """The address of the simulated providers."""
        address = f"http://{HOST}:{port}"
        self.start([sys.executable, "-m", "costcontrol.demo.upstream", str(port)])
        _await(lambda: _answers(f"{address}/control/"))
        return address

    def stop(self) -> None:
        for child in reversed(self._children):
            child.send_signal(signal.SIGTERM)
        for child in reversed(self._children):
            try:
                child.wait(GRACE_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe:
                    pipe.close()
        self._leash.close()


@contextmanager
def family(*, lock: int) -> Iterator[Family]:
    children = Family(lock=lock)
    try:
        yield children
    finally:
        children.stop()


def _await(is_up: Callable[[], bool]) -> None:
    deadline = time.monotonic() + UP_WITHIN_S
    while not is_up():
        if time.monotonic() > deadline:
            raise CommandError(
                "The simulated providers or Valkey did not start: see the lines above, or try "
                "again with `make demo FRESH=1`."
            )
        time.sleep(0.05)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1):
            return True
    except OSError:
        return False
