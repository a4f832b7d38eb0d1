"""What the form that slows a user down would have done in the last 24 hours."""

from datetime import datetime

from django.utils.translation import gettext as _

from billing.reports.slowed import Calls, calls_of
from costcontrol import formats
from costcontrol.dashboard.alerts import SLOWED
from costcontrol.dashboard.components import Column, Table, count, share, text

LIMITS = (SLOWED // 2, SLOWED, 2 * SLOWED, 5 * SLOWED)  # calls a minute


def would_refuse(user_id: int, *, now: datetime) -> Table:
    found = calls_of(user_id, now=now)
    number = len(found.moments)
    columns = (
        Column(_("Calls a minute")), Column(_("Refused"), is_number=True),
        Column(_("Of all"), is_number=True),
    )
    rows = tuple(
        (text(formats.count(limit)), count(refused), share(refused * 10_000 // number))
        for limit in LIMITS if number
        for refused in (found.refused(limit),)
    )
    return Table(_caption(found), columns, rows, empty_text=_(
        "This user made no call in the last 24 hours: no limit would have refused any."
    ))


def _caption(found: Calls) -> str:
    said = _(
        "Of the newest %(calls)s calls of the last 24 hours, a limit would have refused so many"
    ) if found.is_cut else _(
        "Of the %(calls)s calls of the last 24 hours, a limit would have refused so many"
    )
    return said % {"calls": formats.count(len(found.moments))}
