"""All parts of one machine: started in order, stopped in reverse."""

import signal
import threading
import time
from collections.abc import Callable, Sequence
from types import FrameType

from costcontrol.supervisor.console import Console
from costcontrol.supervisor.leash import Leash
from costcontrol.supervisor.part import Keeper, Part

GRACE_S = 10.0
READY_WITHIN_S = 10.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    def __init__(self, parts: Sequence[Part], *, console: Console, leash: Leash) -> None:
        self._console = console
        self._leash = leash
        self._stop = threading.Event()
        self._keepers = [Keeper(part, console=console, leash=leash) for part in parts]

    def start(self) -> None:
        """Start every part; one that others need (`is_ready`) is awaited first."""
        for number in STOP_SIGNALS:
            signal.signal(number, self._on_signal)
        for keeper in self._keepers:
            if self._stop.is_set():
                return
            keeper.start()
            self.wait_until(keeper.part.is_ready, within_s=READY_WITHIN_S)

    def wait_until(self, condition: Callable[[], bool], *, within_s: float) -> bool:
        """True when it came true; False after the time, or when we are told to stop."""
        deadline = time.monotonic() + within_s
        while not self._stop.is_set():
            if condition():
                return True
            if time.monotonic() > deadline:
                return False
            self._stop.wait(0.1)
        return False

    def is_given_up(self, name: str) -> bool:
        return any(k.has_given_up for k in self._keepers if k.part.name == name)

    def run(self) -> None:
        """Until SIGINT, SIGTERM or SIGHUP."""
        self._stop.wait()

    def stop(self) -> None:
        self._console.write("stopping (Ctrl-C again kills at once)")
        for keeper in reversed(self._keepers):
            keeper.stop(grace_s=GRACE_S)
        self._leash.close()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        """The second signal kills. Nothing here takes a lock or prints: the main thread may be
        interrupted anywhere."""
        if self._stop.is_set():
            for keeper in self._keepers:
                keeper.kill()
        self._stop.set()
