"""Staff pages of who pays, and what Stripe said of them.

Staff give credit, or a plan without payment. All the rest is written by the product.
"""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.audited import AuditedAdmin, DollarsField, ModelForm, ReadOnlyAdmin, actor_of
from accounts.services import audit, snapshot
from billing import budgets, credits
from billing.admin_payments import MAX_DAYS
from billing.models import (
    CreditGrant,
    Customer,
    Invoice,
    SentNotice,
    StripeEvent,
    StripeRequest,
    Subscription,
)
from billing.payments import standing
from billing.payments.customers import payer_of_customer
from costcontrol.lib.clock import now
from costcontrol.lib.currencies import format_minor
from costcontrol.lib.money import format_usd


class CustomerForm(ModelForm[Customer]):
    """`once` names this form, so that sending it twice gives credit once."""

    give = DollarsField(
        label=_("Give credit"), required=False,
        help_text=_("In dollars of model calls, as 5. Empty: none."),
    )
    give_days = forms.IntegerField(
        label=_("Valid for, days"), min_value=1, max_value=MAX_DAYS, initial=90, required=False
    )
    give_reason = forms.CharField(label=_("Because"), max_length=200, required=False)
    once = forms.CharField(
        label=_("Sent once"), widget=forms.HiddenInput, required=False, max_length=64
    )

    class Meta:
        model = Customer
        fields = ("base_tier",)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial["once"] = uuid4().hex

    def clean_once(self) -> str:
        once = str(self.cleaned_data["once"])
        return once if once.isascii() and once.isalnum() else uuid4().hex

    def clean_give(self) -> int | None:
        nanos = self.cleaned_data["give"]
        if nanos is not None and not 0 < nanos <= credits.MOST_NANOS:
            raise ValidationError(
                _("Credit must be more than nothing, and less than a million dollars.")
            )
        return nanos if nanos is None else int(nanos)

    def clean(self) -> dict[str, Any] | None:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("give") and not data.get("give_reason"):
            self.add_error("give_reason", _("Say why: it is kept with the credit."))
        if data.get("give") and payer_of_customer(self.instance) is None:
            self.add_error("give", _("This account was deleted: nobody could use the credit."))
        return data


