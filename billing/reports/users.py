"""Who costs what: users by spend, what is left of their quotas, what they pay, who is unusual.

Spend is of any range and read from sums. All the rest is read for the users of one page alone.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import add, attrgetter
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Sum

from accounts.models import Throttle, User
from accounts.throttles import throttles_now
from accounts.types import Payer, TierRules, plan_of
from billing.hours import hour_of
from billing.models import DailyUser, HourlyUser, Metric
from billing.reports import subscriptions
from billing.reports.margin import earned_by
from billing.reports.ranges import Bucket, Range
from billing.reports.rates import Rates
from billing.reports.slice_shapes import USER
from billing.reports.slices import NONE, Ask, Slices, load
from billing.reports.usage import Limit, limits_of
from billing.rules import Rule, debates_rule, tier_counts

PAGE = 50
OUTLIER_TIMES = 4
OUTLIER_LEAST_NANOS = 100_000_000  # $0.10: less is no news
OUTLIER_DAYS = 7
MOST_OUTLIERS = 20
MOST_LOOKED_AT = 1_000  # the dearest of the last 24 hours
RANKED_BY = ("calls", "cost_nanos", "saved_nanos", "compared")
ranked_of = attrgetter(*RANKED_BY)
COUNTED = (Metric.DEBATES, Metric.REQUESTS)


class UserSpend(NamedTuple):
    user_id: int
    calls: int
    cost_nanos: int
    saved_nanos: int | None

    @property
    def place(self) -> tuple[int, int]:
        """The dearest first; of equals the older account."""
        return -self.cost_nanos, self.user_id


@dataclass(frozen=True, slots=True)
class Ranking:
    """Everybody with a call, the dearest first. `slices`: how fresh that is."""

    users: tuple[UserSpend, ...]
    slices: Slices

    @property
    def cost_nanos(self) -> int:
        return sum(user.cost_nanos for user in self.users)

    def after(self, place: tuple[int, int] | None, *, size: int = PAGE) -> tuple[UserSpend, ...]:
        """One more than a page has, if there are more."""
        rest = (user for user in self.users if place is None or user.place > place)
        return tuple(user for user, _number in zip(rest, range(size + 1), strict=False))


@dataclass(frozen=True, slots=True)
class Recent:
    """What the last 24 whole hours cost, and an average day of the seven before today."""

    cost_nanos: int = 0
    usual_nanos: int = 0

    @property
    def is_outlier(self) -> bool:
        return (
            self.cost_nanos >= OUTLIER_LEAST_NANOS
            and self.cost_nanos > OUTLIER_TIMES * self.usual_nanos
        )


@dataclass(frozen=True, slots=True)
class UserFacts:
    """`user` None: the account is gone, or the calls were nobody's. `earned_nanos` None: there is
    no subscription of their own, or no rate for its currency."""

    user: User | None = None
    plan: str = ""
    payer: Payer | None = None
    limits: tuple[Limit, ...] = ()
    earned_nanos: int | None = None
    recent: Recent = Recent()
    throttle: Throttle | None = None

    def limit(self, metric: str) -> Limit | None:
        return next((each for each in self.limits if each.metric == metric), None)


def ranking(ask: Ask) -> Ranking:
    """Each user once, however long the range."""
    slices = load(replace(ask, group_by=USER, at_once=True, only=RANKED_BY))
    sums: dict[int, tuple[int, ...]] = {}
    for row in slices.rows:
        user_id, values = 0 if row.key == NONE else int(row.key), ranked_of(row)
        mine = sums.get(user_id)
        sums[user_id] = tuple(map(add, mine, values)) if mine else values
    users = [
        UserSpend(user_id, calls, cost, saved if compared or saved else None)
        for user_id, (calls, cost, saved, compared) in sums.items()
    ]
    users.sort(key=lambda user: (-user.cost_nanos, user.user_id))
    return Ranking(tuple(users), slices)


def facts_of(ids: Sequence[int], *, days: Range, now: datetime) -> Mapping[int, UserFacts]:
    """A few queries, however many users."""
    people = User.objects.select_related("tier", "member__organisation__tier").in_bulk(list(ids))
    limits = _limits(people.values(), now)
    earned = earned_of(people, days=days, now=now)
    recent = recent_of(list(people), now=now)
    slowed = {row.user_id: row for row in throttles_now(now).filter(user_id__in=people)}
    return {
        pk: UserFacts(
            user, plan_of(user).title, Payer.of(user), limits.get(pk, ()), earned.get(pk),
            recent.get(pk, Recent()), slowed.get(pk),
        )
        for pk, user in people.items()
    }


def earned_of(ids: Iterable[int], *, days: Range, now: datetime) -> dict[int, int]:
    """What their own subscriptions brought in, of so many days; nobody without one is in it."""
    subs = subscriptions.read_of(ids)
    span = Bucket(days.start, min(days.end, now))
    if not subs or span.end <= span.start:
        return {}
    by_plan, _left_out = earned_by(subs, span, Rates.of_settings())
    found: dict[int, int] = defaultdict(int)
    for (payer, _tier), nanos in by_plan.items():
        found[int(payer.partition(":")[2])] += nanos
    return dict(found)


def recent_of(ids: Sequence[int], *, now: datetime) -> dict[int, Recent]:
    hour = hour_of(now)
    lately = HourlyUser.objects.filter(hour__gte=hour - 24, hour__lt=hour, user_id__in=ids)
    costs = dict(lately.order_by().values_list("user_id").annotate(Sum("cost_nanos")))
    usual = _usual(ids, now)
    return {pk: Recent(int(costs.get(pk, 0)), usual.get(pk, 0)) for pk in ids}


def _usual(ids: Sequence[int], now: datetime) -> dict[int, int]:
    """What an average day of the week before today cost, by user."""
    if not ids:
        return {}
    today = now.astimezone(ZoneInfo(settings.DEFAULT_ZONE)).date()
    before = DailyUser.objects.filter(
        day__gte=today - timedelta(days=OUTLIER_DAYS), day__lt=today, user_id__in=ids
    )
    sums = before.order_by().values_list("user_id").annotate(Sum("cost_nanos"))
    return {pk: int(nanos) // OUTLIER_DAYS for pk, nanos in sums}


def outliers(*, now: datetime) -> dict[int, Recent]:
    """All who are unusual now, whatever range is looked at; the dearest first. Two queries."""
    hour = hour_of(now)
    lately = HourlyUser.objects.filter(hour__gte=hour - 24, hour__lt=hour, user_id__gt=0)
    dear = (
        lately.order_by().values_list("user_id").annotate(cost=Sum("cost_nanos"))
        .filter(cost__gte=OUTLIER_LEAST_NANOS).order_by("-cost", "user_id")[:MOST_LOOKED_AT]
    )
    costs = {user_id: int(cost) for user_id, cost in dear}
    usual = _usual(list(costs), now)
    found = {pk: Recent(cost, usual.get(pk, 0)) for pk, cost in costs.items()}
    odd = {pk: recent for pk, recent in found.items() if recent.is_outlier}
    return dict(list(odd.items())[:MOST_OUTLIERS])


def _limits(people: Iterable[User], now: datetime) -> dict[int, tuple[Limit, ...]]:
    """Debates and calls of today, counted for whoever pays."""
    rules = [
        (user.pk, rule)
        for user in people
        for rule in _rules(TierRules.of(plan_of(user)), Payer.of(user), user.pk)
    ]
    found: dict[int, tuple[Limit, ...]] = defaultdict(tuple)
    limits = limits_of([rule for _pk, rule in rules], now=now)
    for (pk, _rule), limit in zip(rules, limits, strict=True):
        found[pk] = (*found[pk], limit)
    return found


def _rules(tier: TierRules, payer: Payer, user_id: int) -> list[Rule]:
    debates = debates_rule(tier, payer)
    counts = tier_counts(tier, payer, user_id, debate_id="")
    return [each for each in (debates, *counts) if each and each.metric in COUNTED]
