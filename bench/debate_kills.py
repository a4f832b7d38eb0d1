"""Debates whose processes are killed under them, one kind after the other. Prints a table.

    .venv/bin/python -m bench.debate_kills [--debates 4] [--strikes 3] [--only worker,web] …

Real processes, SIGKILL in the midst of a stream, a new process half a second later; frontends come
back with the last id they have. At the end every debate must be finished, no event lost or read
twice, every attempt in one usage row, the ledger what the upstream sold (what was cut off: at least
that, and no more than was held), and nothing held. Written to artifacts/debate-kills.txt as well.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.services.debate_books import DebateBooks
from tests.services.debate_trial import Diary, Strike, settle_down, strike_of, trial
from tests.services.debating import Debating, running_debating
from tests.services.postgresql import Server, running_server
from tests.services.theatre import Theatre, load, theatre

ROOT = Path(__file__).parent.parent
VICTIMS = ("worker", "web", "valkey", "database", "everybody", "asleep")
HEAD = (
    "| database | killed | times | finished | restarted turns | other ends of turns | sold "
    "| estimated | ledger / sold | seconds | wrong |\n|---|---|---|---|---|---|---|---|---|---|---|"
)


def strikes_of(house: Theatre, victim: str, server: Server | None, count: int) -> list[Strike]:
    if victim == "database":
        assert server
        return [Strike(victim, server.kill, server.start)] * count
    if victim == "everybody":
        return [everybody(house, server)] * count
    if victim == "asleep":
        return [asleep(house)] * count
    return [strike_of(house, victim)] * count


def everybody(house: Theatre, server: Server | None) -> Strike:
    """As when the machine loses power, and comes back."""

    def kill() -> None:
        for part in house.parts.values():
            part.kill()
        if server:
            server.kill()

    def start() -> None:
        if server:
            server.start()
        for part in house.parts.values():
            part.start()
            part.wait()

    return Strike("everybody", kill, start)


def asleep(house: Theatre) -> Strike:
    """A worker that stands still until another has taken its debates, and then goes on."""

    def signalled(number: int) -> None:
        for process in house.parts["worker"].family():
            process.send_signal(number)

    return Strike(
        "asleep", lambda: signalled(signal.SIGSTOP), lambda: signalled(signal.SIGCONT), away_s=20
    )


def row(
    name: str, victim: str, count: int, diaries: list[Diary], books: DebateBooks, took: float
) -> str:
    ends: Counter[str] = sum((diary.ends for diary in diaries), Counter())
    del ends["turn.completed"]
    estimated = [each for each in books.told["usage"] if each["error_code"] == "worker_lost"]
    told, bill = books.told, books.upstream_bill
    wrong = books.faults() + [fault for diary in diaries for fault in diary.faults()]
    return (
        f"| {name} | {victim} | {count} | {sum(each.is_over for each in diaries)}/{len(diaries)} "
        f"| {sum(each.restarts for each in diaries)} | {dict(ends) or '-'} "
        f"| {len(books.sales)} | {len(estimated)} | {told['ledger'] / bill:.4f} | {took:.0f} "
        f"| {'; '.join(wrong)[:300] or '-'} |"
    )


def scenario(database: str, victim: str, options: argparse.Namespace, upstream: Debating) -> str:
    with ExitStack() as stack:
        server = stack.enter_context(running_server()) if database == "postgresql" else None
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-kills-")))
        upstream.reset()
        url = server.url if server else ""
        house = stack.enter_context(theatre(folder, database_url=url, **upstream.env))
        keys = house.rows("setup", str(options.debates), "premium")
        house.open(workers=2 if victim == "asleep" else 1)
        strikes = strikes_of(house, victim, server, options.strikes)
        begun = time.monotonic()
        diaries = asyncio.run(
            trial(house, keys, strikes, within_s=options.within, pause_s=3, language="ko")
        )
        took = time.monotonic() - begun
        told: dict[str, Any] = settle_down(house)
        books = DebateBooks(told, upstream.sales())
        if options.keep:
            keep_logs(house, options.keep / f"{database}-{victim}")
        return row(database, victim, len(strikes), diaries, books, took)


def keep_logs(house: Theatre, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for log in house.folder.glob("*.log"):
        (folder / log.name).write_bytes(log.read_bytes())


@contextmanager
def written_down(path: Path) -> Iterator[list[str]]:
    lines: list[str] = []
    path.parent.mkdir(exist_ok=True)
    try:
        yield lines
    finally:
        path.write_text("\n".join(lines) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--debates", type=int, default=4)
    parser.add_argument("--strikes", type=int, default=3)
    parser.add_argument("--only", default=",".join(VICTIMS))
    parser.add_argument("--databases", default="sqlite,postgresql")
    parser.add_argument("--within", type=float, default=300)
    parser.add_argument("--keep", type=Path, help="folder for the processes' logs")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as scratch,
        written_down(ROOT / "artifacts/debate-kills.txt") as lines,
    ):
        os.environ |= {"DJANGO_SETTINGS_MODULE": "costcontrol.settings", "DATA_DIR": scratch}
        say(lines, f"{time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC, {load()}\n\n{HEAD}")
        with running_debating() as upstream:
            upstream.will(first_s=0.2, tokens_s=90, piece_s=0.08)
            for database in options.databases.split(","):
                for victim in options.only.split(","):
                    if (database, victim) != ("sqlite", "database"):  # a file cannot be killed
                        say(lines, scenario(database, victim, options, upstream))


def say(lines: list[str], line: str) -> None:
    lines.append(line)
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
