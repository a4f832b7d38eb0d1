"""What goes wrong with a request, from the word that the script has for it.

    529 | 500 | 429 | 504   the first attempt is refused so, the next one is answered
    529 529                 the first two attempts
    lost                    every attempt
    down:anthropic          every attempt at this vendor: the others must help
    cut                     the line breaks in the middle of the first answer
    slow                    answered, but late
    leaves                  the caller hangs up while the first answer is written
"""

from dataclasses import dataclass

LOST_STATUS, DOWN_STATUS = 500, 529
BUSY = {529: 503}  # only Anthropic has a status of its own for it


@dataclass(frozen=True, slots=True)
class Fate:
    """`status` 200 answers; `is_cut` breaks off in the middle, `waits` writes slowly."""

    status: int = 200
    is_cut: bool = False
    is_slow: bool = False
    waits: bool = False


def fate(fault: str, *, attempt: int, vendor: str) -> Fate:
    """Of one attempt, the first of which is 0."""
    if fault == "lost":
        return Fate(LOST_STATUS)
    if fault.startswith("down:"):
        return Fate(DOWN_STATUS) if vendor == fault.partition(":")[2] else Fate()
    if fault == "slow":
        return Fate(is_slow=True)
    if fault in ("cut", "leaves"):
        is_first = attempt == 0
        return Fate(is_cut=is_first and fault == "cut", waits=is_first and fault == "leaves")
    statuses = fault.split()
    return Fate(_of_vendor(int(statuses[attempt]), vendor)) if attempt < len(statuses) else Fate()


def _of_vendor(status: int, vendor: str) -> int:
    return status if vendor == "anthropic" else BUSY.get(status, status)
