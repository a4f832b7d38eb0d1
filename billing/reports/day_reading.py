"""The whole local days in some spans, which a daily table has, and the hours around them; the whole
months in these, and the days around them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from django.conf import settings

from billing import local_days
from billing.hours import hour_of, start_of
from billing.reports.spans import Source, Span

Days = tuple[int, date, date]  # bucket, first day, day after the last


def split(spans: Sequence[Span]) -> tuple[list[Days], list[Span]]:
    days: list[Days] = []
    rest: list[Span] = []
    for span in spans:
        within = _within(span)
        if within is None:
            rest.append(span)
            continue
        days.append((span.bucket, within.day, within.after))
        first, end = start_of(within.first), start_of(within.end)
        edges = replace(span, end=first), replace(span, start=end)
        rest += [edge for edge in edges if edge.start < edge.end]
    return days, rest


def months(days: Sequence[Days]) -> tuple[list[Days], list[Days]]:
    found: list[Days] = []
    rest: list[Days] = []
    for bucket, day, after in days:
        whole = local_days.months_within(day, after)
        if whole is None:
            rest.append((bucket, day, after))
            continue
        found.append((bucket, *whole))
        edges = (bucket, day, whole[0]), (bucket, whole[1], after)
        rest += [edge for edge in edges if edge[1] < edge[2]]
    return found, rest


def _within(span: Span) -> local_days.WholeDays | None:
    if span.days_from is None or span.source not in (Source.ROLLED, Source.OLD):
        return None
    first, end = max(span.days_from, hour_of(span.start)), hour_of(span.end)
    return local_days.within(first, end, settings.DEFAULT_ZONE) if first < end else None
