"""Usage & billing: what is used and left, the last days, the plan, credit, the next invoice."""

from dataclasses import replace
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import Tier, User
from billing.payments import services as payments
from billing.reports import account, own_usage
from billing.reports.account import AccountView
from billing.reports.own_usage import OwnUsage
from billing.reports.ranges import last_days
from costcontrol.account import banners, meters, plan_card, usage_chart
from costcontrol.account.access import customer_required
from costcontrol.account.advice import Advice, advice
from costcontrol.account.confirming import Confirming, confirm
from costcontrol.account.viewer import Viewer, viewer_of
from costcontrol.dashboard.csvs import csv_response
from costcontrol.lib import clock

DAYS = 30
MOST_DAYS = 90


@customer_required
@require_safe
def usage(request: HttpRequest) -> HttpResponse:
    viewer, now = viewer_of(request), clock.now()
    session = request.GET.get("checkout", "")
    asked = confirm(viewer, session=session, tries=0, now=now) if session else None
    if asked is not None:
        now_so = User.objects.get(pk=viewer.user.pk)  # with the plan as it is now
        viewer = replace(viewer, user=now_so)
    return render(request, "mine/usage.html", page(viewer, asked=asked))


@customer_required
@require_safe
def confirming(request: HttpRequest) -> HttpResponse:
    """The part of the page that waits for Stripe. Done: the whole page comes anew."""
    asked = confirm(
        viewer_of(request), session=request.GET.get("checkout", ""), tries=_tries(request),
        now=clock.now(),
    )
    if asked is None:
        raise Http404(_("There is no such payment. Look at your plan on the usage page."))
    if asked.is_done and "HX-Request" in request.headers:
        return HttpResponse(status=204, headers={"HX-Redirect": asked.url})
    return render(request, "mine/confirming.html", {"confirming": asked})


@customer_required
@require_safe
def usage_csv(request: HttpRequest) -> HttpResponse:
    viewer, days = viewer_of(request), _days(request)
    return csv_response(
        f"usage-{days}-days", usage_chart.csv_rows(daily(viewer, days=days))
    )


def page(viewer: Viewer, *, asked: Confirming | None = None) -> dict[str, Any]:
    """What the page shows."""
    now = clock.now()
    view = account.account(
        viewer.payer, tier=viewer.tier, user_id=viewer.user.pk, now=now,
        may_see_costs=viewer.user.is_staff,
    )
    bars = [meters.meter(limit, zone=viewer.zone, now=now) for limit in view.limits]
    return {
        "view": view, "viewer": viewer, "confirming": asked, "can_pay": payments.is_on(),
        "banners": banners.banners(view, role=viewer.role, zone=viewer.zone),
        "quotas": [bar for bar in bars if bar.limit.resets_at is not None],
        "running": next((bar for bar in bars if bar.limit.resets_at is None), None),
        "plan": plan_card.plan_card(view, zone=viewer.zone),
        "next_minor": account.next_amount(view.plan),
        "advice": _advice(view, bars, viewer=viewer),
        "figure": usage_chart.figure(
            daily(viewer, days=DAYS), of_organisation=viewer.is_for_all
        ),
    }


def _advice(view: AccountView, bars: list[meters.Meter], *, viewer: Viewer) -> Advice | None:
    """Which plan would help is asked only when one is needed."""
    if not any(bar.is_full for bar in bars):
        return None
    higher = Tier.objects.filter(prices__is_offered=True, rank__gt=view.rank).order_by("rank")
    return advice(
        view, bars, higher=higher.first(), may_pay=viewer.may_pay,
        has_backup=view.goes_on,
    )


def daily(viewer: Viewer, *, days: int) -> OwnUsage:
    return own_usage.daily(
        viewer.user_ids, days=last_days(days, zone=viewer.zone, now=clock.now())
    )


def _tries(request: HttpRequest) -> int:
    given = request.GET.get("tries", "")
    return int(given) if given.isdecimal() and len(given) < 4 else 0


def _days(request: HttpRequest) -> int:
    given = request.GET.get("days", "")
    days = int(given) if given.isdecimal() and len(given) < 5 else DAYS
    return min(max(days, 1), MOST_DAYS)
