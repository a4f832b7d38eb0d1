"""From the form that was sent to changes, and from changes back to the form.

All that is wrong is said at once, in sentences. What is as it was is no change.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.models import Tier
from billing.reports.ranges import Range
from costcontrol.dashboard.filters import shown as shortened
from costcontrol.dashboard.whatif_form import (
    OFF,
    ON,
    Said,
    cell_name,
    cell_text,
    limit_texts,
    one,
    policy_of,
    price_name,
    priced_models,
    shown_policy,
)
from costcontrol.lib.money import from_usd, to_usd
from routing.models import RoutePolicy, WhatIfRun
from routing.services import MODES, cell_problems
from routing.snapshot import Snapshot
from routing.types import Complexity, ModelClass
from routing.whatif.changes import ALL_LAYERS, BUCKETS, THEN, TODAY, Changes, PriceChange

MOST_USD = Decimal(10**9)
MOST_DEBATES = 10**6
BETWEEN = re.compile(r"[\s,>]+")


class Wrong(ValueError):
    """What is wrong with the form, in sentences."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Asked:
    title: str
    start: datetime
    end: datetime
    changes: Changes


def asked_of(said: Said, *, snapshot: Snapshot) -> Asked:
    """Raises Wrong."""
    problems: list[str] = []
    days = _days(said, problems)
    policy, cells = _table(said, problems)
    changes = Changes(
        policy=policy, cells=cells,
        prices_of=TODAY if one(said, "prices_of") == TODAY else THEN,
        prices=tuple(_prices(said, snapshot, problems)),
        layers_off=_layers(said, OFF), layers_on=_layers(said, ON),
        tiers=dict(_tiers(said, problems)),
        platform_day_nanos=_nanos(said, "platform_usd", problems),
    )
    if problems or days is None:
        raise Wrong(problems)
    return Asked(one(said, "title") or _title(days), days.start, days.end, changes)


def _title(days: Range) -> str:
    return _("%(first)s to %(last)s") % {
        "first": days.first.isoformat(), "last": days.last.isoformat()
    }


def _days(said: Said, problems: list[str]) -> Range | None:
    try:
        first, last = (date.fromisoformat(one(said, name)) for name in ("from", "to"))
    except ValueError:
        problems.append(_("Say from which day to which, like 2026-11-25."))
        return None
    if first > last:
        first, last = last, first
    return Range(first, last, settings.DEFAULT_ZONE)


def _table(said: Said, problems: list[str]) -> tuple[int | None, Any]:
    """What was typed counts, if it is not what the fields began with."""
    shown = shown_policy(said)
    typed = typed_table(said)
    is_there = any(name.startswith("cell.") for name in said)
    if is_there and (shown is None or typed != _as_shown(shown)):
        problems += cell_problems(typed)
        return None, typed
    version = one(said, "policy")
    if not version:
        return None, None
    found = policy_of(version)
    if found is None:
        problems.append(
            _("There is no version “%(version)s” of the routing table. Choose one of the list.")
            % {"version": shortened(version)}
        )
        return None, None
    return found.version, found.cells


def typed_table(said: Said) -> dict[str, dict[str, list[str]]]:
    """As it stands in the fields; nothing is checked."""
    return {
        mode: {str(each): _classes(one(said, cell_name(mode, each))) for each in Complexity}
        for mode in MODES
    }


def _as_shown(policy: RoutePolicy) -> dict[str, dict[str, list[str]]]:
    return {
        mode: {
            str(each): _classes(cell_text(policy.cells.get(mode, {}).get(each, [])))
            for each in Complexity
        }
        for mode in MODES
    }


def _classes(text: str) -> list[str]:
    return [word for word in BETWEEN.split(text.lower()) if word]


def _prices(said: Said, snapshot: Snapshot, problems: list[str]) -> Iterator[PriceChange]:
    for (provider, model), now in priced_models(snapshot).items():
        new = {
            bucket: value
            for bucket in BUCKETS
            if (value := _amount(said, price_name(provider, model, bucket), problems)) is not None
            and value != getattr(now, bucket)
        }
        if new:
            yield PriceChange(provider, model, new)


