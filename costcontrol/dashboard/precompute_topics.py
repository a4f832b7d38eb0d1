"""Topics on the page about answers made ahead: where nobody came, and what is left out."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from costcontrol import formats
from costcontrol.dashboard.caches_words import name_in
from routing.models import Topic
from routing.precompute import topics
from routing.precompute.topics import PATIENCE, Unused


@dataclass(frozen=True, slots=True)
class Line:
    key: str
    title: str
    unused: Unused | None = None


@dataclass(frozen=True, slots=True)
class TopicsCard:
    """`advice`: to switch it all off; empty: somebody came. `choices`: what may be left out."""

    advice: str
    unused: tuple[Line, ...]
    left_out: tuple[Line, ...]
    choices: tuple[Line, ...]
    days: int


def topics_card(*, now: datetime, may_run: bool) -> TopicsCard:
    found = topics.topics_now(now=now)
    rows = Topic.objects.filter(is_active=True, is_made_ahead=True) if may_run else ()
    return TopicsCard(
        _advice(found),
        tuple(Line(each.topic.pk, _title(each.topic), each) for each in found.unused),
        tuple(Line(each.pk, _title(each)) for each in found.left_out),
        tuple(Line(each.pk, _title(each)) for each in rows), PATIENCE.days,
    )


def _title(topic: Topic) -> str:
    return str(name_in(topic.ko, topic.en))


def _advice(found: topics.Topics) -> str:
    if not found.is_nothing_used:
        return ""
    return _("Nothing that was made ahead was ever used, and the newest of it is older than "
             "%(days)d days. It cost %(cost)s. Switch it off: set PRECOMPUTE_MONTHLY_USD to 0.") % {
        "days": PATIENCE.days, "cost": formats.money(found.cost_nanos)
    }
