"""The page of one provider: pause all its models, or let them go on."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.audited import actor_of
from costcontrol.dashboard import settings_pause as page
from costcontrol.dashboard.access import staff_required
from costcontrol.dashboard.budgets_tabs import MAX_ID, MAX_REASON, allow, posted
from costcontrol.lib import clock
from routing import snapshot
from routing.models import Deployment
from routing.services import PolicyError, provider_pause, provider_resume

SWITCH = "routing.change_deployment"


@staff_required
@require_http_methods(["GET", "HEAD", "POST"])
def provider(request: HttpRequest, deployment_id: int) -> HttpResponse:
    """`deployment_id`: any of its models."""
    row = Deployment.objects.filter(pk=min(deployment_id, MAX_ID)).first()
    if row is None:
        raise Http404(_("There is no such provider."))
    if request.method == "POST":
        allow(request, SWITCH)
        return _switched(request, row)
    context = {
        "page": page.pause_page(row), "may_switch": request.user.has_perm(SWITCH),
        "max_reason": MAX_REASON,
    }
    return render(request, "dashboard/settings_provider.html", context)


def _switched(request: HttpRequest, row: Deployment) -> HttpResponse:
    there = HttpResponseRedirect(reverse("dashboard:settings_provider", args=[row.pk]))
    act = {"pause": _paused, "resume": _resumed}.get(request.POST.get("what", ""))
    if act is None or request.POST.get("confirm") != "1":
        messages.error(request, _("Tick that it may take effect. Nothing was changed."))
        return there
    done = act(request, row)
    if not done:
        return there
    snapshot.forget()
    messages.success(request, done)
    return HttpResponseRedirect(reverse("dashboard:settings"))


def _paused(request: HttpRequest, row: Deployment) -> str:
    provider_pause(
        page.line_of(row), actor=actor_of(request), reason=posted(request, "reason"),
        at=clock.now(),
    )
    return _("%(name)s is paused. No model of it is asked any more.") % {
        "name": page.title_of(row)
    }


def _resumed(request: HttpRequest, row: Deployment) -> str:
    """Empty: nothing was changed, and a message says why."""
    rows = page.chosen(row, request.POST.getlist("models"))
    if not rows:
        messages.error(request, _("Choose at least one model. Nothing was changed."))
        return ""
    try:
        provider_resume(
            rows, actor=actor_of(request), reason=posted(request, "reason"), at=clock.now()
        )
    except PolicyError as error:
        messages.error(request, str(error))
        return ""
    return _("Asked again: %(names)s.") % {"names": ", ".join(each.name for each in rows)}
