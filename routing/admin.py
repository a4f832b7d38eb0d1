"""Staff pages of routing: deployments, and the routing table as drafts that are published."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.admin import checkboxes
from accounts.audited import AuditedAdmin, ModelForm, actor_of
from billing.prices import PriceTable
from costcontrol.lib.clock import now
from routing import admin_answers, admin_catalogue, admin_topics  # noqa: F401  register their pages
from routing.models import Deployment, RoutePolicy
from routing.services import PolicyError, cells_check, next_version, policy_publish

LANGUAGES = {"en": _("English"), "ko": _("Korean")}


class DeploymentForm(ModelForm[Deployment]):
    base_url = forms.URLField(
        label=_("Address"), required=False, assume_scheme="http",
        help_text=_("Empty: the provider's usual one."),
    )
    languages = checkboxes(LANGUAGES, label=_("Languages it speaks"), initial=list(LANGUAGES))
    timeout_s = forms.FloatField(
        label=_("Time-out, seconds"), min_value=1, max_value=3600, initial=120
    )
    token_factor = forms.FloatField(
        label=_("Token estimate factor"), min_value=0.1, max_value=10, initial=1,
        help_text=_("Billed tokens for each token of our own count."),
    )

    class Meta:
        model = Deployment
        fields = "__all__"

    def clean(self) -> dict[str, Any] | None:
        """What has no price cannot be called, so it cannot be enabled either."""
        data = self.cleaned_data
        if data.get("can_search") and data.get("provider") != Deployment.Provider.ANTHROPIC:
            raise ValidationError(_("Only models of Anthropic search the web here so far."))
        provider, model = data.get("price_provider") or data.get("provider"), data.get("model")
        if not (data.get("is_enabled") and provider and model):
            return data
        if not PriceTable.load(now()).has(provider, model):
            raise ValidationError(
                _("There is no price for %(name)s. Add one under model prices, or disable this."),
                params={"name": f"{provider}/{model}"},
            )
        return data


@admin.register(Deployment)
class DeploymentAdmin(AuditedAdmin[Deployment]):
    """The name is what callers and usage rows use, so it stays; disable what is not wanted."""

    form = DeploymentForm
    list_display = ["name", "model_class", "priority", "languages", "max_concurrency", "is_enabled"]
    list_filter = ["model_class", "provider", "is_enabled"]
    search_fields = ["name"]

    def get_readonly_fields(
        self, request: HttpRequest, obj: Deployment | None = None
    ) -> list[str]:
        return ["name"] if obj else []


class PolicyForm(ModelForm[RoutePolicy]):
    class Meta:
        model = RoutePolicy
        fields = ("cells",)

    def clean_cells(self) -> Any:
        cells = self.cleaned_data["cells"]
        try:
            cells_check(cells)
        except PolicyError as error:
            raise ValidationError(str(error)) from None
        return cells


@admin.register(RoutePolicy)
class RoutePolicyAdmin(AuditedAdmin[RoutePolicy]):
    """Drafts are edited; publishing one retires the table before it."""

    form = PolicyForm
    actions = ["publish"]
    list_display = ["version", "status", "created_at", "published_at"]

    def get_fields(self, request: HttpRequest, obj: RoutePolicy | None = None) -> Any:
        return ["version", "status", "cells", "created_at", "published_at"] if obj else ["cells"]

    def get_readonly_fields(
        self, request: HttpRequest, obj: RoutePolicy | None = None
    ) -> list[str]:
        return ["version", "status", "created_at", "published_at"]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new draft begins as a copy of what is in force."""
        published = RoutePolicy.objects.filter(status=RoutePolicy.Status.PUBLISHED).first()
        return {"cells": published.cells} if published else {}

    def has_change_permission(self, request: HttpRequest, obj: RoutePolicy | None = None) -> bool:
        is_open = obj is None or obj.status == RoutePolicy.Status.DRAFT
        return is_open and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: RoutePolicy | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: RoutePolicy, form: Any, change: bool) -> None:
        if not change:
            obj.version = next_version()
        super().save_model(request, obj, form, change)

    @admin.action(description=_("Publish the selected draft"), permissions=["change"])
    def publish(self, request: HttpRequest, queryset: QuerySet[RoutePolicy]) -> None:
        chosen = list(queryset)
        if len(chosen) != 1:
            refusal = _("Choose one draft to publish.")
            self.message_user(request, refusal, level=messages.ERROR)
            return
        try:
            policy = policy_publish(chosen[0], at=now(), actor=actor_of(request))
        except PolicyError as error:
            self.message_user(request, str(error), level=messages.ERROR)
            return
        message = gettext("Version %(version)d is in force.") % {"version": policy.version}
        self.message_user(request, message)
