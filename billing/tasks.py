"""The ledger's housekeeping and the rollups, on Celery's clock."""

import logging

from celery import shared_task

from billing import ledger, rollups
from costcontrol.lib import clock

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
    return rollups.catch_up(now=clock.now())
