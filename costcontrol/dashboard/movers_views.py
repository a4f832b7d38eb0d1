"""What changed most, by itself: it is asked for when the overview is there already."""

from zlib import crc32

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from billing.reports import facts
from costcontrol.dashboard import filters
from costcontrol.dashboard.access import staff_required
from costcontrol.dashboard.filters import State
from costcontrol.dashboard.movers import Moved, movers_table
from costcontrol.dashboard.movers import movers as movers_of
from costcontrol.dashboard.overview import Broken, attempt
from costcontrol.lib import clock


def part_id(state: State) -> str:
    """The same for the same question: it stays while the rest of the page is renewed."""
    return f"movers-{crc32(state.as_query().encode()):08x}"


def before(state: State) -> str:
    """What it is held against; the day that is running, against as much of the one before."""
    days, now = state.range.days, state.question.now
    if days > 1:
        return _("the %(days)d days before") % {"days": days}
    if now < state.range.end:
        return _("the day before, up to the same time")
    return _("the day before")


@staff_required
@require_safe
def movers(request: HttpRequest) -> HttpResponse:
    choices = facts.filters_known()
    state = filters.state_of(request.GET.dict(), choices=choices, now=clock.now())
    found = attempt(lambda: movers_of(state), id="movers", title=_("What changed most"))
    context = {
        "state": state, "found": found,
        "is_broken": isinstance(found, Broken), "before": before(state),
        "table": movers_table(state, found) if isinstance(found, Moved) and found.most else None,
    }
    is_part = "HX-Request" in request.headers
    name = "movers_part" if is_part else "movers"
    response = render(request, f"dashboard/{name}.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response
