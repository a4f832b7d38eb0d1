"""Philosophers' patterns as their pages show them: what is stored, what recurs, what is missing."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from costcontrol.dashboard.caches_words import name_in, side_of
from costcontrol.dashboard.components import (
    Cell,
    Column,
    KpiCard,
    Table,
    count,
    link,
    money,
    text,
)
from costcontrol.dashboard.labels import language
from routing.debates.types import LANGUAGES
from routing.models import StoredAnswer
from routing.reports import philosophers as report
from routing.reports.arguments import Argument
from routing.reports.philosophers import Patterns, PhilosopherLine, Spoken


@dataclass(frozen=True, slots=True)
class SpokenView:
    """What is stored in one language."""

    code: str
    name: str
    spoken: Spoken
    cards: tuple[KpiCard, ...]
    arguments: Table
    terms: Table
    missing_url: str


@dataclass(frozen=True, slots=True)
class PatternsView:
    name: str
    key: str
    spoken: tuple[SpokenView, ...]
    best: Table
    is_empty: bool


def people(*, now: datetime) -> Table:
    numbers = (_("Entries"), _("Topics"), _("Served"), _("Saved"), _("Good"), _("Bad"))
    columns = (Column(_("Philosopher")), *(Column(name, is_number=True) for name in numbers))
    return Table(
        _("Philosophers"), columns, tuple(map(_person, report.lines(now=now))),
        is_caption_hidden=True,
        empty_text=_("There are no philosophers in the catalogue. `manage.py load_defaults` "
                     "brings the product's."),
    )


def _person(line: PhilosopherLine) -> tuple[Cell, ...]:
    return (
        link(name_in(line.name_ko, line.name_en),
             reverse("dashboard:caches_philosopher", args=[line.key])),
        count(line.entries), count(line.topics), count(line.served),
        money(line.saved_nanos, places=4), count(line.ups), count(line.downs),
    )


def patterns_view(key: str, *, now: datetime) -> PatternsView | None:
    found = report.patterns(key, languages=LANGUAGES, now=now)
    if found is None:
        return None
    person = found.philosopher
    return PatternsView(
        name_in(person.name_ko, person.name_en), key,
        tuple(_spoken(each, found) for each in found.spoken), _best(found), found.is_empty,
    )


def _spoken(each: Spoken, found: Patterns) -> SpokenView:
    offered = len(found.topics)
    cards = (
        KpiCard(_("Entries"), count(each.entries)),
        KpiCard(_("Topics"), count(each.topics),
                note=_("of %(number)d on offer") % {"number": offered}),
        KpiCard(_("Served"), count(each.served)),
        KpiCard(_("Topics without a stored opening"), count(each.missing)),
    )
    return SpokenView(
        each.language, language(each.language), each, cards, _arguments(each, found),
        _terms(each), f"{reverse('dashboard:caches_answers')}?philosopher="
        f"{found.philosopher.key}&language={each.language}",
    )


def _arguments(each: Spoken, found: Patterns) -> Table:
    columns = (Column(_("Argument")), Column(_("Topics"), is_number=True),
               Column(_("Answers"), is_number=True), Column(_("First found in")))
    rows = tuple(_argument(one, found) for one in each.arguments)
    return Table(
        _("Arguments that recur in %(language)s") % {"language": language(each.language)},
        columns, rows, is_caption_hidden=True,
        empty_text=_("No argument stands in more than one stored answer in nearly the same "
                     "words."),
    )


def _argument(one: Argument, found: Patterns) -> tuple[Cell, ...]:
    first = one.claims[0]
    topic = found.topics.get(first.topic_key)
    title = name_in(topic.ko, topic.en) if topic else first.topic_key
    return (
        text(one.text), count(one.topics), count(len(one.answers)),
        link(title or _("this answer"),
             reverse("dashboard:caches_answer", args=[first.answer_id]), note=side_of(first.side)),
    )


def _terms(each: Spoken) -> Table:
    columns = (Column(_("Word")), Column(_("Topics"), is_number=True),
               Column(_("Arguments"), is_number=True))
    rows = tuple((text(one.word), count(one.topics), count(one.claims)) for one in each.terms)
    return Table(
        _("Words of arguments in %(language)s") % {"language": language(each.language)},
        columns, rows, is_caption_hidden=True,
        empty_text=_("No word is used on more than one topic."),
    )


def _best(found: Patterns) -> Table:
    columns = (Column(_("Answer")), Column(_("Topic")), Column(_("Good"), is_number=True),
               Column(_("Bad"), is_number=True), Column(_("Served"), is_number=True))
    rows = tuple(_rated(row, found) for row in found.best)
    return Table(_("Variants that were rated well"), columns, rows, is_caption_hidden=True,
                 empty_text=_("Nobody has rated a stored answer of this philosopher well yet."))


def _rated(row: StoredAnswer, found: Patterns) -> tuple[Cell, ...]:
    topic = found.topics.get(row.topic_key)
    name = _("%(kind)s, variant %(number)d") % {"kind": row.kind, "number": row.variant + 1}
    return (
        link(name, reverse("dashboard:caches_answer", args=[row.pk]),
             note=language(row.language)),
        text(name_in(topic.ko, topic.en) if topic else row.topic_key or None),
        count(row.ups), count(row.downs), count(row.served),
    )
