"""Answers of vendors' APIs about usage and cost. Both vendors answer in pages of days, alike:

    {"data": [{<start>, <end>, "results": [{...}]}], "has_more": true, "next_page": "..."}

Numbers are never floats: amounts come as the digits that were sent.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from billing.usage_imports.columns import Format
from billing.usage_imports.reading import MAX_LINES, Key, Reading, Sums, Wrong, line_add
from costcontrol.lib.sentences import Sentence as _

DAY = timedelta(days=1)
STARTS, ENDS = ("starting_at", "start_time"), ("ending_at", "end_time")
Cells = Mapping[str, str]
UNREADABLE = (
    ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, OSError,
)


@dataclass(frozen=True, slots=True)
class Page:
    """`days`: what was used on each; a day without anything is there, and empty. `cursor` "": the
    last page."""

    days: tuple[tuple[date, tuple[Cells, ...]], ...]
    cursor: str


def page_of(body: bytes) -> Page:
    """Raises Wrong: another shape than vendors describe."""
    try:
        found = json.loads(body, parse_float=Decimal, parse_constant=_no_number)
        days = tuple(_day_of(bucket) for bucket in found["data"])
        return Page(days, _cursor(found))
    except UNREADABLE:
        raise Wrong(_("it has another form than the vendor describes.")) from None


def _no_number(text: str) -> None:
    raise ValueError(text)


def _cursor(page: Mapping[str, Any]) -> str:
    if page["has_more"] is False:
        return ""
    cursor = page["next_page"]
    if page["has_more"] is not True or not isinstance(cursor, str) or not cursor:
        raise ValueError("has_more")
    return cursor


def _day_of(bucket: Mapping[str, Any]) -> tuple[date, tuple[Cells, ...]]:
    """Vendors cut days in UTC: anything else was not asked for."""
    start, end = _moment(bucket, STARTS), _moment(bucket, ENDS)
    if start.time() != datetime.min.time() or end - start != DAY:
        raise ValueError("bucket")
    return start.date(), tuple(_cells(result) for result in bucket["results"])


def _moment(bucket: Mapping[str, Any], names: tuple[str, ...]) -> datetime:
    value = bucket[names[0]] if names[0] in bucket else bucket[names[1]]
    if isinstance(value, str):
        return datetime.fromisoformat(value).astimezone(UTC)
    if not isinstance(value, int):  # of 1e99999999 it would take hours to make one
        raise TypeError("start")
    return datetime.fromtimestamp(value, UTC)


def _cells(result: Mapping[str, Any], before: str = "") -> dict[str, str]:
    """Texts and numbers, as lines of a file have them; after a dot what is in an object."""
    cells: dict[str, str] = {}
    for name, value in result.items():
        if isinstance(value, dict):
            cells |= _cells(value, f"{before}{name}.")
        elif isinstance(value, str | int | Decimal) and not isinstance(value, bool):
            cells[before + name] = _storable(str(value).strip())
    return cells


def _storable(text: str) -> str:
    """What is wrong is said with the words that were sent: a database and a page must hold them."""
    text.encode()  # half a surrogate pair is no text
    if "\x00" in text:
        raise ValueError("NUL")
    return text


def reading_of(
    found: Format, pages: Iterable[Page], *, first: date, last: date, now: datetime
) -> Reading | None:
    """What they say together; None: they are about no day. Raises Wrong."""
    sums: dict[Key, Sums] = defaultdict(Sums)
    seen: set[date] = set()
    lines = 0
    for day, results in (each for page in pages for each in page.days):
        if day in seen or not first <= day <= last:
            raise Wrong(_("it is about days that were not asked for, or about one twice."))
        seen.add(day)
        lines += len(results)
        if lines > MAX_LINES:
            raise Wrong(_("it has more than 20,000 lines. Fetch fewer days at a time."))
        for cells in results:
            line_add(found, {**cells, "day": day.isoformat()}, sums, now=now)
    return Reading(found, min(seen), max(seen), dict(sums)) if seen else None
