"""Django's admin behind our own door: one sign-in page, and the second factor for staff."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from accounts.second_factor import is_missing

View = Callable[..., HttpResponseBase]


class AdminSite(admin.AdminSite):
    def admin_view(self, view: View, cacheable: bool = False) -> Any:
        guarded = super().admin_view(view, cacheable)

        @wraps(guarded)
        def factor_first(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if self.has_permission(request) and is_missing(request.user):
                return redirect("mfa_index")
            return guarded(request, *args, **kwargs)

        return factor_first

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """There is one sign-in page, which counts wrong passwords and asks for second factors."""
        if request.user.is_authenticated:
            if not self.has_permission(request):
                raise PermissionDenied  # the sign-in page would lead them here again, for ever
            return redirect("admin:index")
        there = request.GET.get("next", "") or reverse("admin:index")
        return redirect_to_login(there, login_url="login")

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        return redirect("account_change_password")
