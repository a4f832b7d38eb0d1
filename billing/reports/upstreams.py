"""When a provider last answered, and what it last failed with: of the last day of calls."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max

from billing.models import UsageRecord

Outcome = UsageRecord.Outcome
ANSWERED = (Outcome.COMPLETE, Outcome.INCOMPLETE, Outcome.CANCELLED)
LOOKED_BACK = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Heard:
    """None: not in the last day."""

    ok_at: datetime | None = None
    failed_at: datetime | None = None
    error_code: str = ""


def heard(*, now: datetime) -> Mapping[str, Heard]:
    """By deployment; those that were not asked are not in it."""
    rows = (
        UsageRecord.objects.filter(at__gt=now - LOOKED_BACK, at__lte=now, attempt__gte=1)
        .values_list("deployment", "outcome", "error_code").order_by().annotate(last=Max("at"))
    )
    found: dict[str, Heard] = {}
    for deployment, outcome, code, last in rows:
        found[deployment] = _later(found.get(deployment, Heard()), outcome, code, last)
    return found


def _later(known: Heard, outcome: str, code: str, last: datetime) -> Heard:
    if outcome in ANSWERED:
        return Heard(max(known.ok_at or last, last), known.failed_at, known.error_code)
    if outcome == Outcome.FAILED and (known.failed_at is None or last > known.failed_at):
        return Heard(known.ok_at, last, code)
    return known


def latest(of: list[Heard]) -> Heard:
    """Of several deployments together."""
    oks = [each.ok_at for each in of if each.ok_at]
    failed = [(each.failed_at, each.error_code) for each in of if each.failed_at]
    failed_at, code = max(failed, default=(None, ""))
    return Heard(max(oks, default=None), failed_at, code)
