"""What all admin pages share: an audit row for each change, read-only pages, money in dollars."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services import audit, snapshot
from costcontrol.lib.money import from_usd, to_usd

M = TypeVar("M", bound=Model)
MAX_NANOS = 2**63 - 1  # what a bigint holds

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin
    ModelForm = forms.ModelForm
else:  # Django's own classes take no type argument at run time

    class ModelAdmin(admin.ModelAdmin):
        def __class_getitem__(cls, model):
            return cls

    class ModelForm(forms.ModelForm):
        def __class_getitem__(cls, model):
            return cls


def actor_of(request: HttpRequest) -> str:
    return str(request.user)


def may_change(request: HttpRequest, whom: User | None) -> bool:
    """Only administrators change how staff sign in: their address, password, second factor."""
    is_staff = whom is not None and (whom.is_staff or whom.is_superuser)
    return bool(request.user.is_superuser or not is_staff)


class ListedAdmin(ModelAdmin[M]):
    """A list is called what it lists: Django's own title reads badly in Korean."""

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        title = {"title": capfirst(str(self.opts.verbose_name_plural))}
        return super().changelist_view(request, title | (extra_context or {}))


class AuditedAdmin(ListedAdmin[M]):
    """Writes an AuditEvent in the transaction of each change. Django opens it around the page."""

    def save_model(self, request: HttpRequest, obj: M, form: Any, change: bool) -> None:
        before = snapshot(type(obj)._default_manager.get(pk=obj.pk)) if change else None
        super().save_model(request, obj, form, change)
        if before != (after := snapshot(obj)):
            verb = "change" if change else "create"
            self.audit(request, obj, verb, before=before, after=after)

    def delete_model(self, request: HttpRequest, obj: M) -> None:
        self.audit(request, obj, "delete", before=snapshot(obj))
        super().delete_model(request, obj)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[M]) -> None:
        for row in queryset:
            self.delete_model(request, row)

    def audit(
        self, request: HttpRequest, obj: M, verb: str, *, before: Any = None, after: Any = None
    ) -> None:
        action = f"{self.opts.model_name}_{verb}"
        audit(actor_of(request), action, str(obj)[:200], before, after)


class ReadOnlyAdmin(ListedAdmin[M]):
    """Rows that only the product writes."""

    show_full_result_count = False  # these tables grow without end

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False


class DollarsField(forms.CharField):
    """Dollars for people, integer nano-USD for the row. Never a float."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("help_text", _("In dollars, as 0.05 or 100. Empty: no limit."))
        super().__init__(empty_value=None, **options)

    def prepare_value(self, value: Any) -> Any:
        return format(to_usd(value), "f") if isinstance(value, int) else value

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return None if text is None else dollars(str(text))


def dollars(text: str) -> int:
    """Nanos of an amount that a person typed. Raises ValidationError."""
    cleaned = text.strip().removeprefix("$").replace(",", "")
    try:
        nanos = int(from_usd(cleaned)) if Decimal(cleaned).is_finite() else -1
    except (ArithmeticError, ValueError):
        nanos = -1
    if not 0 <= nanos <= MAX_NANOS:
        raise ValidationError(
            _("%(text)s is not an amount: write dollars, 0 or more, with at most 9 decimals."),
            params={"text": repr(text)},
        )
    return nanos
