"""Staff pages of the catalogue: philosophers, topics, kinds of call.

Philosophers that users made are not here: what they write is theirs (docs/catalogue.md).
"""

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.audited import AuditedAdmin
from accounts.services import snapshot
from costcontrol.lib.sentences import said
from routing.call_kinds import PURPOSES
from routing.catalogue_forms import CallKindForm, PhilosopherForm, TopicForm
from routing.debates.cards import Draft
from routing.debates.categories import CATEGORIES
from routing.debates.shipped import CARD
from routing.debates.types import LANGUAGES
from routing.debates.versions import is_same, version_add
from routing.models import CallKindRow, Philosopher, Topic

LANGUAGE_LABELS = {"ko": _("Korean"), "en": _("English")}


@admin.register(Philosopher)
class PhilosopherAdmin(AuditedAdmin[Philosopher]):
    """Of the catalogue only. A change is a new version; old ones stay to be looked at, for
    debates that were held with them."""

    form = PhilosopherForm
    list_display = ["name", "key", "version", "is_current", "is_active", "created_at"]
    list_filter = ["is_current", "is_active"]
    search_fields = ["key", "name_ko", "name_en"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Philosopher]:
        return super().get_queryset(request).filter(owner_id=None)

    def get_fieldsets(self, request: HttpRequest, obj: Philosopher | None = None) -> Any:
        state = ["version", "is_current", "created_at"] if obj else []
        top = ["key", *state, "is_active", "name_ko", "name_en"]
        if obj and not self.has_change_permission(request, obj):
            return [(None, {"fields": [*top, "card"]})]
        cards = [
            (LANGUAGE_LABELS[code], {"fields": [f"{code}_{name}" for name in CARD]})
            for code in LANGUAGES
        ]
        return [(None, {"fields": [*top, "strategies"]}), *cards]

    def get_readonly_fields(
        self, request: HttpRequest, obj: Philosopher | None = None
    ) -> list[str]:
        return ["key", "version", "is_current", "created_at"] if obj else []

    def has_change_permission(self, request: HttpRequest, obj: Philosopher | None = None) -> bool:
        is_open = obj is None or obj.is_current
        return is_open and super().has_change_permission(request, obj)

    def has_delete_permission(
        self, request: HttpRequest, obj: Philosopher | None = None
    ) -> bool:
        return False  # debates name them; take them off offer instead

    def change_view(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        options["extra_context"] = {"show_save_and_continue": False}  # that page is the old version
        return super().change_view(request, *args, **options)

    def save_model(
        self, request: HttpRequest, obj: Philosopher, form: Any, change: bool
    ) -> None:
        draft: Draft = form.draft
        before = Philosopher.objects.get(pk=obj.pk) if change else None
        if before is None or is_same(before, draft):  # a new one, or merely on or off offer
            for name, value in draft.columns.items():
                setattr(obj, name, value)
            super().save_model(request, obj, form, change)
            return
        made = version_add(before, draft, is_active=obj.is_active)
        self.audit(request, made, "change", before=snapshot(before), after=snapshot(made))
        obj.pk, obj.version = made.pk, made.version  # what the page says was changed

    @admin.display(description=_("name"), ordering="name_en")
    def name(self, row: Philosopher) -> str:
        return row.name_ko if (get_language() or "").startswith("ko") else row.name_en


def _resolver_prepare() -> None:
    """Loaded only then: every process with an admin imports this module."""
    from routing.debates.topic_calibration import resolver_prepare

    resolver_prepare()


class CategoryFilter(admin.SimpleListFilter):
    title = _("category")
    parameter_name = "category"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(key, said(name)) for key, name in CATEGORIES.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Topic]) -> QuerySet[Topic]:
        return queryset.filter(category=self.value()) if self.value() else queryset


@admin.register(Topic)
class TopicAdmin(AuditedAdmin[Topic]):
    form = TopicForm
    list_display = ["en", "ko", "about", "popularity_rank", "is_active"]
    list_filter = [CategoryFilter, "form", "is_active"]
    search_fields = ["key", "ko", "en"]

    def get_readonly_fields(self, request: HttpRequest, obj: Topic | None = None) -> list[str]:
        return ["key"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Topic | None = None) -> bool:
        return False  # the next start would bring a shipped one back; take it off offer instead

    def save_model(self, request: HttpRequest, obj: Topic, form: Any, change: bool) -> None:
        """A new title means something else to those who type it."""
        super().save_model(request, obj, form, change)
        if {"ko", "en"} & set(form.changed_data) or not change:
            transaction.on_commit(_resolver_prepare)

    @admin.display(description=_("category"), ordering="category")
    def about(self, row: Topic) -> str:
        return said(CATEGORIES.get(row.category, row.category))


@admin.register(CallKindRow)
class CallKindAdmin(AuditedAdmin[CallKindRow]):
    """Their names are the code's: prompts are written for them."""

    form = CallKindForm
    fields = [
        "name", "what_for", "is_enabled", "complexity", "complexity_alone", "max_output_tokens",
        "latency", "is_streamed", "key_fields", "variants", "ttl_days", "may_be_template",
        "is_batchable",
    ]
    readonly_fields = ["name", "what_for", "latency", "is_streamed", "key_fields"]
    list_display = ["name", "what_for", "complexity", "max_output_tokens", "is_enabled"]
    list_filter = ["complexity", "is_enabled"]
    search_fields = ["name"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: CallKindRow | None = None
    ) -> bool:
        return False

    @admin.display(description=_("purpose"))
    def what_for(self, row: CallKindRow) -> str:
        return said(PURPOSES.get(row.name, row.purpose))
