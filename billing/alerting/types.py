"""What a rule finds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from billing.models_operator import AlertRule


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule holds for `subject` now. `value` is in the unit of the rule's threshold.

    `period`: told once in it. Empty: rules that look back have no period of their own, their alert
    goes on while they hold (`opening.py`). `details` are plain values that `words.py` puts into
    sentences; they are sent to webhooks as they are.
    """

    subject: str
    value: int
    period: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


class NotKnown(Exception):
    """The rule cannot be asked now: what is open stays open."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When rules are asked."""

    now: datetime
    zone: str


Look = Callable[[AlertRule, Moment], Sequence[Finding]]


def since(rule: AlertRule, moment: Moment) -> datetime:
    """What rules that look back begin with."""
    return moment.now - timedelta(minutes=rule.window_minutes)
