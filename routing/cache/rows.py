"""What every call asks of the stored answers, in words that are written once. Synchronous.

Each is asked a few times a call, also where nothing is found: Django would take longer to write
the words anew than the database takes to answer (`costcontrol.lib.rows`).
"""

from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection

from costcontrol.lib.rows import Rows, asked
from routing.models import StoredAnswer

TABLE = StoredAnswer._meta.db_table
LIVE = "key = %s AND ended_at IS NULL AND hard_until > %s"
COUNT = f"SELECT COUNT(*) FROM {TABLE} WHERE {LIVE}"
KNOWN = f"SELECT variant, text, hard_until <= %s FROM {TABLE} WHERE key = %s AND ended_at IS NULL"


def first_for(
    user_ids: Collection[int], *, key: str, prefer: int, is_shown: bool, now: datetime
) -> StoredAnswer | None:
    """The preferred variant, else the one that was served least. Not what any of these has seen,
    and of a philosopher that somebody made only what is for its owner alone."""
    whose = sorted(set(user_ids))
    own = whose if len(whose) == 1 else []
    theirs = whose if is_shown else []
    found = _firsts(len(own), len(theirs))(key, now, *own, *theirs, prefer)
    return found[0] if found else None


@cache
def _firsts(owners: int, viewers: int) -> Rows[StoredAnswer]:
    words = [f"WHERE {LIVE} AND (owner_id IS NULL{' OR owner_id = %s' * owners})"]
    if viewers:
        words.append(
            f"AND NOT EXISTS (SELECT 1 FROM routing_answerseen WHERE answer_id = {TABLE}.id"
            f" AND user_id IN ({', '.join(['%s'] * viewers)}))"
        )
    words.append("ORDER BY CASE WHEN variant = %s THEN 0 ELSE 1 END, served, variant LIMIT 1")
    return Rows(StoredAnswer, " ".join(words), without=["fields"])


def count_live(key: str, *, now: datetime) -> int:
    return int(asked(COUNT, key, now)[0][0])


def known(key: str, *, now: datetime) -> list[tuple[int, str, bool]]:
    """Variant and text of those that have not ended, and whether they are too old."""
    return [(variant, text, bool(old)) for variant, text, old in asked(KNOWN, now, key)]


def insert(row: StoredAnswer) -> None:
    """With a key of the database's. Raises IntegrityError."""
    words, fields = _insertion()
    values = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]
    row.pk = asked(words, *values)[0][0]
    row._state.adding, row._state.db = False, connection.alias


@cache
def _insertion() -> tuple[str, tuple[Any, ...]]:
    fields = tuple(field for field in StoredAnswer._meta.concrete_fields if not field.primary_key)
    columns = ", ".join(f'"{field.column}"' for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    return f"INSERT INTO {TABLE} ({columns}) VALUES ({marks}) RETURNING id", fields
