"""Staff pages of what is sold: prices of plans, credit packs.

Prices are entered in whole won or in dollars and cents, and kept in minor units. What a price is
for never changes: subscriptions know their plan by it.
"""

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.audited import AuditedAdmin, DollarsField, ModelForm, actor_of
from accounts.services import audit, snapshot
from billing import credits
from billing.models import CreditPack, PackPrice, PlanPrice
from costcontrol.lib.currencies import SYMBOLS, format_minor, from_minor, places_of, to_minor
from costcontrol.lib.money import format_usd

LOOKUP_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{2,79}", re.ASCII)
MOST = Decimal(100_000_000)
CURRENCIES = sorted(SYMBOLS)
MAX_DAYS = 3650


class AmountField(forms.DecimalField):
    """Won or dollars for people. The form turns it into minor units: it knows the currency."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("label", _("Amount"))
        options.setdefault("help_text", _("In whole won, or in dollars and cents: 29000 or 19.90."))
        super().__init__(max_value=MOST, **options)


class PricedForm(ModelForm[Any]):
    """Currency and amount of a price, checked together."""

    currency = forms.ChoiceField(
        label=_("Currency"), choices=[(name, name.upper()) for name in CURRENCIES]
    )
    least = Decimal(0)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        row = self.instance
        if row.pk and row.amount_minor is not None:
            whole = from_minor(row.amount_minor, row.currency)
            self.initial["amount"] = f"{whole:.{places_of(row.currency)}f}"

    def clean(self) -> dict[str, Any] | None:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        amount, currency = data.get("amount"), data.get("currency") or self.instance.currency
        if amount is None or not currency:
            return data
        try:
            self.instance.amount_minor = to_minor(amount, currency)
        except ValueError:
            self.add_error("amount", ValidationError(
                _("%(currency)s has no such fractions."), params={"currency": currency.upper()}
            ))
        return data


class PlanPriceForm(PricedForm):
    amount = AmountField(min_value=Decimal("0.01"))

    class Meta:
        model = PlanPrice
        fields = ("tier", "lookup_key", "stripe_price_id", "currency", "interval", "trial_days",
                  "is_offered")

    def clean_lookup_key(self) -> str:
        key = str(self.cleaned_data["lookup_key"])
        if not LOOKUP_KEY.fullmatch(key):
            raise ValidationError(
                _("A lookup key is 3 to 80 small letters, digits, “-” and “_”, as premium-krw.")
            )
        return key


@admin.register(PlanPrice)
class PlanPriceAdmin(AuditedAdmin[PlanPrice]):
    """Taken off the offer, never deleted: who pays by it keeps the plan."""

    form = PlanPriceForm
    list_display = ["lookup_key", "tier", "price", "interval", "trial_days", "is_offered"]
    list_filter = ["tier", "currency", "is_offered"]
    list_select_related = ["tier"]
    search_fields = ["lookup_key", "stripe_price_id"]
    ordering = ["tier__rank", "currency", "amount_minor"]
    fixed = ("tier", "lookup_key", "currency", "interval")

    def get_readonly_fields(self, request: HttpRequest, obj: PlanPrice | None = None) -> Any:
        return self.fixed if obj else ()

    def get_fields(self, request: HttpRequest, obj: PlanPrice | None = None) -> Any:
        return ("tier", "lookup_key", "stripe_price_id", "currency", "amount", "interval",
                "trial_days", "is_offered")

    def has_delete_permission(self, request: HttpRequest, obj: PlanPrice | None = None) -> bool:
        return False

    @admin.display(description=_("amount"), ordering="amount_minor")
    def price(self, row: PlanPrice) -> str:
        return format_minor(row.amount_minor, row.currency)


class PackPriceForm(PricedForm):
    amount = AmountField(min_value=Decimal("0.01"))

    class Meta:
        model = PackPrice
        fields = ("currency",)


class PackPriceInline(admin.TabularInline):  # type: ignore[type-arg]
    model = PackPrice
    form = PackPriceForm
    extra = 0
    fields = ("currency", "amount")


class CreditPackForm(ModelForm[CreditPack]):
    credit_nanos = DollarsField(
        label=_("Credit"), help_text=_("So much of model calls, in dollars: 5 or 25.50.")
    )
    valid_days = forms.IntegerField(
        label=_("Valid for, days"), min_value=1, max_value=MAX_DAYS, initial=365
    )

    class Meta:
        model = CreditPack
        fields = ("name", "credit_nanos", "valid_days", "is_offered")

    def clean_credit_nanos(self) -> int:
        nanos = int(self.cleaned_data["credit_nanos"])
        if not 0 < nanos <= credits.MOST_NANOS:
            raise ValidationError(_("A pack has credit, and less than a million dollars of it."))
        return nanos


@admin.register(CreditPack)
class CreditPackAdmin(AuditedAdmin[CreditPack]):
    form = CreditPackForm
    inlines = (PackPriceInline,)
    list_display = ["name", "credit", "valid_days", "is_offered"]

    def get_readonly_fields(self, request: HttpRequest, obj: CreditPack | None = None) -> Any:
        return ("name",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: CreditPack | None = None) -> bool:
        return False

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """The prices below have audit rows of their own."""
        before = {row.pk: snapshot(row) for row in PackPrice.objects.filter(pack=form.instance)}
        super().save_formset(request, form, formset, change)
        after = {row.pk: snapshot(row) for row in PackPrice.objects.filter(pack=form.instance)}
        for key in sorted(before.keys() | after.keys()):
            was, is_now = before.get(key), after.get(key)
            if was != is_now:
                verb = "create" if was is None else "delete" if is_now is None else "change"
                audit(actor_of(request), f"packprice_{verb}", str(form.instance), was, is_now)

    @admin.display(description=_("credit"), ordering="credit_nanos")
    def credit(self, pack: CreditPack) -> str:
        return format_usd(pack.credit_nanos, places=2)
