"""The processes of the proof, seen from outside: started, counted, killed, stopped and woken."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from django.conf import settings

from costcontrol.proof.scene import Scene
from costcontrol.proof.worker import Order

READY_WITHIN_S = 60.0
STOP_WITHIN_S = 60.0


class Member:
    """One worker process."""

    def __init__(self, scene: Scene, order: Order) -> None:
        self.order = order
        self.outcomes: Counter[str] = Counter()
        self._is_ready = threading.Event()
        self._log = (scene.folder / f"{order.prefix}-{order.name}.log").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "costcontrol.proof.worker", json.dumps(asdict(order))],
            cwd=settings.BASE_DIR, env=os.environ | scene.env, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self._log, text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        scene.stack.callback(self.kill)

    @property
    def is_ready(self) -> bool:
        return self._is_ready.is_set()

    def wait_ready(self) -> None:
        """Raises RuntimeError with the end of its log."""
        if not self._is_ready.wait(READY_WITHIN_S) or self._process.poll() is not None:
            raise RuntimeError(f"a worker of the proof did not start:\n{self.log_tail()}")

    def go(self) -> None:
        assert self._process.stdin
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def finish(self) -> int:
        """Wait until its calls are done. The exit code, 0 if all went well. Raises RuntimeError."""
        try:
            code = self._process.wait(timeout=STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"a worker of the proof hangs:\n{self.log_tail()}") from None
        self._close()
        return code

    def stop(self) -> int:
        """Let it end the calls it has begun."""
        assert self._process.stdin
        self._process.stdin.close()
        return self.finish()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._close()

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def log_tail(self) -> str:
        return Path(self._log.name).read_text(errors="replace")[-2000:]

    def _read(self) -> None:
        assert self._process.stdout
        with self._process.stdout as lines:
            for line in lines:
                outcome = json.loads(line)["outcome"] if line.endswith("}\n") else "cut"
                if outcome == "ready":
                    self._is_ready.set()
                else:
                    self.outcomes[outcome] += 1
        self._is_ready.set()

    def _close(self) -> None:
        self._reader.join(5)
        self._log.close()
        if self._process.stdin and not self._process.stdin.closed:
            self._process.stdin.close()


def start_together(members: Iterable[Member]) -> None:
    """All are up before the first begins."""
    waiting = list(members)
    for member in waiting:
        member.wait_ready()
    for member in waiting:
        member.go()


def outcomes_of(members: Iterable[Member]) -> Counter[str]:
    return sum((member.outcomes for member in members), Counter())
