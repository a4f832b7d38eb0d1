"""Corrections of prices of the past: the list, and what one of them makes of the books."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Abs
from django.urls import reverse
from django.utils.translation import gettext as _

from billing import corrections
from billing.corrections_failing import KEY
from billing.corrections_work import is_early
from billing.models import CorrectionPart, ModelPrice, PriceCorrection
from billing.reports.payer_names import names_of
from costcontrol.dashboard.components import (
    Badge,
    Cell,
    Column,
    KpiCard,
    Table,
    Tone,
    badge,
    count,
    link,
    money,
    text,
    when,
)
from costcontrol.dashboard.csvs import Row
from costcontrol.dashboard.settings_corrections_failure import Failure, failure_of, is_held_up
from costcontrol.dashboard.settings_prices import kind_of, name_of, rate_columns, rates, usd_of
from costcontrol.lib.money import to_usd

PAGE = 20
SHOWN_PARTS = 40
PLACES = 4
State = PriceCorrection.State
By = CorrectionPart.By
TONES = {
    State.COUNTING: Tone.OFF, State.COUNTED: Tone.WARN, State.POSTING: Tone.OK,
    State.DONE: Tone.OK, State.FAILED: Tone.BAD, State.DROPPED: Tone.OFF,
}
CSV_HEADER = (
    "by", "key", "attempts", "booked_nanos", "booked_usd", "right_nanos", "right_usd",
    "difference_nanos", "difference_usd",
)


@dataclass(frozen=True, slots=True)
class CorrectionPage:
    """`percent`: of the range, in time. `is_waiting`: calls of its range may be under way."""

    row: PriceCorrection
    name: str
    kind: str
    badge: Badge
    is_going: bool
    is_waiting: bool
    percent: int
    prices: Table
    cards: tuple[KpiCard, ...]
    parts: tuple[Table, ...]
    is_cut: bool
    taken_back_by: PriceCorrection | None
    may_take_back: bool
    book_differs: ModelPrice | None
    failure: Failure | None
    is_held_up: bool

    @property
    def is_ready(self) -> bool:
        return self.row.state == State.COUNTED and bool(self.row.changed)

    @property
    def is_droppable(self) -> bool:
        if self.failure is not None:
            return self.failure.may_drop
        return self.row.state in (State.COUNTING, State.COUNTED)

    @property
    def is_partial(self) -> bool:
        """Its sums are those of a part of the range."""
        return self.failure is not None and self.failure.is_partial


def state_badge(row: PriceCorrection) -> Badge:
    """What was taken back says so."""
    state = State(row.state)
    if state == State.DONE and _taken_back_by(row):
        return Badge(_("taken back"), Tone.OFF)
    return Badge(str(state.label), TONES[state])


def _taken_back_by(row: PriceCorrection) -> PriceCorrection | None:
    return next((
        each for each in row.taken_back_by.all() if each.state in (State.POSTING, State.DONE)
    ), None)


def page_of(before: int | None) -> tuple[list[PriceCorrection], int | None]:
    """Corrections older than `before`, and where the next page begins."""
    rows = PriceCorrection.objects.prefetch_related("taken_back_by").order_by("-pk")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: PAGE + 1])
    return found[:PAGE], found[PAGE - 1].pk if len(found) > PAGE else None


def of_price(price: ModelPrice) -> list[PriceCorrection]:
    """All of the same key, newest first, but those that came to nothing."""
    same = {name: getattr(price, name) for name in KEY}
    rows = PriceCorrection.objects.filter(**same).exclude(state=State.DROPPED)
    return list(rows.prefetch_related("taken_back_by").order_by("-pk")[:PAGE])


def list_table(rows: Iterable[PriceCorrection]) -> Table:
    columns = (
        Column(_("Correction")), Column(_("From")), Column(_("Until")), Column(_("State")),
        Column(_("Attempts corrected"), is_number=True), Column(_("Difference"), is_number=True),
        Column(_("Asked")), Column(_("Why")),
    )
    return Table(
        _("Corrections, newest first"), columns, tuple(map(_line, rows)),
        empty_text=_("No price of the past was corrected yet."), is_caption_hidden=True,
    )


def _line(row: PriceCorrection) -> tuple[Cell, ...]:
    zone, state = settings.DEFAULT_ZONE, state_badge(row)
    return (
        link(f"{row.pk} · {name_of(row)}", reverse("dashboard:settings_correction", args=[row.pk]),
             note=_("takes back %(number)d") % {"number": row.takes_back_id}
             if row.takes_back_id else kind_of(row)),
        when(row.start, zone=zone), when(row.end, zone=zone), badge(state.text, state.tone),
        count(row.changed), money(row.difference_nanos, places=PLACES),
        when(row.made_at, zone=zone, note=row.made_by), text(row.reason),
    )


def correction_page(row: PriceCorrection, *, now: datetime) -> CorrectionPage:
    parts = {by: list(_parts(row, by)) for by in By.values}
    is_last = row.state == State.DONE and not row.takes_back_id
    return CorrectionPage(
        row=row, name=name_of(row), kind=kind_of(row), badge=state_badge(row),
        is_going=row.state in corrections.OPEN,
        is_waiting=row.state == State.POSTING and is_early(row, now=now),
        percent=_percent(row), prices=_prices(row), cards=tuple(_cards(row)),
        parts=tuple(_parts_table(by, found) for by, found in parts.items() if found),
        is_cut=any(len(found) > SHOWN_PARTS for found in parts.values()),
        taken_back_by=_taken_back_by(row),
        may_take_back=is_last and not corrections.later_than(row),
        book_differs=_book_differs(row, now), failure=failure_of(row), is_held_up=is_held_up(row),
    )


def _percent(row: PriceCorrection) -> int:
    if row.place_at is None:
        return 0
    return int(100 * (row.place_at - row.start) / (row.end - row.start))


def _book_differs(row: PriceCorrection, now: datetime) -> ModelPrice | None:
    """What is in force now and says something else: calls to come are booked at it."""
    found = ModelPrice.objects.filter(
        Q(superseded_at__isnull=True) | Q(superseded_at__gt=now), effective_from__lte=now,
        **{name: getattr(row, name) for name in KEY},
    ).first()
    if found is None or row.takes_back_id or row.state in (State.DROPPED, State.FAILED):
        return None
    names = ("fresh_input", "cache_read", "cache_write", "output", "search_usd")
    is_same = all(getattr(found, name) == getattr(row, name) for name in names)
    return None if is_same or found.effective_from >= row.end else found


def _prices(row: PriceCorrection) -> Table:
    """What was in the book in this time, and what is right."""
    zone = settings.DEFAULT_ZONE
    rows = ModelPrice.objects.filter(
        Q(superseded_at__isnull=True) | Q(superseded_at__gt=row.start),
        effective_from__lt=row.end, **{name: getattr(row, name) for name in KEY},
    ).order_by("effective_from")
    lines = [
        (text(_("in the book")), when(each.effective_from, zone=zone),
         when(each.superseded_at, zone=zone), *rates(each), usd_of(each.search_usd),
         text(each.source, note=each.source_date.isoformat()))
        for each in rows
    ]
    if not row.takes_back_id:
        lines.append((
            text(_("right")), when(row.start, zone=zone), when(row.end, zone=zone), *rates(row),
            usd_of(row.search_usd),
            text(row.source, note=row.source_date.isoformat() if row.source_date else ""),
        ))
    columns = (
        Column(_("Price")), Column(_("From")), Column(_("Until")), *rate_columns(),
        Column(_("For a search"), is_number=True), Column(_("Source")),
    )
    return Table(_("The book, and what is right"), columns, tuple(lines), is_caption_hidden=True)


def _cards(row: PriceCorrection) -> Iterator[KpiCard]:
    booked = sum(row.parts.filter(by=By.TIER).values_list("booked_nanos", flat=True))
    yield KpiCard(_("Attempts at this price"), count(row.seen))
    yield KpiCard(_("Of them to correct"), count(row.changed))
    yield KpiCard(_("Booked"), money(booked, places=PLACES), note=_("with earlier corrections"))
    yield KpiCard(
        _("As it should have been"), money(booked + row.difference_nanos, places=PLACES)
    )
    yield KpiCard(_("Difference"), money(row.difference_nanos, places=PLACES))


def _parts(row: PriceCorrection, by: str) -> Iterable[CorrectionPart]:
    """Days in their order; plans and payers by how much they change. One more than is shown."""
    found = row.parts.filter(by=by)
    if by == By.DAY:
        return found.order_by("-key")[:SHOWN_PARTS + 1][::-1]
    most = Abs(F("right_nanos") - F("booked_nanos")).desc()
    return found.order_by(most, "key")[:SHOWN_PARTS + 1]


def _parts_table(by: str, parts: list[CorrectionPart]) -> Table:
    titles = {By.DAY: _("By day"), By.TIER: _("By plan"), By.PAYER: _("By payer")}
    firsts = {By.DAY: _("Day"), By.TIER: _("Plan"), By.PAYER: _("Payer")}
    shown = parts[-SHOWN_PARTS:] if by == By.DAY else parts[:SHOWN_PARTS]
    names = names_of(part.key for part in shown) if by == By.PAYER else {}
    numbers = (_("Attempts"), _("Booked"), _("As it should have been"), _("Difference"))
    columns = (Column(firsts[By(by)]), *(Column(name, is_number=True) for name in numbers))
    return Table(titles[By(by)], columns, tuple(
        (
            text(names.get(part.key) or _key(part)), count(part.rows),
            money(part.booked_nanos, places=PLACES), money(part.right_nanos, places=PLACES),
            money(part.right_nanos - part.booked_nanos, places=PLACES),
        )
        for part in shown
    ), is_caption_hidden=True)


def _key(part: CorrectionPart) -> str:
    return _("the platform itself") if part.key == "user:0" else part.key


def csv_rows(row: PriceCorrection) -> Iterator[Row]:
    """All days, plans and payers. Each of the three adds up to the whole."""
    yield CSV_HEADER
    for part in row.parts.order_by("by", "key").iterator(chunk_size=2_000):
        difference = part.right_nanos - part.booked_nanos
        yield (
            part.by, part.key, part.rows, part.booked_nanos, to_usd(part.booked_nanos),
            part.right_nanos, to_usd(part.right_nanos), difference, to_usd(difference),
        )
