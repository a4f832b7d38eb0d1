"""What was corrected of a call since it was booked: who says so, when, why, and by how much."""

from django.urls import reverse
from django.utils.translation import gettext as _

from billing.reports.call import CallReport, Corrected
from costcontrol.dashboard.components import Cell, Column, Table, link, money, text, when

PLACES = 9


def corrections_table(call: CallReport, *, zone: str) -> Table | None:
    """From what was booked to what stands in the books now. None: nothing was corrected."""
    if not call.corrections:
        return None
    columns = (
        Column(_("What")), Column(_("Attempt")), Column(_("Posted")),
        Column(_("Why")), Column(_("Source")), Column(_("Amount"), is_number=True),
    )
    dash = text(None)
    booked = (
        text(_("booked")), dash, dash, dash, dash, money(call.booked_nanos, places=PLACES)
    )
    total = (
        text(_("cost of the call")), dash, dash, dash, dash, money(call.cost_nanos, places=PLACES)
    )
    lines = tuple(_line(each, zone) for each in call.corrections)
    return Table(
        _("From what was booked to what counts now"), columns, (booked, *lines, total),
        is_caption_hidden=True,
    )


def _line(each: Corrected, zone: str) -> tuple[Cell, ...]:
    name = _("correction %(number)d") % {"number": each.number}
    return (
        link(name, reverse("dashboard:settings_correction", args=[each.number])),
        text(str(each.row.attempt)), when(each.posted_at, zone=zone, note=each.posted_by),
        text(each.reason), text(each.source), money(each.row.cost_nanos, places=PLACES),
    )
