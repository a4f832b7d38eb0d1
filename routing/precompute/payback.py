"""When an answer that is made ahead pays for itself. Pure.

Made ahead it costs `share` of what it costs when somebody waits (0.5 in a batch), whether it is
used or not. Variant j of a key is made online only when a j-th use comes; so making it ahead pays
if P(at least j uses before it is too old) >= share. Uses are taken to be independent (Poisson).
"""

import math

BATCH_SHARE = 0.5
PRECISE = 1e-6


def at_least(uses: int, *, expected: float) -> float:
    """P(N >= uses) for a Poisson count of this mean."""
    if uses <= 0:
        return 1.0
    if expected <= 0:
        return 0.0
    term = total = math.exp(-expected)
    for n in range(1, uses):
        term *= expected / n
        total += term
    return max(0.0, 1.0 - total)


def break_even(variant: int, *, share: float = BATCH_SHARE) -> float:
    """Expected uses from which on the variant pays (the first is 1); infinite if it never does."""
    if share <= 0:
        return 0.0
    if share >= 1:
        return math.inf
    low, high = 0.0, float(variant)
    while at_least(variant, expected=high) < share:
        high *= 2
    while high - low > PRECISE:
        middle = (low + high) / 2
        is_enough = at_least(variant, expected=middle) >= share
        low, high = (low, middle) if is_enough else (middle, high)
    return high


def figure(variant: int, *, expected: float, share: float = BATCH_SHARE) -> float:
    """What comes back for each unit of money that is spent ahead: 1 pays for itself."""
    if share <= 0:
        return math.inf if expected > 0 else 0.0
    return at_least(variant, expected=expected) / share


def pays(variant: int, *, expected: float, share: float = BATCH_SHARE) -> bool:
    return figure(variant, expected=expected, share=share) >= 1.0


def paying(*, expected: float, live: int, most: int, share: float = BATCH_SHARE) -> list[int]:
    """Which variants to make, counted from 1: those that are there already are used first."""
    return [
        variant for variant in range(live + 1, most + 1)
        if pays(variant, expected=expected, share=share)
    ]
