"""The ledger's housekeeping, the rollups and what Stripe is asked, on Celery's clock.

Without a Stripe key the tasks about payments do nothing.
"""

import logging
from datetime import timedelta

from celery import shared_task
from django.conf import settings

from billing import alerts, credits, ledger, partitions, retention, rollups
from billing.alerting import deliveries, evaluation
from billing.alerting import retention as alert_retention
from billing.months import month_at
from billing.payments import client, events, overage, reconcile, repeat, standing, topup
from billing.reports import monthly_mail
from billing.usage_imports import fetches
from costcontrol.lib import clock

DAY = timedelta(days=1)
log = logging.getLogger(__name__)


@shared_task
def sweep() -> tuple[int, int]:
    """Close reservations whose worker died: (released, estimated)."""
    released, estimated = ledger.sweep()
    if released or estimated:
        log.warning("ledger: swept %d held and %d sent reservations", released, estimated)
    return released, estimated


@shared_task
def check_ledger() -> int:
    """How many windows differ from the rows behind them. Must be 0."""
    differences = ledger.differences()
    for difference in differences:
        log.error("ledger: %s", difference)
    return len(differences)


@shared_task
def roll_up() -> int:
    """Add up the hours that closed, and those with late rows. How many it were."""
    return rollups.catch_up(now=clock.now(), late=rollups.LATE_A_RUN)


@shared_task
def keep_months() -> int:
    """Partitions of the next months; and, where old usage rows are not kept for ever, those that
    are too old go. How many rows went."""
    now = clock.now()
    partitions.make_ahead(month_at(now))
    if not settings.USAGE_KEEP_MONTHS:
        return 0
    return retention.retire(retention.plan(settings.USAGE_KEEP_MONTHS, now=now), now=now)


@shared_task
def lapse_credit() -> int:
    """Credit that has ended goes. How many customers had some."""
    return credits.lapse_all(now=clock.now())


@shared_task
def send_alerts() -> int:
    """Tell who is near a limit. A mail server that is away is asked again a minute later."""
    try:
        return alerts.alerts_send(now=clock.now())
    except OSError as error:
        log.error("alerts: no email was sent: %s", error)
        return 0


@shared_task
def evaluate_alert_rules() -> int:
    """Ask every rule of the operator's. How many alerts were opened."""
    return evaluation.evaluate(now=clock.now()).opened


@shared_task
def forget_alerts() -> int:
    """Alerts that were over long ago go. How many."""
    if settings.ALERTS_KEEP_MONTHS < 1:
        return 0
    return alert_retention.forget_old(settings.ALERTS_KEEP_MONTHS, now=clock.now())


@shared_task
def deliver_alerts() -> int:
    """Bring what waits to its channels. How many messages arrived. One after the other, each at its
    own time: behind channels that hang a claim would be over before its message is sent."""
    sent = 0
    for _number in range(deliveries.AT_ONCE):
        if not deliveries.is_any_due(now=clock.now()):
            break
        sent += deliveries.deliver_due(now=clock.now(), most=1)
    return sent


@shared_task
def send_reports() -> int:
    """The report of last month, to staff who want it. A mail server that is away is asked again an
    hour later."""
    try:
        return monthly_mail.reports_send(now=clock.now())
    except OSError as error:
        log.error("reports: no email was sent: %s", error)
        return 0


@shared_task
def ask_providers() -> int:
    """Have the usage of the last days fetched. How many providers are asked; the fetching itself is
    `routing.tasks.fetch_usage`."""
    return fetches.nightly(now=clock.now())


@shared_task
def stripe_events() -> int:
    """Work off the notices that are waiting. Web processes send it; beat does when they cannot."""
    return events.work_off(now=clock.now()) if client.is_on() else 0


@shared_task
def stripe_repeat() -> int:
    """Bring to an end what a crash left open."""
    return repeat.repeat_open(now=clock.now()) if client.is_on() else 0


@shared_task
def stripe_grace() -> int:
    """Plans whose days of grace are over. Also without Stripe: it is in our rows."""
    return standing.grace_ended(now=clock.now())


@shared_task
def stripe_top_up() -> int:
    """Buy credit for who asked for it and runs low."""
    return topup.top_up_all(now=clock.now()) if client.is_on() else 0


@shared_task
def stripe_bill_overage() -> int:
    return overage.overage_bill_all(now=clock.now()) if client.is_on() else 0


@shared_task
def stripe_reconcile(*, everybody: bool = False) -> int:
    """Look at those whom something happened to within a day, or at everybody. Differences found:
    must be 0."""
    if not client.is_on():
        return 0
    now = clock.now()
    found = reconcile.reconcile(changed_since=None if everybody else now - DAY, now=now)
    reconcile.backfill(now=now)
    return found.differences
