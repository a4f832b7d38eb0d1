"""Prompt caching as the vendors sell it, simulated: what of a prompt was seen a moment ago.

Anthropic   up to each block marked with `cache_control`, if the prefix is long enough for the
            model; found again at a mark or up to 20 blocks before it; forgotten five minutes after
            its last use.
OpenAI      before GPT-5.6 by itself, in steps of 128 tokens from 1,024 on, writing is free. From
            GPT-5.6 on up to marked blocks (`prompt_cache_breakpoint`) and, unless the mode is
            explicit, up to the latest message; found only with the same `prompt_cache_key`, for
            half an hour; writing costs.

A token is four bytes of UTF-8: about what o200k counts, and quick.
"""

import hashlib
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

BYTES_A_TOKEN = 4
STEP = 128  # tokens
LEAST = 1_024  # tokens
LEAST_BY_NAME = {
    "opus-5": 512, "fable-5": 512, "sonnet-5-5": 512, "opus-4-7": 2_048, "opus-4-6": 4_096,
    "opus-4-5": 4_096, "haiku": 4_096,
}
LOOKBACK = 20  # blocks
KEPT_S = {"anthropic": 300.0, "openai": 1_800.0}
GPT = re.compile(r"gpt-(\d+)(?:\.(\d+))?")


@dataclass
class Block:
    """`end`: tokens of the prompt up to here. `key`: of all blocks up to here, bounds included."""

    end: int
    key: bytes
    is_marked: bool


@dataclass
class Prefixes:
    """What is remembered, and until when."""

    clock: Callable[[], float] = time.monotonic
    seen: dict[bytes, float] = field(default_factory=dict)

    def usage(self, vendor: str, body: dict[str, Any]) -> dict[str, int]:
        """Tokens of the prompt: fresh, read, written."""
        if vendor == "openai" and not has_marks(body["model"]):
            return self._by_itself(body)
        blocks = blocks_of(vendor, body)
        total = max(1, blocks[-1].end)
        marks = [at for at, block in enumerate(blocks) if block.is_marked]
        if vendor == "openai":
            marks += implicit_mark(body, blocks)
        least = least_of(body["model"]) if vendor == "anthropic" else LEAST
        marks = [at for at in marks if blocks[at].end >= least]
        back = LOOKBACK if vendor == "anthropic" else 1
        may_find = vendor == "anthropic" or "prompt_cache_key" in body
        read = self._read(blocks, marks, back=back, vendor=vendor) if may_find else 0
        for at in marks:
            self._keep(blocks[at].key, vendor)
        end = max((blocks[at].end for at in marks), default=0)
        return {"fresh": total - max(end, read), "read": read, "written": max(0, end - read)}

    def _read(self, blocks: list[Block], marks: list[int], *, back: int, vendor: str) -> int:
        """The longest prefix that is known; a look at it keeps it alive."""
        places = {at - n for at in marks for n in range(back) if at - n >= 0}
        for at in sorted(places, reverse=True):
            if self._knows(blocks[at].key):
                self._keep(blocks[at].key, vendor)
                return blocks[at].end
        return 0

    def _by_itself(self, body: dict[str, Any]) -> dict[str, int]:
        prompt = b"".join(data for data, _ in parts(body))
        total = max(1, len(prompt) // BYTES_A_TOKEN)
        name = f"openai/{body['model']}".encode()
        keys = {
            end: digest(name + prompt[: end * BYTES_A_TOKEN])
            for end in range(LEAST, total + 1, STEP)
        }
        read = max((end for end, key in keys.items() if self._knows(key)), default=0)
        for key in keys.values():
            self._keep(key, "openai")
        return {"fresh": total - read, "read": read, "written": 0}

    def _knows(self, key: bytes) -> bool:
        return self.seen.get(key, 0.0) > self.clock()

    def _keep(self, key: bytes, vendor: str) -> None:
        self.seen[key] = self.clock() + KEPT_S[vendor]


def blocks_of(vendor: str, body: dict[str, Any]) -> list[Block]:
    key = digest(f"{vendor}/{body['model']}/{body.get('prompt_cache_key')}".encode())
    size, blocks = 0, []
    for data, is_marked in parts(body):
        size += len(data)
        key = digest(key + data)
        blocks.append(Block(size // BYTES_A_TOKEN, key, is_marked))
    return blocks


def parts(body: dict[str, Any]) -> list[tuple[bytes, bool]]:
    """(bytes, is it marked) of each block, in the order in which a provider reads them."""
    found = []
    for content in (body.get("system"), *(each["content"] for each in body["messages"])):
        for block in content if isinstance(content, list) else [content] if content else []:
            is_block = isinstance(block, dict)
            is_marked = is_block and bool({"cache_control", "prompt_cache_breakpoint"} & set(block))
            text = block["text"] if is_block else block
            found.append((json.dumps(text, ensure_ascii=False).encode(), is_marked))
    return found


def implicit_mark(body: dict[str, Any], blocks: list[Block]) -> list[int]:
    options = body.get("prompt_cache_options") or {}
    return [] if options.get("mode") == "explicit" else [len(blocks) - 1]


def has_marks(model: str) -> bool:
    version = GPT.match(model)
    return version is not None and (int(version[1]), int(version[2] or 0)) >= (5, 6)


def least_of(model: str) -> int:
    return next((least for name, least in LEAST_BY_NAME.items() if name in model), LEAST)


def digest(data: bytes) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()
