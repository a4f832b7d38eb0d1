"""The form of a what-if: what can be changed, and what it is now.

A price or a budget that is left empty stays. A table or a plan's limits are shown as they are, and
count as changed where something else stands in the field.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Tier
from billing.budgets import Book
from billing.models import Budget
from billing.prices import Price
from costcontrol.dashboard.labels import label
from costcontrol.lib.money import to_usd
from routing.models import RoutePolicy
from routing.services import MODES
from routing.snapshot import Snapshot
from routing.types import Complexity, ModelClass
from routing.whatif.changes import ADDABLE, ALL_LAYERS, BUCKETS, THEN, TODAY

Said = Mapping[str, Sequence[str]]
USUAL_DAYS = 7
MOST_DRAFTS = 20
LONGEST_VERSION = 10
AS_THEN, OFF, ON = "", "off", "on"
BUCKET_LABELS = {
    "fresh_input": gettext_lazy("Input"), "cache_read": gettext_lazy("Cache read"),
    "cache_write": gettext_lazy("Cache write"), "output": gettext_lazy("Output"),
}
COMPLEXITY_LABELS = {
    "simple": gettext_lazy("simple calls"), "medium": gettext_lazy("medium calls"),
    "complex": gettext_lazy("complex calls"),
}
MODE_LABELS = {
    "local": gettext_lazy("local"), "hybrid": gettext_lazy("hybrid"),
    "cloud": gettext_lazy("cloud"), "economy": gettext_lazy("economy mode"),
}


@dataclass(frozen=True, slots=True)
class Box:
    """Something that can be chosen."""

    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    label: str
    value: str = ""
    now: str = ""  # what holds while it is empty


@dataclass(frozen=True, slots=True)
class Line:
    """Fields that belong together, under one name."""

    title: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    name: str
    label: str
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class TierLine:
    name: str
    title: str
    mode: Choice
    classes: Choice
    limits: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """`shown`: the version whose table stands in the fields."""

    title: str
    first: str
    last: str
    today: str
    policy: Choice
    shown: str
    table: tuple[Line, ...]
    prices_of: Choice
    prices: tuple[Line, ...]
    layers: tuple[Choice, ...]
    tiers: tuple[TierLine, ...]
    platform: Field
    is_table_open: bool = False


def form_of(said: Said, *, snapshot: Snapshot, now: datetime) -> Form:
    """`said`: what was sent, or what is to be asked again; empty: the usual."""
    today = now.astimezone(ZoneInfo(settings.DEFAULT_ZONE)).date()
    shown = shown_policy(said)
    return Form(
        title=one(said, "title"), today=today.isoformat(),
        first=one(said, "from") or (today - timedelta(days=USUAL_DAYS)).isoformat(),
        last=one(said, "to") or (today - timedelta(days=1)).isoformat(),
        policy=_policies(said), shown=str(shown.version) if shown else "",
        table=table(said, shown),
        prices_of=_choice("prices_of", _("Prices that are not changed below"), one(
            said, "prices_of") or THEN, ((THEN, _("of then")), (TODAY, _("of today")))),
        prices=tuple(_prices(said, snapshot)), layers=tuple(_layers(said)),
        tiers=tuple(_tiers(said)), platform=_platform(said, snapshot.book),
        is_table_open=bool(one(said, "policy")),
    )


def one(said: Said, name: str) -> str:
    values = said.get(name) or ("",)
    return values[-1].replace("\x00", "").strip()  # PostgreSQL keeps no NUL


def shown_policy(said: Said) -> RoutePolicy | None:
    """The version that the fields of the table begin with: the one that is asked about."""
    said_so = policy_of(one(said, "shown")) or policy_of(one(said, "policy"))
    return said_so or RoutePolicy.objects.filter(status=RoutePolicy.Status.PUBLISHED).first()


def policy_of(version: str) -> RoutePolicy | None:
    """Of a version as somebody wrote it."""
    if not (version.isdecimal() and version.isascii() and len(version) < LONGEST_VERSION):
        return None
    return RoutePolicy.objects.filter(version=int(version)).first()


def _policies(said: Said) -> Choice:
    rows = RoutePolicy.objects.order_by("-version")[:MOST_DRAFTS]
    versions = ((str(row.version), version_words(row)) for row in rows)
    return _choice(
        "policy", _("Routing table"), one(said, "policy"),
        (("", _("the one of then")), *versions),
    )


def version_words(row: RoutePolicy) -> str:
    status = RoutePolicy.Status(row.status).label
    return _("version %(version)d (%(status)s)") % {"version": row.version, "status": status}


def _choice(name: str, title: str, chosen: str, options: Iterable[tuple[str, str]]) -> Choice:
    return Choice(name, title, tuple(Box(key, text, key == chosen) for key, text in options))


def table(said: Said, shown: RoutePolicy | None) -> tuple[Line, ...]:
    cells = shown.cells if shown else {}
    return tuple(
        Line(str(MODE_LABELS[mode]), tuple(
            Field(
                cell_name(mode, complexity), str(COMPLEXITY_LABELS[complexity]),
                one(said, cell_name(mode, complexity))
                or cell_text(cells.get(mode, {}).get(complexity, [])),
            )
            for complexity in Complexity
        ))
        for mode in MODES
    )


def cell_name(mode: str, complexity: str) -> str:
    return f"cell.{mode}.{complexity}"


def cell_text(classes: Iterable[str]) -> str:
    return " > ".join(classes)


def price_name(provider: str, model: str, bucket: str) -> str:
    return f"price.{provider}/{model}.{bucket}"


def priced_models(snapshot: Snapshot) -> dict[tuple[str, str], Price]:
    """Each model that is in use, with its price of small requests."""
    found = {}
    for deployment in sorted(snapshot.deployments, key=lambda each: each.name):
        if tiers := snapshot.prices.tiers(*deployment.price_key):
            found[deployment.price_key] = tiers[-1]
    return found


def _prices(said: Said, snapshot: Snapshot) -> Iterable[Line]:
    for (provider, model), price in priced_models(snapshot).items():
        yield Line(f"{provider}/{model}", tuple(
            Field(
                price_name(provider, model, bucket), str(BUCKET_LABELS[bucket]),
                one(said, price_name(provider, model, bucket)),
                f"{getattr(price, bucket).normalize():f}",
            )
            for bucket in BUCKETS
        ))


def _layers(said: Said) -> Iterable[Choice]:
    for layer in ALL_LAYERS:
        options = [(AS_THEN, _("as then")), (OFF, _("off"))]
        if layer in ADDABLE:
            options.append((ON, _("on, as often as in the last 30 days")))
        name = f"layer.{layer}"
        yield _choice(name, label(layer), one(said, name), options)


def _tiers(said: Said) -> Iterable[TierLine]:
    for tier in Tier.objects.order_by("rank", "name"):
        name = f"tier.{tier.pk}"
        is_said = f"{name}.mode" in said
        mode = one(said, f"{name}.mode") if is_said else tier.route_mode
        classes = said.get(f"{name}.classes", ()) if is_said else tier.allowed_classes
        debates, dollars = limit_texts(tier)
        yield TierLine(
            tier.pk, tier.title,
            _choice(f"{name}.mode", _("Route mode"), mode,
                    ((key, str(MODE_LABELS[key])) for key in MODES if key != "economy")),
            Choice(f"{name}.classes", _("Classes it may use"), tuple(
                Box(str(each), label(each), each in classes) for each in ModelClass
            )),
            (Field(f"{name}.debates", _("Debates a day"),
                   one(said, f"{name}.debates") if is_said else debates, _("no limit")),
             Field(f"{name}.usd", _("US$ a day and user"),
                   one(said, f"{name}.usd") if is_said else dollars, _("no limit"))),
        )


def limit_texts(tier: Tier) -> tuple[str, str]:
    """As they stand in the fields; empty: no limit."""
    debates, nanos = tier.debates_per_day, tier.usd_per_day_nanos
    return (
        "" if debates is None else str(debates),
        "" if nanos is None else f"{to_usd(nanos).normalize():f}",
    )


def _platform(said: Said, book: Book) -> Field:
    caps = [rule.cap for rule in book.of("platform", "") if rule.period == Budget.Period.DAY]
    now = f"{to_usd(caps[0]).normalize():f}" if caps else _("no limit")
    return Field(
        "platform_usd", _("Budget of the whole platform a day, US$"), one(said, "platform_usd"),
        now,
    )
