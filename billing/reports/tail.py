"""The newest calls as they end, found by the ids of their rows: for whoever watches.

A look costs one narrow query, however many watch; a whole line is read only of what is shown. On
PostgreSQL rows may become visible out of order, so ids that were passed over are looked for again
a few times: what was rolled back never comes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.db.models import Max, Q

from billing.models import UsageRecord
from billing.reports.call_lines import CallLine, lines_of
from billing.reports.calls import Ended
from billing.reports.errors import REFUSALS
from billing.reports.slice_shapes import NONE
from billing.savings import TEMPLATE

Outcome = UsageRecord.Outcome
COLUMNS = (
    "id", "tier", "deployment", "call_kind", "cache_layer", "outcome", "error_code", "provider",
    "user_id", "at", "latency_ms",
)
LOOKED_AT = 2_000  # rows of one look; of more in a second the older ones are passed over
BEFORE_ALL = datetime.min.replace(tzinfo=UTC)
SHOWN = 30  # of one look, to one set of filters
TRIES = 8
MOST_MISSING = 200


@dataclass(frozen=True, slots=True)
class Glance:
    """As much of a row as filters need."""

    id: int
    tier: str
    deployment: str
    call_kind: str
    cache_layer: str
    outcome: str
    error_code: str
    provider: str = ""
    user_id: int = 0
    at: datetime = BEFORE_ALL
    latency_ms: int = 0

    @property
    def over(self) -> tuple[datetime, int]:
        """When it ended. Ids go the same way, but for rows that several wrote for other days."""
        return self.at + timedelta(milliseconds=self.latency_ms), self.id

    @property
    def ended(self) -> Ended:
        """Of a call. As `calls.ENDED` says it in SQL."""
        if self.outcome == Outcome.CACHED:
            return Ended.TEMPLATE if self.cache_layer == TEMPLATE else Ended.CACHED
        if self.outcome == Outcome.REFUSED:
            return Ended.REFUSED if self.error_code in REFUSALS else Ended.FAILED
        is_cut = self.outcome == Outcome.INCOMPLETE and self.error_code
        return Ended.FAILED if is_cut else Ended.ANSWERED


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which calls somebody watches. Empty: all. `NONE`: where the column is empty."""

    tier: str = ""
    deployment: str = ""
    call_kind: str = ""
    ended: Ended | None = None
    provider: str = ""
    cache_layer: str = ""
    user_id: int | None = None

    def matches(self, glance: Glance) -> bool:
        return (
            glance.outcome not in (Outcome.FAILED, Outcome.CORRECTED)
            and (self.ended is None or glance.ended == self.ended)
            and _is(self.tier, glance.tier)
            and _is(self.deployment, glance.deployment)
            and _is(self.call_kind, glance.call_kind)
            and _is(self.provider, glance.provider)
            and _is(self.cache_layer, glance.cache_layer)
            and self.user_id in (None, glance.user_id)
        )


@dataclass(frozen=True, slots=True)
class Place:
    """How far the rows were seen. `missing`: ids before it that may still come, and how many looks
    they are given."""

    last: int
    missing: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Batch:
    """Calls that ended, oldest first, with the last row's id. `more`: those that were too many to
    be shown. `kept`: what readers made of it, so that one does it for all."""

    last: int
    lines: tuple[CallLine, ...]
    more: int = 0
    kept: dict[object, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Look:
    place: Place
    batches: Mapping[Wanted, Batch]


def newest_id() -> int:
    return UsageRecord.objects.aggregate(last=Max("id"))["last"] or 0


def look(place: Place, wanted: Iterable[Wanted]) -> Look:
    """What came after a place, for everybody who watches."""
    missing = [one for one, _tries in place.missing]
    come = _glances(Q(id__gt=place.last) | Q(id__in=missing) if missing else Q(id__gt=place.last))
    now_at = _place_after(place, come)
    chosen = {each: [one.id for one in come if each.matches(one)] for each in set(wanted)}
    ids = sorted({one for found in chosen.values() for one in found[-SHOWN:]})
    lines = dict(zip(ids, lines_of(ids), strict=True)) if ids else {}
    return Look(now_at, {
        each: _batch(now_at.last, found, lines) for each, found in chosen.items() if found
    })


def recent(
    wanted: Wanted, *, after: int = 0, upto: int | None = None, size: int = SHOWN
) -> Batch:
    """The newest calls that match, of so many rows: what a page begins with, or asks for again."""
    come = _glances(Q(id__gt=after) if upto is None else Q(id__gt=after, id__lte=upto))
    found = sorted((one for one in come if wanted.matches(one)), key=lambda one: one.over)
    shown = [one.id for one in found[-size:]]
    return Batch(
        max((one.id for one in come), default=max(after, 0)), tuple(lines_of(shown)),
        len(found) - len(shown),
    )


def _glances(which: Q) -> list[Glance]:
    rows = UsageRecord.objects.filter(which).order_by("-id").values_list(*COLUMNS)[:LOOKED_AT]
    return [Glance(*row) for row in rows][::-1]


def _batch(last: int, found: Sequence[int], lines: Mapping[int, CallLine]) -> Batch:
    shown = found[-SHOWN:]
    return Batch(last, tuple(lines[one] for one in shown), len(found) - len(shown))


def _place_after(place: Place, come: Sequence[Glance]) -> Place:
    seen = {one.id for one in come}
    last = max(place.last, max(seen, default=0))
    begin = max(place.last, last - LOOKED_AT, 0)
    passed = [(one, TRIES) for one in range(begin + 1, last) if one not in seen]
    waiting = [(one, left - 1) for one, left in place.missing if one not in seen and left > 1]
    return Place(last, tuple([*waiting, *passed][-MOST_MISSING:]))


def _is(wanted: str, value: str) -> bool:
    return not wanted or value == ("" if wanted == NONE else wanted)
