"""All routes and pages, put together."""

from datetime import datetime

from tests.upstreams.stripe import (
    catalog,
    checkout,
    customers,
    discounts,
    event_api,
    hosted,
    invoice_api,
    payment_api,
    portal,
    schedules,
    subscription_api,
)
from tests.upstreams.stripe.clock import Clock
from tests.upstreams.stripe.server import Server
from tests.upstreams.stripe.state import State

PARTS = (
    catalog, checkout, customers, discounts, event_api, hosted, invoice_api, payment_api, portal,
    schedules, subscription_api,
)  # fmt: skip


def new_server(*, port: int = 0, clock: datetime | None = None) -> Server:
    """Not serving yet. With a time its clock stands still until it is moved."""
    stands_at = int(clock.timestamp()) if clock else None
    return Server(State(clock=Clock(stands_at=stands_at)), port=port)