@admin.register(Customer)
class CustomerAdmin(AuditedAdmin[Customer]):
    """Stripe decides what is paid for. Here staff decide what somebody has without paying."""

    form = CustomerForm
    list_display = ["__str__", "owner", "base_tier", "currency", "card", "frozen_at", "synced_at"]
    list_filter = ["base_tier", "currency", ("frozen_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user", "organisation", "base_tier"]
    search_fields = ["stripe_id", "user__email", "organisation__name"]
    ordering = ["-pk"]
    shown = ("owner", "stripe_id", "currency", "card", "synced_at", "frozen_at", "frozen_reason",
             "left", "created_at")
    readonly_fields = shown
    fieldsets = (
        (None, {"fields": shown}),
        (_("Without a subscription"), {"fields": ("base_tier",)}),
        (_("Credit from staff"), {"fields": ("give", "give_days", "give_reason", "once")}),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Customer | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Customer, form: Any, change: bool) -> None:
        before = snapshot(Customer.objects.get(pk=obj.pk))
        obj.save(update_fields=["base_tier"])  # sync writes the other columns meanwhile
        if before != (after := snapshot(obj)):
            self.audit(request, obj, "change", before=before, after=after)
            self._stand(request, obj)
        if form.cleaned_data.get("give"):
            self._give(request, obj, form.cleaned_data)

    def _stand(self, request: HttpRequest, obj: Customer) -> None:
        """The plan at once: of what staff give and what is paid for, the higher one."""
        payer = payer_of_customer(obj)
        if payer is None:
            return
        rows = obj.subscriptions.select_related("tier")
        tier = standing.tier_due(obj, rows, now=now())
        budgets.plan_change(payer=payer, tier=tier, actor=actor_of(request), at=now())

    def _give(self, request: HttpRequest, obj: Customer, asked: dict[str, Any]) -> None:
        nanos, source = int(asked["give"]), f"staff:{asked['once']}"
        if CreditGrant.objects.filter(source=source).exists():
            self.message_user(request, gettext("This credit was given already."),
                              level=messages.WARNING)
            return
        at = now()
        ends = at + timedelta(days=asked.get("give_days") or 90)
        credits.grant(customer=obj, source=source, nanos=nanos, expires_at=ends, now=at)
        audit(actor_of(request), "credit_give", str(obj), None, {
            "nanos": nanos, "source": source, "expires_at": ends.isoformat(),
            "reason": asked["give_reason"],
        })
        said = gettext("%(amount)s of credit was given.") % {
            "amount": format_usd(nanos, places=2)
        }
        self.message_user(request, said)

    @admin.display(description=_("who"))
    def owner(self, customer: Customer) -> str:
        return str(customer.organisation or customer.user or _("deleted account"))

    @admin.display(description=_("credit left"))
    def left(self, customer: Customer) -> str:
        if payer_of_customer(customer) is None:
            return "–"
        return format_usd(credits.balance(customer, now=now()).left_nanos, places=2)


class OfCustomerAdmin(ReadOnlyAdmin[Any]):
    list_select_related = ["customer"]
    ordering = ["-pk"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Named, so that no form is made of them: none is ever filled in."""
        return [field.name for field in self.opts.concrete_fields if not field.primary_key]


@admin.register(Subscription)
class SubscriptionAdmin(OfCustomerAdmin):
    list_display = ["stripe_id", "customer", "status", "tier", "price", "interval", "period_end",
                    "is_ending", "past_due_since"]
    list_select_related = ["customer", "tier"]
    list_filter = ["status", "tier", "currency", "is_ending"]
    search_fields = ["stripe_id", "customer__stripe_id", "customer__user__email"]

    @admin.display(description=_("amount"), ordering="amount_minor")
    def price(self, row: Subscription) -> str:
        return format_minor(row.amount_minor, row.currency)


@admin.register(Invoice)
class InvoiceAdmin(OfCustomerAdmin):
    list_display = ["__str__", "customer", "status", "subject", "total", "paid", "refunded",
                    "tries", "created_at"]
    list_filter = ["status", "currency"]
    search_fields = ["stripe_id", "number", "customer__stripe_id", "customer__user__email"]
    ordering = ["-created_at", "-pk"]

    @admin.display(description=_("total"))
    def total(self, row: Invoice) -> str:
        return format_minor(row.total_minor, row.currency)

    @admin.display(description=_("paid"))
    def paid(self, row: Invoice) -> str:
        return format_minor(row.paid_minor, row.currency)

    @admin.display(description=_("refunded"))
    def refunded(self, row: Invoice) -> str:
        return format_minor(row.refunded_minor, row.currency) if row.refunded_minor else "–"


@admin.register(StripeEvent)
class StripeEventAdmin(ReadOnlyAdmin[StripeEvent]):
    list_display = ["id", "type", "stripe_customer", "state", "tries", "received_at", "note"]
    list_filter = ["state", "type", "is_live"]
    search_fields = ["id", "stripe_customer", "object_id"]


@admin.register(StripeRequest)
class StripeRequestAdmin(OfCustomerAdmin):
    list_display = ["__str__", "customer", "kind", "state", "result_id", "note", "created_at"]
    list_filter = ["state", "kind"]
    search_fields = ["result_id", "customer__stripe_id"]


@admin.register(CreditGrant)
class CreditGrantAdmin(OfCustomerAdmin):
    list_display = ["source", "customer", "credit", "lapsed", "taken_back", "granted_at",
                    "expires_at"]
    search_fields = ["source", "charge_id", "customer__stripe_id", "customer__user__email"]

    @admin.display(description=_("credit"))
    def credit(self, row: CreditGrant) -> str:
        return format_usd(row.nanos, places=2)

    @admin.display(description=_("lapsed"))
    def lapsed(self, row: CreditGrant) -> str:
        return format_usd(row.lapsed_nanos, places=2)

    @admin.display(description=_("taken back"))
    def taken_back(self, row: CreditGrant) -> str:
        return format_usd(row.reversed_nanos, places=2)


@admin.register(SentNotice)
class SentNoticeAdmin(OfCustomerAdmin):
    list_display = ["kind", "customer", "about", "sent_at"]
    list_filter = ["kind"]
    search_fields = ["about", "customer__stripe_id", "customer__user__email"]
