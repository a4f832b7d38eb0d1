"""Plans: side by side, each on a page of its own before anybody agrees, cancel and undo."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Tier
from accounts.types import TierRules
from billing.models import PlanPrice
from billing.payments import services as payments
from billing.payments.types import Preview
from billing.reports import account
from billing.reports.account import AccountView, Standing
from costcontrol import formats
from costcontrol.account import banners, credit_forms, offers, plan_card, words
from costcontrol.account.access import customer_required, role_required
from costcontrol.account.asking import done, go, sent_away
from costcontrol.account.viewer import Viewer, viewer_of
from costcontrol.lib import clock
from costcontrol.lib.errors import CostControlError
from costcontrol.lib.sentences import said

BACK = "?checkout={CHECKOUT_SESSION_ID}"  # Stripe writes the id in


@dataclass(frozen=True, slots=True)
class Change:
    """What a press on the button would do. `error`: why there is no button."""

    price: PlanPrice
    preview: Preview | None
    differences: Sequence[tuple[str, str]]
    is_new: bool  # nothing is subscribed so far: the card comes first
    error: str = ""
    status: int = 200
    is_undone: bool = True  # False: Stripe was away, so it may have happened

    @property
    def is_later(self) -> bool:
        return self.preview is not None and self.preview.is_later


@customer_required
@require_safe
def plans(request: HttpRequest) -> HttpResponse:
    return render(request, "mine/plans.html", page(request))


def page(request: HttpRequest, **forms: Any) -> dict[str, Any]:
    """The plans and, for who pays, credit. `forms` that were filled in stay as they were."""
    viewer = viewer_of(request)
    view = _account(viewer)
    show = offers.shown(request, view)
    return {
        "viewer": viewer, "view": view, "show": show, "can_pay": payments.is_on(),
        "offers": offers.offers(view, show),
        "next": plan_card.next_step(view.plan, zone=viewer.zone),
        "banners": banners.banners(view, role=viewer.role, zone=viewer.zone),
        **(credit_forms.parts(view, show, **forms) if viewer.may_pay else {}),
    }


@role_required("owner", "billing")
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: HttpRequest, lookup_key: str) -> HttpResponse:
    """What it would cost now and what from when on; with POST it happens."""
    viewer = viewer_of(request)
    price = _price(lookup_key)
    if request.method != "POST":
        return _plan_page(request, viewer, _change(viewer, price))
    try:
        return _agree(request, viewer, price)
    except CostControlError as error:
        failed = _failed(_change(viewer, price), error)
        is_undone = error.retry_after_s is None
        return _plan_page(request, viewer, replace(failed, is_undone=is_undone))


def _agree(request: HttpRequest, viewer: Viewer, price: PlanPrice) -> HttpResponse:
    customer, now = payments.customer_of(viewer.payer), clock.now()
    if not account.plan_state(customer).is_paid:
        return go(payments.checkout_begin(
            customer=customer, price=price, now=now,
            success_url=request.build_absolute_uri(reverse("mine:usage")) + BACK,
            cancel_url=request.build_absolute_uri(reverse("mine:plan", args=[price.lookup_key])),
        ))
    changed = payments.plan_change_begin(customer=customer, price=price, now=now)
    if changed.url:
        return go(changed.url)
    messages.success(request, _said_of(changed.kind, price))
    return go(reverse("mine:usage"))


def _said_of(kind: str, price: PlanPrice) -> str:
    if kind == "scheduled":
        return _("Noted. %(plan)s begins with your next period; until then all stays as it is.") % {
            "plan": price.tier.title
        }
    return _("Done. You have %(plan)s now.") % {"plan": price.tier.title}


def _change(viewer: Viewer, price: PlanPrice) -> Change:
    view = _account(viewer)
    differences = words.differences(view.tier, TierRules.of(price.tier))
    if view.customer is None or not view.plan.is_paid:
        return Change(price, None, differences, is_new=True)
    blank = Change(price, None, differences, is_new=False)
    try:
        preview = payments.change_preview(customer=view.customer, price=price, now=clock.now())
    except CostControlError as error:
        return _failed(blank, error)
    return Change(price, preview, differences, is_new=False)


def _failed(change: Change, error: CostControlError) -> Change:
    return replace(change, error=said(error.message), status=error.status)


def _plan_page(request: HttpRequest, viewer: Viewer, change: Change) -> HttpResponse:
    view = _account(viewer)
    price = change.price
    context = {
        "viewer": viewer, "view": view, "change": change, "can_pay": payments.is_on(),
        "costs": words.price(price.amount_minor, price.currency, price.interval),
        "trial_days": price.trial_days if change.is_new and offers.may_try(view) else 0,
    }
    return render(request, "mine/plan.html", context, status=change.status)


@role_required("owner", "billing")
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest) -> HttpResponse:
    """First what that means, then with POST it is done. It can be undone until the plan ends."""
    viewer = viewer_of(request)
    view = _account(viewer)
    if request.method == "POST":
        return done(
            request,
            lambda: payments.cancel(customer=payments.customer_of(viewer.payer), now=clock.now()),
            then=reverse("mine:usage"), words=_cancelled(view, zone=viewer.zone),
        )
    if not view.plan.is_paid or view.plan.standing == Standing.ENDING:
        return go(reverse("mine:plans"))
    after = view.customer.base_tier if view.customer else Tier.objects.get(name=offers.FREE)
    return render(request, "mine/cancel.html", {
        "viewer": viewer, "view": view, "after": after, "ends_at": _ends_at(view),
        "differences": words.differences(view.tier, TierRules.of(after)),
    })


def _ends_at(view: AccountView) -> datetime | None:
    return view.plan.renews_at or view.plan.ends_at


def _cancelled(view: AccountView, *, zone: str) -> str:
    ends_at = _ends_at(view)
    if ends_at is None:
        return _("Cancelled.")
    return _("Cancelled. %(plan)s stays until %(day)s; you can undo this until then.") % {
        "plan": view.plan.title, "day": formats.day(ends_at, zone=zone)
    }


@role_required("owner", "billing")
@require_POST
def resume(request: HttpRequest) -> HttpResponse:
    """Undo a cancellation, or a change that is to come."""
    viewer = viewer_of(request)
    return done(
        request,
        lambda: payments.resume(customer=payments.customer_of(viewer.payer), now=clock.now()),
        then=reverse("mine:usage"), words=_("Undone. Your plan goes on as it is."),
    )


@role_required("owner", "billing")
@require_POST
def portal(request: HttpRequest) -> HttpResponse:
    """Card and billing address are kept by Stripe, and changed there."""
    viewer = viewer_of(request)
    back = reverse("mine:invoices")
    return sent_away(
        request,
        lambda: payments.portal_begin(
            customer=payments.customer_of(viewer.payer), now=clock.now(),
            return_url=request.build_absolute_uri(back),
        ),
        back=back,
    )


def _price(lookup_key: str) -> PlanPrice:
    prices = PlanPrice.objects.filter(is_offered=True).select_related("tier")
    found = prices.filter(lookup_key=lookup_key.replace("\x00", "")).first()
    if found is None:
        raise Http404(_("There is no plan of this name any more. See the plans that there are."))
    return found


def _account(viewer: Viewer) -> AccountView:
    return account.account(
        viewer.payer, tier=viewer.tier, user_id=viewer.user.pk, now=clock.now()
    )
