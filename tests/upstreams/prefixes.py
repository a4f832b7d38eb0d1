"""Prompt caching as the vendors sell it, simulated: what of a prompt was seen a moment ago.

Anthropic: up to each block that is marked with `cache_control`, if it is long enough; written once,
read afterwards. OpenAI: by itself, in steps of 128 tokens from 1,024 on, writing is free.
A token is four bytes of UTF-8: about what o200k counts, and quick.
"""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

LEAST, STEP = 1024, 128  # tokens
BYTES_A_TOKEN = 4


@dataclass
class Prefixes:
    """For as long as it lives: nothing is forgotten after minutes, as it would be there."""

    seen: set[bytes] = field(default_factory=set)

    def usage(self, vendor: str, body: dict[str, Any]) -> dict[str, int]:
        """Tokens of the prompt: fresh, read, written."""
        parts = list(_parts(body))
        total = max(1, sum(len(data) for data, _ in parts) // BYTES_A_TOKEN)
        prompt = b"".join(data for data, _ in parts)
        name = f"{vendor}/{body['model']}".encode()
        marks = _marks(parts) if vendor == "anthropic" else _steps(total)
        keys = {mark: self._key(name, prompt, mark) for mark in marks}
        read = max((mark for mark, key in keys.items() if key in self.seen), default=0)
        self.seen.update(keys.values())
        end = max(marks, default=0) if vendor == "anthropic" else read
        return {"fresh": total - max(end, read), "read": read, "written": max(0, end - read)}

    @staticmethod
    def _key(name: bytes, prompt: bytes, tokens: int) -> bytes:
        return hashlib.sha1(name + prompt[: tokens * BYTES_A_TOKEN], usedforsecurity=False).digest()


def _parts(body: dict[str, Any]) -> Any:
    """(bytes, is it marked) of each block, in the order in which a provider reads them."""
    for content in (body.get("system"), *(each["content"] for each in body["messages"])):
        for block in content if isinstance(content, list) else [content or ""]:
            is_marked = isinstance(block, dict) and "cache_control" in block
            text = block["text"] if isinstance(block, dict) else block
            yield json.dumps(text, ensure_ascii=False).encode(), is_marked


def _marks(parts: list[tuple[bytes, bool]]) -> list[int]:
    """The lengths, in tokens, up to which Anthropic was asked to remember."""
    length, found = 0, []
    for data, is_marked in parts:
        length += len(data)
        if is_marked and length // BYTES_A_TOKEN >= LEAST:
            found.append(length // BYTES_A_TOKEN)
    return found


def _steps(total: int) -> list[int]:
    return list(range(LEAST, total + 1, STEP))
