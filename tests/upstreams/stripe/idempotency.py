"""`Idempotency-Key`: the same answer for a day, a conflict while the first is at work."""

import threading
from dataclasses import dataclass

from tests.upstreams.stripe.errors import Refusal
from tests.upstreams.stripe.proration import DAY


@dataclass
class Answer:
    status: int
    body: bytes
    request_id: str


@dataclass
class _Kept:
    what: tuple[str, str, str]  # method, path, form
    at: int
    answer: Answer | None = None


class Keys:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}

    def begin(self, key: str, what: tuple[str, str, str], *, now: int) -> Answer | None:
        """The answer that was given before, or None: then do it, and call `end` or `forget`."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or kept.at + DAY <= now:
                self._kept[key] = _Kept(what, now)
                return None
            if kept.what != what:
                raise Refusal(
                    "Keys for idempotent requests can only be used with the same parameters they "
                    f"were first used with. Try using a key other than '{key}' if you meant to "
                    "execute a different request.", kind="idempotency_error",
                )  # fmt: skip
            if kept.answer is None:
                raise Refusal(
                    "There is currently another in-progress request using this Idempotent Key: "
                    f"{key}.", status=409, kind="idempotency_error", code="idempotency_key_in_use",
                )  # fmt: skip
            return kept.answer

    def end(self, key: str, answer: Answer) -> None:
        with self._lock:
            self._kept[key].answer = answer

    def forget(self, key: str) -> None:
        """Nothing was done: the key is free again."""
        with self._lock:
            self._kept.pop(key, None)
