"""Reconciliation: the page, its export, and bringing a provider's file."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.audited import actor_of
from billing.usage_imports.importing import Imported, usage_import
from billing.usage_imports.reading import MAX_BYTES, NotUnderstood
from costcontrol import formats
from costcontrol.dashboard import reconciliation as pages
from costcontrol.dashboard import reconciliation_fetches as fetches
from costcontrol.dashboard import reconciliation_tables as tables
from costcontrol.dashboard.access import staff_required
from costcontrol.dashboard.budgets_tabs import allow
from costcontrol.dashboard.csvs import csv_response
from costcontrol.lib import clock
from costcontrol.lib.errors import BadRequest
from costcontrol.lib.sentences import said

ADD = "billing.add_usageimport"
NOTHING: Mapping[str, str] = MappingProxyType({})


@staff_required
@require_safe
def reconciliation(request: HttpRequest) -> HttpResponse:
    return page(request, request.GET.dict())


@staff_required
@require_safe
def reconciliation_csv(request: HttpRequest) -> HttpResponse:
    state = pages.state_of(request.GET.dict())
    rows = tables.csv_rows(pages.comparison(state, now=clock.now()))
    return csv_response(f"reconciliation-{state.provider}", rows)


@staff_required
@require_POST
def reconciliation_import(request: HttpRequest) -> HttpResponse:
    allow(request, ADD)
    provider = request.POST.get("provider", "")
    file = request.FILES.get("file")
    if file is None:
        return _problems(request, [_("Choose a file.")])
    try:
        done = usage_import(
            provider, file.read(MAX_BYTES + 1), file_name=file.name or "",
            actor=actor_of(request), now=clock.now(),
        )
    except NotUnderstood as error:
        return _problems(request, error.problems, more=error.more)
    except BadRequest as error:
        return _problems(request, [error.message])
    _tell(request, done)
    until = done.row.last_day.isoformat()
    here = reverse("dashboard:reconciliation")
    return HttpResponseRedirect(f"{here}?provider={provider}&until={until}")


def _tell(request: HttpRequest, done: Imported) -> None:
    days = {"first": done.row.first_day.isoformat(), "last": done.row.last_day.isoformat()}
    if not done.is_new:
        messages.warning(request, _(
            "This file was imported before, on %(when)s. Nothing was counted twice."
        ) % {"when": formats.when(done.row.made_at, zone=settings.DEFAULT_ZONE)})
        return
    messages.success(request, _(
        "Imported: %(title)s, %(first)s to %(last)s. Where an earlier file is about these days "
        "too, this one is looked at from now on."
    ) % (days | {"title": done.title}))


def _problems(request: HttpRequest, problems: Sequence[str], more: int = 0) -> HttpResponse:
    return page(
        request, {"provider": request.POST.get("provider", "")}, status=400,
        problems=[said(each) for each in problems], more_problems=more,
    )


def page(
    request: HttpRequest, query: dict[str, str], *, status: int = 200,
    said_days: Mapping[str, str] = NOTHING, **more: Any,
) -> HttpResponse:
    """`said_days`: what was typed where a provider is asked."""
    now, zone = clock.now(), settings.DEFAULT_ZONE
    state = pages.state_of(query)
    context = {
        "state": state, "page": pages.page_of(state, now=now),
        "name": pages.NAMES.get(state.provider, state.provider),
        "choices": pages.choices(state.provider),
        "files": tables.files_table(state.provider, zone=zone),
        "as_of": formats.when(now, zone=zone),
        "zone": zone, "may_import": request.user.has_perm(ADD),
        "fetch": fetches.form_of(said_days, provider=state.provider, now=now),
        "fetches": fetches.fetches_table(zone=zone), "is_going": fetches.is_going(),
    }
    return render(request, "dashboard/reconciliation.html", context | more, status=status)
