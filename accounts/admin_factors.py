"""The admin's page of second factors: to take off one that is lost."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.http import HttpRequest

from accounts.audited import AuditedAdmin, may_change

admin.site.unregister(Authenticator)  # allauth's own page shows secrets


@admin.register(Authenticator)
class SecondFactorAdmin(AuditedAdmin[Authenticator]):
    """Taken off an account whose phone and codes are lost; never looked into, it is a secret."""

    list_display = ["user", "type", "created_at", "last_used_at"]
    list_select_related = ["user"]
    search_fields = ["user__email"]
    fields = readonly_fields = ("user", "type", "created_at", "last_used_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may = super().has_delete_permission(request, obj)
        return may and may_change(request, obj.user if obj else None)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.audit(request, obj, "delete", before={"type": obj.type})  # without the secret
        obj.delete()
