"""What was saved against one baseline: in all, over time, by layer, kind, tier and language."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from billing import baselines
from billing.baselines import Named
from billing.reports import facts
from billing.reports.ranges import Bucket
from billing.reports.savings_parts import LayerLine, Searches, by_layer, grouped, searches_of
from billing.reports.savings_sums import (
    SavingSum,
    Statement,
    causes_of,
    charted,
    priced,
    statement_of,
    sums_of,
)
from billing.reports.shapes import Line, Question, Series, Unit
from billing.savings import CAUSES, OWN_COSTS

Groups = tuple[tuple[str, Statement], ...]


@dataclass(frozen=True, slots=True)
class SavingsReport:
    """`against` None: no baseline is frozen, so rows are compared with what they say themselves."""

    question: Question
    against: Named | None
    whole: Statement
    series: Series
    layers: tuple[LayerLine, ...]
    by_kind: Groups
    by_tier: Groups
    by_language: Groups
    searches: Searches
    lag_s: int
    missing_hours: int


def load(question: Question, *, against: Named | None) -> SavingsReport:
    buckets = question.range.buckets
    until = question.now + timedelta.resolution
    located = facts.located(buckets, until=until, now=question.now)
    rows = charted(located.spans, question.filters, against)
    fine = sums_of(located.spans, question.filters, is_fine=True)
    priced_rows = priced(fine, against)
    known = [
        bucket.start < until and number not in located.missing_buckets
        for number, bucket in enumerate(buckets)
    ]
    return SavingsReport(  # sums are made of the fine ones, which are fewer: they know no buckets
        question, against, statement_of(priced_rows), _series(rows, against, buckets, known),
        by_layer(priced_rows),
        by_kind=grouped(priced_rows, lambda row: row.call_kind),
        by_tier=grouped(priced_rows, lambda row: row.tier),
        by_language=grouped(priced_rows, lambda row: row.language),
        searches=searches_of(fine),
        lag_s=located.lag_s, missing_hours=located.missing_hours,
    )


def chosen(name: str) -> tuple[Named | None, tuple[Named, ...]]:
    """The baseline of this name, else the usual one if it is frozen; and all that are in force."""
    every = baselines.in_force()
    usual = next((each for each in every if each.is_default), None)
    return next((each for each in every if each.name == name), usual), every


def _series(
    rows: tuple[SavingSum, ...], against: Named | None, buckets: tuple[Bucket, ...],
    known: list[bool],
) -> Series:
    sums: dict[str, dict[int, int]] = {name: {} for name in (*CAUSES, *OWN_COSTS)}
    for row in rows:
        for cause, nanos in causes_of(row, against).items():
            line = sums.setdefault(cause, {})
            line[row.bucket] = line.get(row.bucket, 0) + nanos
    return Series(
        buckets, tuple(Line(key, _values(line, known)) for key, line in sums.items()), Unit.NANOS
    )


def _values(line: Mapping[int, int], known: list[bool]) -> tuple[int | None, ...]:
    return tuple(line.get(number, 0) if is_known else None for number, is_known in enumerate(known))
