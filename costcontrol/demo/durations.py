"""How long a real model would have taken: drawn once for each attempt, the same for the same seed.

A replayed day takes about a second, so nobody waits: these numbers are written into the usage rows
afterwards. Speeds are typical of each class of model, not measurements of the vendors.
"""

import random
from dataclasses import dataclass

PREFILL_TOKENS_A_SECOND = 9_000
SLOW_FACTOR = 7.0
REFUSED_MS = (180, 900)  # an error reply comes fast
TIMED_OUT_MS = 60_000
SPREAD = 0.28  # of the logarithm


@dataclass(frozen=True, slots=True)
class Speed:
    """Seconds to the first token of a short prompt, and tokens a second from there on."""

    first_s: float
    tokens_a_second: float


SPEEDS = {
    "qwen3-8b": Speed(0.22, 55),
    "claude-haiku-5-5": Speed(0.42, 150),
    "gpt-6-luna": Speed(0.38, 165),
    "claude-sonnet-5-5": Speed(0.75, 85),
    "gpt-6.1-terra": Speed(0.68, 95),
    "claude-opus-5-5": Speed(1.15, 62),
    "gpt-6.1-sol": Speed(1.05, 68),
}
USUAL = Speed(0.6, 80)


@dataclass(frozen=True, slots=True)
class Duration:
    first_ms: int
    whole_ms: int


def answered(
    model: str, *, key: str, input_tokens: int, output_tokens: int, is_slow: bool = False
) -> Duration:
    speed, draw = SPEEDS.get(model, USUAL), random.Random(f"{key} {model}")
    factor = SLOW_FACTOR if is_slow else 1.0
    first_s = speed.first_s * draw.lognormvariate(0, SPREAD) * factor
    first_s += input_tokens / PREFILL_TOKENS_A_SECOND
    rest_s = output_tokens / speed.tokens_a_second * draw.lognormvariate(0, SPREAD / 2)
    return Duration(round(first_s * 1000), round((first_s + rest_s) * 1000))


def refused(status: int, *, key: str) -> Duration:
    if status == 504:
        return Duration(TIMED_OUT_MS, TIMED_OUT_MS)
    taken = random.Random(f"{key} {status}").randint(*REFUSED_MS)
    return Duration(taken, taken)
