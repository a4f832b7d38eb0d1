"""Reconciliation: asking a provider, and how far that is."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.audited import actor_of
from billing.usage_imports.fetches import day_of, fetch_ask
from costcontrol.dashboard import reconciliation_fetches as fetches
from costcontrol.dashboard.access import staff_required
from costcontrol.dashboard.budgets_tabs import allow
from costcontrol.dashboard.reconciliation_views import ADD, page
from costcontrol.lib import clock
from costcontrol.lib.errors import CostControlError
from costcontrol.lib.sentences import said


@staff_required
@require_POST
def reconciliation_fetch(request: HttpRequest) -> HttpResponse:
    """A worker does it within seconds; the page shows how far it is."""
    allow(request, ADD)
    sent = request.POST.dict()
    try:
        fetch = fetch_ask(
            sent.get("provider", ""), day_of(sent, "first"), day_of(sent, "last"),
            actor=actor_of(request), now=clock.now(),
        )
    except CostControlError as error:
        return page(
            request, {"provider": sent.get("provider", "")}, status=error.status, said_days=sent,
            fetch_problem=said(error.message),
        )
    messages.success(request, _("It is being fetched. What comes of it stands below."))
    here = reverse("dashboard:reconciliation")
    return HttpResponseRedirect(f"{here}?provider={fetch.provider}#fetch")


@staff_required
@require_safe
def reconciliation_fetches(request: HttpRequest) -> HttpResponse:
    """The part of the page that is renewed while a fetch goes on."""
    context = {
        "fetches": fetches.fetches_table(zone=settings.DEFAULT_ZONE),
        "is_going": fetches.is_going(),
    }
    response = render(request, "dashboard/reconciliation_fetches.html", context)
    if "HX-Request" in request.headers and not context["is_going"]:
        response["HX-Refresh"] = "true"  # there are other figures to compare
    return response
