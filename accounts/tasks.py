"""Housekeeping of accounts, on Celery's clock."""

from celery import shared_task

from accounts import tokens
from costcontrol.lib import clock


@shared_task
def purge() -> int:
    """Forget the assertions that have expired: they are refused anyway."""
    return tokens.used_assertions_purge(now=clock.now())
