"""When a customer wants to be told: what is sent anyway, and wishes of their own."""

from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from billing import customer_settings
from billing.models import SpendingAlert
from billing.payments import services as payments
from billing.reports import account
from costcontrol import formats
from costcontrol.account.access import role_required
from costcontrol.account.asking import done, go
from costcontrol.account.viewer import Viewer, viewer_of
from costcontrol.lib.errors import CostControlError
from costcontrol.lib.money import from_usd
from costcontrol.lib.sentences import said

Kind = SpendingAlert.Kind
KINDS = (
    (Kind.QUOTA_PERCENT, _("so many percent of a daily limit are used")),
    (Kind.CREDIT_BELOW, _("less credit is left than so many US dollars")),
    (Kind.OVERAGE_PERCENT, _("so many percent of the ceiling beyond the plan are used")),
)
MOST = Decimal(100_000)


class AlertForm(forms.Form):
    kind = forms.ChoiceField(label=_("Tell me when"), choices=KINDS)
    threshold = forms.DecimalField(
        label=_("Percent, or US dollars"), min_value=Decimal("0.01"), max_value=MOST,
        decimal_places=2, max_digits=8,
        widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal"}),
        error_messages={"required": _("Write a number.")},
    )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        threshold, kind = values.get("threshold"), values.get("kind")
        if threshold is None or kind not in customer_settings.PERCENT:
            return values
        if threshold != threshold.to_integral_value() or not 1 <= threshold <= 100:
            self.add_error("threshold", gettext("Percent are whole numbers from 1 to 100."))
        return values

    @property
    def stored(self) -> int:
        """As the row has it: percent, or nano-USD."""
        threshold = self.cleaned_data["threshold"]
        if self.cleaned_data["kind"] in customer_settings.PERCENT:
            return int(threshold)
        return int(from_usd(threshold))


@role_required("owner", "billing")
@require_http_methods(["GET", "HEAD", "POST"])
def alerts(request: HttpRequest) -> HttpResponse:
    viewer = viewer_of(request)
    if request.method != "POST":
        return _page(request, viewer, AlertForm(label_suffix=""))
    form = AlertForm(request.POST, label_suffix="")
    if not form.is_valid():
        return _page(request, viewer, form, status=400)
    try:
        customer_settings.alert_add(
            customer=payments.customer_of(viewer.payer), kind=form.cleaned_data["kind"],
            threshold=form.stored,
        )
    except CostControlError as error:
        form.add_error(None, said(error.message))
        return _page(request, viewer, form, status=error.status)
    return go(reverse("mine:alerts"))


def _page(
    request: HttpRequest, viewer: Viewer, form: AlertForm, *, status: int = 200
) -> HttpResponse:
    customer = account.customer_of(viewer.payer)
    rows = customer.alerts.order_by("kind", "threshold") if customer else ()
    return render(request, "mine/alerts.html", {
        "viewer": viewer, "form": form, "alerts": [(row.pk, words(row)) for row in rows],
        "emails": viewer.payer.kind == "user" and viewer.user.email,
    }, status=status)


def words(row: SpendingAlert) -> str:
    """The wish as a sentence."""
    if row.kind == Kind.CREDIT_BELOW:
        return gettext("Less than %(amount)s of credit is left") % {
            "amount": formats.money(row.threshold, places=2)
        }
    if row.kind == Kind.OVERAGE_PERCENT:
        return gettext("%(percent)d%% of the ceiling beyond the plan are used") % {
            "percent": row.threshold
        }
    return gettext("%(percent)d%% of a daily limit are used") % {"percent": row.threshold}


@role_required("owner", "billing")
@require_POST
def alert_remove(request: HttpRequest, alert_id: int) -> HttpResponse:
    viewer = viewer_of(request)
    return done(
        request,
        lambda: customer_settings.alert_remove(
            customer=payments.customer_of(viewer.payer), alert_id=alert_id
        ),
        then=reverse("mine:alerts"), words=gettext("Removed."),
    )
