"""How many tokens and searches each call of a debate takes: the workload model's, for Korean."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from billing.usage import Usage

FILE = Path(__file__).with_name("workload.json")


@cache
def usages(format: str, mode: str, language: str) -> Mapping[str, Usage]:
    """By kind of call. `mode`: watch or participate. Searches are the same in each language."""
    data = json.loads(FILE.read_text())
    factor = 1.0 if language == "ko" else data["korean_over_english"]
    return {
        kind: Usage(
            fresh_input_tokens=round(reads / factor), cache_read_tokens=0, cache_write_tokens=0,
            output_tokens=round(writes / factor), searches=searches,
        )
        for kind, (reads, writes, searches) in data["profiles"][f"{format}_{mode}"].items()
    }


def mode_of(seat: str) -> str:
    return "participate" if seat else "watch"
