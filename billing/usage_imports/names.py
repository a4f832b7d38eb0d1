"""Which model is meant: vendors write one model in several ways.

"claude-haiku-4-5-20251001", "Claude Haiku 4.5" and, on a bill, "claude-haiku-4-5, input" are one.
"""

import re

from billing.prices import DATE_SUFFIX

APART = re.compile(r"[\s._/:]+")


def plain(name: str) -> str:
    """What names are compared by; empty: no single model."""
    first = name.partition(",")[0]
    return DATE_SUFFIX.sub("", APART.sub("-", first.strip().lower()))
