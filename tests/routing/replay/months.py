"""Small months, played in this process and in the test's own database."""

from functools import cache

from django.db import transaction

from billing import gauge
from routing import health, snapshot
from routing.cache import exact
from routing.replay.options import Options
from routing.replay.play import Played, play


@cache
def known(options: Options) -> Played:
    """Played once for all tests: the same options are the same month."""
    return played(options)


def played(options: Options, *, part: int = 0, parts: int = 1) -> Played:
    """In an empty database, which is empty again afterwards."""
    forget()
    with transaction.atomic():
        found = play(options, part=part, parts=parts)
        transaction.set_rollback(True)
    forget()
    return found


def forget() -> None:
    """What this process remembers of rows that are not there any more."""
    snapshot.forget()
    gauge.forget_all()
    health.forget_all()
    exact.memory.clear()
