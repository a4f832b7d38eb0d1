"""Named baselines: what calls are compared with, frozen with their prices.

Two kinds. `ByDeployment`: every call on one deployment, without any cache; each usage row is priced
by it when it is written, so it is what `baseline_nanos` holds. `ByKind`: a model for each kind of
call; it is made of the tokens of the same rows when somebody asks. Its prices are whole nanos a
token, so that sums of tokens cost what their calls cost, to the nano.

A price that changes, or another premium model, moves no baseline: staff freeze a new version, and
rows from then on are compared with that. Earlier rows keep what they were compared with.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Max

from accounts.services import audit
from billing.models import Baseline
from billing.prices import MILLION, Price
from billing.usage import Usage
from costcontrol.lib.money import Nanos, ceil_nanos

PREMIUM, ORIGINAL = "premium", "original"
SHIPPED = Path(__file__).parent / "original_app.json"
PREMIUM_TITLE = "Every call on %s, no cache"


@dataclass(frozen=True, slots=True)
class Rate:
    """USD per million tokens, and USD per search. There is no cache in a baseline."""

    input: Decimal
    output: Decimal
    search_usd: Decimal
    min_input_tokens: int = 0

    def nanos(self, *, input_tokens: int, output_tokens: int, searches: int) -> Nanos:
        return ceil_nanos(
            input_tokens * self.input + output_tokens * self.output
            + searches * MILLION * self.search_usd
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "min_input_tokens": self.min_input_tokens, "input": str(self.input),
            "output": str(self.output), "search_usd": str(self.search_usd),
        }


@dataclass(frozen=True, slots=True)
class ByDeployment:
    """`rates`: the ones for the biggest requests first, as in the price book."""

    deployment: str
    rates: tuple[Rate, ...]

    def nanos(self, usage: Usage) -> Nanos:
        read = usage.input_tokens
        rate = next(rate for rate in self.rates if rate.min_input_tokens <= read)
        return rate.nanos(
            input_tokens=read, output_tokens=usage.output_tokens or 0,
            searches=usage.searches or 0,
        )


@dataclass(frozen=True, slots=True)
class ByKind:
    """`models`: name and rate by kind of call; `other` for any other kind."""

    models: Mapping[str, tuple[str, Rate]]
    other: tuple[str, Rate]
    source: str

    def rate(self, kind: str) -> Rate:
        return self.models.get(kind, self.other)[1]


@dataclass(frozen=True, slots=True)
class Named:
    """One version of a baseline. `superseded_at` None: in force."""

    name: str
    title: str
    version: int
    frozen_at: datetime
    superseded_at: datetime | None
    is_default: bool
    how: ByDeployment | ByKind


def in_force() -> tuple[Named, ...]:
    """The usual one first."""
    return tuple(map(named_of, Baseline.objects.filter(superseded_at=None)))


def versions(name: str) -> tuple[Named, ...]:
    """All there were, the newest first."""
    return tuple(map(named_of, Baseline.objects.filter(name=name).order_by("-version")))


def premium() -> ByDeployment | None:
    """What new rows are compared with. None: nothing is frozen yet."""
    row = Baseline.objects.filter(name=PREMIUM, superseded_at=None).first()
    how = None if row is None else named_of(row).how
    return how if isinstance(how, ByDeployment) else None


def named_of(row: Baseline) -> Named:
    return Named(
        row.name, row.title, row.version, row.frozen_at, row.superseded_at, row.is_default,
        _how(row.definition),
    )


def freeze_premium(
    deployment: str, prices: Sequence[Price], *, at: datetime, actor: str
) -> Baseline | None:
    """Every call on this deployment at these prices, from now on. None: that is so already."""
    rates = [
        Rate(price.fresh_input, price.output, price.search_usd, price.min_input_tokens)
        for price in sorted(prices, key=lambda price: -price.min_input_tokens)
    ]
    definition = {
        "by": "deployment", "deployment": deployment, "rates": [rate.as_json() for rate in rates],
    }
    return freeze(
        PREMIUM, PREMIUM_TITLE % deployment, definition, at=at, actor=actor, is_default=True
    )


def freeze_original(*, at: datetime, actor: str) -> Baseline | None:
    """The original app's mix, as it is shipped. None: that is so already."""
    shipped = json.loads(SHIPPED.read_text())
    names = ("models", "kinds", "other", "search_usd", "source", "note")
    definition = {"by": "kind"} | {name: shipped[name] for name in names}
    return freeze(ORIGINAL, shipped["title"], definition, at=at, actor=actor)


@transaction.atomic
def freeze(
    name: str, title: str, definition: dict[str, Any], *, at: datetime, actor: str,
    is_default: bool = False,
) -> Baseline | None:
    """A new version that supersedes the one in force. None: it says the same."""
    _how(definition)  # raises what is wrong with it
    rows = Baseline.objects.select_for_update().filter(name=name)
    old = rows.filter(superseded_at=None).first()
    if old and old.definition == definition:
        return None
    if old:
        old.superseded_at = at
        old.save(update_fields=["superseded_at"])
    last = rows.aggregate(last=Max("version"))["last"] or 0
    new = Baseline.objects.create(
        name=name, title=title, version=last + 1, frozen_at=at, is_default=is_default,
        definition=definition,
    )
    audit(
        actor, "baseline_freeze", str(new), old.definition if old else None, new.definition
    )
    return new


def _how(definition: Mapping[str, Any]) -> ByDeployment | ByKind:
    if definition["by"] == "deployment":
        return ByDeployment(definition["deployment"], tuple(map(_rate, definition["rates"])))
    search = Decimal(definition["search_usd"])
    models = {
        name: (name, _whole(Rate(Decimal(row["input"]), Decimal(row["output"]), search)))
        for name, row in definition["models"].items()
    }
    kinds = {kind: models[name] for kind, name in definition["kinds"].items()}
    return ByKind(kinds, models[definition["other"]], definition["source"])


def _rate(row: Mapping[str, Any]) -> Rate:
    return Rate(
        Decimal(row["input"]), Decimal(row["output"]), Decimal(row["search_usd"]),
        row["min_input_tokens"],
    )


def _whole(rate: Rate) -> Rate:
    """Raises ValueError if a token is not a whole number of nanos: sums would not add up."""
    if any(price * 1000 % 1 for price in (rate.input, rate.output, rate.search_usd * MILLION)):
        raise ValueError(f"{rate} has parts of a nano-dollar a token")
    return rate
