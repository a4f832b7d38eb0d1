"""Stored answers, a page at a time, in the order somebody wants to go through them.

Pages are cut at (what they are ordered by, id): one that is served meanwhile may move, but no page
gets longer to find, however deep. What a user's own philosopher says is theirs and never listed.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import F, IntegerField, Q, QuerySet, Value
from django.db.models.functions import Substr

from routing.models import StoredAnswer, Topic
from routing.reports.stored import ORIGINS, is_served

PAGE = 50
TOPICS = 50
BEGINNING = 120


class Order(StrEnum):
    NEWEST = "newest"
    OLDEST = "oldest"
    SERVED = "served"
    SAVED = "saved"
    WORST = "worst"


class State(StrEnum):
    """Whether it is served. `STALE`: it still is, and is made anew soon. The rest: why it ended."""

    SERVED = ""
    STALE = "stale"
    ENDED = "ended"
    ANY = "any"
    RATED = "rated"
    PURGED = "purged"
    REFRESHED = "refreshed"
    EXPIRED = "expired"
    WRONG = "wrong"


# What each order goes by, and whether the greatest comes first. The id decides between equals.
BY = {
    Order.NEWEST: (Value(0, IntegerField()), True), Order.OLDEST: (Value(0, IntegerField()), False),
    Order.SERVED: (F("served"), True), Order.SAVED: (F("saved_nanos"), True),
    Order.WORST: (F("downs") - F("ups"), True),
}
BY_ID = (Order.NEWEST, Order.OLDEST)  # which is an index
COLUMNS = (
    "id", "variant", "kind", "topic_key", "side", "philosopher", "language", "route", "origin",
    "cost_nanos", "made_at", "soft_until", "hard_until", "ended_at", "ended_why", "served",
    "saved_nanos", "ups", "downs", "beginning", "rank",
)


@dataclass(frozen=True, slots=True)
class AnswerFilters:
    """Empty: all. `topic`: a key, or words of a title. `layer`: pattern, precomputed."""

    topic: str = ""
    philosopher: str = ""
    kind: str = ""
    language: str = ""
    layer: str = ""
    state: State = State.SERVED
    is_rated_badly: bool = False
    is_never_served: bool = False


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """The names are those of the columns. `beginning`: of its text."""

    id: int
    variant: int
    kind: str
    topic_key: str
    side: str
    philosopher: str
    language: str
    route: str
    origin: str
    cost_nanos: int
    made_at: datetime
    soft_until: datetime
    hard_until: datetime
    ended_at: datetime | None
    ended_why: str
    served: int
    saved_nanos: int
    ups: int
    downs: int
    beginning: str
    rank: int  # what it is ordered by

    def is_served(self, now: datetime) -> bool:
        return self.ended_at is None and self.hard_until > now


@dataclass(frozen=True, slots=True)
class Place:
    """Behind which answer a page begins, as it stands in an address."""

    rank: int
    id: int

    def __str__(self) -> str:
        return f"{self.rank}_{self.id}"


@dataclass(frozen=True, slots=True)
class AnswerPage:
    lines: tuple[AnswerLine, ...] = field(default=())
    after: Place | None = None  # where the next page begins


def page(
    filters: AnswerFilters, *, now: datetime, order: Order = Order.NEWEST,
    after: Place | None = None, size: int = PAGE,
) -> AnswerPage:
    by, is_greatest_first = BY[order]
    rows = _chosen(filters, now).annotate(rank=by, beginning=Substr("text", 1, BEGINNING))
    if after:
        rows = rows.filter(_behind(after, order, is_greatest_first))
    sign = "-" if is_greatest_first else ""
    names = ["id"] if order in BY_ID else ["rank", "id"]
    ordered = rows.order_by(*(f"{sign}{name}" for name in names))
    found = list(ordered.values(*COLUMNS)[: size + 1])
    lines = tuple(AnswerLine(**row) for row in found[:size])
    last = lines[-1] if len(found) > size else None
    return AnswerPage(lines, Place(last.rank, last.id) if last else None)


def is_any() -> bool:
    return StoredAnswer.objects.exists()


def topics_meant(said: str) -> tuple[str, ...]:
    """The keys of topics that are called so, or have these words in a title."""
    words = Q(key=said) | Q(ko__icontains=said) | Q(en__icontains=said)
    return tuple(Topic.objects.filter(words).values_list("key", flat=True)[:TOPICS])


def _behind(place: Place, order: Order, is_greatest_first: bool) -> Q:
    if order in BY_ID:
        return Q(id__lt=place.id) if is_greatest_first else Q(id__gt=place.id)
    if is_greatest_first:
        return Q(rank__lt=place.rank) | Q(rank=place.rank, id__lt=place.id)
    return Q(rank__gt=place.rank) | Q(rank=place.rank, id__gt=place.id)


def _chosen(filters: AnswerFilters, now: datetime) -> QuerySet[StoredAnswer]:
    named: dict[str, Any] = {
        "philosopher": filters.philosopher, "kind": filters.kind, "language": filters.language,
    }
    rows = StoredAnswer.objects.filter(
        _state(filters.state, now), owner_id=None,
        **{name: value for name, value in named.items() if value},
    )
    if filters.topic:
        rows = rows.filter(topic_key__in=topics_meant(filters.topic))
    if filters.layer:
        rows = rows.filter(origin__in=ORIGINS[filters.layer])
    if filters.is_rated_badly:
        rows = rows.filter(downs__gt=F("ups"))
    return rows.filter(served=0) if filters.is_never_served else rows


def _state(state: State, now: datetime) -> Q:
    match state:
        case State.STALE:
            return is_served(now) & Q(soft_until__lte=now)
        case State.ENDED:
            return ~Q(ended_at=None) | Q(hard_until__lte=now)
        case State.ANY:
            return Q()
        case State.SERVED:
            return is_served(now)
    return Q(ended_why=state)
