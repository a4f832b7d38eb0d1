"""One part of the product as a child process, and the thread that keeps it alive."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from costcontrol.supervisor.console import Console
from costcontrol.supervisor.leash import Leash, signal_group

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 30.0
HEALTHY_AFTER_S = 60.0


@dataclass(frozen=True)
class Part:
    """What to run.

    `optional_exit`: the exit code that says "cannot run here, do not try again". `log`: where it
    writes when it does not write to us.
    """

    name: str
    command: Sequence[str]
    cwd: Path
    env: Mapping[str, str] = field(default_factory=dict)
    is_ready: Callable[[], bool] = lambda: True
    optional_exit: int | None = None
    log: Path | None = None


def next_delay(delay_s: float, *, alive_s: float) -> float:
    """How long to wait before the next start, doubled each time; a healthy life starts afresh."""
    if alive_s >= HEALTHY_AFTER_S:
        return FIRST_DELAY_S
    return min(delay_s * 2, LONGEST_DELAY_S)


def describe(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    return f"killed by {signal.Signals(-code).name}"


class Keeper:
    """Runs one part again and again until it is stopped."""

    def __init__(self, part: Part, *, console: Console, leash: Leash) -> None:
        self.part = part
        self.has_given_up = False
        self._console = console
        self._leash = leash
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()  # no start after stop
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=part.name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, *, grace_s: float) -> None:
        """SIGTERM to the part, SIGKILL to what is left of its group after the grace."""
        with self._lock:
            self._stopping.set()
        if self._process and self._process.poll() is None:
            self._process.terminate()
        if self._thread.ident is None:
            return
        self._thread.join(grace_s)
        if self._thread.is_alive():
            self._console.notice(self.part.name, f"did not stop within {grace_s:g} s: killed")
            self.kill()
            self._thread.join(1)

    def kill(self) -> None:
        """At once, and without a lock: a signal handler calls it."""
        self._stopping.set()
        if self._process and self._process.poll() is None:
            signal_group(self._process.pid, signal.SIGKILL)

    def _keep(self) -> None:
        delay_s = FIRST_DELAY_S / 2
        while (started := self._spawn()) is not None:
            born = time.monotonic()
            code = self._wait(started)
            if self._stopping.is_set() or self._gives_up(code):
                return
            delay_s = next_delay(delay_s, alive_s=time.monotonic() - born)
            where = f", see {self.part.log}" if self.part.log else ""
            self._console.notice(
                self.part.name, f"ended ({describe(code)}{where}); starts again in {delay_s:g} s"
            )
            self._stopping.wait(delay_s)

    def _spawn(self) -> subprocess.Popen[str] | None:
        with self._lock:
            if self._stopping.is_set():
                return None
            self._process = subprocess.Popen(
                self.part.command,
                cwd=self.part.cwd,
                env=os.environ | self.part.env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,  # its own group: Ctrl-C reaches us alone, we stop in order
            )
            self._leash.hold(self._process.pid)
            return self._process

    def _wait(self, process: subprocess.Popen[str]) -> int:
        """Until the part itself has ended: a grandchild may hold the pipe open much longer."""
        pump = threading.Thread(target=self._pump, args=(process,), daemon=True)
        pump.start()
        code = process.wait()
        signal_group(process.pid, signal.SIGKILL)  # what it left behind
        self._leash.let_go(process.pid)
        pump.join(1)
        return code

    def _pump(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        with process.stdout as lines:
            for line in filter(str.strip, lines):
                self._console.line(self.part.name, line.rstrip())

    def _gives_up(self, code: int) -> bool:
        self.has_given_up = code == self.part.optional_exit
        if self.has_given_up:
            self._console.notice(self.part.name, "cannot run on this machine; the rest goes on")
        return self.has_given_up
