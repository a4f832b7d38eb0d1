"""Experiments: what runs today is the held out share of debates. Only what was measured is shown:
both sides with their intervals, and no verdict before there are enough debates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from billing.reports.arms import Arm, Share, arms_of, share_of
from billing.reports.savings_check import Interval
from billing.reports.shapes import Question
from costcontrol import formats
from costcontrol.dashboard.components import (
    Badge,
    Cell,
    Column,
    Table,
    Tone,
    count,
    money,
    share,
    text,
)
from costcontrol.dashboard.csvs import Row
from costcontrol.dashboard.holdout_check import CheckCard, Compared, check_card, compared
from routing import holdout
from routing.models import Turn

MOST = 2_000  # debates of a side whose turns are read, the newest
LEAST_RATINGS = 100
PLACES = 4
HEADER = (
    "arm", "debates", "mean_cost_nanos", "low_nanos", "high_nanos", "turns", "failed_turns",
    "ratings", "good_ratings",
)


@dataclass(frozen=True, slots=True)
class Turns:
    """What became of the turns of some debates."""

    turns: int
    failed: int
    rated: int
    good: int

    @property
    def errors(self) -> Share | None:
        return share_of(self.failed, self.turns)

    @property
    def liked(self) -> Share | None:
        return share_of(self.good, self.rated)


@dataclass(frozen=True, slots=True)
class Side:
    name: str
    key: str
    arm: Arm
    turns: Turns


@dataclass(frozen=True, slots=True)
class ExperimentsPage:
    """`sides` empty: off, and nothing was held out in these days."""

    badge: Badge
    check: CheckCard
    sides: tuple[Side, ...]
    table: Table | None
    quality: str


def experiments_page(question: Question) -> ExperimentsPage:
    found = compared(question)
    sides = () if found.is_off else sides_of(found)
    return ExperimentsPage(
        badge=_badge(), check=check_card(found), sides=sides,
        table=_table(sides) if sides else None, quality=_quality(sides),
    )


def sides_of(found: Compared) -> tuple[Side, ...]:
    held, others = arms_of(found.debates, found.strata)
    return (
        Side(_("Held out: on the baseline’s model"), "held_out", held, turns_of(held.ids)),
        Side(_("As usual: cheapest that will do"), "usual", others, turns_of(others.ids)),
    )


def turns_of(ids: Sequence[str]) -> Turns:
    """Of the newest debates, if they are very many."""
    known = [UUID(each) for each in ids[-MOST:]]
    said = Turn.objects.filter(debate_id__in=known).exclude(source=Turn.Source.USER)
    ended = Q(status__in=[Turn.Status.COMPLETED, Turn.Status.FAILED])
    sums = said.aggregate(
        turns=Count("pk", filter=ended), failed=Count("pk", filter=Q(status=Turn.Status.FAILED)),
        rated=Count("pk", filter=Q(rating__isnull=False)),
        good=Count("pk", filter=Q(rating__gt=0)),
    )
    return Turns(**sums)


def _badge() -> Badge:
    if not holdout.is_on():
        return Badge(_("off"), Tone.OFF)
    part = formats.share(round(settings.HOLDOUT_PERCENT * 100))
    return Badge(_("on: %(share)s of debates") % {"share": part}, Tone.OK)


def _quality(sides: Sequence[Side]) -> str:
    if not sides:
        return ""
    rated = min(side.turns.rated for side in sides)
    if rated < LEAST_RATINGS:
        return _("%(n)s of %(least)s ratings on the smaller side, so nothing is said about which "
                 "answers people like better.") % {
            "n": formats.count(rated), "least": LEAST_RATINGS,
        }
    held, usual = (side.turns.liked for side in sides)
    assert held is not None
    assert usual is not None
    if usual.low > held.high or held.low > usual.high:
        better = sides[0].name if held.low > usual.high else sides[1].name
        return _("People like the answers better on the side “%(side)s”: the intervals do not "
                 "touch.") % {"side": better}
    return _("The intervals of the ratings overlap: no difference was found in what people like.")


def _table(sides: Sequence[Side]) -> Table:
    names = (_("Debates"), _("Cost a debate"), _("Turns that failed"), _("Good ratings"))
    columns = (Column(_("Side")), *(Column(name, is_number=True) for name in names))
    return Table(_("The two sides"), columns, tuple(
        (
            text(side.name), count(side.arm.debates), _cost(side.arm.cost),
            _share(side.turns.errors), _share(side.turns.liked),
        )
        for side in sides
    ), is_caption_hidden=True)


def _cost(cost: Interval | None) -> Cell:
    if cost is None:
        return money(None)
    low, high = (formats.money(each, places=PLACES) for each in (cost.low, cost.high))
    return money(cost.value, places=PLACES, note=_("%(low)s to %(high)s") % {
        "low": low, "high": high,
    })


def _share(found: Share | None) -> Cell:
    if found is None:
        return share(None)
    low, high = (formats.share(each) for each in (found.low, found.high))
    return share(found.value, note=_("%(low)s to %(high)s, of %(n)s") % {
        "low": low, "high": high, "n": formats.count(found.of),
    })


def csv_rows(question: Question) -> list[Row]:
    found = compared(question)
    rows: list[Row] = [HEADER]
    for side in () if found.is_off else sides_of(found):
        cost, turns = side.arm.cost, side.turns
        ends = (cost.value, cost.low, cost.high) if cost else (None, None, None)
        rows.append((side.key, side.arm.debates, *ends, turns.turns, turns.failed, turns.rated,
                     turns.good))
    return rows
