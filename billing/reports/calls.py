"""Calls, newest first, a page at a time: found in an index, at any depth, whatever the filters.

A call is one line, however many attempts it took: the row whose outcome is not `failed`. Pages are
cut at (at, id), so a new call does not shift them. What is looked for is read off the index
`usage_by_time`, in stretches that get longer, and of not more than so many rows a page: where next
to nothing matches, the page says how far it has looked, and the next one goes on from there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact

from billing.models import UsageRecord
from billing.reports.call_lines import CallLine, lines_of
from billing.reports.errors import REFUSALS
from billing.reports.slice_shapes import NONE
from billing.savings import TEMPLATE

Outcome = UsageRecord.Outcome
Rows = QuerySet[UsageRecord]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PAGE = 50
EXPORT_PAGE = 1_000
STRETCHES = (5_000, 25_000, 60_000)
OPENED_STRETCHES = (1_000, 9_000)  # where each row must be opened: of a user, of a debate
FAILED_ROWS = 400
SWEPT = timedelta(minutes=30)
MAX_ID = 2**62


class Ended(StrEnum):
    """How a call ended, in one word. `errors.py` draws the same lines."""

    ANSWERED = "answered"
    CACHED = "cached"
    TEMPLATE = "template"
    REFUSED = "refused"
    FAILED = "failed"


# As an expression, so that no database goes by the index of another question that begins with it.
AS_IT_STANDS = Coalesce(F("deployment"), Value(""))
IS_CALL = ~Q(outcome__in=[Outcome.FAILED, Outcome.CORRECTED])
ENDED = {
    Ended.ANSWERED: (
        Q(outcome__in=[Outcome.COMPLETE, Outcome.CANCELLED])
        | Q(outcome=Outcome.INCOMPLETE, error_code="")
    ),
    Ended.CACHED: Q(outcome=Outcome.CACHED) & ~Q(cache_layer=TEMPLATE),
    Ended.TEMPLATE: Q(outcome=Outcome.CACHED, cache_layer=TEMPLATE),
    Ended.REFUSED: Q(outcome=Outcome.REFUSED, error_code__in=REFUSALS),
    Ended.FAILED: (
        (Q(outcome=Outcome.REFUSED) & ~Q(error_code__in=REFUSALS))
        | (Q(outcome=Outcome.INCOMPLETE) & ~Q(error_code=""))
    ),
}


def _alike(said: Mapping[str, str | int | None]) -> Q:
    return Q(**{
        name: "" if value == NONE else value
        for name, value in said.items()
        if value not in ("", None)
    })


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """A place between calls, as it stands in an address."""

    at: datetime
    id: int

    def __str__(self) -> str:
        return f"{(self.at - EPOCH) // timedelta(microseconds=1)}-{self.id}"


@dataclass(frozen=True, slots=True)
class CallFilters:
    """Which calls, of [start, end). Empty: all of them. `NONE`: where the column is empty."""

    start: datetime
    end: datetime
    tier: str = ""
    language: str = ""
    deployment: str = ""
    provider: str = ""
    model_class: str = ""
    call_kind: str = ""
    cache_layer: str = ""
    outcome: str = ""
    ended: Ended | None = None
    user_id: int | None = None
    debate_id: str = ""
    key_prefix: str = ""
    has_failed_attempts: bool = False

    @property
    def of_the_call(self) -> Q:
        """What all rows of a call say."""
        said = {
            "tier": self.tier, "language": self.language, "call_kind": self.call_kind,
            "key_prefix": self.key_prefix, "debate_id": self.debate_id, "user_id": self.user_id,
        }
        return _alike(said)

    @property
    def of_its_end(self) -> Q:
        """What only the last row of a call says: who answered it, and how it ended."""
        said = {
            "provider": self.provider, "model_class": self.model_class,
            "cache_layer": self.cache_layer, "outcome": self.outcome,
        }
        ended = (ENDED[self.ended] if self.ended else IS_CALL) & _alike(said)
        if not self.deployment:
            return ended
        name = "" if self.deployment == NONE else self.deployment
        return ended & Q(Exact(AS_IT_STANDS, name))

    @property
    def is_found_by_time(self) -> bool:
        return self.user_id is None and not self.debate_id


@dataclass(frozen=True, slots=True)
class CallPage:
    """`older`, `newer`: where the next page begins, if there may be one. `searched_to`: nothing
    more was found up to here, and the search can go on."""

    lines: tuple[CallLine, ...]
    older: Cursor | None = None
    newer: Cursor | None = None
    searched_to: datetime | None = None


def page(
    filters: CallFilters, *, cursor: Cursor | None = None, is_newer: bool = False, size: int = PAGE
) -> CallPage:
    """The calls before the cursor, or after it; without a cursor the newest."""
    if cursor and is_newer:
        return _newer(filters, cursor, size) or page(filters, size=size)
    found, stopped = _search(filters, cursor, size + 1, is_newer=False)
    places = found[:size]
    return CallPage(
        lines=tuple(lines_of([place.id for place in places])),
        older=places[-1] if len(found) > size else stopped,
        newer=(places[0] if places else cursor) if cursor else None,
        searched_to=stopped.at if stopped else None,
    )


def _newer(filters: CallFilters, cursor: Cursor, size: int) -> CallPage | None:
    """None: there is nothing newer."""
    found, stopped = _search(filters, cursor, size + 1, is_newer=True)
    places = found[:size][::-1]
    if not places and not stopped:
        return None
    return CallPage(
        lines=tuple(lines_of([place.id for place in places])),
        older=places[-1] if places else cursor,
        newer=places[0] if len(found) > size else stopped,
        searched_to=stopped.at if stopped else None,
    )


def every(filters: CallFilters, *, limit: int) -> Iterator[tuple[CallLine, ...]]:
    """All of them, newest first, in pages: for exports. At most so many."""
    cursor: Cursor | None = None
    while limit > 0:
        found, stopped = _search(filters, cursor, min(EXPORT_PAGE, limit), is_newer=False)
        if found:
            yield tuple(lines_of([place.id for place in found]))
        limit -= len(found)
        is_over = stopped is None and len(found) < EXPORT_PAGE
        cursor = stopped or (found[-1] if found else None)
        if is_over or cursor is None:
            return


def has_any() -> bool:
    """Whether there has ever been a call."""
    return UsageRecord.objects.exists()


def _search(
    filters: CallFilters, cursor: Cursor | None, size: int, *, is_newer: bool
) -> tuple[list[Cursor], Cursor | None]:
    """Up to so many places, and where the search stopped before it had seen everything."""
    found: list[Cursor] = []
    for length in STRETCHES if filters.is_found_by_time else OPENED_STRETCHES:
        stretch = _stretch(filters, cursor, length, is_newer=is_newer)
        found += stretch.matching(size - len(found))
        if len(found) == size or stretch.end is None:
            return found, None
        cursor = stretch.end
    return found, cursor


def _stretch(
    filters: CallFilters, begin: Cursor | None, length: int, *, is_newer: bool
) -> "Stretch":
    """So many rows on from a place; fewer if many of them failed."""
    whole = Stretch(filters, begin, None, is_newer)
    end = _place(whole.rows(), length)
    if not filters.has_failed_attempts:
        return replace(whole, end=end)
    failed = replace(whole, end=end).rows().filter(outcome=Outcome.FAILED)
    if far := _place(failed, FAILED_ROWS):
        end = Cursor(far.at, MAX_ID if is_newer else 0)  # with all that came at the same time
    return replace(whole, end=end)


def _place(rows: Rows, position: int) -> Cursor | None:
    found = rows.values_list("at", "id")[position : position + 1]
    return next((Cursor(*place) for place in found), None)


@dataclass(frozen=True, slots=True)
class Stretch:
    """The rows beyond `begin`, up to and with `end`. None: as far as the filters reach."""

    filters: CallFilters
    begin: Cursor | None
    end: Cursor | None
    is_newer: bool

    def matching(self, size: int) -> list[Cursor]:
        if self.filters.has_failed_attempts:
            return self._after_failures()[:size]
        meant = self.rows().filter(self.filters.of_the_call, self.filters.of_its_end)
        return [Cursor(*place) for place in meant.values_list("at", "id")[:size]]

    def rows(self) -> Rows:
        """In order. What is found by time, user or debate needs no look at any other row."""
        filters = self.filters
        rows = UsageRecord.objects.filter(self._span)
        if filters.debate_id:
            rows = rows.filter(~Q(debate_id=""), debate_id=filters.debate_id)
        elif filters.user_id is not None:
            rows = rows.filter(user_id=filters.user_id)
        return rows.order_by("at", "id") if self.is_newer else rows.order_by("-at", "-id")

    @property
    def _span(self) -> Q:
        """One lower and one upper bound of `at`: SQLite takes the first of each that it meets."""
        low, high = self._bounds
        since, until = Q(at__gte=self.filters.start), Q(at__lt=self.filters.end)
        if low and low.at >= self.filters.start:
            since = Q(at__gte=low.at) & (Q(at__gt=low.at) | Q(id__gt=low.id))
        if high and high.at < self.filters.end:
            until = Q(at__lte=high.at) & (Q(at__lt=high.at) | Q(id__lt=high.id))
        return since & until

    @property
    def _bounds(self) -> tuple[Cursor | None, Cursor | None]:
        """Both excluded."""
        if self.is_newer:
            return self.begin, self.end and replace(self.end, id=self.end.id + 1)
        return self.end and replace(self.end, id=self.end.id - 1), self.begin

    def _after_failures(self) -> list[Cursor]:
        """Found by the failed rows, which are few: a look for them at each call is too slow.

        All rows of a call have one time, but for one that the sweeper wrote, somewhat later.
        """
        filters, (low, high) = self.filters, self._bounds
        rows = UsageRecord.objects.filter(
            filters.of_the_call, outcome=Outcome.FAILED,
            at__gte=max(filters.start, low.at if low else filters.start) - SWEPT,
            at__lte=min(filters.end, high.at if high else filters.end),
        )
        calls = UsageRecord.objects.filter(call_id__in=set(rows.values_list("call_id", flat=True)))
        places = [
            Cursor(*place) for place in calls.filter(filters.of_its_end).values_list("at", "id")
        ]
        inside = [
            place for place in places
            if filters.start <= place.at < filters.end
            and (low is None or place > low) and (high is None or place < high)
        ]
        return sorted(inside, reverse=not self.is_newer)
