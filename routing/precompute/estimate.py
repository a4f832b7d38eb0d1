"""The estimate: which variants of which keys pay, what they cost, and what a budget cuts off.

Best payback first. Nothing is asked of anybody: it is arithmetic on rows.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from accounts.models import Tier
from accounts.types import TierRules
from routing import policy
from routing.models import Philosopher, StoredAnswer, Topic
from routing.precompute import payback
from routing.precompute.candidates import Bundle, Catalogue, Part, after_part
from routing.precompute.demand import Demand, demand_of, history_of
from routing.precompute.learning import Lessons, lessons_of
from routing.precompute.orders import Order
from routing.precompute.sizes import Size, size_of
from routing.snapshot import Snapshot

MOST_ROWS = 300  # kept for the page
KEYS_A_QUERY = 500
Live = Mapping[str, set[int]]  # key: the numbers of its live variants


@dataclass(frozen=True, slots=True)
class Choice:
    """One variant of a bundle. `rank`: the j-th use is the first that it serves."""

    bundle: Bundle
    variant: int
    rank: int
    parts: tuple[Part, ...]
    numbers: tuple[int, ...]  # which variant of its key each part is
    cost_nanos: int
    online_nanos: int
    most_nanos: int

    @property
    def chance(self) -> float:
        return payback.at_least(self.rank, expected=self.bundle.expected)

    @property
    def share(self) -> float:
        return self.cost_nanos / self.online_nanos if self.online_nanos else payback.BATCH_SHARE

    @property
    def figure(self) -> float:
        return self.chance / self.share

    @property
    def saving_nanos(self) -> int:
        """Expected: what is not asked online, less what it costs ahead."""
        return round(self.chance * self.online_nanos) - self.cost_nanos


@dataclass(slots=True)
class Estimate:
    order: Order
    demand: Demand
    lessons: Lessons
    chosen: list[Choice] = field(default_factory=list)
    cut: list[Choice] = field(default_factory=list)
    unpaid: list[Choice] = field(default_factory=list)
    unable: Mapping[str, str] = field(default_factory=dict)
    sizes: Mapping[tuple[str, str, str], Size] = field(default_factory=dict)
    live: int = 0
    money_nanos: int = 0


def estimate(
    order: Order, *, snapshot: Snapshot, month_left_nanos: int, now: datetime
) -> Estimate:
    """`month_left_nanos`: a run may not promise more than that."""
    catalogue, topics = catalogue_of(order, snapshot=snapshot, now=now)
    lessons = lessons_of(now=now)
    wanted = [each for each in topics if each.is_made_ahead]  # those left out keep their demand
    bundles = list(catalogue.bundles(wanted[: order.topics]))
    live = _live(_keys(bundles), now)
    maker = _Maker(catalogue, live)
    choices = [choice for bundle in bundles for choice in maker.choices(bundle)]
    made = Estimate(
        order, catalogue.demand, lessons, unable=catalogue.unable, sizes=maker.sizes,
        live=sum(map(len, live.values())),
    )
    made.money_nanos = min(order.budget_nanos, month_left_nanos)
    _choose(made, choices)
    return made


def catalogue_of(
    order: Order, *, snapshot: Snapshot, now: datetime
) -> tuple[Catalogue, list[Topic]]:
    tier = TierRules.of(Tier.objects.get(pk=order.tier))
    history = history_of(
        days=order.history_days, tiers=_alike(tier, snapshot), now=now
    )
    topics = list(Topic.objects.filter(is_active=True).order_by("popularity_rank", "key"))
    demand = demand_of(
        topics, history, a_day=order.debates_per_day, lessons=lessons_of(now=now)
    )
    people = Philosopher.objects.filter(owner_id=None, is_current=True, is_active=True)
    return Catalogue(order, tier, snapshot, demand, {row.key: row for row in people}), topics


def _alike(tier: TierRules, snapshot: Snapshot) -> list[str]:
    """Plans for which the same deployment writes openings: they share answers."""
    def route(rules: TierRules) -> str:
        return policy.usual_route("opening_statement", tier=rules, language="ko", snapshot=snapshot)

    plans = [TierRules.of(row) for row in Tier.objects.all()]
    return [each.name for each in plans if route(each) == route(tier)]


def _keys(bundles: Iterable[Bundle]) -> set[str]:
    return {part.key for each in bundles for part in (each.main, *each.before)}


def _live(keys: Iterable[str], now: datetime) -> dict[str, set[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    ordered = sorted(keys)
    for at in range(0, len(ordered), KEYS_A_QUERY):
        rows = StoredAnswer.objects.filter(
            key__in=ordered[at : at + KEYS_A_QUERY], ended_at=None, hard_until__gt=now
        )
        for key, variant in rows.values_list("key", "variant"):
            found[key].add(variant)
    return found


class _Maker:
    """Bundles into choices, with what each part costs."""

    def __init__(self, catalogue: Catalogue, live: Live) -> None:
        self._catalogue, self._live = catalogue, live
        self.sizes: dict[tuple[str, str, str], Size] = {}

    def choices(self, bundle: Bundle) -> Iterator[Choice]:
        taken = self._live.get(bundle.main.key, set())
        kept = self._catalogue.snapshot.kinds[bundle.main.kind].variants
        most = min(kept, self._catalogue.order.variants)
        free = [n for n in range(kept) if n not in taken]
        for rank, variant in zip(range(len(taken) + 1, most + 1), free, strict=False):
            yield self._choice(bundle, rank, variant)

    def _choice(self, bundle: Bundle, rank: int, variant: int) -> Choice:
        parts = [*self._before(bundle, variant), (bundle.main, variant)]
        parts += [(part, 0) for part in self._after(bundle, variant)]
        sizes = [self._size(part, bundle.language) for part, _number in parts]
        return Choice(
            bundle, variant, rank, tuple(part for part, _ in parts),
            tuple(number for _, number in parts),
            sum(size.ahead_nanos for size in sizes), sum(size.online_nanos for size in sizes),
            sum(size.most_nanos for size in sizes),
        )

    def _before(self, bundle: Bundle, variant: int) -> list[tuple[Part, int]]:
        """Those of the same number that are not there. A kind that keeps fewer has its last."""
        found = []
        for part in bundle.before:
            number = min(variant, self._catalogue.snapshot.kinds[part.kind].variants - 1)
            if number == variant and number not in self._live.get(part.key, set()):
                found.append((part, number))
        return found

    def _after(self, bundle: Bundle, variant: int) -> Iterator[Part]:
        for kind in bundle.after:
            if route := self._catalogue.route(kind, bundle.language):
                yield after_part(bundle, kind, variant, route)

    def _size(self, part: Part, language: str) -> Size:
        name = (part.kind, language, part.deployment)
        if name not in self.sizes:
            deployment = self._catalogue.snapshot.deployment(part.deployment)
            assert deployment
            self.sizes[name] = size_of(
                part.kind, language, deployment, self._catalogue.snapshot
            )
        return self.sizes[name]


def _choose(made: Estimate, choices: Sequence[Choice]) -> None:
    """Best payback first, as long as the money lasts. What does not pay is not made."""
    left = made.money_nanos
    ordered = sorted(choices, key=lambda c: (-c.figure, c.bundle.topic.popularity_rank, c.rank))
    for choice in ordered:
        if choice.figure < 1:
            made.unpaid.append(choice)
        elif choice.cost_nanos <= left:
            left -= choice.cost_nanos
            made.chosen.append(choice)
        else:
            made.cut.append(choice)


def as_json(made: Estimate, *, now: datetime) -> dict[str, Any]:
    """What a page shows of it, and what somebody said yes to."""
    history, demand = made.demand.history, made.demand
    return {
        "made_at": now.isoformat(), "totals": totals_of(made.chosen), "cut": totals_of(made.cut),
        "unpaid": len(made.unpaid), "live": made.live, "money_nanos": made.money_nanos,
        "history": {
            "days": history.days, "debates": history.debates, "shareable": history.shareable,
            "a_day": round(demand.a_day, 4), "reach": round(history.reach, 4),
            "prior_share": round(demand.prior_share, 4),
        },
        "lessons": made.lessons.as_json(), "unable": dict(made.unable),
        "sizes": [
            {"kind": kind, "language": language, "deployment": deployment,
             "input": size.input_tokens, "output": size.output_tokens, "is_seen": size.is_seen}
            for (kind, language, deployment), size in sorted(made.sizes.items())
        ],
        "rows": rows_of(
            (("chosen", made.chosen), ("cut", made.cut), ("unpaid", made.unpaid))
        ),
    }


def rows_of(fates: Iterable[tuple[str, Sequence[Choice]]]) -> list[dict[str, Any]]:
    """The first of each fate."""
    return [
        {**_row(choice), "fate": fate} for fate, choices in fates for choice in choices[:MOST_ROWS]
    ]


def totals_of(choices: Sequence[Choice]) -> dict[str, Any]:
    kinds = Counter(part.kind for choice in choices for part in choice.parts)
    return {
        "bundles": len(choices), "answers": sum(kinds.values()), "kinds": dict(kinds),
        "keys": len({choice.bundle.main.key for choice in choices}),
        "cost_nanos": sum(choice.cost_nanos for choice in choices),
        "most_nanos": sum(choice.most_nanos for choice in choices),
        "online_nanos": sum(choice.online_nanos for choice in choices),
        "saving_nanos": sum(choice.saving_nanos for choice in choices),
        "uses": round(sum(choice.chance for choice in choices), 2),
    }


def _row(choice: Choice) -> dict[str, Any]:
    bundle = choice.bundle
    return {
        "topic": bundle.topic.pk, "language": bundle.language, "kind": bundle.main.kind,
        "side": bundle.speaker.side if bundle.speaker else "",
        "philosopher": bundle.speaker.philosopher if bundle.speaker else "",
        "variant": choice.variant + 1, "parts": len(choice.parts),
        "expected": round(bundle.expected, 3), "chance": round(choice.chance, 4),
        "figure": round(choice.figure, 3), "cost_nanos": choice.cost_nanos,
        "saving_nanos": choice.saving_nanos, "deployment": bundle.main.deployment,
    }
