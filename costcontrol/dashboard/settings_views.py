"""Settings: the page, a test of one model, and prices that take effect at an instant."""

from datetime import datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from asgiref.sync import sync_to_async
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.audited import actor_of
from accounts.models import User
from accounts.types import Caller
from billing.models import ModelPrice
from billing.prices import price_supersede
from costcontrol import formats
from costcontrol.dashboard import (
    settings_corrections,
    settings_page,
    settings_price_form,
    settings_prices,
)
from costcontrol.dashboard import settings_providers as providers
from costcontrol.dashboard.access import staff_required
from costcontrol.dashboard.budgets_tabs import MAX_ID, MAX_REASON, allow, posted
from costcontrol.dashboard.csvs import csv_response
from costcontrol.dashboard.settings_price_form import PriceForm
from costcontrol.dashboard.views import once_of
from costcontrol.lib import clock
from routing import snapshot
from routing.models import Deployment

ADD_PRICE = "billing.add_modelprice"
TEST = "routing.change_deployment"


@staff_required
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    return _page(request)


def _page(request: HttpRequest, tested: providers.Tested | None = None) -> HttpResponse:
    now, zone = clock.now(), settings.DEFAULT_ZONE
    book = settings_prices.in_force(now=now)
    used = settings_prices.billing_now(book, now=now)
    is_all = request.GET.get("prices") == "all" or not used
    context = {
        "providers": providers.lines(now=now), "zone": zone, "tested": tested,
        "prices": settings_prices.book_table(book if is_all else used, zone=zone, is_all=is_all),
        "is_all": is_all, "is_more": len(book) > len(used),
        "baselines": settings_page.baselines_table(zone=zone),
        "environment": settings_page.environment_table(zone=zone),
        "as_of": formats.when(now, zone=zone), "may_test": request.user.has_perm(TEST),
        "once": uuid4().hex,
    }
    return render(request, "dashboard/settings.html", context)


@staff_required
@require_POST
async def test(request: HttpRequest, deployment_id: int) -> HttpResponse:
    row, caller = await sync_to_async(_whom)(request, deployment_id)
    tested = await providers.try_out(row, caller, once=once_of(request))
    return await sync_to_async(_page)(request, tested)


def _whom(request: HttpRequest, deployment_id: int) -> tuple[Deployment, Caller]:
    """Raises PermissionDenied, Http404."""
    if not request.user.has_perm(TEST):
        raise PermissionDenied(
            _("To test a provider, your account needs the permission “%(name)s”.")
            % {"name": TEST}
        )
    row = Deployment.objects.filter(pk=min(deployment_id, MAX_ID), is_enabled=True).first()
    if row is None:
        raise Http404(_("There is no such model, or it is disabled."))
    assert isinstance(request.user, User)
    return row, Caller.signed_in(request.user)


@staff_required
@require_safe
def prices_csv(request: HttpRequest) -> HttpResponse:
    """The whole book, with everything that is over."""
    return csv_response("prices", settings_prices.csv_rows())


@staff_required
@require_http_methods(["GET", "HEAD", "POST"])
def price(request: HttpRequest, price_id: int) -> HttpResponse:
    """GET shows its history, and with numbers what they would change. POST saves them."""
    now = clock.now()
    row = ModelPrice.objects.filter(pk=min(price_id, MAX_ID)).first()
    if row is None:
        raise Http404(_("There is no such price."))
    if request.method == "POST":
        return _saved(request, row, now)
    if "fresh_input" not in request.GET:
        today = now.astimezone(ZoneInfo(settings.DEFAULT_ZONE)).date()
        return _form(request, settings_price_form.blank(row, today=today), now)
    form = _checked(row, request.GET.dict(), now)
    return _form(request, form, now, is_asked=form.is_valid)


def _checked(row: ModelPrice, sent: dict[str, str], now: datetime) -> PriceForm:
    form = settings_price_form.checked(row, sent, now=now)
    if form.is_valid:
        settings_price_form.check_planned(form, now=now)
    return form


def _saved(request: HttpRequest, row: ModelPrice, now: datetime) -> HttpResponse:
    """Its effect is shown first, and asked about once more."""
    allow(request, ADD_PRICE)
    form = _checked(row, request.POST.dict(), now)
    if not form.is_valid:
        return _form(request, form, now, status=400)
    if request.POST.get("confirm") != "1":
        return _form(request, form, now, is_asked=True, status=409)
    try:
        made = price_supersede(
            form.new, at=form.at or now, actor=actor_of(request),
            reason=posted(request, "reason"),
        )
    except ValueError:  # somebody else was quicker
        form.errors["effective_from"] = _("Another price was saved meanwhile. Look at it first.")
        return _form(request, form, now, status=409)
    snapshot.forget()
    messages.success(request, _("The price is saved. Calls from %(when)s on are booked at it.") % {
        "when": formats.when(made.effective_from, zone=settings.DEFAULT_ZONE)
    })
    return HttpResponseRedirect(reverse("dashboard:settings_price", args=[made.pk]))


def _form(
    request: HttpRequest, form: PriceForm, now: datetime, *, is_asked: bool = False,
    status: int = 200,
) -> HttpResponse:
    zone, row = settings.DEFAULT_ZONE, form.row
    context: dict[str, Any] = {
        "form": form, "row": row, "name": settings_prices.name_of(row),
        "kind": settings_prices.kind_of(row), "zone": zone, "max_reason": MAX_REASON,
        "history": settings_prices.history_table(
            settings_prices.history(row), zone=zone, now=now
        ),
        "may_price": request.user.has_perm(ADD_PRICE),
        "corrections": settings_corrections.list_table(settings_corrections.of_price(row)),
    }
    if is_asked:
        shown = settings_price_form.shown(form, now=now)
        context |= {"shown": shown, "effect": settings_prices.effect_table(shown.effect)}
    return render(request, "dashboard/settings_price.html", context, status=status)
