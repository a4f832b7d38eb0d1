"""The comparison with a provider as tables and as rows of an export."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from billing.models_operator import UsageImport
from billing.reports.reconciled import Compared, Comparison
from billing.reports.reconciliation import ZONE
from billing.reports.slices import NONE
from costcontrol.dashboard.components import (
    Cell,
    Column,
    Table,
    Tone,
    badge,
    count,
    link,
    money,
    share,
    text,
    when,
)
from costcontrol.dashboard.csvs import Row
from costcontrol.dashboard.reconciliation_words import reasons
from costcontrol.lib.money import to_usd

FILES_SHOWN = 20
PLACES = 4
Query = Callable[..., str]  # the address of the page, with changes


def part(line: Compared) -> int | None:
    """Basis points of what they count."""
    if line.cost_gap is not None and line.theirs.cost_nanos:
        return round(line.cost_gap * 10_000 / line.theirs.cost_nanos)
    if line.cost_gap is None and line.token_gap is not None and line.theirs.tokens:
        return round(line.token_gap * 10_000 / line.theirs.tokens)
    return None


def part_text(line: Compared) -> str:
    return f"{(part(line) or 0) / 100:+.1f}%"


def _numbers() -> tuple[Column, ...]:
    return tuple(Column(name, is_number=True) for name in (
        _("Theirs"), _("Ours"), _("Difference"), _("In percent"), _("Their tokens"),
        _("Our tokens"), _("Difference in tokens"),
    ))


def _cells(line: Compared) -> tuple[Cell, ...]:
    has_cost = line.says_cost and not line.is_cost_whole
    return (
        money(line.theirs.cost_nanos or 0 if has_cost else line.theirs.cost_nanos, places=PLACES),
        money(line.ours.cost_nanos, places=PLACES), money(line.cost_gap, places=PLACES),
        share(part(line)),
        count((line.theirs.tokens or 0) if line.says_tokens else None), count(line.ours.tokens),
        count(line.token_gap),
    )


def _verdict(line: Compared) -> Cell:
    if line.cost_gap is None and line.token_gap is None:
        return badge(_("not compared"))
    return badge(_("agrees"), Tone.OK) if line.agrees else badge(_("differs"), Tone.WARN)


def days_table(days: Sequence[Compared], query: Query) -> Table:
    here = reverse("dashboard:reconciliation")
    rows = tuple(
        (
            link(line.day.isoformat(),
                 f"{here}?{query(day=line.day.isoformat())}#models"),
            _verdict(line), *_cells(line),
        )
        for line in days
    )
    columns = (Column(_("Day (UTC)")), Column(_("Verdict")), *_numbers())
    return Table(
        _("Their figures and ours, by day"), columns, rows, is_caption_hidden=True,
        empty_text=_("Nothing was used on these days, by their figures and by ours."),
    )


def model_name(line: Compared) -> str:
    return line.model or _("no single model")


def models_table(lines: Sequence[Compared], provider: str, day: date) -> Table:
    rows = tuple(
        (link(model_name(line), calls_url(line, provider)), _verdict(line), *_cells(line))
        if line.deployments else (text(model_name(line)), _verdict(line), *_cells(line))
        for line in lines
    )
    columns = (Column(_("Model")), Column(_("Verdict")), *_numbers())
    return Table(
        _("Their figures and ours by model, %(day)s") % {"day": day.isoformat()}, columns, rows,
        is_caption_hidden=True,
        empty_text=_("Nothing was used on this day, or no file is about it."),
    )


def calls_url(line: Compared, provider: str) -> str:
    """The calls behind our figure: of the same day in UTC."""
    day = line.day.isoformat()
    one = {"deployment": next(iter(line.deployments))} if len(line.deployments) == 1 else {}
    said = {"from": day, "to": day, "zone": ZONE, "layer": NONE} | (one or {"provider": provider})
    return f"{reverse('dashboard:calls')}?{urlencode(said)}"


def files_table(provider: str, *, zone: str) -> Table:
    """The newest files; those that are not looked at any more stay."""
    rows = tuple(
        (
            when(row.made_at, zone=zone), _origin(row),
            text(f"{row.first_day} – {row.last_day}", note=row.zone), text(row.made_by),
        )
        for row in UsageImport.objects.filter(provider=provider)[:FILES_SHOWN]
    )
    columns = tuple(Column(name) for name in (
        _("Imported"), _("File, or address of the API"), _("Days"), _("By"),
    ))
    return Table(
        _("Files of this provider"), columns, rows, is_caption_hidden=True,
        empty_text=_("No file of this provider was imported yet."),
    )


def _origin(row: UsageImport) -> Cell:
    is_told = row.source == UsageImport.Source.API
    return text(row.file_name or "–", note=row.get_source_display() if is_told else "")


def csv_rows(found: Comparison | None) -> Iterator[Row]:
    yield (
        "day", "zone", "model", "their_cost_nanos", "their_cost_usd", "our_cost_nanos",
        "our_cost_usd", "difference_nanos", "difference_usd", "their_requests", "our_attempts",
        "their_tokens", "our_tokens", "difference_tokens", "our_estimated_nanos", "open_calls",
        "agrees", "reasons",
    )
    for line in found.lines if found else ():
        theirs, ours = line.theirs, line.ours
        yield (
            line.day.isoformat(), ZONE, line.model, *_money(theirs.cost_nanos),
            *_money(ours.cost_nanos), *_money(line.cost_gap), theirs.requests, ours.requests,
            theirs.tokens, ours.tokens, line.token_gap, line.estimated_nanos, line.open_calls,
            str(line.agrees).lower(), " ".join(reasons(line)),
        )


def _money(nanos: int | None) -> Row:
    return (nanos, None if nanos is None else to_usd(nanos))
