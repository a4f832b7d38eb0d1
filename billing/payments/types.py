"""What crosses the border to the pages: frozen values, nothing of Stripe's."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PreviewLine:
    text: str
    minor: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change of plan would cost, before anybody agrees to it."""

    due_minor: int  # now
    currency: str
    lines: tuple[PreviewLine, ...]
    starts_at: datetime
    is_later: bool = False  # it waits for the period's end; what is due now may be 0 all the same


@dataclass(frozen=True, slots=True)
class Changed:
    """`upgraded`: at once. `scheduled`: with the next period. `needs_action`: pay at `url`."""

    kind: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Synced:
    """One look at Stripe. Not written: a later look was faster, or the customer is gone."""

    tier_before: str
    tier_after: str
    is_written: bool
    is_changed: bool = False  # the plan, or the state of a subscription


@dataclass(frozen=True, slots=True)
class Reconciled:
    looked_at: int
    differences: int
