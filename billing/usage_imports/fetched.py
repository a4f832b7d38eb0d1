"""What a vendor's API said, kept as a file would be: but only days with other figures than those
that are looked at now. Asked each night, it says nothing twice."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from billing.models_operator import UsageImport, UsageImportLine
from billing.reports.reconciliation import newest_files
from billing.usage_imports.answers import Page, reading_of
from billing.usage_imports.asking import (
    NotFetched,
    Patience,
    Question,
    Report,
    Session,
    Unanswered,
    Vendor,
    pages_of,
    sentence_of,
    unreadable,
)
from billing.usage_imports.columns import COUNTS
from billing.usage_imports.importing import import_put
from billing.usage_imports.reading import Reading, Sums, Wrong
from costcontrol.lib.sentences import Sentence as _

OnPage = Callable[[], None]
Figures = Mapping[date, Mapping[str, tuple[int | None, ...]]]  # by day and model, of one kind


@dataclass(frozen=True, slots=True)
class Told:
    """All that a vendor says about one kind. `path`: where the first of it was asked."""

    kind: str
    path: str
    reading: Reading


def ask(
    vendor: Vendor, first: date, last: date, *, now: datetime, patience: Patience, on_page: OnPage
) -> tuple[Told, ...]:
    """Every report about these days; touches no table. Raises NotFetched."""
    by_kind: dict[str, list[Report]] = defaultdict(list)
    for report in vendor.reports:
        by_kind[report.kind].append(report)
    try:
        with vendor.open() as session:
            return tuple(
                told for reports in by_kind.values()
                if (told := _told(vendor, session, reports, first, last, now, patience, on_page))
            ) or _nothing(vendor)
    except Unanswered as error:  # the address or the key were of no use
        raise NotFetched(sentence_of(vendor, error, tries=1, wait_s=0)) from None


def _nothing(vendor: Vendor) -> tuple[Told, ...]:
    raise NotFetched(_(
        "%(vendor)s has nothing to tell about these days, not even that nothing was used. Fetch "
        "again later."
    ) % {"vendor": vendor.title})


def _told(
    vendor: Vendor, session: Session, reports: list[Report], first: date, last: date,
    now: datetime, patience: Patience, on_page: OnPage,
) -> Told | None:
    readings = []
    for report in reports:
        pages: list[Page] = []
        question = Question(report, first, last)
        for page in pages_of(vendor, session, question, patience=patience):
            pages.append(page)
            on_page()
        try:
            readings.append(reading_of(report.format, pages, first=first, last=last, now=now))
        except Wrong as wrong:
            raise unreadable(vendor, wrong) from None
    known = [each for each in readings if each]
    return Told(reports[0].kind, reports[0].path, joined(known)) if known else None


def joined(readings: list[Reading]) -> Reading:
    """Reports that complete each other: of the days that the first is about."""
    first, *others = readings
    sums = dict(first.sums)
    for (day, model), more in (pair for other in others for pair in other.sums.items()):
        if first.first <= day <= first.last:
            both = Sums()
            for part in (sums.get((day, model), Sums()), more):
                both.add(part.counts, part.usd)
            sums[day, model] = both
    return Reading(first.format, first.first, first.last, sums)


def keep(
    vendor: Vendor, told: Iterable[Told], *, fetch_id: int, actor: str, now: datetime
) -> int:
    """How many days have new figures. Call it in a transaction: all of it is kept, or nothing."""
    changed: set[date] = set()
    for each in told:
        days = _changed(vendor.provider, each)
        if days:
            reading = _part(each, min(days), max(days))
            import_put(
                vendor.provider, reading, source=UsageImport.Source.API,
                digest=_digest(fetch_id, each.kind), name=each.path, actor=actor, now=now,
            )
        changed |= days
    return len(changed)


def _part(told: Told, first: date, last: date) -> Reading:
    sums = {key: each for key, each in told.reading.sums.items() if first <= key[0] <= last}
    if not any(_figures(told.kind, each.counts, each.nanos) for each in sums.values()):
        sums[first, ""] = _nothing_used(told.kind)
    return Reading(told.reading.format, first, last, sums)


def _digest(fetch_id: int, kind: str) -> str:
    """Another one for each fetch: the same figures may come back after others."""
    return hashlib.sha256(f"fetch {fetch_id} {kind}".encode()).hexdigest()


def _nothing_used(kind: str) -> Sums:
    """Says that the days were asked for: a day that no line is about would not be known."""
    if kind == "usage":
        return Sums(counts=dict.fromkeys(COUNTS, 0))
    return Sums(usd=Decimal(0))


def _changed(provider: str, told: Told) -> set[date]:
    """Days whose figures are not those that are looked at now, or that nothing was known of."""
    first, last = told.reading.first, told.reading.last
    tokens, costs = newest_files(provider, first, last)
    newest = tokens if told.kind == "usage" else costs
    before, after = _stored(told.kind, newest, first, last), _said(told)
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return {
        day for day in days if day not in newest or before.get(day, {}) != after.get(day, {})
    }


def _stored(kind: str, newest: Mapping[date, int], first: date, last: date) -> Figures:
    found: dict[date, dict[str, tuple[int | None, ...]]] = defaultdict(dict)
    lines = UsageImportLine.objects.filter(
        usage_import__in=set(newest.values()), day__gte=first, day__lte=last
    )
    for line in lines:
        counts = {name: getattr(line, name) for name in COUNTS}
        figures = _figures(kind, counts, line.cost_nanos)
        if figures and newest.get(line.day) == line.usage_import_id:
            found[line.day][line.model] = figures
    return found


def _said(told: Told) -> Figures:
    found: dict[date, dict[str, tuple[int | None, ...]]] = defaultdict(dict)
    for (day, model), sums in told.reading.sums.items():
        if figures := _figures(told.kind, sums.counts, sums.nanos):
            found[day][model] = figures
    return found


def _figures(
    kind: str, counts: Mapping[str, int | None], nanos: int | None
) -> tuple[int | None, ...]:
    """Empty: nothing was used."""
    figures = tuple(counts[name] for name in COUNTS) if kind == "usage" else (nanos,)
    return figures if any(figures) else ()
