"""One whole debate through the HTTP API, as somebody of the staff sees it: route and cost a turn.

    .venv/bin/python -m bench.whole_debate [--language en]        simulated providers
    .venv/bin/python -m bench.whole_debate --embedded             the built-in model, without keys

The second starts `manage.py up` in a fresh folder, as a newcomer does, and asks for a debate in
Korean first, which has to be refused at the estimate and at creation, with nothing taken.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from bench.debates import CAST, CONTEXT, TOPICS
from costcontrol.lib.money import format_usd
from tests.services.debate_books import DebateBooks
from tests.services.debater import Answer, Debater, Heard, session
from tests.services.debating import running_debating
from tests.services.product import Product, running_product
from tests.services.theatre import Theatre, load, theatre

HEAD = (
    "| turn | stage | kind | speaker | source | class | route "
    "| first words, s | whole, s | USD |"
)
RULE = "|---|---|---|---|---|---|---|---|---|---|"


async def debate(
    url: str, key: str, order: dict[str, Any]
) -> tuple[dict[str, Any], list[tuple[float, Heard]]]:
    """To its end: the debate as it is shown then, and each turn as it was heard."""
    async with session() as http:
        who = Debater(http, url, key)
        estimate = await who.call("POST", "debates/estimate", order)
        say(f"estimate: {estimate.status} {estimate.data}\n")
        made = await who.create(**order)
        say(f"created: quota after {made.get('quota_after')}, {made['steps_total']} steps\n")
        turns = []
        while not (turns and turns[-1][1].first("debate.completed")):
            asked_at = time.monotonic()
            asked = await who.next(made["id"])
            assert asked.status == 202, asked
            turns.append((asked_at, await who.hear(made["id"], asked.data["turn"])))
        await asyncio.sleep(1)
        return await who.see(made["id"]), turns


def table(seen: dict[str, Any], turns: list[tuple[float, Heard]]) -> str:
    lines = [HEAD, RULE]
    for turn, (asked_at, heard) in zip(seen["turns"], turns, strict=True):
        first, done = heard.first("delta"), heard.first("turn.completed")
        lines.append(
            f"| {turn['turn']} | {turn['stage']} | {turn['kind']} | "
            f"{turn['speaker'] or 'moderator'} | {turn['source']} | {turn['model_class']} | "
            f"{turn.get('deployment')} | {first.at - asked_at if first else 0:.1f} | "
            f"{done.at - asked_at if done else 0:.1f} | {usd(turn.get('cost_nanos') or 0)} |"
        )
    return "\n".join(lines)


def routes(told: dict[str, Any]) -> str:
    """All calls, those behind the scenes too, by kind."""
    kinds: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in told["usage"]:
        kinds[row["call_kind"], row["deployment"]].append(row)
    lines = ["| kind | route | calls | input (read from cache) | output | USD |",
             "|---|---|---|---|---|---|"]  # fmt: skip
    for (kind, deployment), rows in sorted(kinds.items()):
        read = total(rows, "cache_read_tokens")
        asked = total(rows, "fresh_input_tokens") + total(rows, "cache_write_tokens") + read
        lines.append(
            f"| {kind} | {deployment} | {len(rows)} | {asked} ({read}) | "
            f"{total(rows, 'output_tokens')} | {usd(total(rows, 'cost_nanos'))} |"
        )
    whole = total(told["usage"], "cost_nanos")
    return "\n".join([*lines, f"| **all** | | {len(told['usage'])} | | | **{usd(whole)}** |"])


def total(rows: list[dict[str, Any]], name: str) -> int:
    return sum(row[name] or 0 for row in rows)


def usd(nanos: int) -> str:
    return format_usd(nanos, places=6)


def with_simulated_providers(folder: Path, language: str) -> None:
    with running_debating() as upstream, theatre(folder, **upstream.env) as house:
        house.rows("setup", "1", "premium")
        key = house.rows("staff", "premium")
        house.open()
        order = {
            "topic": TOPICS[language].format(1), "language": language, "format": "2v2",
            "cast": CAST, "context": CONTEXT[language].format(1),
        }  # fmt: skip
        seen, turns = asyncio.run(debate(house.url, key, order))
        books = DebateBooks(house.rows("audit"), upstream.sales())
        say(f"{table(seen, turns)}\n\n{routes(books.told)}\n")
        say(f"ledger {usd(books.told['ledger'])}, upstream {usd(books.upstream_bill)}, "
            f"{len(books.sales)} calls sold; wrong: {books.faults() or 'nothing'}")  # fmt: skip
        say_transcript(seen)


def with_embedded_model(folder: Path) -> None:
    started = time.monotonic()
    no_keys = {"ANTHROPIC_API_KEY": "", "OPENAI_API_KEY": ""}
    with running_product(folder, **no_keys) as product:
        say(f"ready after {time.monotonic() - started:.0f} s: "
            f"{product.wait_for('local model').strip()}\n")  # fmt: skip
        key = product.wait_for("API key").split()[2]
        house = Theatre(folder, {**os.environ, "DATA_DIR": str(folder)})
        asyncio.run(refused_in_korean(product, key))
        before = house.rows("audit")
        say(f"after it: {len(before['debates'])} debates, {len(before['usage'])} usage rows, "
            f"{before['open']} reservations\n")  # fmt: skip
        order = {"topic_id": ENGLISH, "language": "en", "format": "2v2"}
        begun = time.monotonic()
        seen, turns = asyncio.run(debate(product.address, key, order))
        say(f"{table(seen, turns)}\n\n{seen['status']} after {time.monotonic() - begun:.0f} s\n")
        say(routes(house.rows("audit")))
        say_transcript(seen)


ENGLISH = "t001"


async def refused_in_korean(product: Product, key: str) -> None:
    async with session() as http:
        who = Debater(http, product.address, key)
        order = {"topic_id": ENGLISH, "language": "ko", "format": "2v2"}
        for path in ("debates/estimate", "debates"):
            answer: Answer = await who.call("POST", path, order)
            say(f"Korean, POST {path}: {answer.status} {answer.data}\n")


def say_transcript(seen: dict[str, Any]) -> None:
    for turn in seen["turns"]:
        say(f"\n[{turn['turn']}] {turn['speaker_name'] or 'moderator'}: {turn['text'][:400]}")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--language", choices=["ko", "en"], default="ko")
    parser.add_argument("--embedded", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-whole-") as scratch:
        os.environ |= {"DJANGO_SETTINGS_MODULE": "costcontrol.settings", "DATA_DIR": scratch}
        say(f"{time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC, {load()}\n")
        if options.embedded:
            with_embedded_model(Path(scratch) / "product")
        else:
            with_simulated_providers(Path(scratch) / "product", options.language)


if __name__ == "__main__":
    main()
