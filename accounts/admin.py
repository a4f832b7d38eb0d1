"""Staff pages of accounts: keys and the audit trail; the forms of users and tiers.

Users and tiers are registered in billing/admin.py, because another plan also moves caps there.
"""

from collections.abc import Mapping
from typing import Any

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin, messages
from django.contrib.auth import forms as auth_forms
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts import addresses, admin_factors  # noqa: F401  registers its page
from accounts.audited import (
    AuditedAdmin,
    DollarsField,
    ModelForm,
    ReadOnlyAdmin,
    actor_of,
    may_change,
)
from accounts.models import ApiKey, AuditEvent, Invitation, Member, Organisation, Tier, User
from accounts.services import api_key_issue, api_key_revoke
from costcontrol.lib.clock import now
from costcontrol.lib.money import format_usd

for each in (EmailAddress, UserSession):  # allauth's own pages show secrets
    admin.site.unregister(each)

CLASS_LABELS = {
    "local": _("local"), "economy": _("economy"), "mid": _("mid"), "premium": _("premium")
}
STAFF_FIELDS = ("is_staff", "is_superuser", "groups", "user_permissions")
SCOPE_LABELS = {"call": _("make calls"), "service": _("speak for end users")}


def checkboxes(labels: Mapping[str, Any], **options: Any) -> forms.MultipleChoiceField:
    """A JSON list that can hold these names only."""
    return forms.MultipleChoiceField(
        choices=list(labels.items()), widget=forms.CheckboxSelectMultiple, **options
    )


class TierForm(ModelForm[Tier]):
    usd_per_day_nanos = DollarsField(label=_("Money ceiling per user and day"), required=False)
    allowed_classes = checkboxes(CLASS_LABELS, label=_("Model classes it may use"))

    class Meta:
        model = Tier
        fields = "__all__"


class TierAdmin(AuditedAdmin[Tier]):
    form = TierForm
    list_display = ["name", "title", "route_mode", "debates_per_day", "requests_per_day", "ceiling"]

    def get_readonly_fields(self, request: HttpRequest, obj: Tier | None = None) -> list[str]:
        return ["name"] if obj else []  # it is the key that users and usage rows refer to

    def has_delete_permission(self, request: HttpRequest, obj: Tier | None = None) -> bool:
        return False

    @admin.display(description=_("money ceiling a day"))
    def ceiling(self, tier: Tier) -> str:
        nanos = tier.usd_per_day_nanos
        return "–" if nanos is None else format_usd(nanos, places=2)


def free_address(email: str, user: User) -> str:
    if addresses.is_taken(email, by_others_than=user.pk):
        raise ValidationError(_("Another account has confirmed this address."))
    return email


class UserAddForm(auth_forms.AdminUserCreationForm):  # type: ignore[type-arg]
    email = forms.EmailField(label=_("Email"))  # only end users of a service have none

    class Meta:
        model = User
        fields = ("email", "tier")
        field_classes: dict[str, Any] = {}

    def clean_email(self) -> str:
        email = User.objects.normalize_email(self.cleaned_data["email"]).lower()
        return free_address(email, self.instance)


