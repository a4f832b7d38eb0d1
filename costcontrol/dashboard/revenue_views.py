"""Revenue, who pays, the price simulator, and the two things that staff do here by hand."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.audited import actor_of
from billing import staff_payments
from billing.payments.services import is_on
from billing.reports import paying
from costcontrol import formats
from costcontrol.dashboard import filters, revenue, revenue_cards, revenue_charts, revenue_tables
from costcontrol.dashboard import simulator as page_of_simulator
from costcontrol.dashboard.access import staff_required
from costcontrol.dashboard.csvs import csv_response
from costcontrol.lib import clock

MAX_SEARCH = 100
CHANGE_CUSTOMER, CHANGE_EVENT = "billing.change_customer", "billing.change_stripeevent"


@staff_required
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    zone, now = _zone(request), clock.now()
    facts = revenue.load(zone=zone, now=now)
    return render(request, "dashboard/revenue.html", _page(request, facts) | _tabs("revenue"))


def _page(request: HttpRequest, facts: revenue.RevenueFacts) -> dict[str, Any]:
    lists, query = revenue.lists(facts), _query(facts.zone)
    return {
        "facts": facts,
        "lists": lists,
        "zone": facts.zone,
        "is_on": is_on(),
        "rate": formats.count(int(facts.rates.krw_per_usd)),
        "cards": revenue_cards.cards(facts, lists),
        "figures": [revenue_charts.draw(c, facts, query=query) for c in revenue_charts.CHARTS],
        "plans": revenue_tables.plans(facts),
        "failed": revenue_tables.failed(lists, zone=facts.zone),
        "margins": revenue_tables.margins(facts.margins.plans),
        "losing": revenue_tables.losing(facts, lists),
        "is_behind": lists.queue.is_behind(facts.now),
        "may_retry": request.user.has_perm(CHANGE_EVENT),
    }


@staff_required
@require_safe
def chart_csv(request: HttpRequest, chart_id: str) -> HttpResponse:
    chart = revenue_charts.BY_ID.get(chart_id)
    if chart is None:
        raise Http404(_("There is no chart of this name."))
    facts = revenue.load(zone=_zone(request), now=clock.now())
    return csv_response(f"revenue-{chart.id}-{facts.now:%Y-%m-%d}", chart.rows(facts))


@staff_required
@require_safe
def customers(request: HttpRequest) -> HttpResponse:
    search = request.GET.get("q", "").replace("\x00", "").strip()[:MAX_SEARCH]
    before = _number(request.GET.get("before", ""))
    found = paying.page(search=search, before=before)
    here = reverse("dashboard:revenue_customers")
    older = {"q": search, "before": str(found.older or "")}
    context = {
        "lines": [_line(line) for line in found.lines],
        "search": search,
        "zone": _zone(request),
        "is_anybody": bool(found.lines) or paying.is_anybody(),
        "newest_url": f"{here}?{_short({'q': search})}" if before else "",
        "older_url": f"{here}?{_short(older)}" if found.older else "",
        "may_unfreeze": request.user.has_perm(CHANGE_CUSTOMER),
        "is_on": is_on(),
    }
    return render(request, "dashboard/revenue_customers.html", context | _tabs("customers"))


def _line(line: paying.CustomerLine) -> dict[str, Any]:
    return {
        "customer": line,
        "badge": revenue_tables.status_badge(line),
        "stripe_url": revenue_tables.stripe_url(line.stripe_id),
    }


@staff_required
@require_POST
def unfreeze(request: HttpRequest, customer_id: int) -> HttpResponse:
    _allow(request, CHANGE_CUSTOMER)
    if staff_payments.unfreeze(customer_id=customer_id, actor=actor_of(request)):
        messages.success(request, _("Credit and use beyond the plan work again for this customer."))
    else:
        messages.warning(request, _("This customer was not frozen, so nothing was changed."))
    search = request.POST.get("q", "")[:MAX_SEARCH]
    query = f"?{urlencode({'q': search})}" if search else ""
    return HttpResponseRedirect(reverse("dashboard:revenue_customers") + query)


@staff_required
@require_POST
def retry(request: HttpRequest, event_id: str) -> HttpResponse:
    _allow(request, CHANGE_EVENT)
    actor, now = actor_of(request), clock.now()
    if staff_payments.event_retry(event_id=event_id, actor=actor, now=now):
        messages.success(request, _("The notice is worked off again within a minute."))
    else:
        messages.warning(request, _("This notice is not among the failed ones any more."))
    return HttpResponseRedirect(reverse("dashboard:revenue") + "#notices")


@staff_required
@require_safe
def simulator(request: HttpRequest) -> HttpResponse:
    context = page_of_simulator.page(request.GET.dict(), now=clock.now())
    return render(request, "dashboard/revenue_simulator.html", context | _tabs("simulator"))


def _allow(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied(_("Your account may look at payments but not change them."))


def _tabs(active: str) -> dict[str, Any]:
    names = (("revenue", _("Revenue")), ("revenue_customers", _("Who pays")),
             ("revenue_simulator", _("Price simulator")))
    return {"tabs": [
        (reverse(f"dashboard:{name}"), label, name.endswith(active)) for name, label in names
    ]}


def _zone(request: HttpRequest) -> str:
    asked = request.GET.get("zone", "")
    return asked if filters.is_zone(asked) else str(settings.DEFAULT_ZONE)


def _query(zone: str) -> str:
    return f"?{urlencode({'zone': zone})}" if zone != settings.DEFAULT_ZONE else ""


def _short(values: dict[str, str]) -> str:
    return urlencode({name: value for name, value in values.items() if value})


def _number(asked: str) -> int | None:
    """A customer's id. Anything else is the first page."""
    is_id = asked.isascii() and asked.isdecimal() and len(asked) <= len(str(paying.MAX_ID))
    return min(int(asked), paying.MAX_ID) if is_id else None
