"""Rules, channels and a place that messages arrive at."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.billing.alerting.receiver import Receiver, receiving


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    """On this machine, which only the setting for development allows."""
    settings.ALERTS_ALLOW_PRIVATE = True
    with receiving() as server:
        yield server
