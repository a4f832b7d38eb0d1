"""Correcting a price of the past: ask, look at the effect, post or drop, take back."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.audited import actor_of
from billing import corrections, corrections_work
from billing.models import ModelPrice, PriceCorrection
from costcontrol.dashboard import settings_corrections as page
from costcontrol.dashboard import settings_corrections_form as forms
from costcontrol.dashboard import settings_prices
from costcontrol.dashboard.access import staff_required
from costcontrol.dashboard.budgets_tabs import MAX_ID, MAX_REASON, allow, posted, to
from costcontrol.dashboard.csvs import csv_stream
from costcontrol.dashboard.settings_corrections_form import CorrectionForm
from costcontrol.lib import clock
from costcontrol.lib.errors import CostControlError
from costcontrol.lib.sentences import said

CORRECT = "billing.add_pricecorrection"
AT_ONCE = timedelta(hours=25)  # a day of 25 hours is one
PIECES_AT_ONCE = 15


@staff_required
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, price_id: int) -> HttpResponse:
    """GET shows the form. POST has its effect counted: nothing is posted yet."""
    now = clock.now()
    row = ModelPrice.objects.filter(pk=min(price_id, MAX_ID)).first()
    if row is None:
        raise Http404(_("There is no such price."))
    if request.method != "POST":
        return _form(request, row, forms.blank(row, now=now))
    allow(request, CORRECT)
    form = forms.checked(row, request.POST.dict(), now=now)
    if not form.is_valid or form.start is None or form.end is None:
        return _form(request, row, form, status=400)
    made = corrections.correction_make(
        row, form.right, start=form.start, end=form.end, reason=form.said["reason"],
        actor=actor_of(request), now=now,
    )
    _count_small(made, now)
    return to("settings_correction", made.pk)


def _count_small(correction: PriceCorrection, now: datetime) -> None:
    """A day or less is counted while somebody waits; more waits for a worker."""
    if correction.end - correction.start > AT_ONCE:
        return
    for _piece in range(PIECES_AT_ONCE):
        corrections_work.advance(correction, now=now)
        correction.refresh_from_db()
        if correction.state not in corrections.OPEN:
            return


def _form(
    request: HttpRequest, row: ModelPrice, form: CorrectionForm, *, status: int = 200
) -> HttpResponse:
    context = {
        "row": row, "form": form, "name": settings_prices.name_of(row),
        "kind": settings_prices.kind_of(row), "zone": settings.DEFAULT_ZONE,
        "may_correct": request.user.has_perm(CORRECT), "max_reason": forms.MAX_REASON,
    }
    return render(request, "dashboard/settings_correct.html", context, status=status)


@staff_required
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    before = request.GET.get("before", "")
    is_page = before.isdecimal() and before.isascii() and len(before) < 10
    found, older = page.page_of(int(before) if is_page else None)
    context = {"table": page.list_table(found), "older": older, "is_first": not is_page}
    return render(request, "dashboard/settings_corrections.html", context)


@staff_required
@require_safe
def correction(request: HttpRequest, correction_id: int) -> HttpResponse:
    found, now = _found(correction_id), clock.now()
    context = {
        "view": page.correction_page(found, now=now), "zone": settings.DEFAULT_ZONE,
        "may_correct": request.user.has_perm(CORRECT), "max_reason": MAX_REASON,
    }
    if "HX-Request" not in request.headers:
        return render(request, "dashboard/settings_correction.html", context)
    response = render(request, "dashboard/settings_correction_progress.html", context)
    if found.state not in corrections.OPEN:
        response["HX-Refresh"] = "true"  # the effect stands on the whole page
    return response


@staff_required
@require_safe
def correction_csv(request: HttpRequest, correction_id: int) -> StreamingHttpResponse:
    found = _found(correction_id)
    return csv_stream(f"price-correction-{found.pk}", page.csv_rows(found))


@staff_required
@require_POST
def post(request: HttpRequest, correction_id: int) -> HttpResponse:
    allow(request, CORRECT)
    found = _found(correction_id)
    if request.POST.get("confirm") != "1":
        messages.error(request, _("Tick that it may be posted. Nothing was posted."))
        return to("settings_correction", found.pk)
    return _do(request, found, lambda: corrections.correction_post(
        found, actor=actor_of(request), now=clock.now()
    ), _("The correction is being posted."))


@staff_required
@require_POST
def drop(request: HttpRequest, correction_id: int) -> HttpResponse:
    allow(request, CORRECT)
    found = _found(correction_id)
    return _do(request, found, lambda: corrections.correction_drop(
        found, actor=actor_of(request), now=clock.now()
    ), _("The correction is dropped. Nothing of it is in the books."))


@staff_required
@require_POST
def retry(request: HttpRequest, correction_id: int) -> HttpResponse:
    """The same is counted anew, or what takes another one out goes on."""
    allow(request, CORRECT)
    try:
        made = corrections.correction_retry(
            _found(correction_id), actor=actor_of(request), now=clock.now()
        )
    except CostControlError as error:
        messages.error(request, said(error.message))
        return to("settings_correction", correction_id)
    if made.state == PriceCorrection.State.COUNTING:
        _count_small(made, clock.now())
    return to("settings_correction", made.pk)


@staff_required
@require_POST
def take_back(request: HttpRequest, correction_id: int) -> HttpResponse:
    """Counted and looked at like any other, before it is posted."""
    allow(request, CORRECT)
    found, reason = _found(correction_id), posted(request, "reason")
    if not reason:
        messages.error(request, _("Write why it is taken back. Nothing was changed."))
        return to("settings_correction", found.pk)
    try:
        made = corrections.take_back_make(
            found, reason=reason, actor=actor_of(request), now=clock.now()
        )
    except CostControlError as error:
        messages.error(request, said(error.message))
        return to("settings_correction", found.pk)
    _count_small(made, clock.now())
    return to("settings_correction", made.pk)


def _do(
    request: HttpRequest, found: PriceCorrection, act: Callable[[], object], done: str
) -> HttpResponse:
    try:
        act()
        messages.success(request, done)
    except CostControlError as error:
        messages.error(request, said(error.message))
    return to("settings_correction", found.pk)


def _found(correction_id: int) -> PriceCorrection:
    found = PriceCorrection.objects.filter(pk=min(correction_id, MAX_ID)).first()
    if found is None:
        raise Http404(_("There is no such correction."))
    return found
