"""How alike the texts were that were taken for a topic, and what another threshold would have done
with them: read from what was recorded, nothing is changed by it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _

from billing.reports.arms import share_of
from costcontrol import formats
from costcontrol.dashboard.caches_similarity import Box, figure_of
from costcontrol.dashboard.components import Cell, Column, Figure, Table, count, share, text
from costcontrol.dashboard.filters import shown
from costcontrol.dashboard.labels import language as language_name
from routing.debates.types import LANGUAGES
from routing.models import TopicCalibration
from routing.reports import topic_thresholds as report
from routing.reports.topic_thresholds import Records, Tried
from routing.reports.topic_words import Resolver

LEAST_JUDGED = 30  # with none wrong of 30 it may still be one of nine; of fewer nothing is said
BASIS_POINTS = 10_000
MOST = Decimal(100)


@dataclass(frozen=True, slots=True)
class ThresholdView:
    """`records` None: nothing was recorded in this language. `percent`, `lowest`: for the form."""

    languages: tuple[Box, ...]
    language: str
    figure: Figure
    embedder: str = ""
    percent: str = ""
    lowest: str = "0"
    table: Table | None = None
    verdict: str = ""
    notes: tuple[str, ...] = ()


def threshold_view(asked: Mapping[str, str], resolver: Resolver) -> ThresholdView:
    """At most six queries."""
    language, boxes = _language(asked)
    now = _in_force(resolver, language)
    records = _records(language, now)
    bars = records.bars() if records else ()
    figure = figure_of(bars, language)
    if records is None or not bars:
        return ThresholdView(boxes, language, figure)
    least = Decimal(min(bar.step for bar in bars))
    percent, wrong_text = _percent(asked, usual=_usual(now, least))
    tried = _at(records, percent)
    today = None if now is None else (Decimal(str(now.threshold)) * 100)
    before = None if today is None else _at(records, today)
    notes = tuple(_notes(records, percent, tried, before, wrong_text))
    return ThresholdView(
        boxes, language, figure, records.name, f"{percent:f}", f"{min(least, percent):f}",
        _table(percent, tried, today, before), _verdict(tried), notes,
    )


def records_in_force(language: str, resolver: Resolver) -> Records | None:
    """Those of the embedder in force; without one, of whichever was asked last."""
    return _records(language, _in_force(resolver, language))


def _records(language: str, now: TopicCalibration | None) -> Records | None:
    if now is not None:
        return Records(now.embedder, now.embedder_name, language)
    return report.newest_records(language)


def language_of(asked: Mapping[str, str]) -> str:
    """The one that is asked for, else the one that most is recorded of."""
    if asked.get("language") in LANGUAGES:
        return asked["language"]
    numbers = report.languages_recorded()
    return max(LANGUAGES, key=lambda code: numbers.get(code, 0))


def _language(asked: Mapping[str, str]) -> tuple[str, tuple[Box, ...]]:
    chosen = language_of(asked)
    return chosen, tuple(Box(code, language_name(code), code == chosen) for code in LANGUAGES)


def _in_force(resolver: Resolver, language: str) -> TopicCalibration | None:
    return next(
        (each.calibration for each in resolver.languages if each.language == language), None
    )


def _usual(now: TopicCalibration | None, least: Decimal) -> Decimal:
    return least if now is None else _short(Decimal(str(now.threshold)) * 100)


def _percent(asked: Mapping[str, str], *, usual: Decimal) -> tuple[Decimal, str]:
    """What the field says, unless only the slider was moved; and what could not be read."""
    typed, slid, was = (asked.get(name, "").strip() for name in ("threshold", "slider", "was"))
    said = slid if slid and typed == was and slid != was else typed
    if not said:
        return usual, ""
    try:
        number = Decimal(said)
    except InvalidOperation:
        return usual, said
    if not number.is_finite() or not 0 <= number <= MOST:
        return usual, said
    return _short(number), ""


def _short(number: Decimal) -> Decimal:
    return Decimal(f"{number:.1f}")


def _at(records: Records, percent: Decimal) -> Tried:
    return records.tried(float(percent / 100))


def _table(
    percent: Decimal, tried: Tried, today: Decimal | None, before: Tried | None
) -> Table:
    names = (_("Taken without asking"), _("Asked about"), _("Judged, of those taken"), _("Wrong"),
             _("Share wrong"), _("From"), _("To, with 95 % certainty"))
    columns = (Column(_("Threshold")), *(Column(name, is_number=True) for name in names))
    rows = [_row(_("This one, %(percent)s"), percent, tried)]
    if before is not None and today is not None:
        rows.insert(0, _row(_("In force, %(percent)s"), today, before))
    return Table(_("The recorded texts at each threshold"), columns, tuple(rows),
                 is_caption_hidden=True)


def _row(name: str, percent: Decimal, tried: Tried) -> tuple[Cell, ...]:
    part = share_of(tried.wrong, tried.judged) if tried.judged >= LEAST_JUDGED else None
    bounds = (part.value, part.low, part.high) if part else (None, None, None)
    return (
        text(name % {"percent": formats.share(round(percent * 100))}), count(tried.taken),
        count(tried.asked), count(tried.judged), count(tried.wrong), *map(share, bounds),
    )


def _verdict(tried: Tried) -> str:
    if tried.judged < LEAST_JUDGED:
        return _("No verdict: %(judged)s of the texts that this threshold takes were judged, and "
                 "it needs %(least)s. Judge more of those that wait.") % {
            "judged": formats.count(tried.judged), "least": LEAST_JUDGED}
    part = share_of(tried.wrong, tried.judged)
    assert part
    return _("Of what this threshold takes without asking, %(share)s is wrong: between %(low)s and "
             "%(high)s with 95 %% certainty, of %(judged)s that were judged.") % {
        "share": formats.share(part.value), "low": formats.share(part.low),
        "high": formats.share(part.high), "judged": formats.count(part.of)}


def _notes(
    records: Records, percent: Decimal, tried: Tried, before: Tried | None, wrong_text: str
) -> Iterator[str]:
    if wrong_text:
        yield _("“%(text)s” is no similarity. Write a number from 0 to 100.") % {
            "text": shown(wrong_text)}
    if before is not None and tried.taken < before.taken:
        yield _("Beside the one in force it asks about %(wrong)s texts that were wrong, and about "
                "%(right)s that were right.") % {
            "wrong": formats.count(before.wrong - tried.wrong),
            "right": formats.count((before.judged - before.wrong) - (tried.judged - tried.wrong))}
    lowest = records.lowest()
    if lowest is not None and percent < Decimal(str(lowest)) * 100:
        yield _("Nothing is recorded below %(lowest)s: such texts were asked about, and what was "
                "asked is not kept. How often a lower threshold is wrong cannot be seen here.") % {
            "lowest": formats.share(round(lowest * BASIS_POINTS))}
