"""The task queue: who finds the tasks, and what beat starts when.

Web processes do not import it (25 MB): code that sends a task imports `app` from here first, else
Celery would send to its own default broker.
"""

import os
from typing import Any

from celery import Celery, signals
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "costcontrol.settings")

from costcontrol import heartbeats
from costcontrol.lib import clock

app = Celery("costcontrol")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@signals.worker_ready.connect
@signals.task_prerun.connect
@signals.task_postrun.connect
def _worker_lives(**_facts: Any) -> None:
    heartbeats.leave(heartbeats.WORKER, now=clock.now())


@signals.beat_init.connect
def _beat_begins(**_facts: Any) -> None:
    """From now on whatever this process sends is a sign of beat."""
    signals.before_task_publish.connect(_beat_lives)
    _beat_lives()


def _beat_lives(**_facts: Any) -> None:
    heartbeats.leave(heartbeats.BEAT, now=clock.now())


def every(
    task: str, schedule: float | crontab, *, expires_s: int, **kwargs: Any
) -> dict[str, Any]:
    """A task that nobody took in time is dropped: after a broken worker they must not pile up."""
    options = {"expires": expires_s}
    return {"task": task, "schedule": schedule, "options": options, "kwargs": kwargs}


app.conf.beat_schedule = {
    "close calls that died": every("billing.tasks.sweep", 15.0, expires_s=15),
    "end credit that has lapsed": every("billing.tasks.lapse_credit", 60.0, expires_s=60),
    "tell who is near a limit": every("billing.tasks.send_alerts", 60.0, expires_s=60),
    "ask the rules of alerts": every(
        "billing.tasks.evaluate_alert_rules", 60.0, expires_s=60
    ),
    "bring alerts to their channels": every("billing.tasks.deliver_alerts", 20.0, expires_s=20),
    "add up the hours": every("billing.tasks.roll_up", 60.0, expires_s=60),
    "correct prices of the past": every("routing.tasks.correct_prices", 10.0, expires_s=10),
    "make months ahead, let old ones go": every(
        "billing.tasks.keep_months", crontab(hour="2", minute="50"), expires_s=3600
    ),
    "let old alerts go": every(
        "billing.tasks.forget_alerts", crontab(hour="2", minute="55"), expires_s=3600
    ),
    "prove the ledger": every(
        "billing.tasks.check_ledger", crontab(hour="3", minute="30"), expires_s=3600
    ),
    "forget used assertions": every(
        "accounts.tasks.purge", crontab(minute="37"), expires_s=3600
    ),
    "forget what has expired": every(
        "routing.tasks.purge", crontab(minute="7"), expires_s=3600
    ),
    "make answers ahead": every("routing.tasks.precompute", 15.0, expires_s=15),
    "let idle local models make answers": every(
        "routing.tasks.precompute_ahead", 60.0, expires_s=60
    ),
    "make old answers anew": every("routing.tasks.refresh_answers", 300.0, expires_s=300),
    "answer what calls would have cost": every("routing.tasks.what_if", 10.0, expires_s=10),
    "ask providers for what they counted": every(
        "billing.tasks.ask_providers", crontab(hour="5", minute="10"), expires_s=3600
    ),
    "fetch what they counted": every("routing.tasks.fetch_usage", 10.0, expires_s=10),
    "send the reports of the month": every(
        "billing.tasks.send_reports", crontab(minute="20"), expires_s=3600
    ),
    "read what Stripe told us": every("billing.tasks.stripe_events", 10.0, expires_s=10),
    "ask Stripe again": every("billing.tasks.stripe_repeat", 60.0, expires_s=60),
    "end the days of grace": every("billing.tasks.stripe_grace", 600.0, expires_s=600),
    "buy credit that runs low": every("billing.tasks.stripe_top_up", 60.0, expires_s=60),
    "bill what was used beyond plans": every(
        "billing.tasks.stripe_bill_overage", crontab(minute="17"), expires_s=3600
    ),
    "look at who changed at Stripe": every(
        "billing.tasks.stripe_reconcile", crontab(minute="37"), expires_s=3600
    ),
    "look at everybody at Stripe": every(
        "billing.tasks.stripe_reconcile", crontab(hour="4", minute="7"), expires_s=3600,
        everybody=True,
    ),
}
