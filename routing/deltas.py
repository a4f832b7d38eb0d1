"""Tool calls come in pieces: these put them together again, for an answer that is given twice."""

from collections.abc import Iterable, Mapping
from typing import Any

NAMES = frozenset({"id", "type", "index"})  # some servers repeat them in every piece


def merged(deltas: Iterable[Mapping[str, Any]]) -> dict[str, Any] | None:
    """What a message says beside its text. Strings go on; tool calls go on by their index."""
    whole: dict[str, Any] = {}
    calls: dict[int, dict[str, Any]] = {}
    for delta in deltas:
        for name, value in delta.items():
            if name != "tool_calls":
                whole[name] = _joined(whole.get(name), value)
                continue
            for position, piece in enumerate(value):
                index = piece.get("index", position)
                calls[index] = _joined(calls.get(index, {"index": index}), piece)
    if calls:
        whole["tool_calls"] = [calls[index] for index in sorted(calls)]
    return whole or None


def _joined(before: Any, piece: Any) -> Any:
    if isinstance(before, str) and isinstance(piece, str):
        return before + piece
    if isinstance(before, dict) and isinstance(piece, dict):
        parts = {
            name: part if name in NAMES else _joined(before.get(name), part)
            for name, part in piece.items()
        }
        return before | parts
    return before if piece is None else piece
