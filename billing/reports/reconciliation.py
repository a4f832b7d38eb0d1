"""A provider's own figures beside ours, by its day and model.

Of a day counts what the newest file says that is about it: tokens and dollars each on their own,
for vendors give them in two files. A model that such a file does not name was not used by it. Ours
are sums of attempts that a provider was asked for, in the same days (UTC), by the table that knows
deployments by hour; no usage row is read but for the hours that are not added up yet.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from django.db.models import Exists, Max, Min, OuterRef, Q, QuerySet

from billing.models import Reservation
from billing.models_operator import UsageImport, UsageImportLine
from billing.reports.ranges import day_span
from billing.reports.reconciled import Compared, Comparison, Counted
from billing.reports.slices import NONE, SliceFilters, SliceRow, day_costs
from billing.usage_imports.names import plain
from billing.usage_imports.served import Served

ZONE = "UTC"
DAYS = 31  # that are compared at a time
OPEN = (Reservation.State.HELD, Reservation.State.SENT)


def newest_day(provider: str) -> date | None:
    """None: nothing of this provider was imported."""
    found: date | None = UsageImport.objects.filter(provider=provider).aggregate(
        last=Max("last_day")
    )["last"]
    return found


def compare(
    provider: str, *, until: date, served: Served, now: datetime, days: int = DAYS
) -> Comparison:
    """Up to so many days that end with `until`, of those that files are about."""
    earliest = UsageImport.objects.filter(provider=provider).aggregate(first=Min("first_day"))
    began = earliest["first"] or until
    first = max(until - timedelta(days=days - 1), min(began, until))
    lines, missing = _lines(provider, first, until, served=served, now=now)
    return Comparison(provider, first, until, lines, missing, has_older=began < first)


def _lines(
    provider: str, first: date, last: date, *, served: Served, now: datetime
) -> tuple[tuple[Compared, ...], frozenset[date]]:
    tokens, costs = newest_files(provider, first, last)
    found: dict[tuple[date, str], Compared] = {}

    def line(day: date, model: str) -> Compared:
        key = (day, plain(model))
        if key not in found:
            found[key] = Compared(
                day, model, says_tokens=day in tokens, says_cost=day in costs
            )
        return found[key]

    costs_by_day = day_costs(
        zone=ZONE, first=first, last=last, now=now, group_by="deployment",
        filters=SliceFilters(cache_layer=NONE),
    )
    for (day, deployment), row in costs_by_day.items():
        whose, model = served.get(deployment) or _named(deployment)
        if whose == provider and model and (day in tokens or day in costs):
            _add_ours(line(day, model), deployment, row)
    for each in _their_lines(first, last, tokens, costs):
        if _is_of(each, tokens, costs) and not each.says_nothing:
            _add_theirs(line(each.day, each.model), each, tokens, costs)
    for (day, model), number in _open_calls(provider, first, last, served).items():
        if (day, plain(model)) in found:
            found[day, plain(model)].open_calls += number
    _mark_whole(found)
    ordered = sorted(found.values(), key=lambda each: (-each.day.toordinal(), -_weight(each)))
    return tuple(ordered), costs_by_day.missing


def _is_of(
    line: UsageImportLine, tokens: Mapping[date, int], costs: Mapping[date, int]
) -> bool:
    return line.usage_import_id in (tokens.get(line.day), costs.get(line.day))


def _mark_whole(found: Mapping[tuple[date, str], Compared]) -> None:
    """Days whose dollars the provider does not split by model."""
    whole = {
        day for (day, model), line in found.items() if not model and line.theirs.cost_nanos
    } - {day for (day, model), line in found.items() if model and line.theirs.cost_nanos}
    for line in found.values():
        line.is_cost_whole = line.day in whole


def _named(deployment: str) -> tuple[str, str]:
    """Of a deployment that is there no more: they are usually called provider/model."""
    provider, _, model = deployment.partition("/")
    return provider, model


def _weight(line: Compared) -> int:
    return max(line.ours.cost_nanos or 0, line.theirs.cost_nanos or 0, line.theirs.tokens or 0)


def newest_files(
    provider: str, first: date, last: date
) -> tuple[dict[date, int], dict[date, int]]:
    """Which file counts for a day: for its tokens, and for its dollars."""
    lines = UsageImportLine.objects.filter(usage_import=OuterRef("pk"))
    has_tokens = Q(fresh_input_tokens__isnull=False) | Q(output_tokens__isnull=False)
    files = UsageImport.objects.filter(
        provider=provider, first_day__lte=last, last_day__gte=first
    ).annotate(
        has_tokens=Exists(lines.filter(has_tokens)),
        has_cost=Exists(lines.filter(cost_nanos__isnull=False)),
    )
    tokens: dict[date, int] = {}
    costs: dict[date, int] = {}
    for file in files.order_by("pk"):  # later ones win
        for day in _days(max(first, file.first_day), min(last, file.last_day)):
            if file.has_tokens:
                tokens[day] = file.pk
            if file.has_cost:
                costs[day] = file.pk
    return tokens, costs


def _days(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def _their_lines(
    first: date, last: date, tokens: Mapping[date, int], costs: Mapping[date, int]
) -> QuerySet[UsageImportLine]:
    files = {*tokens.values(), *costs.values()}
    return UsageImportLine.objects.filter(
        usage_import__in=files, day__gte=first, day__lte=last
    ).order_by("day", "model", "pk")


def _add_theirs(
    into: Compared, line: UsageImportLine, tokens: Mapping[date, int], costs: Mapping[date, int]
) -> None:
    """A file may be looked at for only one of the two."""
    if tokens.get(line.day) == line.usage_import_id:
        into.theirs.add(Counted(
            line.requests, line.fresh_input_tokens, line.cache_read_tokens,
            line.cache_write_tokens, line.output_tokens,
        ))
    if costs.get(line.day) == line.usage_import_id:
        into.theirs.add(Counted(cost_nanos=line.cost_nanos))


def _add_ours(into: Compared, deployment: str, row: SliceRow) -> None:
    into.ours.add(Counted(
        row.attempts, row.fresh_input_tokens, row.cache_read_tokens, row.cache_write_tokens,
        row.output_tokens, row.cost_nanos,
    ))
    into.estimated_nanos += row.estimated_nanos
    into.deployments.add(deployment)


def _open_calls(
    provider: str, first: date, last: date, served: Served
) -> Mapping[tuple[date, str], int]:
    """Attempts that are not booked yet. Few are open at a time, whosever bill they will be on."""
    start, end = day_span(first, ZONE).start, day_span(last, ZONE).end
    rows: Sequence[tuple[str, str, str | None, int]] = list(
        Reservation.objects.filter(
            state__in=OPEN, created_ms__gte=start.timestamp() * 1000,
            created_ms__lt=end.timestamp() * 1000,
        ).values_list("provider", "model", "facts__usage__deployment", "created_ms")
    )
    found: dict[tuple[date, str], int] = defaultdict(int)
    for asked, model, deployment, created_ms in rows:
        whose, billed = served.get(deployment or "", (asked, model))
        if whose == provider:
            found[datetime.fromtimestamp(created_ms / 1000, UTC).date(), billed] += 1
    return found
