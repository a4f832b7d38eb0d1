"""The only place that reads the wall clock. Everything else is given its time as an argument.

The demo replays months in minutes: inside `at` it is another time, for this context and for the
tasks that are started in it, and for nobody else.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_given: ContextVar[datetime | None] = ContextVar("given time", default=None)


def now() -> datetime:
    return _given.get() or datetime.now(UTC)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """It is `moment` in here. Nests; the outer time is back at the end."""
    token = _given.set(moment)
    try:
        yield
    finally:
        _given.reset(token)
