"""What one call passed through, and how long each step took.

limits -> cache -> policy, then for each attempt hold -> provider -> settle. The first three and the
beginning of each attempt are measured by the gateway. When an attempt was settled is read off the
ledger, on the database's own clock, as the time between the hold and the booking that is not the
provider's: the usage row is written by the settlement and cannot know how long it took.
"""

from dataclasses import dataclass
from enum import StrEnum

from billing.models import UsageRecord
from billing.reports.call import AttemptReport, CallReport, ReservationReport
from billing.reports.call_lines import WORKER_LOST


class StepKind(StrEnum):
    LIMITS = "limits"
    CACHE = "cache"
    POLICY = "policy"
    WAIT = "wait"  # for a place in the model's queue, or before another try
    HOLD = "hold"
    PROVIDER = "provider"
    SETTLE = "settle"


@dataclass(frozen=True, slots=True)
class CallStep:
    """`length_ms` None: not recorded. `attempt` None: before any attempt."""

    kind: StepKind
    begin_ms: int
    length_ms: int | None
    attempt: AttemptReport | None = None


def steps_of(call: CallReport) -> tuple[CallStep, ...]:
    """In order. What the call never came to is not among them."""
    steps = _before(call)
    for attempt in call.attempts:
        if attempt.attempt:
            steps += _of_attempt(attempt, call.reservation(attempt.reservation_id), _end(steps))
    return tuple(steps)


def total_ms(call: CallReport) -> int | None:
    """From the first step to the end of the last. A cached answer knows only its whole time."""
    if call.attempts[-1].error_code == WORKER_LOST:
        return None
    ends = [call.attempts[-1].latency_ms] if not call.attempts[-1].attempt else []
    return max([*ends, _end(list(steps_of(call)))])


def _before(call: CallReport) -> list[CallStep]:
    last = call.attempts[-1]
    steps: list[CallStep] = []
    lengths = (
        (StepKind.LIMITS, last.limits_ms), (StepKind.CACHE, last.cache_ms),
        (StepKind.POLICY, last.policy_ms),
    )
    is_old = all(length is None for _kind, length in lengths)
    for kind, length in lengths:
        if length is not None or is_old:
            steps.append(CallStep(kind, _end(steps), length))
    return steps


def _of_attempt(
    attempt: AttemptReport, reservation: ReservationReport | None, after_ms: int
) -> list[CallStep]:
    begun = after_ms if attempt.begun_ms is None else attempt.begun_ms
    waited = begun - after_ms
    provider = begun + attempt.waited_ms
    is_lost = attempt.error_code == WORKER_LOST  # and what it knew of its times with it
    wait = [CallStep(StepKind.WAIT, after_ms, waited, attempt)] if waited > 1 else []
    return [
        *wait,
        CallStep(StepKind.HOLD, begun, None if is_lost else attempt.waited_ms, attempt),
        CallStep(StepKind.PROVIDER, provider, None if is_lost else attempt.latency_ms, attempt),
        *_settlement(attempt, reservation, provider + attempt.latency_ms),
    ]


def _settlement(
    attempt: AttemptReport, reservation: ReservationReport | None, begin_ms: int
) -> list[CallStep]:
    """What was given back unused was not settled."""
    length = settle_ms(attempt, reservation)
    if length is None and attempt.outcome == UsageRecord.Outcome.FAILED:
        return []
    return [CallStep(StepKind.SETTLE, begin_ms, length, attempt)]


def settle_ms(attempt: AttemptReport, reservation: ReservationReport | None) -> int | None:
    """None: nothing was booked that would have a time."""
    is_lost = attempt.error_code == WORKER_LOST
    if is_lost or reservation is None or not reservation.bookings:
        return None
    booked = reservation.bookings[0].at_ms - reservation.created_ms
    return max(0, booked - attempt.latency_ms)


def _end(steps: list[CallStep]) -> int:
    return max((step.begin_ms + (step.length_ms or 0) for step in steps), default=0)
