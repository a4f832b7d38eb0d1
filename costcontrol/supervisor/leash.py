"""No orphans: a small process that ends the children when the supervisor is gone, however it went.

It reads a pipe that only the supervisor holds open: `+pid` and `-pid` name the process groups that
live, and the end of the pipe means that the supervisor is dead. That works alike on Linux and
macOS, covers grandchildren, and needs no code between fork and exec. It also inherits the lock of
the data folder, so that a new supervisor waits until the old one's children are gone.

Run as a script, it imports nothing of ours.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable

GRACE_S = 3.0


class Leash:
    def __init__(self, *, inherit: tuple[int, ...] = ()) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-E", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # the terminal's Ctrl-C is not for it
            pass_fds=inherit,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def hold(self, group: int) -> None:
        self._tell(f"+{group}\n")

    def let_go(self, group: int) -> None:
        self._tell(f"-{group}\n")

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()

    def _tell(self, line: str) -> None:
        """One short write is atomic on a pipe, so threads need no lock."""
        assert self._process.stdin
        try:
            os.write(self._process.stdin.fileno(), line.encode())
        except (OSError, ValueError):
            return  # somebody killed it: the children still end with an orderly stop


def signal_group(group: int, number: int) -> bool:
    """False when nobody of the group is left."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):  # macOS: PermissionError for a zombie
        return False
    return True


def end_all(groups: Iterable[int]) -> None:
    left = {group for group in groups if signal_group(group, signal.SIGTERM)}
    deadline = time.monotonic() + GRACE_S
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        left = {group for group in left if signal_group(group, 0)}
    for group in left:
        signal_group(group, signal.SIGKILL)


def watch() -> None:
    held: set[int] = set()
    for line in sys.stdin:
        change = held.add if line.startswith("+") else held.discard
        change(int(line[1:]))
    end_all(held)


if __name__ == "__main__":
    watch()
