"""How many answers are stored, how old and how long they are, and why others were not."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Avg, Count, F, FloatField, Func, Q, Sum
from django.db.models.functions import Length

from billing.savings import SEARCH_CACHE, SEARCH_KIND
from routing.models import StoredAnswer

Origin = StoredAnswer.Origin
LAYER_OF: Mapping[str, str] = {
    Origin.LIVE: "pattern", Origin.BATCH: "precomputed", Origin.AHEAD: "precomputed",
}
ORIGINS: Mapping[str, tuple[str, ...]] = {
    "pattern": (Origin.LIVE,), "precomputed": (Origin.BATCH, Origin.AHEAD),
}

IS_SEARCH = Q(kind=SEARCH_KIND)
LINES: Mapping[str, Q] = {
    **{layer: Q(origin__in=origins) & ~IS_SEARCH for layer, origins in ORIGINS.items()},
    SEARCH_CACHE: IS_SEARCH,
}


class Epoch(Func):
    """Seconds since 1970, so that moments have an average."""

    output_field = FloatField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "((julianday(%(expressions)s) - 2440587.5) * 86400.0)"
        return self.as_sql(compiler, connection, template=template, **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "CAST(EXTRACT(EPOCH FROM %(expressions)s) AS DOUBLE PRECISION)"
        return self.as_sql(compiler, connection, template=template, **context)


@dataclass(frozen=True, slots=True)
class Size:
    """What one layer can give now. `age_s`: on average."""

    entries: int
    keys: int
    age_s: int | None
    characters: int


@dataclass(frozen=True, slots=True)
class Made:
    """Answers that were written for a debate and then stored.

    `first`: nothing was stored for their key yet. `more`: there was something, but whoever asked
    had seen it, or wanted another.
    """

    first: int
    more: int


@dataclass(frozen=True, slots=True)
class Wrong:
    """Answers that staff ended because they were wrong, and how often those had been served."""

    answers: int
    served: int


def is_served(now: datetime) -> Q:
    return Q(ended_at=None, hard_until__gt=now)


def sizes(*, now: datetime) -> Mapping[str, Size]:
    """By layer. One query that groups nothing: texts would be sorted along with their rows."""
    sums: dict[str, Any] = {}
    for layer, of_layer in LINES.items():
        sums |= {
            f"{layer}_entries": Count("pk", filter=of_layer),
            f"{layer}_keys": Count("key", distinct=True, filter=of_layer),
            f"{layer}_made": Avg(Epoch(F("made_at")), filter=of_layer),
            f"{layer}_characters": Sum(Length("text"), filter=of_layer),
        }
    found = StoredAnswer.objects.filter(is_served(now)).aggregate(**sums)
    return {layer: _size(found, layer, now) for layer in LINES}


def _size(found: Mapping[str, Any], layer: str, now: datetime) -> Size:
    made = found[f"{layer}_made"]
    return Size(
        found[f"{layer}_entries"], found[f"{layer}_keys"],
        None if made is None else round(now.timestamp() - made),
        found[f"{layer}_characters"] or 0,
    )


def made(
    *, start: datetime, end: datetime, kind: str = "", language: str = "", deployment: str = ""
) -> Made:
    """Of [start, end)."""
    said = {"kind": kind, "language": language, "deployment": deployment}
    rows = StoredAnswer.objects.filter(
        origin=Origin.LIVE, made_at__gte=start, made_at__lt=end,
        **{name: value for name, value in said.items() if value},
    )
    sums = rows.aggregate(
        first=Count("pk", filter=Q(variant=0)), more=Count("pk", filter=Q(variant__gt=0))
    )
    return Made(sums["first"], sums["more"])


def ended_as_wrong(
    *, start: datetime, end: datetime, kind: str = "", language: str = "", deployment: str = ""
) -> Mapping[str, Wrong]:
    """By layer, of what was ended in [start, end). One query."""
    said = {"kind": kind, "language": language, "deployment": deployment}
    sums: dict[str, Any] = {}
    for layer, of_layer in LINES.items():
        sums[f"{layer}_answers"] = Count("pk", filter=of_layer)
        sums[f"{layer}_served"] = Sum("served", filter=of_layer, default=0)
    found = StoredAnswer.objects.filter(
        ended_at__gte=start, ended_at__lt=end, ended_why=StoredAnswer.End.WRONG,
        **{name: value for name, value in said.items() if value},
    ).aggregate(**sums)
    return {
        layer: Wrong(found[f"{layer}_answers"], found[f"{layer}_served"]) for layer in LINES
    }
