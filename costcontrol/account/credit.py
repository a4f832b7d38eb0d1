"""Money beyond the plan: a credit pack is bought, a ceiling is set, packs buy themselves."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from billing import customer_settings, overage
from billing.models import PackPrice
from billing.payments import services as payments
from billing.reports import account
from billing.reports.account import AccountView
from costcontrol import formats
from costcontrol.account import credit_forms, offers, plans
from costcontrol.account.access import role_required
from costcontrol.account.asking import go, sent_away
from costcontrol.account.viewer import Viewer, viewer_of
from costcontrol.lib import clock
from costcontrol.lib.errors import BadRequest, Conflict, CostControlError, PaymentsOff
from costcontrol.lib.sentences import Sentence, said

OFF = "off"


@role_required("owner", "billing")
@require_POST
def pack(request: HttpRequest) -> HttpResponse:
    """To Stripe's page for it. The credit is there when the payment is."""
    viewer = viewer_of(request)
    usage = request.build_absolute_uri(reverse("mine:usage"))

    def begin() -> str:
        return payments.pack_begin(
            customer=payments.customer_of(viewer.payer), now=clock.now(),
            pack=_pack_price(request, _view(viewer)),
            success_url=usage + plans.BACK,
            cancel_url=request.build_absolute_uri(_here()),
        )

    return sent_away(request, begin, back=_here())


def _pack_price(request: HttpRequest, view: AccountView) -> PackPrice:
    name = request.POST.get("pack", "").replace("\x00", "")
    currency = _currency(request, view)
    prices = PackPrice.objects.filter(currency=currency, pack__is_offered=True)
    found = prices.filter(pack_id=name).select_related("pack").first()
    if found is None:
        raise BadRequest(Sentence("There is no credit pack of this name. Choose one of the list."))
    return found


def _currency(request: HttpRequest, view: AccountView) -> str:
    """What the page had shown; a customer's own wins."""
    fixed = view.customer.currency if view.customer else ""
    return fixed or request.POST.get("currency", "")[:3].lower() or "usd"


@role_required("owner", "billing")
@require_POST
def overage_set(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of(request)
    if OFF in request.POST:
        return _ceiling(request, viewer, None)
    form = credit_forms.overage_form(_view(viewer), request.POST)
    if not form.is_valid():
        return _again(request, overage_form=form)
    return _ceiling(request, viewer, form)


def _ceiling(
    request: HttpRequest, viewer: Viewer, form: credit_forms.OverageForm | None
) -> HttpResponse:
    nanos = form.ceiling_nanos if form else None
    try:
        if nanos is not None:
            _can_be_charged(viewer)
        overage.ceiling_set(
            customer=payments.customer_of(viewer.payer), nanos=nanos, actor=viewer.actor,
            now=clock.now(),
        )
    except CostControlError as error:
        return _refused(request, form, "overage_form", error)
    messages.success(request, _said_of_ceiling(nanos))
    return go(_here())


def _can_be_charged(viewer: Viewer) -> None:
    """Nobody runs up a bill that nobody could collect."""
    if not payments.is_on():
        raise PaymentsOff(Sentence("Payments are not set up on this server; all else works."))
    if not payments.customer_of(viewer.payer).card:
        raise Conflict(Sentence("There is no card to charge yet. Buy a plan or a pack first."))


def _said_of_ceiling(nanos: int | None) -> str:
    if nanos is None:
        return _("Use beyond the plan is off. Nothing more is charged for it.")
    return _("Use beyond the plan is on, up to %(amount)s a month.") % {
        "amount": formats.money(nanos, places=2)
    }


@role_required("owner", "billing")
@require_POST
def topup_set(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of(request)
    if OFF in request.POST:
        return _topup(request, viewer, None)
    view = _view(viewer)
    show = offers.shown(request, view)
    form = credit_forms.topup_form(
        view.customer, offered=credit_forms.packs(show.currency), data=request.POST
    )
    if not form.is_valid():
        return _again(request, topup_form=form)
    return _topup(request, viewer, form)


def _topup(
    request: HttpRequest, viewer: Viewer, form: credit_forms.TopUpForm | None
) -> HttpResponse:
    customer = payments.customer_of(viewer.payer)
    try:
        if form is not None:
            _can_be_charged(viewer)
        if form is None:
            customer_settings.topup_off(customer=customer, actor=viewer.actor)
        else:
            customer_settings.topup_set(
                customer=customer, pack=form.cleaned_data["pack"], actor=viewer.actor,
                below_nanos=form.below_nanos, per_day=form.cleaned_data["per_day"],
            )
    except CostControlError as error:
        return _refused(request, form, "topup_form", error)
    messages.success(request, _("Saved."))
    return go(_here())


def _refused(
    request: HttpRequest, form: forms.Form | None, name: str, error: CostControlError
) -> HttpResponse:
    """What was written stays, with the reason above it."""
    if form is None:
        messages.error(request, said(error.message))
        return go(_here())
    form.add_error(None, said(error.message))
    return _again(request, status=error.status, **{name: form})


def _again(request: HttpRequest, *, status: int = 400, **filled: forms.Form) -> HttpResponse:
    return render(request, "mine/plans.html", plans.page(request, **filled), status=status)


def _view(viewer: Viewer) -> AccountView:
    return account.account(
        viewer.payer, tier=viewer.tier, user_id=viewer.user.pk, now=clock.now()
    )


def _here() -> str:
    return reverse("mine:plans") + "#credit"
