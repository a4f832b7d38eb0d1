"""Debates by day, counted so that distinct ones of any days can be added up.

Each debate counts on each of its days, by the day on which it had a call before: in a range of days
it is new on the one whose `before` is not in the range. When a day changes, the later days of its
debates are counted anew.
"""

from datetime import date

from billing import rollup_sql as sql
from billing.measures import DEBATE
from billing.models import DailyDebate, DailyDebateCount
from billing.slice_measures import facet_of

FACETS: tuple[tuple[str, ...], ...] = ((), ("tier",), ("language",), ("tier", "language"))
DAYS = DEBATE.daily
ROWS = "billing_dailydebatecount"


def roll(which: date, first: int, end: int) -> None:
    """The local day that the hours [first, end) are."""
    has_later = DailyDebate.objects.filter(day__gt=which).exists()
    changed = {which} | (_later(which) if has_later else set())
    sql.day(DEBATE, which, first, end)
    _tell_company(which)
    if has_later:
        changed |= _later(which)
    for day in sorted(changed):
        _count(day)


def _tell_company(which: date) -> None:
    """Rows of the day whose debate has another one, and these others, are not alone. Who loses its
    company stays marked, which costs a reader time and is never wrong."""
    pairs = (
        f"FROM {DAYS} AS mine JOIN {DAYS} AS other ON other.debate_id = mine.debate_id"
        " AND other.user_id = mine.user_id AND other.id <> mine.id WHERE mine.day = %s"
    )
    sql.run(
        f"UPDATE {DAYS} SET is_alone = %s WHERE is_alone"
        f" AND id IN (SELECT mine.id {pairs} UNION SELECT other.id {pairs})",
        [False, which, which],
    )


def _later(which: date) -> set[date]:
    """Days after it of debates that had a call on it."""
    mine = DailyDebate.objects.raw(
        f"SELECT 1 AS id, later.day FROM {DAYS} AS mine JOIN {DAYS} AS later"
        " ON later.debate_id = mine.debate_id AND later.user_id = mine.user_id"
        " AND later.day > mine.day WHERE mine.day = %s GROUP BY later.day",
        [which],
    )
    return {row.day for row in mine}


def _count(which: date) -> None:
    sql.run(f"DELETE FROM {ROWS} WHERE day = %s", [which])
    for names in FACETS:
        _count_by(names, which)


def _count_by(names: tuple[str, ...], which: date) -> None:
    """A debate that changes its plan or language is one in each."""
    same = "".join(f" AND past.{name} = mine.{name}" for name in names)
    kept = [name if name in names else f"'' AS {name}" for name in ("tier", "language")]
    keys = ", ".join(["user_id", "debate_id", *names])
    sql.run(
        f"INSERT INTO {ROWS} (day, facet, tier, language, before, debates, calls, cost_nanos)"
        f" SELECT %s, '{facet_of(names)}', {', '.join(kept)}, before, COUNT(*),"
        " CAST(SUM(calls) AS BIGINT), CAST(SUM(cost_nanos) AS BIGINT) FROM ("
        f" SELECT mine.*, (SELECT MAX(past.day) FROM {DAYS} AS past"
        " WHERE past.debate_id = mine.debate_id AND past.user_id = mine.user_id"
        f" AND past.day < %s{same}) AS before FROM (SELECT {keys}, SUM(calls) AS calls,"
        f" SUM(cost_nanos) AS cost_nanos FROM {DAYS} WHERE day = %s GROUP BY {keys}) AS mine"
        f") AS debates GROUP BY {', '.join([*names, 'before'])}",
        [which, which, which],
    )


def forget() -> None:
    DailyDebateCount.objects.all().delete()
