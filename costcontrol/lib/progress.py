"""How far the players of one long work are: a bar on a terminal, a line each tenth elsewhere."""

import time
from abc import ABC, abstractmethod
from typing import Protocol

BAR = 28
LINES = 10
SHOWN_EVERY_S = 0.1


class Stream(Protocol):
    def write(self, text: str, /) -> object: ...
    def flush(self) -> object: ...
    def isatty(self) -> bool: ...


class Tally(ABC):
    """Added up over the players. `bar_of`: how much of the first count is all of it; `lines_of`: of
    the second."""

    def __init__(self, stream: Stream, *, bar_of: int, lines_of: int) -> None:
        self._stream, self._bar_of, self._lines_of = stream, max(1, bar_of), max(1, lines_of)
        self._is_bar = stream.isatty()
        self._begun = time.monotonic()
        self._shown_at = 0.0
        self._lines = 0
        self._told: dict[int, tuple[int, ...]] = {}  # what each player has done

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._begun

    @abstractmethod
    def text(self) -> str:
        """How far it is, in words."""

    def sum(self, which: int) -> int:
        return sum(told[which] for told in self._told.values())

    def note(self, player: int, *counts: int) -> None:
        self._told[player] = counts
        if not self._is_bar:
            self._line_if_due()
        elif time.monotonic() - self._shown_at > SHOWN_EVERY_S:
            self._shown_at = time.monotonic()
            self._write(f"\r{self._bar()} {self.text()} ")

    def end(self) -> None:
        if self._is_bar:
            self._write("\r" + " " * 100 + "\r")

    def _line_if_due(self) -> None:
        lines = self.sum(1) * LINES // self._lines_of
        if lines > self._lines:
            self._lines = lines
            self._write(f"  {self.text()}\n")

    def _bar(self) -> str:
        full = min(BAR, self.sum(0) * BAR // self._bar_of)
        return "█" * full + "░" * (BAR - full)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
