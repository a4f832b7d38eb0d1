"""Usage rows of a year of a busy debate platform, made up: many users, few of whom do most of it.

22 kinds of call, 8 deployments, 3 plans, 2 languages, every cache layer; evenings and weekends are
busier, and it grows. Rows come in the order of time, as the gateway would write them.
"""

import json
import random
import uuid
from bisect import bisect
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from pathlib import Path
from typing import Any

from bench import ledgers

KINDS_FILE = Path(__file__).parent.parent / "routing/debates/catalogue/call_kinds.json"
USERS, FIRST_USER, SKEW = 20_000, 1_000, 1.05
OPUS = ledgers.OPUS
DEPLOYMENTS = {  # class, nano-USD of a token of input
    "embedded/smollm2": ("local", 0), "ollama/gemma3": ("local", 20),
    "openai/gpt-5.4-nano": ("economy", 200), "anthropic/claude-haiku-4-5": ("economy", 1_000),
    "openai/gpt-5.4": ("mid", 2_500), "anthropic/claude-sonnet-5": ("mid", 3_000),
    "openai/gpt-5.4-pro": ("premium", 15_000), OPUS: ("premium", 15_000),
}
TIERS = (("free", 70), ("premium", 25), ("enterprise", 5))
ROUTES = {  # how often a plan's calls go to each of the deployments, in their order
    "free": (30, 50, 15, 5, 0, 0, 0, 0),
    "premium": (5, 30, 20, 20, 8, 12, 1, 4),
    "enterprise": (0, 5, 5, 25, 15, 30, 8, 12),
}
ENDS = (  # outcome, cache layer, how often
    ("complete", "", 560), ("cached", "exact", 150), ("cached", "shared", 50),
    ("cached", "pattern", 70), ("cached", "precomputed", 70), ("cached", "template", 50),
    ("failed", "", 20), ("refused", "", 15), ("incomplete", "", 8), ("cancelled", "", 7),
)
DEBATE = 30  # calls
AT_ONCE = 40  # debates


class Platform:
    """The same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.kinds = list(json.loads(KINDS_FILE.read_text()))
        self.weights = list(accumulate(1 / (rank + 3) ** SKEW for rank in range(USERS)))
        self.debates: list[dict[str, Any]] = []

    def user(self) -> int:
        return bisect(self.weights, self.chance.random() * self.weights[-1])

    def debate(self) -> dict[str, Any]:
        """A user has one plan and one language."""
        user = self.user()
        own = random.Random(user)
        return {
            "user_id": FIRST_USER + user, "payer": f"user:{FIRST_USER + user}",
            "tier": own.choices([name for name, _ in TIERS], [often for _, often in TIERS])[0],
            "language": "ko" if own.random() < 0.7 else "en",
            "debate_id": f"debate-{self.chance.getrandbits(48)}",
        }

    def next_debate(self) -> dict[str, Any]:
        chance = self.chance.random()
        if len(self.debates) < AT_ONCE or chance < 1 / DEBATE:
            if len(self.debates) >= AT_ONCE:
                self.debates.pop(0)
            self.debates.append(self.debate())
        return self.debates[int(self.chance.random() * len(self.debates))]

    def row(self, at: datetime) -> tuple[Any, ...]:
        chance, of = self.chance, self.next_debate()
        outcome, layer, _ = chance.choices(ENDS, [often for _, _, often in ENDS])[0]
        deployment = chance.choices(list(DEPLOYMENTS), ROUTES[of["tier"]])[0]
        values = ledgers.DEFAULTS | of | {
            "call_id": uuid.UUID(int=chance.getrandbits(128)), "at": at, "attempt": 1,
            "call_kind": self.kinds[int(chance.random() * len(self.kinds))], "outcome": outcome,
            "deployment": deployment, "model_class": DEPLOYMENTS[deployment][0],
            "provider": deployment.partition("/")[0], "model": deployment.partition("/")[2],
            "paid_from": "plan",
        }
        values |= self.ending(outcome, layer, deployment)
        return tuple(values[column] for column in ledgers.COLUMNS)

    def ending(self, outcome: str, layer: str, deployment: str) -> dict[str, Any]:
        if outcome == "refused":
            return {"deployment": "", "model_class": "", "provider": "", "model": "",
                    "attempt": 0, "latency_ms": 2,
                    "error_code": self.chance.choice(ledgers.REFUSALS)}
        if outcome == "failed":
            return {"error_code": self.chance.choice(ledgers.ERRORS), "latency_ms": 30_000}
        return self.answer(layer, deployment)

    def answer(self, layer: str, deployment: str) -> dict[str, Any]:
        chance, price = self.chance, DEPLOYMENTS[deployment][1]
        fresh = 200 + int(chance.random() * 1300)
        read = 800 if chance.random() < 0.5 else 0
        output = 80 + int(chance.random() * 400)
        found = {
            "fresh_input_tokens": fresh, "cache_read_tokens": read, "cache_write_tokens": 0,
            "output_tokens": output, "baseline": OPUS,
            "baseline_nanos": (fresh + read + 5 * output) * 15_000, "cache_layer": layer,
        }
        if layer:
            return found | {"attempt": 0, "latency_ms": 1 + int(chance.random() * 11)}
        return found | {
            "cost_nanos": (fresh + read // 10 + 5 * output) * price,
            "prompt_cache_nanos": (read - read // 10) * price,
            "price_fresh_input": Decimal(price) / 1000,
            "latency_ms": int(chance.lognormvariate(7.3, 0.5)),
            "confidence": "exact" if chance.random() < 0.97 else "estimated",
        }


def rows(calls: int, *, days: int, end: datetime, seed: int = 7) -> Iterator[tuple[Any, ...]]:
    """So many in the days before `end`, in the order of time."""
    platform = Platform(seed)
    for hour, count in ledgers.hourly(calls, days=days, end=end):
        for position in sorted(platform.chance.random() for _ in range(count)):
            yield platform.row(hour + timedelta(seconds=3600 * position))
