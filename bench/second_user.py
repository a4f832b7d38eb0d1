"""The same debate of the catalogue as first, second and third user, through the HTTP API.

    .venv/bin/python -m bench.second_user [--language en] [--participate] [--users 8]

Simulated providers; everybody is of the staff, so that layer and cost of each turn can be seen. The
times are those of a stored turn as `?pace=0` gives it: from the POST to its first words and to its
end, as the client sees them; below the table the server's own time, from a request at its door to
the answer's first byte, and to the stream's first words. "asked" is what the upstream was asked for
by this debate.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from costcontrol.lib.money import format_usd
from tests.services.debate_books import DebateBooks
from tests.services.debater import Debater, Heard, session
from tests.services.debating import Debating, running_debating
from tests.services.theatre import Theatre, load, theatre

WORDS = "인간의 가치는 무엇으로도 셀 수 없다고 저는 생각합니다."
CLOCKED = "bench.asgi_clock:application"
SETTLE_S = 3.0  # calls behind the scenes, after the last turn


@dataclass(frozen=True)
class Watched:
    """One debate: as it is shown at its end, and when each turn was asked for and heard."""

    seen: dict[str, Any]
    estimate: dict[str, Any]
    times: dict[int, tuple[float, Heard]]
    sales: int

    def first_ms(self, number: int) -> float:
        asked_at, heard = self.times[number]
        first = heard.first("delta")
        return (first.at - asked_at) * 1000 if first else 0.0


async def watch(
    house: Theatre, key: str, upstream: Debating, order: dict[str, Any]
) -> Watched:
    async with session() as http:
        who = Debater(http, house.url, key, pace="0")
        estimate = await who.call("POST", "debates/estimate", order)
        made = await who.create(**order)
        sold = len(upstream.sales())
        times: dict[int, tuple[float, Heard]] = {}
        while not any(heard.first("debate.completed") for _at, heard in times.values()):
            seen = await who.see(made["id"])
            if seen["next"]["is_users"]:
                await who.call("POST", f"debates/{made['id']}/messages", {"text": WORDS})
                continue
            asked_at = time.monotonic()
            asked = await who.next(made["id"])
            assert asked.status == 202, asked
            times[asked.data["turn"]] = asked_at, await who.hear(made["id"], asked.data["turn"])
        await asyncio.sleep(SETTLE_S)
        seen = await who.see(made["id"])
        return Watched(seen, estimate.data, times, len(upstream.sales()) - sold)


def table(people: list[Watched]) -> str:
    names = [f"user {number}" for number, _each in enumerate(people, start=1)]
    heads = [f"{name}: layer | USD | first words, ms" for name in names]
    lines = [f"| turn | kind | speaker | {' | '.join(heads)} |",
             f"|---|---|---{'|---|---|---' * len(people)}|"]  # fmt: skip
    for turns in zip(*(each.seen["turns"] for each in people), strict=True):
        one = turns[0]
        cells = [cell for each, turn in zip(people, turns, strict=True)
                 for cell in cells_of(each, turn)]  # fmt: skip
        lines.append(f"| {one['turn']} | {one['kind']} | {one['speaker'] or 'moderator'} | "
                     f"{' | '.join(cells)} |")  # fmt: skip
    return "\n".join([*lines, sums(people)])


def cells_of(watched: Watched, turn: dict[str, Any]) -> list[str]:
    said = turn["layer"] or {"live": "written now", "user": "the user"}[turn["source"]]
    first = watched.first_ms(turn["turn"]) if turn["turn"] in watched.times else 0.0
    return [said, format_usd(turn["cost_nanos"], places=6), f"{first:.0f}" if first else "-"]


def sums(people: list[Watched]) -> str:
    cells = []
    for each in people:
        stored = [turn["turn"] for turn in each.seen["turns"] if turn["cache"] == "hit"]
        times = [each.first_ms(number) for number in stored]
        cells += [f"{len(stored)} from the store, {each.sales} calls asked",
                  f"**{format_usd(each.seen['cost_nanos'], places=6)}**",
                  f"stored: median {median(times):.0f}" if times else "-"]  # fmt: skip
    return f"| | **whole debate, with all calls behind it** | | {' | '.join(cells)} |"


def server_times(people: list[Watched], clock: Path) -> list[str]:
    """Of stored turns: what the server took for the POST, and for the first words of the stream."""
    lines = [json.loads(line) for line in clock.read_text().splitlines()]
    pairs = [pair for each in people[1:] for pair in times_of(each, lines)]
    asked, told = [post for post, _words in pairs], [words for _post, words in pairs]
    return [
        f"Server, POST of a stored turn to its first byte: {spread(asked)}.",
        f"Server, stream of a stored turn to its first words: {spread(told)}.",
        f"Server, both together: {spread([post + words for post, words in pairs])}.",
        f"Machine: {load()}.",
    ]


def times_of(watched: Watched, lines: list[dict[str, Any]]) -> list[tuple[float, float]]:
    """(POST, first words) of each stored turn."""
    here = f"/api/v1/debates/{watched.seen['id']}/turns"
    posts = [line["first_byte"] for line in lines
             if (line["method"], line["path"]) == ("POST", here)]  # fmt: skip
    by_turn = dict(zip(sorted(watched.times), posts, strict=True))  # asked for in their order
    words = {line["path"]: line["first_words"] for line in lines if "first_words" in line}
    return [(by_turn[number], words[f"{here}/{number}/stream"]) for number in stored_turns(watched)]


def stored_turns(watched: Watched) -> set[int]:
    hits = {turn["turn"] for turn in watched.seen["turns"] if turn["cache"] == "hit"}
    return hits & watched.times.keys()


def spread(times: list[float]) -> str:
    if len(times) < 2:
        return "too few to say"
    return (f"median {median(times):.1f} ms, p95 {quantiles(times, n=20)[-1]:.1f}, "
            f"longest {max(times):.1f}, of {len(times)}")  # fmt: skip


def measure(folder: Path, options: argparse.Namespace) -> str:
    clock = folder / "clock.jsonl"
    env = {"BENCH_CLOCK": str(clock)}
    with running_debating() as upstream, theatre(folder, **upstream.env, **env) as house:
        house.application = CLOCKED
        house.rows("setup", "1", "premium", "templates")
        keys = [house.rows("staff", "premium", f"staff{n}@example.org")
                for n in range(options.users)]  # fmt: skip
        house.open()
        upstream.will(first_s=0.4, tokens_s=400, piece_s=0.05)
        order = {"topic_id": "t001", "language": options.language, "format": options.format}
        if options.participate:
            order["seat"] = "pro1"
        people = [asyncio.run(watch(house, key, upstream, order)) for key in keys]
        books = DebateBooks(house.rows("audit"), upstream.sales())
        foreseen = [
            f"user {number}: {len(each.estimate['from_store'])} turns from the store, "
            f"{each.estimate['low_credits']} to {each.estimate['high_credits']} credits"
            for number, each in enumerate(people, start=1)
        ]
        return "\n".join([
            table(people), "", *server_times(people, clock),
            "Estimates before: " + "; ".join(foreseen) + ".",
            f"Wrong in the books: {books.faults() or 'nothing'}.",
        ])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--language", choices=["ko", "en"], default="ko")
    parser.add_argument("--format", choices=["1v1", "2v2"], default="2v2")
    parser.add_argument("--participate", action="store_true", help="from the seat of pro1")
    parser.add_argument("--users", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-second-") as scratch:
        os.environ |= {"DJANGO_SETTINGS_MODULE": "costcontrol.settings", "DATA_DIR": scratch}
        sys.stdout.write(f"{measure(Path(scratch), options)}\n")


if __name__ == "__main__":
    main()
