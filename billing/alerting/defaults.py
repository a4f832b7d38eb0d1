"""The rules that a new costcontrol comes with. What staff changed or switched off stays so."""

from datetime import datetime

from billing.models_operator import AlertRule

SHIPPED = "costcontrol"
Kind = AlertRule.Kind
RULES = (
    {"kind": Kind.BUDGET, "threshold": 80},
    {"kind": Kind.BUDGET, "threshold": 95},
    {"kind": Kind.BUDGET, "threshold": 100},
    {"kind": Kind.UNPRICED, "threshold": 1},
    {"kind": Kind.ERROR_RATE, "threshold": 500},
)


def rules_load(*, now: datetime) -> int:
    """Once for each kind, whatever became of them since. How many were made."""
    known = set(AlertRule.objects.filter(made_by=SHIPPED).values_list("kind", flat=True))
    rows = [
        AlertRule(**rule, made_by=SHIPPED, made_at=now) for rule in RULES
        if rule["kind"] not in known
    ]
    return len(AlertRule.objects.bulk_create(rows))
