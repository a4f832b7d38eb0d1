"""The staff page of stored answers: looked at only. What ends them is under the caches' own pages.

Words of philosophers that users made are not here: what they write is theirs (docs/catalogue.md).
"""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.audited import ReadOnlyAdmin
from costcontrol.lib.money import format_usd
from routing.models import StoredAnswer


@admin.register(StoredAnswer)
class StoredAnswerAdmin(ReadOnlyAdmin[StoredAnswer]):
    list_display = [
        "made_at", "kind", "topic_key", "side", "philosopher", "language", "variant", "origin",
        "served", "saved", "ups", "downs", "ended_why",
    ]
    list_filter = ["kind", "language", "origin", "ended_why"]
    search_fields = ["topic_key", "philosopher", "call_id"]
    ordering = ["-pk"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[StoredAnswer]:
        return super().get_queryset(request).filter(owner_id=None)

    @admin.display(description=_("saved"), ordering="saved_nanos")
    def saved(self, answer: StoredAnswer) -> str:
        return format_usd(answer.saved_nanos, places=4)
