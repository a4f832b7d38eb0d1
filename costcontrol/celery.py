"""The task queue: who finds the tasks, and what beat starts when."""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "costcontrol.settings")

app = Celery("costcontrol")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "close calls that died": {"task": "billing.tasks.sweep", "schedule": 15.0},
    "prove the ledger": {
        "task": "billing.tasks.check_ledger",
        "schedule": crontab(hour="3", minute="30"),
    },
    "forget what has expired": {"task": "routing.tasks.purge", "schedule": crontab(minute="7")},
}
