"""Staff pages of the topic resolver: words that stand for a topic, and from where on it believes a
likeness. Vectors are numbers for nobody's eyes, and have no page."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.audited import AuditedAdmin, ModelForm, actor_of
from costcontrol.lib import clock
from costcontrol.lib.errors import BadRequest
from costcontrol.lib.sentences import said
from routing.debates.topic_aliases import MAX_NORM
from routing.debates.topic_choices import words_of
from routing.debates.topics import title_match, titles_on_offer
from routing.models import TopicAlias, TopicCalibration
from routing.staff_topics import alias_decide

Status, Source = TopicAlias.Status, TopicAlias.Source


class AliasForm(ModelForm[TopicAlias]):
    """Words that staff enter are in use at once."""

    class Meta:
        model = TopicAlias
        fields = ("text", "topic", "is_swapped", "note")

    def clean_text(self) -> str:
        try:
            words = words_of(self.cleaned_data["text"])
        except BadRequest as error:
            raise ValidationError(said(error.message)) from None
        if len(words.norm) > MAX_NORM:
            raise ValidationError(_("These words are too long."))
        if title_match(words.norm, titles_on_offer()):
            raise ValidationError(_("These are the very words of a question."))
        if TopicAlias.objects.filter(norm=words.norm, status=Status.ACTIVE).exists():
            raise ValidationError(_("These words are in use already. Quarantine that row first."))
        self.instance.norm, self.instance.language = words.norm, words.language
        return words.text

    def clean(self) -> dict[str, Any]:
        """Words that somebody proposed are approved, not entered once more."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        known = TopicAlias.objects.filter(
            norm=self.instance.norm, topic=given.get("topic"),
            is_swapped=bool(given.get("is_swapped")),
        )
        if "text" in given and known.exists():
            raise self.instance.unique_error_message(TopicAlias, ("norm", "topic", "is_swapped"))
        return given


@admin.register(TopicAlias)
class TopicAliasAdmin(AuditedAdmin[TopicAlias]):
    """What users proposed is decided by the actions; its words are theirs and stay as they are."""

    form = AliasForm
    list_display = ["text", "topic", "is_swapped", "status", "source", "people", "created_at"]
    list_filter = ["status", "source", "language", "is_swapped"]
    search_fields = ["text", "topic__key", "topic__ko", "topic__en"]
    list_select_related = ["topic"]
    autocomplete_fields = ["topic"]
    ordering = ["-created_at", "-pk"]
    actions = ["approve", "quarantine"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[TopicAlias]:
        return super().get_queryset(request).annotate(votes_count=Count("votes"))

    def has_change_permission(self, request: HttpRequest, obj: TopicAlias | None = None) -> bool:
        return obj is None and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: TopicAlias | None = None) -> bool:
        return False  # what was reported must not come back; the rest goes with its account

    def save_model(self, request: HttpRequest, obj: TopicAlias, form: Any, change: bool) -> None:
        obj.status, obj.source = Status.ACTIVE, Source.STAFF
        obj.created_at = obj.decided_at = clock.now()
        super().save_model(request, obj, form, change)

    @admin.display(description=_("users"), ordering="votes_count")
    def people(self, row: TopicAlias) -> int:
        return int(getattr(row, "votes_count", 0))

    @admin.action(description=_("Approve: these words mean this topic for everybody"))
    def approve(self, request: HttpRequest, queryset: QuerySet[TopicAlias]) -> None:
        done = [self._decide(request, row, Status.ACTIVE) for row in queryset]
        self._tell(request, done)

    @admin.action(description=_("Quarantine: these words never mean this topic"))
    def quarantine(self, request: HttpRequest, queryset: QuerySet[TopicAlias]) -> None:
        done = [self._decide(request, row, Status.QUARANTINED) for row in queryset]
        self._tell(request, done)

    def _decide(self, request: HttpRequest, row: TopicAlias, status: TopicAlias.Status) -> bool:
        return bool(
            alias_decide(row.pk, status=status, actor=actor_of(request), now=clock.now())
        )

    def _tell(self, request: HttpRequest, done: list[bool]) -> None:
        if count := sum(done):
            text = ngettext("%(count)d text was decided.", "%(count)d texts were decided.", count)
            self.message_user(request, text % {"count": count}, messages.SUCCESS)
        if count := len(done) - sum(done):
            text = ngettext(
                "%(count)d text is in use for another topic: quarantine that row first.",
                "%(count)d texts are in use for other topics: quarantine those rows first.", count,
            )
            self.message_user(request, text % {"count": count}, messages.WARNING)


class CalibrationForm(ModelForm[TopicCalibration]):
    is_active = forms.BooleanField(label=_("In use"), required=False)

    class Meta:
        model = TopicCalibration
        fields = ("is_active",)


@admin.register(TopicCalibration)
class TopicCalibrationAdmin(AuditedAdmin[TopicCalibration]):
    """Measured by `manage.py calibrate_topics`. Only whether it is in use is for people to say."""

    form = CalibrationForm
    list_display = [
        "language", "embedder_name", "threshold", "floor", "topics", "errors", "bound", "source",
        "made_at", "is_active",
    ]
    list_filter = ["language", "embedder_name", "is_active"]
    readonly_fields = [
        "language", "embedder_name", "embedder", "threshold", "floor", "judged", "topics",
        "errors", "bound", "source", "made_at",
    ]
    actions = ["activate", "deactivate"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: TopicCalibration | None = None
    ) -> bool:
        return False  # a shipped one would come back at the next start; switch it off instead

    def save_model(
        self, request: HttpRequest, obj: TopicCalibration, form: Any, change: bool
    ) -> None:
        from routing.debates.topic_index import forget  # numpy

        super().save_model(request, obj, form, change)
        forget()

    @admin.action(description=_("Use these"))
    def activate(self, request: HttpRequest, queryset: QuerySet[TopicCalibration]) -> None:
        self._switch(request, queryset, is_active=True)

    @admin.action(description=_("Use these no more: topics are asked about instead"))
    def deactivate(self, request: HttpRequest, queryset: QuerySet[TopicCalibration]) -> None:
        self._switch(request, queryset, is_active=False)

    def _switch(
        self, request: HttpRequest, queryset: QuerySet[TopicCalibration], *, is_active: bool
    ) -> None:
        for row in queryset:
            row.is_active = is_active
            self.save_model(request, row, None, change=True)
