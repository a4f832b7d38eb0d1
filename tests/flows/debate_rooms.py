"""Debates as the product runs them: web processes, debate workers, Valkey, simulated providers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

from tests.flows.rows import new_database
from tests.services.debating import Debating
from tests.services.theatre import Theatre, theatre


@contextmanager
def debate_room(
    folder: Path, upstream: Debating, *, webs: int = 1, workers: int = 1, people: int = 4
) -> Iterator[tuple[Theatre, list[str]]]:
    """Open doors, a database of its own, and the keys of so many people."""
    folder.mkdir(exist_ok=True)
    with new_database(folder) as url:
        with theatre(folder, database_url=url, **upstream.env) as house:
            keys = house.rows("setup", str(people), "premium")
            house.open(webs=webs, workers=workers)
            yield house, keys
        connection.close()
