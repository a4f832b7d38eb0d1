"""A clock that stands, and a Stripe of our own for those who ask for it."""

from collections.abc import Iterator

import pytest

from costcontrol.lib import clock
from tests.billing.payments.conftest import NOON, stripe, stripe_fake
from tests.costcontrol.account import customers

__all__ = ["stripe", "stripe_fake"]


@pytest.fixture(autouse=True)
def the_clock_stands(request: pytest.FixtureRequest) -> Iterator[None]:
    """At the time of Stripe where there is one."""
    with clock.at(NOON if "stripe" in request.fixturenames else customers.NOW):
        yield
