"""One player for each of two cores: they play different days into the same database."""

import json
import os
import subprocess
import sys
import threading
from dataclasses import asdict
from queue import Queue
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from costcontrol.demo.children import Family
from costcontrol.demo.player import Order, Played
from costcontrol.demo.progress import Progress
from costcontrol.demo.scenario import Scenario

MOST = 2  # SQLite has one writer: more players would wait for each other

News = tuple[int, dict[str, Any] | None]  # which player, and what it says; None: it has ended


def play(
    scenario: Scenario, *, address: str, secrets: dict[str, str], family: Family,
    progress: Progress,
) -> list[Played]:
    news: Queue[News] = Queue()
    many = min(MOST, os.cpu_count() or 1)
    for part in range(many):
        order = Order(
            scenario.now.isoformat(), scenario.seed, scenario.days, scenario.debates_a_day, part,
            many, address, secrets,
        )
        _start(order, family, news)
    return _listen(news, progress, players=many)


def _start(order: Order, family: Family, news: "Queue[News]") -> None:
    """Each with a database of Valkey to itself: they forget at different times."""
    process = family.start(
        [sys.executable, "-m", "costcontrol.demo.player"], is_spoken_to=True,
        env={"REDIS_URL": f"{settings.REDIS_URL}?db={order.part + 1}"},
    )
    assert process.stdin
    process.stdin.write(json.dumps(asdict(order)) + "\n")
    process.stdin.flush()
    threading.Thread(target=_read, args=(order.part, process, news), daemon=True).start()


def _read(part: int, process: "subprocess.Popen[str]", news: "Queue[News]") -> None:
    assert process.stdout
    for line in process.stdout:
        if line.startswith("{"):  # a library may print a line of its own
            news.put((part, json.loads(line)))
    news.put((part, None))


def _listen(news: "Queue[News]", progress: Progress, *, players: int) -> list[Played]:
    played: dict[int, Played] = {}
    while len(played) < players:
        part, said = news.get()
        if said is None and part in played:
            continue
        if said is None:
            raise CommandError(
                "A part of the replay ended too early: see the lines above. `make demo` starts it "
                "anew."
            )
        if "played" in said:
            played[part] = Played(**said["played"])
        else:
            progress.tell(part, **said)
    return list(played.values())
