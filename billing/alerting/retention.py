"""Alerts that have been over for long go, and the messages about them. What is not over stays."""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from billing.models_operator import Alert, AlertDelivery
from billing.months import month_at

BATCH = 500  # a short transaction each


def forget_old(keep_months: int, *, now: datetime) -> int:
    """Of before that many whole months (UTC) beside the running one. How many alerts and tests of
    channels went."""
    before = month_at(now).plus(-keep_months).start
    return _all_of(_alerts, before) + _all_of(_tests, before)


def _all_of(some: Callable[[datetime], int], before: datetime) -> int:
    gone = 0
    while count := some(before):
        gone += count
    return gone


@transaction.atomic
def _alerts(before: datetime) -> int:
    """Locked, so that none of them is opened anew meanwhile. Their messages go along."""
    over = Alert.objects.filter(state=Alert.State.RESOLVED, changed_at__lt=before)
    ids = list(over.select_for_update().order_by("pk").values_list("pk", flat=True)[:BATCH])
    Alert.objects.filter(pk__in=ids).delete()
    return len(ids)


@transaction.atomic
def _tests(before: datetime) -> int:
    old = AlertDelivery.objects.filter(alert=None, made_at__lt=before)
    ids = list(old.order_by("pk").values_list("pk", flat=True)[:BATCH])
    AlertDelivery.objects.filter(pk__in=ids).delete()
    return len(ids)
