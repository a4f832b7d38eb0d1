"""What was taken for a topic by likeness alone, as the page shows it: what waits for a person to
judge, and how often it was wrong."""

from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from costcontrol.dashboard.components import Cell, Column, Table, count, share, text, when
from costcontrol.dashboard.labels import language
from routing.reports import topic_matches as report
from routing.reports.topic_matches import MatchLine, Measured

BASIS_POINTS = 10_000


@dataclass(frozen=True, slots=True)
class Match:
    """One text that waits."""

    line: MatchLine
    language: str
    similarity: int  # in basis points


@dataclass(frozen=True, slots=True)
class MatchesView:
    """`percent`: of such texts are judged; 0: none is drawn."""

    percent: float
    waiting: tuple[Match, ...]
    number: int
    measured: Table | None


def matches_view() -> MatchesView:
    """A query for each embedder and language, and three."""
    found, measured = report.waiting(), report.measured()
    lines = tuple(
        Match(line, language(line.language), round(line.similarity * BASIS_POINTS))
        for line in found.lines
    )
    return MatchesView(
        settings.TOPIC_AUDIT_PERCENT, lines, found.number, _table(measured) if measured else None
    )


def _table(measured: tuple[Measured, ...]) -> Table:
    columns = (
        Column(_("Language")), Column(_("Embedder")), Column(_("Judged"), is_number=True),
        Column(_("Wrong"), is_number=True), Column(_("Share"), is_number=True),
        Column(_("At most wrong, with 95 % certainty"), is_number=True),
        Column(_("Topics"), is_number=True), Column(_("Topics with a wrong one"), is_number=True),
        Column(_("Last judged")),
    )
    rows = tuple(
        (
            text(language(each.language)), text(each.embedder), count(each.judged),
            count(each.wrong), _share(each.rate), _share(each.bound), count(each.topics),
            count(each.topics_wrong), when(each.last, zone=str(settings.DEFAULT_ZONE)),
        )
        for each in measured
    )
    title = _("How often what was taken was wrong, by language")
    return Table(title, columns, rows, is_caption_hidden=True)


def _share(part: float) -> Cell:
    return share(round(part * BASIS_POINTS))
