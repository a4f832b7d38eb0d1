"""One stored answer as its page shows it: text, key, money, ratings, and its sibling variants."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from costcontrol import formats
from costcontrol.dashboard.caches_words import (
    key_in_words,
    name_in,
    origin_of,
    side_of,
    state_of_answer,
)
from costcontrol.dashboard.components import (
    Badge,
    Column,
    KpiCard,
    Table,
    count,
    money,
    text,
    when,
)
from costcontrol.dashboard.labels import language
from costcontrol.dashboard.layer_names import layer_name
from routing.cache.histories import Serving
from routing.call_kinds import CALL_KINDS
from routing.models import StoredAnswer
from routing.reports.stored import LAYER_OF
from routing.reports.stored_entry import Entry

ENDS = {
    StoredAnswer.End.WRONG: gettext_lazy("It is wrong, or about another topic"),
    StoredAnswer.End.PURGED: gettext_lazy("It should not be served any more"),
}


@dataclass(frozen=True, slots=True)
class Sibling:
    """Another variant beside this one."""

    row: StoredAnswer
    url: str
    badge: Badge
    is_this: bool


@dataclass(frozen=True, slots=True)
class AnswerView:
    """`made_url`: of the call that wrote it."""

    row: StoredAnswer
    badge: Badge
    topic: str
    side: str
    language: str
    layer: str
    origin: str
    cards: tuple[KpiCard, ...]
    key: tuple[tuple[str, str], ...]
    made_url: str
    philosopher_url: str
    siblings: tuple[Sibling, ...]
    others: int
    servings: Table
    ends: tuple[tuple[str, str], ...]
    zone: str
    is_served: bool


def answer_view(entry: Entry, *, now: datetime) -> AnswerView:
    row, zone = entry.history.answer, str(settings.DEFAULT_ZONE)
    person = reverse("dashboard:caches_philosopher", args=[row.philosopher]) \
        if row.philosopher else ""
    return AnswerView(
        row=row, badge=state_of_answer(row, now=now),
        topic=name_in(entry.topic.ko, entry.topic.en) if entry.topic else row.topic_key,
        side=side_of(row.side), language=language(row.language),
        layer=layer_name(LAYER_OF[row.origin]), origin=origin_of(row.origin),
        cards=_cards(entry), key=tuple(key_in_words(row.fields)),
        made_url=reverse("dashboard:call", args=[row.call_id]), philosopher_url=person,
        siblings=_siblings(entry, now), others=entry.others,
        servings=_servings(entry.history.servings, zone),
        ends=tuple((str(value), str(words)) for value, words in ENDS.items()), zone=zone,
        is_served=row.ended_at is None and row.hard_until > now,
    )


def _cards(entry: Entry) -> tuple[KpiCard, ...]:
    row, seen = entry.history.answer, entry.history.seen_by
    people = ngettext("seen by %(number)s user", "seen by %(number)s users", seen)
    people %= {"number": formats.count(seen)}
    kind = CALL_KINDS.get(row.kind)
    if kind is not None and not kind.is_streamed:
        people = _("only prompts read it, nobody sees it")
    return (
        KpiCard(_("Served"), count(row.served), note=people),
        KpiCard(_("Cost of making it"), money(row.cost_nanos)),
        KpiCard(_("Saved (estimated)"), money(row.saved_nanos), note=_paid_back(row)),
        KpiCard(_("Good ratings"), count(row.ups)),
        KpiCard(_("Bad ratings"), count(row.downs)),
    )


def _paid_back(row: StoredAnswer) -> str:
    """Against the baseline of each serving."""
    if not row.cost_nanos:
        return _("making it cost nothing")
    if row.saved_nanos < row.cost_nanos:
        return _("not paid back yet")
    times = f"{row.saved_nanos / row.cost_nanos:.1f}"
    return _("paid back %(times)s times") % {"times": times}


def _siblings(entry: Entry, now: datetime) -> tuple[Sibling, ...]:
    """In the order of the variants, this one among them."""
    this = entry.history.answer
    rows = sorted((this, *entry.siblings), key=lambda row: (row.variant, row.pk))
    return tuple(
        Sibling(
            row, reverse("dashboard:caches_answer", args=[row.pk]),
            state_of_answer(row, now=now), row.pk == this.pk,
        )
        for row in rows
    )


def _servings(servings: Sequence[Serving], zone: str) -> Table:
    """When and under which plan; not to whom."""
    columns = (Column(_("When")), Column(_("Layer")), Column(_("Plan")),
               Column(_("Saved"), is_number=True))
    rows = tuple(
        (when(each.at, zone=zone), text(layer_name(each.layer)), text(each.tier),
         money(each.saved_nanos, places=4))
        for each in servings
    )
    return Table(_("The last servings"), columns, rows, is_caption_hidden=True,
                 empty_text=_("It was not served to anybody yet."))