class UserChangeForm(auth_forms.UserChangeForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = "__all__"
        field_classes: dict[str, Any] = {}

    def clean_email(self) -> str | None:
        email = (self.cleaned_data["email"] or "").lower() or None
        return email and free_address(email, self.instance)


class UserAdmin(AuditedAdmin[User], DjangoUserAdmin):  # type: ignore[type-arg]
    """Users are deactivated, not deleted: their usage rows stay."""

    form = UserChangeForm
    add_form = UserAddForm
    ordering = ["email"]
    list_display = ["__str__", "tier", "is_active", "is_staff", "created_at"]
    list_filter = ["tier", "is_active", "is_staff"]
    list_select_related = ["tier"]
    search_fields = ["email", "external_id"]
    readonly_fields = ["owner", "external_id", "created_at", "last_login"]
    fieldsets = (
        (None, {"fields": ("email", "password", "tier", "is_active")}),
        (_("End user of a service"), {"fields": ("owner", "external_id")}),
        (_("Staff"), {"fields": STAFF_FIELDS}),
        (_("Dates"), {"fields": ("created_at", "last_login")}),
    )
    add_fieldsets = (
        (None, {"fields": ("email", "tier", "usable_password", "password1", "password2")}),
    )

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """An address that staff wrote down need not be confirmed."""
        super().save_model(request, obj, form, change)
        if "email" in form.changed_data:
            addresses.address_vouch(obj)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Who may edit people does not make themselves an administrator."""
        usual = super().get_readonly_fields(request, obj)
        return usual if request.user.is_superuser else (*usual, *STAFF_FIELDS)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Nor do they set a password of staff and sign in as them."""
        return super().has_change_permission(request, obj) and may_change(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False


class ApiKeyForm(ModelForm[ApiKey]):
    scopes = checkboxes(SCOPE_LABELS, label=_("What it may do"), initial=["call"])

    class Meta:
        model = ApiKey
        fields = ("user", "name", "scopes", "expires_at")


@admin.register(ApiKey)
class ApiKeyAdmin(AuditedAdmin[ApiKey]):
    """Keys are issued and revoked, never edited. The secret is shown once, when it is issued."""

    form = ApiKeyForm
    actions = ["revoke"]
    autocomplete_fields = ["user"]
    list_display = ["__str__", "name", "user", "scopes", "created_at", "expires_at", "revoked_at"]
    list_select_related = ["user"]
    search_fields = ["prefix", "name", "user__email"]
    shown = ["user", "name", "prefix", "scopes", "created_at", "expires_at", "last_used_at"]

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        return [*self.shown, "revoked_at"] if obj else list(ApiKeyForm.Meta.fields)

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_apikey")

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        key, secret = api_key_issue(
            user=obj.user,
            name=obj.name,
            scopes=obj.scopes,
            expires_at=obj.expires_at,
            actor=actor_of(request),
        )
        obj.pk, obj.prefix = key.pk, key.prefix
        message = gettext("The key, shown only this once: %(secret)s") % {"secret": secret}
        self.message_user(request, message, level=messages.WARNING)

    @admin.action(description=_("Revoke the selected keys"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        at, actor = now(), actor_of(request)
        count = sum(api_key_revoke(key, at=at, actor=actor) for key in queryset)
        message = ngettext("%(count)d key revoked.", "%(count)d keys revoked.", count)
        self.message_user(request, message % {"count": count})


class OrganisationAdmin(AuditedAdmin[Organisation]):
    """Name and plan. Who is in it is the owners' business; closing it is too."""

    fields = ["name", "tier", "uuid", "created_at"]
    readonly_fields = ["uuid", "created_at"]
    list_display = ["name", "tier", "members", "created_at"]
    list_select_related = ["tier"]
    search_fields = ["name", "members__user__email"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Organisation]:
        return super().get_queryset(request).annotate(size=Count("members", distinct=True))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: Organisation | None = None
    ) -> bool:
        return False

    @admin.display(description=_("members"))
    def members(self, organisation: Organisation) -> int:
        return int(organisation.size)  # type: ignore[attr-defined]  # counted with the list


@admin.register(Member)
class MemberAdmin(ReadOnlyAdmin[Member]):
    list_display = ["user", "organisation", "role", "joined_at"]
    list_filter = ["role"]
    list_select_related = ["user", "organisation"]
    search_fields = ["user__email", "organisation__name"]


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin[Invitation]):
    exclude = ["digest"]
    list_display = ["email", "organisation", "role", "invited_by", "expires_at", "accepted_at"]
    list_select_related = ["organisation", "invited_by"]
    search_fields = ["email", "organisation__name"]


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin[AuditEvent]):
    list_display = ["at", "actor", "action", "target"]
    list_filter = ["action"]
    search_fields = ["actor", "target"]
    date_hierarchy = "at"
