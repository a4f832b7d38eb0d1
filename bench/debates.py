"""Whole debates at once, through the HTTP API, against simulated providers. Prints a table.

    .venv/bin/python -m bench.debates [--debates 50] [--workers 1] [--postgresql] …

Each debate is a frontend: it creates the debate, asks for a turn, reads its stream to the end, and
asks for the next, at once or when its letters were typed out (`--read 20`: milliseconds a letter).
Added latency of a turn: from the POST that asks for it to the moment its `turn.completed` was read,
less the time in which the upstream was busy (from the last byte of a request to the last byte of
its answer, by the upstream's own clock) with calls that the turn had to wait for: those before its
own, its own, and those after an earlier turn whose findings stand in it. Time in which several ran
is counted once. So it holds everything of ours: the queue, the wake-up of a worker, holds, the
gateway, the events in the database, and both ways through the API.

Providers, product and frontends share the machine's cores.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psutil import Process

from bench.debate_report import Report
from tests.services.debate_books import DebateBooks
from tests.services.debater import Debater, Heard, session
from tests.services.debating import Debating, running_debating
from tests.services.postgresql import running_postgresql
from tests.services.theatre import Theatre, cpu_s, theatre

TOPICS = {
    "ko": "인공지능이 인간의 일을 대신해야 하는가 #{0}#",
    "en": "Should machines do the work of people #{0}#",
}
CONTEXT = {  # what somebody added to the topic: it is summarised first
    "ko": "보고서 #{0}#: 기계가 일을 맡은 뒤에 사람들은 더 오래 쉬었고 더 적게 벌었다. " * 25,
    "en": "Report #{0}#: since machines took the work people rest longer and earn less. " * 45,
}
CAST = {"pro": ["kant", "nietzsche"], "con": ["hegel", "confucius"]}


@dataclass(frozen=True)
class Taken:
    """One turn as its reader saw it."""

    tag: str
    debate_id: str
    number: int
    kind: str
    asked_at: float
    answered_at: float  # the POST
    done_at: float
    heard: Heard

    def reading_s(self, ms_a_letter: float) -> float:
        """How long its reader is still busy with it, who began with its first words."""
        first = self.heard.first("delta")
        until = (first.at if first else 0.0) + len(self.heard.text) * ms_a_letter / 1000
        return max(0.0, until - time.monotonic())


async def debate_whole(who: Debater, tag: int, options: argparse.Namespace) -> list[Taken]:
    await asyncio.sleep(options.ramp * tag / options.debates)
    language = options.language
    made = await who.create(
        topic=TOPICS[language].format(tag), language=language, format="2v2", cast=CAST,
        context=CONTEXT[language].format(tag),
    )
    turns: list[Taken] = []
    while True:
        turns.append(await turn_take(who, made["id"], str(tag)))
        if turns[-1].heard.first("debate.completed"):
            return turns
        await asyncio.sleep(turns[-1].reading_s(options.read))


async def turn_take(who: Debater, debate_id: str, tag: str) -> Taken:
    asked_at = time.monotonic()
    asked = await who.next(debate_id)
    answered_at = time.monotonic()
    assert asked.status == 202, asked
    heard = await who.hear(debate_id, asked.data["turn"])
    done = heard.first("turn.completed")
    assert done, [event for event in heard.events if event.kind != "delta"]
    return Taken(tag, debate_id, asked.data["turn"], asked.data["kind"], asked_at, answered_at,
                 done.at, heard)  # fmt: skip


async def run(
    house: Theatre, keys: list[str], options: argparse.Namespace
) -> tuple[list[Taken], dict[str, Any]]:
    async with session() as http:
        people = [Debater(http, house.urls[n % len(house.urls)], key)
                  for n, key in enumerate(keys)]  # fmt: skip
        done = await asyncio.gather(
            *(debate_whole(who, tag, options) for tag, who in enumerate(people))
        )
        seen = [await who.see(turns[0].debate_id)
                for who, turns in zip(people, done, strict=True)]  # fmt: skip
    return [turn for turns in done for turn in turns], {each["id"]: each for each in seen}


def measure(house: Theatre, upstream: Debating, options: argparse.Namespace) -> Report:
    said = ["templates"] if options.templates else []
    keys = house.rows("setup", str(options.debates), options.tier, *said)
    house.open(webs=options.webs, workers=options.workers)
    upstream.reset()
    upstream.will(first_s=options.first, tokens_s=options.tokens, piece_s=options.piece)
    families = {name: part.family() for name, part in house.parts.items()}
    families |= {"models": [Process(upstream.pid)], "frontends": [Process()]}
    before = {name: cpu_s(family) for name, family in families.items()}
    begun = time.monotonic()
    turns, seen = asyncio.run(run(house, keys, options))
    took = time.monotonic() - begun
    cpu = {name: cpu_s(family) - before[name] for name, family in families.items()}
    time.sleep(2)  # calls after the last turns
    return Report(
        turns, seen, DebateBooks(house.rows("audit"), upstream.sales()), took=took, cpu=cpu
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--debates", type=int, default=50)
    parser.add_argument("--workers", type=int, default=1, help="of debates")
    parser.add_argument("--webs", type=int, default=1)
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("--language", choices=["ko", "en"], default="ko")
    parser.add_argument("--tier", default="premium")
    parser.add_argument("--first", type=float, default=0.4, help="seconds to a first token")
    parser.add_argument("--tokens", type=float, default=60, help="a second")
    parser.add_argument("--piece", type=float, default=0.08, help="seconds between pieces")
    parser.add_argument("--read", type=float, default=0, help="milliseconds a letter")
    parser.add_argument("--ramp", type=float, default=10, help="seconds in which all begin")
    parser.add_argument("--templates", action="store_true", help="where no model is needed")
    parser.add_argument("--keep", type=Path, help="folder for database and logs")
    options = parser.parse_args()
    with ExitStack() as stack:
        url = stack.enter_context(running_postgresql()) if options.postgresql else ""
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-debates-"))
        os.environ |= {"DJANGO_SETTINGS_MODULE": "costcontrol.settings", "DATA_DIR": scratch}
        upstream = stack.enter_context(running_debating())
        folder = options.keep or Path(scratch)
        house = stack.enter_context(theatre(folder, database_url=url, **upstream.env))
        name = "PostgreSQL" if url else "SQLite"
        sys.stdout.write(f"{measure(house, upstream, options).table(name, options)}\n")


if __name__ == "__main__":
    main()
