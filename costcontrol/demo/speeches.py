"""What is said in a simulated debate. The words are our own (`speeches.json`), and fit any topic.

Each speaker has words of their own, so that one on one nobody repeats what was said. They are
nearly as long as the prompts ask for; what is asked for as JSON, behind the scenes, is JSON.
"""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from costcontrol.demo import texts
from costcontrol.demo.debating import Asked
from routing.debates.prompts_en import WORDS as EN

SHIPPED = Path(__file__).with_name("speeches.json")
LATE = 4  # sentences between the first and the last words of a final statement


def speech(asked: Asked) -> str:
    words = _words()[asked.language]
    if asked.kind in words["turns"]:
        return _turn(asked, words)
    if asked.kind == "tone_select":
        return json.dumps({"tone": _tone(asked)})
    if asked.kind == "context_summary":
        return _filled(words["context_summary"], asked)
    return _json(words["jobs"][asked.kind], asked)


def _turn(asked: Asked, words: Any) -> str:
    """Which of the versions it is depends on who speaks: nobody has two turns of one kind."""
    versions: list[list[str]] = words["turns"][asked.kind]
    place = 2 * asked.number + (asked.side == "con")
    body = " ".join(_body(asked, words["body"]))
    parts = versions[place % len(versions)]
    return "\n\n".join(_filled(part, asked).replace("{body}", body) for part in parts)


def _body(asked: Asked, own: Any) -> Sequence[str]:
    """An opening of the first speaker of a side has sentences that follow from one another."""
    if asked.kind != "opening_statement":
        return _general(asked)[asked.number * LATE :][:LATE]
    sentences = _general(asked) if asked.number or asked.salt else own[asked.side or "pro"]
    return Random(asked.salt).sample(sentences, len(sentences)) if asked.salt else sentences


def _general(asked: Asked) -> list[str]:
    """Sentences that hold for any topic: every second one, so that the sides share none."""
    every = [each for each in texts.SENTENCES[asked.language] if "{topic}" not in each]
    return every[asked.side == "con" :: 2]


def _tone(asked: Asked) -> str:
    tones = list(EN.tones)
    return tones[(2 * asked.number + (asked.side == "con")) % len(tones)]


def _filled(text: str, asked: Asked) -> str:
    for name, value in {"topic": asked.topic, **(asked.names or {})}.items():
        text = text.replace(f"{{{name}}}", value or "")
    return text


def _json(value: Any, asked: Asked) -> str:
    topic = json.dumps(asked.topic, ensure_ascii=False)[1:-1]
    if asked.is_shared:
        value = {**value, "simulated": asked.salt}
    return json.dumps(value, ensure_ascii=False).replace("{topic}", topic)


@cache
def _words() -> Any:
    return json.loads(SHIPPED.read_text())