def _amount(said: Said, name: str, problems: list[str]) -> Decimal | None:
    """Dollars, exact to six places. None: nothing was said."""
    text = one(said, name).removeprefix("$")
    if not text:
        return None
    try:
        value = Decimal(text)
        if value.is_finite() and 0 <= value <= MOST_USD and value == round(value, 6):
            return value
    except InvalidOperation:
        pass
    problems.append(
        _("“%(text)s” is no price or budget. Write dollars, 0 or more, like 0.05.")
        % {"text": shortened(text)}
    )
    return None


def _nanos(said: Said, name: str, problems: list[str]) -> int | None:
    value = _amount(said, name, problems)
    return None if value is None else int(from_usd(str(value)))


def _layers(said: Said, wanted: str) -> tuple[str, ...]:
    return tuple(each for each in ALL_LAYERS if one(said, f"layer.{each}") == wanted)


def _tiers(said: Said, problems: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for tier in Tier.objects.order_by("rank", "name"):
        is_said = f"tier.{tier.pk}.mode" in said
        if is_said and (changed := _tier(tier, said, problems)):
            yield tier.pk, changed


def _tier(tier: Tier, said: Said, problems: list[str]) -> dict[str, Any]:
    """Only what differs from the plan as it is."""
    name, found = f"tier.{tier.pk}", dict[str, Any]()
    mode = one(said, f"{name}.mode")
    if mode in MODES and mode != tier.route_mode:
        found["route_mode"] = mode
    classes = [str(each) for each in ModelClass if each in said.get(f"{name}.classes", ())]
    if set(classes) != set(tier.allowed_classes):
        found["allowed_classes"] = classes
    debates, dollars = limit_texts(tier)
    if one(said, f"{name}.debates") != debates:
        found["debates_per_day"] = _count(said, f"{name}.debates", problems)
    if one(said, f"{name}.usd") != dollars:
        found["usd_per_day_nanos"] = _nanos(said, f"{name}.usd", problems)
    return found


def _count(said: Said, name: str, problems: list[str]) -> int | None:
    text = one(said, name)
    if not text:
        return None
    if text.isdecimal() and text.isascii() and int(text[:8]) <= MOST_DEBATES:
        return int(text[:8])
    problems.append(
        _("“%(text)s” is no number of debates. Write 0 or more, or nothing for no limit.")
        % {"text": shortened(text)}
    )
    return None


def said_of(run: WhatIfRun) -> dict[str, list[str]]:
    """The form as it was when this run was asked for, as far as it holds today."""
    changes = Changes.of_json(run.changes)
    said = {"title": run.title, "prices_of": changes.prices_of}
    if changes.policy:
        said |= {"policy": str(changes.policy)}
    elif changes.cells:
        said |= {
            cell_name(mode, each): cell_text(classes)
            for mode, row in changes.cells.items() for each, classes in row.items()
        }
    said |= {
        price_name(each.provider, each.model, bucket): f"{value:f}"
        for each in changes.prices for bucket, value in each.prices.items()
    }
    said |= {f"layer.{each}": OFF for each in changes.layers_off}
    said |= {f"layer.{each}": ON for each in changes.layers_on}
    if changes.platform_day_nanos is not None:
        said["platform_usd"] = f"{to_usd(changes.platform_day_nanos).normalize():f}"
    return {name: [value] for name, value in said.items()} | _said_of_tiers(changes)


def _said_of_tiers(changes: Changes) -> dict[str, list[str]]:
    said: dict[str, list[str]] = {}
    for tier in Tier.objects.filter(pk__in=changes.tiers):
        limits, name = changes.tiers[tier.pk], f"tier.{tier.pk}"
        for limit, value in limits.items():
            setattr(tier, limit, value)
        debates, dollars = limit_texts(tier)
        said |= {
            f"{name}.mode": [tier.route_mode], f"{name}.classes": list(tier.allowed_classes),
            f"{name}.debates": [debates], f"{name}.usd": [dollars],
        }
    return said
