"""How many answers are stored, how old and how long they are, and why others were not."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Avg, Count, F, FloatField, Func, Q, Sum
from django.db.models.functions import Length

from routing.models import StoredAnswer

Origin = StoredAnswer.Origin
LAYER_OF: Mapping[str, str] = {
    Origin.LIVE: "pattern", Origin.BATCH: "precomputed", Origin.AHEAD: "precomputed",
}
ORIGINS: Mapping[str, tuple[str, ...]] = {
    "pattern": (Origin.LIVE,), "precomputed": (Origin.BATCH, Origin.AHEAD),
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


def is_served(now: datetime) -> Q:
    return Q(ended_at=None, hard_until__gt=now)


def sizes(*, now: datetime) -> Mapping[str, Size]:
    """By layer. One query."""
    rows = StoredAnswer.objects.filter(is_served(now)).values("origin").annotate(
        entries=Count("pk"), keys=Count("key", distinct=True), made=Avg(Epoch(F("made_at"))),
        characters=Sum(Length("text")),
    )
    found: dict[str, list[Any]] = {"pattern": [], "precomputed": []}
    for row in rows:
        found[LAYER_OF[row["origin"]]].append(row)
    return {layer: _size(rows, now) for layer, rows in found.items()}


def _size(rows: list[Any], now: datetime) -> Size:
    entries = sum(row["entries"] for row in rows)
    made = sum(row["made"] * row["entries"] for row in rows)
    return Size(
        entries, sum(row["keys"] for row in rows),
        round(now.timestamp() - made / entries) if entries else None,
        sum(row["characters"] or 0 for row in rows),
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
