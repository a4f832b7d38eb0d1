"""The estimate, checked: debates that were held out beside those that were not."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.models import Tier
from billing.reports import savings_check
from billing.reports.savings_check import LEAST, Check, DebateCost
from billing.reports.shapes import Question
from costcontrol import formats
from costcontrol.dashboard.components import Column, Table, Tone, count, money, text
from routing import holdout
from routing.models import Debate
from routing.types import ModelClass


@dataclass(frozen=True, slots=True)
class CheckCard:
    """`verdict` in a sentence; `table` None: there is nothing to show yet."""

    verdict: str
    tone: Tone
    table: Table | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Compared:
    """What there is to compare. `strata`: of the debates that count, by their id."""

    debates: tuple[DebateCost, ...]
    strata: Mapping[str, str]

    @property
    def is_off(self) -> bool:
        """Nothing is held out, and nothing was in these days."""
        return not holdout.is_on() and not any(row.held_out for row in self.debates)


def compared(question: Question) -> Compared:
    rows = savings_check.debates_of(question, _tiers())
    held = [row.debate_id for row in rows if row.held_out]
    return Compared(rows, _strata(question, held) if held else {})


def check_card(found: Compared) -> CheckCard:
    if found.is_off:
        return CheckCard(
            _("Off: no debate is held out, so nobody checks this estimate. Set HOLDOUT_PERCENT to "
              "let a share of debates go the way of the baseline."), Tone.OFF,
        )
    return _card(savings_check.check(found.debates, found.strata))


def _tiers() -> list[str]:
    """Only plans whose debates can be held out are compared."""
    rows = Tier.objects.values_list("name", "allowed_classes")
    return [name for name, classes in rows if ModelClass.PREMIUM in classes]


def _strata(question: Question, held: list[str]) -> Mapping[str, str]:
    """Debates that were begun and finished in these days, from the first that was held out on; each
    with its like: format, language, and whether the user took a seat."""
    debates = Debate.objects.filter(
        status=Debate.Status.FINISHED, created_at__gte=question.range.start,
        finished_at__lte=question.now,
    )
    names = set(held)
    rows = list(debates.values_list("pk", "created_at", "format", "language", "seat"))
    first = min((created for pk, created, *_ in rows if str(pk) in names), default=None)
    return {
        str(pk): f"{shape} {language} {'seat' if seat else 'watch'}"
        for pk, created, shape, language, seat in rows
        if first is not None and created >= first
    }


def _card(found: Check) -> CheckCard:
    verdict, tone = _verdict(found)
    return CheckCard(verdict, tone, _table(found), _notes(found))


def _verdict(found: Check) -> tuple[str, Tone]:
    if found.measured is None or found.estimated_nanos is None:
        return (
            _("Not enough debates yet: %(n)s of %(least)s were held out and finished.")
            % {"n": formats.count(found.held_out), "least": LEAST}, Tone.OFF,
        )
    facts = {
        "estimate": formats.money(found.estimated_nanos),
        "value": formats.money(found.measured.value),
        "low": formats.money(found.measured.low), "high": formats.money(found.measured.high),
    }
    if found.agrees:
        return _(
            "The estimate holds: %(estimate)s a debate. Measured: %(value)s, and with 95%% "
            "certainty between %(low)s and %(high)s."
        ) % facts, Tone.OK
    return _(
        "The estimate does not hold: it says %(estimate)s a debate. Measured: %(value)s, and with "
        "95%% certainty between %(low)s and %(high)s. Trust what was measured."
    ) % facts, Tone.BAD


def _table(found: Check) -> Table:
    columns = (
        Column(_("Debates")), Column(_("Number"), is_number=True),
        Column(_("Mean cost"), is_number=True),
    )
    return Table(_("Debates compared"), columns, (
        (text(_("Held out: on the baseline’s model")), count(found.held_out),
         money(found.held_out_nanos, places=4)),
        (text(_("All others")), count(found.others), money(found.others_nanos, places=4)),
    ), is_caption_hidden=True)


def _notes(found: Check) -> tuple[str, ...]:
    notes = [
        _("Finished debates of plans with premium models, each compared with its like: same "
          "format, language and way to take part."),
        _("What is spent outside debates, as on answers made ahead, is in neither side."),
    ]
    if settings.HOLDOUT_PERCENT:
        share = formats.share(round(settings.HOLDOUT_PERCENT * 100))
        notes.append(_("%(share)s of these debates are held out now.") % {"share": share})
    if found.mixed or found.lonely:
        notes.append(
            _("Left out: %(mixed)s debates that only partly went the baseline’s way, and "
              "%(lonely)s without their like on the other side.")
            % {"mixed": formats.count(found.mixed), "lonely": formats.count(found.lonely)}
        )
    return tuple(notes)
