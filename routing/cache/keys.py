"""The key of a stored answer: a digest of exactly what enters its prompt, and of who writes it.

Nothing here is similar to anything: another side, language, philosopher, version or route is
another key. A topic's epoch is a field: raising it takes all answers on the topic down. Pure.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from routing.types import Reuse

VERSION = 1  # of what a key is made of: another one is a miss for everything
NEEDED = ("kind", "lang", "prompt_version", "topic", "topic_epoch")


def key_of(reuse: Reuse, *, route: str) -> str:
    """Raises ValueError when a field is missing without which answers would be mixed up."""
    missing = [name for name in NEEDED if name not in reuse.fields]
    if missing or not route:
        raise ValueError(f"no key without {', '.join(missing) or 'a route'}")
    return hashlib.sha256(canonical([VERSION, reuse.fields, route]).encode()).hexdigest()


def canonical(value: Any) -> str:
    """The same text for the same value, however its fields are ordered."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False,
        default=_plain,
    )


def _plain(value: Any) -> Any:
    """A mapping that is no dict. Anything else has no place in a key."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be part of a key")


def jitter(key: str) -> float:
    """Between 0.9 and 1.1, always the same for one key: what was made together does not end
    together."""
    return 0.9 + 0.2 * int(key[:8], 16) / 0xFFFFFFFF


def owner_of(fields: Mapping[str, Any]) -> int | None:
    """Whose philosopher has a part in it: [key, version, owner], alone or somewhere in a cast."""
    if fields.get("owner") is not None:
        return int(fields["owner"])
    owners = _owners(fields.get("philosopher")) | _owners(fields.get("cast"))
    if len(owners) > 1:
        raise ValueError("philosophers of two owners in one answer")
    return owners.pop() if owners else None


def _owners(value: Any) -> set[int]:
    if isinstance(value, Mapping):
        return _owners(list(value.values()))
    if not isinstance(value, (list, tuple)):
        return set()
    if len(value) == 3 and isinstance(value[0], str) and isinstance(value[1], int):
        return set() if value[2] is None else {int(value[2])}
    return {owner for part in value for owner in _owners(part)}


def philosopher_of(fields: Mapping[str, Any]) -> str:
    """The key of the one philosopher who speaks; "" if it is nobody's."""
    value = fields.get("philosopher")
    if isinstance(value, (list, tuple)) and value:
        return str(value[0])
    return str(value or "")
