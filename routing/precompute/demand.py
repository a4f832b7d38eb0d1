"""How often each stored answer will be wanted: from debates that there were, and where there were
few, from how popular topics are said to be.

Shares, not counts, are estimated, and then spread over the debates a day:

    share of a topic and language = (seen + PRIOR x weight) / (all + PRIOR)

`weight` is 1 / rank (Zipf), times what earlier runs taught about ranks like it (`learning`). Only
debates count whose answers can be shared: on a topic of the catalogue, without a text of the
user's own, by users whose plan has the same route.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from accounts.models import User
from routing.debates.types import SIDES
from routing.models import Debate, Topic, Turn
from routing.precompute.learning import Lessons

PRIOR = 50.0  # debates: as many as the popularity of topics counts for
SPEAKER_PRIOR = 5.0  # debates on a topic: as many as its usual cast counts for
USUAL_CAST = 0.6  # of debates, before any was seen (assumed)
Place = tuple[str, str]  # topic, language


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who says something for which side of the catalogue's topic, in which language."""

    topic: str
    language: str
    side: str
    philosopher: str


@dataclass(frozen=True, slots=True)
class History:
    """What there was in `days`. `reach`: the share of opening statements that were come to."""

    days: int
    debates: int = 0
    shareable: int = 0
    topics: Counter[Place] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    speakers: dict[Place, Counter[Speaker]] = field(default_factory=lambda: defaultdict(Counter))
    of_two: int = 0
    reach: float = 1.0


@dataclass(frozen=True, slots=True)
class Demand:
    """`a_day`: debates that can share answers."""

    history: History
    a_day: float
    weights: Mapping[str, float]
    casts: Mapping[str, Mapping[str, Sequence[str]]]

    @property
    def prior_share(self) -> float:
        """Of what is said about topics, how much is assumed and not seen."""
        return PRIOR / (self.history.shareable + PRIOR)

    def of_topic(self, topic: str, language: str, *, days: float) -> float:
        seen = self.history.topics[topic, language]
        prior = PRIOR * self.weights.get(topic, 0.0) * self._language(language)
        return self.a_day * days * (seen + prior) / (self.history.shareable + PRIOR)

    def of_speaker(self, who: Speaker, *, days: float) -> float:
        """How often their opening is come to."""
        seen = self.history.topics[who.topic, who.language]
        prior = SPEAKER_PRIOR * self._usually(who)
        cast = self.history.speakers.get((who.topic, who.language), Counter())[who]
        share = (cast + prior) / (seen + SPEAKER_PRIOR)
        return self.of_topic(who.topic, who.language, days=days) * share * self.history.reach

    def speakers_on(self, topic: str, language: str) -> list[Speaker]:
        """The usual cast, and whoever was cast."""
        usual = [
            Speaker(topic, language, side, name)
            for side in SIDES for name in self.casts.get(topic, {}).get(side, ())
        ]
        seen = self.history.speakers.get((topic, language), Counter())
        return list(dict.fromkeys([*usual, *sorted(seen, key=str)]))

    def _language(self, language: str) -> float:
        """Two languages, and one debate of each that is assumed."""
        return (self.history.languages[language] + 1) / (self.history.shareable + 2)

    def _usually(self, who: Speaker) -> float:
        names = self.casts.get(who.topic, {}).get(who.side, ())
        if who.philosopher not in names:
            return 0.0
        two = (self.history.of_two + 1) / (self.history.shareable + 2)
        return USUAL_CAST * (1.0 if names[0] == who.philosopher else two)


def demand_of(
    topics: Sequence[Topic], history: History, *, a_day: float | None, lessons: Lessons
) -> Demand:
    """`a_day`: debates a day that are expected, shareable or not; None: as many as there were."""
    share = history.shareable / history.debates if history.debates else 1.0
    seen = history.debates / history.days
    raw = {each.pk: lessons.factor(each.popularity_rank) / each.popularity_rank for each in topics}
    total = sum(raw.values()) or 1.0
    return Demand(
        history, (seen if a_day is None else a_day) * share,
        {key: weight / total for key, weight in raw.items()},
        {each.pk: each.default_cast for each in topics},
    )


def history_of(*, days: int, tiers: Iterable[str], now: datetime) -> History:
    """Of users on these plans: those whose route is the same."""
    since = now - timedelta(days=days)
    on_plan = Q(member__organisation__tier__in=tiers) | Q(member=None, tier__in=tiers)
    users = User.objects.filter(on_plan).values("pk")
    rows = Debate.objects.filter(created_at__gte=since, created_at__lt=now, user_id__in=users)
    seen = History(days=days, debates=rows.count(), reach=_reach(rows))
    shareable = of_two = 0
    for topic, language, is_swapped, cast in _rows(rows.exclude(topic_key="").filter(context="")):
        shareable += 1
        of_two += len(cast.get("pro", ())) > 1
        _count(seen, topic, language, is_swapped, cast)
    return replace(seen, shareable=shareable, of_two=of_two)


def _rows(rows: Any) -> Iterable[tuple[str, str, bool, dict[str, Any]]]:
    names = ("topic_key", "language", "is_swapped", "cast")
    yield from rows.order_by().values_list(*names).iterator(chunk_size=2_000)


def _count(
    seen: History, topic: str, language: str, is_swapped: bool, cast: Mapping[str, Any]
) -> None:
    seen.topics[topic, language] += 1
    seen.languages[language] += 1
    people = [tuple(entry["key"] for entry in cast.get(side, ())) for side in SIDES]
    if is_swapped:  # PRO of the debate says what the catalogue calls CON
        people.reverse()
    for side, names in zip(SIDES, people, strict=True):
        for name in set(names):
            seen.speakers[topic, language][Speaker(topic, language, side, name)] += 1


def _reach(rows: Any) -> float:
    """Openings that were come to, of those that the casts have. 1 without a debate."""
    casts = rows.order_by().values_list("format", flat=True)
    speakers = sum(4 if name == "2v2" else 2 for name in casts.iterator(chunk_size=5_000))
    if not speakers:
        return 1.0
    said = Turn.objects.filter(
        debate__in=rows.order_by().values("pk"), stage__in=("pro_argument", "con_argument"),
        status=Turn.Status.COMPLETED,
    ).count()
    return min(1.0, said / speakers)
