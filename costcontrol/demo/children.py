"""The two processes that a replay needs: the simulated providers, and a Valkey of its own."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from django.conf import settings
from django.core.management.base import CommandError

from costcontrol.demo.upstream import HOST
from costcontrol.supervisor import parts
from costcontrol.supervisor.leash import Leash
from costcontrol.supervisor.part import Part

UP_WITHIN_S = 15.0
GRACE_S = 5.0


def upstream_command(port: int) -> list[str]:
    return [sys.executable, "-m", "costcontrol.demo.upstream", str(port)]


@contextmanager
def running(port: int, *, lock: int) -> Iterator[str]:
    """The address of the simulated providers. Both processes end with us, however we end."""
    address = f"http://{HOST}:{port}"
    broker = parts.broker()
    leash = Leash(inherit=(lock,))
    children: list[subprocess.Popen[bytes]] = []
    try:
        children.append(_start(leash, broker.command, os.environ | broker.env))
        children.append(_start(leash, upstream_command(port), os.environ))
        _await(broker, lambda: _answers(f"{address}/control/"))
        yield address
    finally:
        for child in reversed(children):
            _stop(child)
        leash.close()


def _start(
    leash: Leash, command: Sequence[str], env: "os._Environ[str] | dict[str, str]"
) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        command, cwd=settings.BASE_DIR, env=dict(env), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, start_new_session=True,
    )
    leash.hold(child.pid)
    return child


def _await(broker: Part, is_upstream_up: Callable[[], bool]) -> None:
    deadline = time.monotonic() + UP_WITHIN_S
    while not (broker.is_ready() and is_upstream_up()):
        if time.monotonic() > deadline:
            raise CommandError(
                "The simulated providers or Valkey did not start: see the lines above, or run "
                "`make demo FRESH=1`."
            )
        time.sleep(0.05)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1):
            return True
    except OSError:
        return False


def _stop(child: subprocess.Popen[bytes]) -> None:
    child.send_signal(signal.SIGTERM)
    try:
        child.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
