"""One user who spends much in a rolling window: the rule that leads to a throttle."""

from collections.abc import Sequence

from django.db.models import Count, Q, Sum

from billing.alerting.types import Finding, Moment, since
from billing.models import UsageRecord
from billing.models_operator import AlertRule

MOST = 50  # users of one rule; the dearest first


def spends_much(rule: AlertRule, moment: Moment) -> Sequence[Finding]:
    """Everybody whose calls of the last minutes cost the threshold or more; `scope_id` names one
    user, empty means all."""
    rows = UsageRecord.objects.filter(
        at__gt=since(rule, moment), at__lte=moment.now, user_id__gt=0  # 0: the platform's own
    )
    if rule.scope_id:
        rows = rows.filter(user_id=int(rule.scope_id))
    sums = (
        rows.values("user_id").order_by()
        .annotate(
            cost=Sum("cost_nanos"),
            calls=Count("pk", filter=~Q(outcome=UsageRecord.Outcome.CORRECTED)),
        )
        .filter(cost__gte=max(1, rule.threshold)).order_by("-cost", "user_id")
    )
    return [
        Finding(
            f"user:{row['user_id']}", row["cost"],
            details={
                "scope_kind": "user", "scope_id": str(row["user_id"]), "calls": row["calls"],
                "cost_nanos": row["cost"], "window_minutes": rule.window_minutes,
            },
        )
        for row in sums[:MOST]
    ]
