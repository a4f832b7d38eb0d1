"""Staff pages of billing: plans and budgets move caps, prices are superseded, the rest is read."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminSplitDateTime
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin import OrganisationAdmin, TierAdmin, UserAdmin
from accounts.audited import AuditedAdmin, DollarsField, ModelForm, ReadOnlyAdmin, actor_of
from accounts.models import Organisation, Tier, User
from accounts.types import Payer
from billing import admin_customers as admin_customers
from billing import admin_payments as admin_payments
from billing.budget_changes import budget_delete
from billing.budgets import (
    book_changed,
    caps_apply,
    plan_change,
    tier_caps_apply,
    tier_change,
)
from billing.models import (
    Baseline,
    Budget,
    LedgerEntry,
    Metric,
    ModelPrice,
    Reservation,
    UsageRecord,
    Window,
)
from billing.price_book import OPERATOR
from billing.prices import NewPrice, price_supersede
from billing.scopes import UnknownScope, scope_check, zone_check
from costcontrol.lib.clock import now
from costcontrol.lib.money import format_usd

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(ms: int) -> datetime:
    return EPOCH + timedelta(milliseconds=ms)


@admin.register(Tier)
class BilledTierAdmin(TierAdmin):
    """An edited plan holds at once for the windows that its users have open."""

    def save_model(self, request: HttpRequest, obj: Tier, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        tier_caps_apply(tier=obj, at=now())


@admin.register(User)
class BilledUserAdmin(UserAdmin):
    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change or "tier" not in form.changed_data:
            super().save_model(request, obj, form, change)
            return
        wanted, obj.tier = obj.tier, User.objects.select_related("tier").get(pk=obj.pk).tier
        super().save_model(request, obj, form, change)
        tier_change(user=obj, tier=wanted, actor=actor_of(request), at=now())


@admin.register(Organisation)
class BilledOrganisationAdmin(OrganisationAdmin):
    def save_model(self, request: HttpRequest, obj: Organisation, form: Any, change: bool) -> None:
        wanted, obj.tier = obj.tier, Organisation.objects.select_related("tier").get(pk=obj.pk).tier
        super().save_model(request, obj, form, change)
        if "tier" in form.changed_data:
            payer = Payer("org", str(obj.pk))
            plan_change(payer=payer, tier=wanted, actor=actor_of(request), at=now())


class BudgetForm(ModelForm[Budget]):
    cap_nanos = DollarsField(label=_("Cap"), help_text=_("In dollars, as 0.05 or 100."))
    soft_percent = forms.IntegerField(
        label=_("Economy mode from, percent"), min_value=0, max_value=100, initial=80
    )

    class Meta:
        model = Budget
        fields = "__all__"

    def clean_zone(self) -> str:
        return as_form_error(zone_check, self.cleaned_data["zone"])

    def clean(self) -> dict[str, Any] | None:
        kind = self.cleaned_data.get("scope_kind")
        if kind:
            scope_id = self.cleaned_data.get("scope_id", "")
            self.cleaned_data["scope_id"] = as_form_error(scope_check, kind, scope_id)
        return self.cleaned_data


def as_form_error(check: Any, *values: str) -> str:
    try:
        return str(check(*values))
    except UnknownScope as error:
        raise ValidationError(str(error)) from None


@admin.register(Budget)
class BudgetAdmin(AuditedAdmin[Budget]):
    """A changed cap holds at once for the window that is open."""

    form = BudgetForm
    list_display = ["__str__", "cap", "soft_percent", "zone"]
    list_filter = ["scope_kind", "period"]

    def get_readonly_fields(self, request: HttpRequest, obj: Budget | None = None) -> list[str]:
        return ["scope_kind", "scope_id", "period"] if obj else []

    def save_model(self, request: HttpRequest, obj: Budget, form: Any, change: bool) -> None:
        book_changed()  # first, as everywhere: see the order of locks in `budgets.py`
        super().save_model(request, obj, form, change)
        caps_apply(scope_kind=obj.scope_kind, scope_id=obj.scope_id, at=now())

    def delete_model(self, request: HttpRequest, obj: Budget) -> None:
        budget_delete(obj.pk, actor=actor_of(request), now=now())

    @admin.display(description=_("cap"), ordering="cap_nanos")
    def cap(self, budget: Budget) -> str:
        return format_usd(budget.cap_nanos, places=2)


PRICE_KEY = ("provider", "model", "processing", "min_input_tokens")
PRICE_COLUMNS = (
    *PRICE_KEY, "fresh_input", "cache_read", "cache_write", "output", "search_usd", "source",
    "source_date",
)


class PriceForm(ModelForm[ModelPrice]):
    effective_from = forms.SplitDateTimeField(
        label=_("From"), required=False, help_text=_("Empty: from now on."),
        widget=AdminSplitDateTime,
    )
    source = forms.CharField(label=_("Source"), max_length=180, help_text=_("Who says so?"))

    class Meta:
        model = ModelPrice
        exclude = ("superseded_at",)

    def clean_effective_from(self) -> datetime:
        start: datetime = self.cleaned_data["effective_from"] or now()
        if start < now() - timedelta(minutes=1):
            raise ValidationError(_("A price cannot change the past; leave this empty for now."))
        return start

    def clean_source(self) -> str:
        """The mark by which a reload of the price book knows whose row it is."""
        source = str(self.cleaned_data["source"])
        return source if source.startswith(OPERATOR) else f"{OPERATOR}: {source}"

    def clean(self) -> dict[str, Any] | None:
        data = self.cleaned_data
        open_rows = ModelPrice.objects.filter(
            superseded_at__isnull=True,
            effective_from__gte=data.get("effective_from") or now(),
            **{name: data.get(name) for name in PRICE_KEY},
        )
        if open_rows.exists():
            raise ValidationError(_("A later price of this model is already planned."))
        return data

    def _get_validation_exclusions(self) -> set[str]:
        """One open row per model: the new row closes the old one, so that is no error here."""
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return excluded | {"provider"}


@admin.register(ModelPrice)
class ModelPriceAdmin(ReadOnlyAdmin[ModelPrice]):
    """A new row supersedes the old one; numbers are never edited."""

    form = PriceForm
    list_display = [*PRICE_COLUMNS[:8], "effective_from", "superseded_at", "source"]
    list_filter = ["provider", "processing", ("superseded_at", admin.EmptyFieldListFilter)]
    search_fields = ["model"]
    ordering = ["provider", "model", "processing", "min_input_tokens", "-effective_from"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("billing.add_modelprice")

    def save_model(self, request: HttpRequest, obj: ModelPrice, form: Any, change: bool) -> None:
        new = NewPrice(**{name: getattr(obj, name) for name in PRICE_COLUMNS})
        saved = price_supersede(new, at=obj.effective_from, actor=actor_of(request))
        obj.pk = saved.pk


@admin.register(Baseline)
class BaselineAdmin(ReadOnlyAdmin[Baseline]):
    """Frozen: a new version is made with `manage.py baselines --freeze`."""

    list_display = ["__str__", "title", "frozen_at", "superseded_at", "is_default"]
    list_filter = ["name"]


@admin.register(Window)
class WindowAdmin(ReadOnlyAdmin[Window]):
    list_display = ["__str__", "period", "used", "in_flight", "limit", "end"]
    list_filter = ["scope_kind", "metric", "period"]
    search_fields = ["scope_id"]
    ordering = ["-start", "-rank"]

    @admin.display(description=_("spent"))
    def used(self, window: Window) -> str:
        return amount(window, window.spent)

    @admin.display(description=_("held"))
    def in_flight(self, window: Window) -> str:
        return amount(window, window.held)

    @admin.display(description=_("cap"))
    def limit(self, window: Window) -> str:
        return amount(window, window.cap)


def amount(window: Window, number: int) -> str:
    return format_usd(number) if window.metric == Metric.USD else f"{number:,}"


@admin.register(Reservation)
class ReservationAdmin(ReadOnlyAdmin[Reservation]):
    list_display = ["id", "call_id", "state", "provider", "model", "worst_case", "made", "lease"]
    list_filter = ["state", "provider"]
    search_fields = ["id", "call_id"]
    ordering = ["-created_ms"]

    @admin.display(description=_("held"), ordering="amount")
    def worst_case(self, reservation: Reservation) -> str:
        return format_usd(reservation.amount, places=6)

    @admin.display(description=_("made"), ordering="created_ms")
    def made(self, reservation: Reservation) -> datetime:
        return instant(reservation.created_ms)

    @admin.display(description=_("lease until"))
    def lease(self, reservation: Reservation) -> datetime:
        return instant(reservation.lease_until_ms)


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin[LedgerEntry]):
    list_display = ["at", "kind", "window", "moved", "reservation_id"]
    list_filter = ["kind"]
    list_select_related = ["window"]
    search_fields = ["reservation_id"]
    ordering = ["-pk"]

    @admin.display(description=_("when"))
    def at(self, entry: LedgerEntry) -> datetime:
        return instant(entry.at_ms)

    @admin.display(description=_("amount"))
    def moved(self, entry: LedgerEntry) -> str:
        return amount(entry.window, entry.delta)


@admin.register(UsageRecord)
class UsageRecordAdmin(ReadOnlyAdmin[UsageRecord]):
    list_display = [
        "at", "call_id", "attempt", "user_id", "call_kind", "deployment", "cache_layer", "outcome",
        "billed",
    ]
    list_filter = ["outcome", "model_class", "cache_layer", "is_economy"]
    search_fields = ["call_id"]
    ordering = ["-pk"]

    @admin.display(description=_("cost"), ordering="cost_nanos")
    def billed(self, record: UsageRecord) -> str:
        return format_usd(record.cost_nanos, places=6)
