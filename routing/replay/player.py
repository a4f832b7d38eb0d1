"""`python -m routing.replay.player`: plays some of the topics. Started by `players.py`.

Reads its order as a JSON line, says now and then how far it is, and at last what became of it. Its
database is a file of its own, in a folder that nobody else uses.
"""

import gc
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "costcontrol.settings")
if __name__ == "__main__":
    django.setup(set_prefix=False)

from django.core.management import call_command
from django.db.backends.signals import connection_created

from routing import tokens
from routing.replay.options import Options
from routing.replay.play import Played, play

SAYS_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class Order:
    """Which part of which month."""

    options: dict[str, Any]
    part: int
    parts: int


class Teller:
    """Says how far we are, not too often."""

    def __init__(self) -> None:
        self._said_at = 0.0

    def __call__(self, debates: int, calls: int) -> None:
        if time.monotonic() - self._said_at > SAYS_EVERY_S:
            self._said_at = time.monotonic()
            say(debates=debates, calls=calls)


def say(**what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def carry_out(order: Order, tell: Callable[[int, int], None]) -> Played:
    connection_created.connect(_prepare, dispatch_uid="replay")
    call_command("migrate", verbosity=0)
    tokens.warm_up()
    gc.freeze()  # what is loaded now stays: no collection needs to look at it again
    gc.set_threshold(50_000, 20, 100)
    return play(Options.of(order.options), part=order.part, parts=order.parts, tell=tell)


def _prepare(connection: Any, **_: Any) -> None:
    """Nothing of it is kept: no write waits for the disk."""
    connection.connection.execute("PRAGMA synchronous=OFF")
    connection.connection.execute("PRAGMA locking_mode=EXCLUSIVE")
    connection.connection.execute("PRAGMA cache_size=-64000")


if __name__ == "__main__":
    say(played=asdict(carry_out(Order(**json.loads(sys.stdin.readline())), Teller())))
