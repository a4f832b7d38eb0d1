"""The rows of the made-up platform: models at list prices, routes, people. In its own database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from io import StringIO

from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.db import transaction

from accounts.models import Tier, User
from accounts.types import Caller
from billing.models import Budget, ModelPrice
from costcontrol.lib.money import from_usd
from routing.call_kinds import SEARCH
from routing.debates.philosophers import character_from
from routing.debates.types import Character
from routing.models import CallKindRow, Deployment, Philosopher, RoutePolicy, Topic
from routing.replay.options import BEGINS, ECONOMICAL, PREMIUM, Options
from routing.replay.script import Offer
from routing.replay.upstream import NAME

TIER = "premium"
OPUS, SONNET, HAIKU = "claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"
MODELS: Mapping[str, str] = {OPUS: "premium", SONNET: "mid", HAIKU: "economy"}
LOCAL = "local/qwen3-8b"
BASELINE = f"anthropic/{OPUS}"
PLENTY = from_usd("1000000")
LIMITS = (
    "debates_per_day", "requests_per_day", "calls_per_debate", "usd_per_day_nanos",
    "requests_per_minute", "concurrent_calls",
)
TABLES: Mapping[str, Mapping[str, list[str]]] = {  # of those who leave the choice to us
    ECONOMICAL: {"medium": ["economy"], "complex": ["premium"]},
    PREMIUM: {"simple": ["premium"], "medium": ["premium"], "complex": ["premium"]},
}


@dataclass(frozen=True, slots=True)
class House:
    """Who may call, and what can be debated: topics by rank."""

    callers: Sequence[Caller]
    topics: Sequence[Topic]
    people: Mapping[str, Character]

    def offer(self) -> Offer:
        casts = [topic.default_cast for topic in self.topics]
        usual = [(tuple(cast["pro"]), tuple(cast["con"])) for cast in casts]
        return Offer(usual, tuple(self.people))


@transaction.atomic
def furnish(options: Options) -> House:
    """Raises IndexError when a database has not been migrated."""
    call_command("load_defaults", stdout=StringIO())
    _prices(options)
    _deployments(options)
    _kinds(options)
    _routes(options)
    Budget.objects.update(cap_nanos=PLENTY)
    Tier.objects.filter(name=TIER).update(**dict.fromkeys(LIMITS))
    return House(_callers(options.users), _topics(options.topics), _people(options.language))


def _prices(options: Options) -> None:
    """Today's list prices hold for the whole month; a search costs the same everywhere."""
    ModelPrice.objects.filter(effective_from__gt=BEGINS).update(effective_from=BEGINS)
    priced = ModelPrice.objects.filter(search_usd__gt=0)
    priced.update(search_usd=Decimal(options.search_usd))


def _deployments(options: Options) -> None:
    """The shipped models of one vendor, and a model on our own machine where the routes want it.
    All of them are answered by the simulation."""
    Deployment.objects.update(is_enabled=False)
    Deployment.objects.filter(name__in=[f"anthropic/{model}" for model in MODELS]).update(
        provider=NAME, price_provider="anthropic", is_enabled=True, can_search=True
    )
    if options.routes == ECONOMICAL and options.simple == "local":
        Deployment.objects.create(
            name=LOCAL, provider=NAME, model="qwen3-8b", model_class="local",
            languages=["en", "ko"], context_tokens=32_768, max_output_tokens=4_096,
            price_provider="local",
        )


def _kinds(options: Options) -> None:
    rows = CallKindRow.objects.all()
    rows.filter(variants__gt=1).update(variants=options.variants)
    rows.filter(name=SEARCH).update(is_enabled=True)
    if options.routes == ECONOMICAL:
        rows.filter(complexity="complex").update(complexity="medium")
        rows.filter(name__in=options.premium_kinds).update(
            complexity="complex", complexity_alone="" if options.alone == "premium" else "medium"
        )
        rows.filter(name=SEARCH).update(complexity="medium")  # no local model searches


def _routes(options: Options) -> None:
    """Another published table than the shipped one, as staff would publish it."""
    if options.routes not in TABLES:
        return
    cells = dict(TABLES[options.routes])
    if options.routes == ECONOMICAL:
        cells["simple"] = [options.simple]
    shipped = RoutePolicy.objects.get(status=RoutePolicy.Status.PUBLISHED)
    RoutePolicy.objects.filter(pk=shipped.pk).update(status=RoutePolicy.Status.RETIRED)
    RoutePolicy.objects.create(
        version=shipped.version + 1, status=RoutePolicy.Status.PUBLISHED, published_at=BEGINS,
        cells={**shipped.cells, "hybrid": cells},
    )


def _callers(count: int) -> list[Caller]:
    password = make_password(None)
    User.objects.bulk_create(
        User(email=f"user{number}@replay.invalid", tier_id=TIER, password=password)
        for number in range(count)
    )
    rows = User.objects.filter(email__endswith="@replay.invalid").order_by("pk")
    return [
        Caller.signed_in(row) for row in rows.select_related("tier", "member__organisation__tier")
    ]


def _topics(count: int) -> list[Topic]:
    """By rank; beyond the catalogue made-up ones, with the casts of the catalogue."""
    shipped = list(Topic.objects.filter(is_active=True).order_by("popularity_rank", "key"))
    made = [_made_up(number, shipped) for number in range(len(shipped), count)]
    Topic.objects.bulk_create(made)
    Topic.objects.filter(pk__in=[topic.pk for topic in shipped[count:]]).update(is_active=False)
    return [*shipped, *made][:count]


def _made_up(number: int, shipped: Sequence[Topic]) -> Topic:
    like = shipped[number % len(shipped)]
    return Topic(
        key=f"made-up-{number + 1}", category=like.category, ko=f"지어낸 논제 {number + 1}",
        en=f"A made-up question {number + 1}", form=like.form, pro_is=like.pro_is,
        default_cast=like.default_cast, popularity_rank=number + 1,
    )


def _people(language: str) -> dict[str, Character]:
    rows = Philosopher.objects.filter(is_current=True, is_active=True, owner_id=None)
    return {row.key: character_from(row, language) for row in rows.order_by("key")}
