"""The terminal: one line at a time, each with the name of the part that wrote it."""

import os
import threading
from typing import Protocol

COLOURS = (36, 35, 32, 33, 34)  # cyan, magenta, green, yellow, blue
WARNING = 31
NAME_WIDTH = 6


class Stream(Protocol):
    def write(self, text: str, /) -> object: ...
    def flush(self) -> object: ...
    def isatty(self) -> bool: ...


class Console:
    """Lines of many threads, never mixed. Coloured on a terminal unless NO_COLOR is set."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._colours: dict[str, int] = {}
        self._is_coloured = stream.isatty() and not os.environ.get("NO_COLOR")

    def line(self, name: str, text: str) -> None:
        """What a part printed."""
        self.write(f"{self._prefix(name)} {text}")

    def notice(self, name: str, text: str) -> None:
        """What we say about a part."""
        self.write(f"{self._prefix(name)} {self._paint(text, WARNING)}")

    def write(self, text: str) -> None:
        """A closed terminal (`make run | head`) must not stop the children: then we are silent."""
        with self._lock:
            try:
                self._stream.write(text + "\n")
                self._stream.flush()
            except (OSError, ValueError):
                return

    def _prefix(self, name: str) -> str:
        with self._lock:
            colour = self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])
        return self._paint(f"{name:<{NAME_WIDTH}} |", colour)

    def _paint(self, text: str, colour: int) -> str:
        return f"\033[{colour}m{text}\033[0m" if self._is_coloured else text
