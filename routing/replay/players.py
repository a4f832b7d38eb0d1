"""One player for each core: each plays whole topics, in a database of its own.

No stored answer and no seen text is of two topics, so the parts add up exactly to what one player
would have come to (a test compares).
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from queue import Queue
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from routing.replay.options import Options
from routing.replay.play import Played
from routing.replay.progress import Progress

News = tuple[int, dict[str, Any] | None]  # which player, and what it says; None: it has ended
NOT_OURS = ("DATABASE_URL", "ANTHROPIC_API_KEY", "OPENAI_API_KEY", "STRIPE_SECRET_KEY", "DEBUG")


def play_all(
    options: Options, *, folder: Path, processes: int, progress: Progress
) -> list[Played]:
    news: Queue[News] = Queue()
    with _children() as children:
        for part in range(processes):
            home = folder / f"part-{part}"
            home.mkdir(parents=True)
            order = {"options": asdict(options), "part": part, "parts": processes}
            children.append(_start(order, home, news))
        return _listen(news, progress, players=processes)


@contextmanager
def _children() -> "Iterator[list[subprocess.Popen[str]]]":
    """They end with us; whoever is killed ends them too, by the pipe that nobody reads."""
    children: list[subprocess.Popen[str]] = []
    try:
        yield children
    finally:
        for child in children:
            with suppress(ProcessLookupError):
                child.terminate()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe:
                    pipe.close()


def _start(order: Mapping[str, Any], home: Path, news: "Queue[News]") -> "subprocess.Popen[str]":
    child = subprocess.Popen(
        [sys.executable, "-m", "routing.replay.player"], cwd=settings.BASE_DIR, text=True,
        env=_environment(home, holdout=order["options"]["holdout"]), stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdin
    child.stdin.write(json.dumps(order) + "\n")
    child.stdin.flush()
    threading.Thread(target=_read, args=(order["part"], child, news), daemon=True).start()
    return child


def _environment(home: Path, *, holdout: float) -> dict[str, str]:
    """Nothing that points to real data or money. There is no Valkey: the gateway does without."""
    kept = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    return kept | {
        "DATA_DIR": str(home), "REDIS_URL": f"unix://{home / 'none.sock'}",
        "DJANGO_SETTINGS_MODULE": "costcontrol.settings", "SNAPSHOT_SECONDS": "3600",
        "KEEP_TEXT_DAYS": "0", "CACHE_SHARED": "1",
        "HOLDOUT_PERCENT": str(100 * holdout), "PRECOMPUTE_MONTHLY_USD": "100000",
    }


def _read(part: int, child: "subprocess.Popen[str]", news: "Queue[News]") -> None:
    assert child.stdout
    for line in child.stdout:
        if line.startswith("{"):
            news.put((part, json.loads(line)))
    news.put((part, None))


def _listen(news: "Queue[News]", progress: Progress, *, players: int) -> list[Played]:
    played: dict[int, Played] = {}
    while len(played) < players:
        part, said = news.get()
        if said is None and part not in played:
            raise CommandError("A part of the replay ended too early: see the lines above.")
        if said and "played" in said:
            played[part] = Played.loads(said["played"])
        elif said:
            progress.tell(part, **said)
    return [played[part] for part in sorted(played)]
