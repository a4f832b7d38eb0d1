"""Topics' other words as their page shows them, and what the resolver goes by."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from costcontrol.dashboard.caches_words import name_in
from costcontrol.dashboard.components import (
    Cell,
    Column,
    Table,
    Tone,
    badge,
    count,
    share,
    text,
    when,
)
from costcontrol.dashboard.labels import language
from costcontrol.lib.sentences import said
from routing.debates.types import LANGUAGES
from routing.models import TopicAlias
from routing.reports import topic_words as report
from routing.reports.topic_words import InForce, Resolver, WordsLine

Status = TopicAlias.Status
SOURCES = dict(TopicAlias.Source.choices)
COMMANDS = tuple(  # typed as they are, in any language
    " ".join(words) for words in (
        ("manage.py", "embed_topics"), ("manage.py", "calibrate_topics", "--data", "PATH"),
    )
)
BASIS_POINTS = 10_000


@dataclass(frozen=True, slots=True)
class Words:
    """One proposal, or words that were decided about."""

    line: WordsLine
    topic: str
    language: str
    source: str


@dataclass(frozen=True, slots=True)
class Group:
    """All of one status. `to`: what staff can make of them, with the word on the button."""

    status: str
    title: str
    note: str
    empty: str
    words: tuple[Words, ...]
    number: int
    to: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class TopicsPage:
    groups: tuple[Group, ...]
    calibrations: Table
    embedder: str
    why_not: str
    is_calibrated: bool
    commands: tuple[str, ...]
    zone: str
    resolver: Resolver


def topics_page(*, now: datetime) -> TopicsPage:
    found, resolver = report.words(), report.resolver(LANGUAGES, now=now)
    groups = tuple(
        Group(
            status, *said, tuple(map(_words, found[status].lines)), found[status].number,
            _choices(status),
        )
        for status, said in _texts().items()
    )
    return TopicsPage(
        groups, _calibrations(resolver), resolver.embedder, said(resolver.why_not),
        all(each.calibration for each in resolver.languages), COMMANDS,
        str(settings.DEFAULT_ZONE), resolver,
    )


def _texts() -> dict[str, tuple[str, str, str]]:
    """Title, note, and what stands there instead of none."""
    return {
        Status.PROPOSED: (
            _("Proposals that wait"),
            _("Somebody chose the topic for these words. They hold for whoever chose it until a "
              "second one does the same, or you approve them for everybody."),
            _("No proposal waits."),
        ),
        Status.QUARANTINED: (
            _("In quarantine"),
            _("Somebody reported that these words do not mean the topic. Nobody is led there."),
            _("Nothing is in quarantine."),
        ),
        Status.ACTIVE: (
            _("In use"), _("Whoever types these words gets the topic without being asked."),
            _("No other words are in use: only the titles themselves are recognised."),
        ),
    }


def _choices(status: str) -> tuple[tuple[str, str], ...]:
    approve = (str(Status.ACTIVE), _("Approve"))
    quarantine = (str(Status.QUARANTINED), _("Quarantine"))
    return {
        Status.PROPOSED: (approve, quarantine), Status.ACTIVE: (quarantine,),
        Status.QUARANTINED: (approve,),
    }[Status(status)]


def _words(line: WordsLine) -> Words:
    return Words(
        line, name_in(line.topic_ko, line.topic_en), language(line.language),
        str(SOURCES.get(line.source, line.source)),
    )


def _calibrations(resolver: Resolver) -> Table:
    columns = (
        Column(_("Language")), Column(_("State")), Column(_("Embedder")),
        Column(_("Means the topic from"), is_number=True),
        Column(_("At most wrong, with 95 % certainty"), is_number=True),
        Column(_("Judged"), is_number=True), Column(_("Topics"), is_number=True),
        Column(_("Errors"), is_number=True), Column(_("Judged on")), Column(_("Made")),
    )
    rows = tuple(map(_calibration, resolver.languages))
    return Table(_("Calibrations, by language"), columns, rows, is_caption_hidden=True)


def _calibration(each: InForce) -> tuple[Cell, ...]:
    name, row = text(language(each.language)), each.calibration
    if row is None:
        note = _("there is one of another embedder, which says nothing about this one")
        state = badge(_("only exact words"), Tone.OFF, note=note if each.is_stale else "")
        nothing: tuple[Any, ...] = (text(None), *(count(None),) * 5, text(None), text(None))
        return name, state, *nothing
    return (
        name, badge(_("calibrated"), Tone.OK), text(row.embedder_name),
        share(round(row.threshold * BASIS_POINTS)), share(round(row.bound * BASIS_POINTS)),
        count(row.judged), count(row.topics), count(row.errors), text(row.source),
        when(row.made_at, zone=str(settings.DEFAULT_ZONE)),
    )
