"""What all parts of the proof share, and how they say what they found."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from costcontrol.proof.upstream import Books


@dataclass(frozen=True)
class Scene:
    """Where the proof takes place. `env`: what its processes need to find it. `stack`: what must
    be ended with it, however it ends."""

    folder: Path
    books: Books
    env: Mapping[str, str]
    stack: ExitStack


@dataclass(frozen=True)
class Check:
    """One thing that must be so, as it was found."""

    text: str
    is_ok: bool


@dataclass(frozen=True)
class Result:
    """One part of the proof: what was done, and what must be so afterwards."""

    title: str
    checks: tuple[Check, ...]

    @property
    def is_ok(self) -> bool:
        return all(check.is_ok for check in self.checks)

    def __str__(self) -> str:
        marks = ((" ok " if check.is_ok else "FAIL", check.text) for check in self.checks)
        return "\n".join([self.title, *(f"  {mark}  {text}" for mark, text in marks)])
