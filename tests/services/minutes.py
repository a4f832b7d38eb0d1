"""Requests are counted by the minute of the clock: a test that counts them needs them in one."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from costcontrol.lib import clock

MINUTE_S = 60


@contextmanager
def within_one_minute() -> Iterator[None]:
    """In this process the clock stands."""
    with clock.at(clock.now().replace(second=10, microsecond=0)):
        yield


def wait_for_a_minute_with(seconds: float) -> None:
    """For another process, whose clock goes on: where this minute ends sooner, until the next."""
    left = MINUTE_S - clock.now().timestamp() % MINUTE_S
    if left < seconds:
        time.sleep(left + 0.01)
