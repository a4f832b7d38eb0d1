"""What is changed in a what-if: only what differs from the rules of then. Frozen into its row.

`cells` is the table itself, copied when the run was made: a draft may be edited later. A tier says
only the limits that are changed, by the names of `TierRules`; None there means unlimited.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from billing.savings import LAYERS, TEMPLATE

THEN, TODAY = "then", "today"
BUCKETS = ("fresh_input", "cache_read", "cache_write", "output")
TIER_LIMITS = ("route_mode", "allowed_classes", "debates_per_day", "usd_per_day_nanos")
ALL_LAYERS = (*LAYERS, TEMPLATE)  # in the order in which they are asked
ADDABLE = ("exact", "pattern", "precomputed", TEMPLATE)  # reading along needs calls at one moment


@dataclass(frozen=True, slots=True)
class PriceChange:
    """USD per million tokens, of the usual processing and the smallest requests."""

    provider: str
    model: str
    prices: Mapping[str, Decimal]  # by bucket; those that are not named stay


@dataclass(frozen=True, slots=True)
class Changes:
    """Empty: the rules of then. `policy`: the version that `cells` came from; None: typed in."""

    policy: int | None = None
    cells: Mapping[str, Mapping[str, list[str]]] | None = None
    prices_of: str = THEN
    prices: tuple[PriceChange, ...] = ()
    layers_off: tuple[str, ...] = ()
    layers_on: tuple[str, ...] = ()
    tiers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    platform_day_nanos: int | None = None

    @property
    def is_empty(self) -> bool:
        return self == Changes()

    def as_json(self) -> dict[str, Any]:
        return {
            "policy": self.policy, "cells": self.cells, "prices_of": self.prices_of,
            "prices": [
                {"provider": each.provider, "model": each.model,
                 "prices": {name: str(value) for name, value in each.prices.items()}}
                for each in self.prices
            ],
            "layers_off": list(self.layers_off), "layers_on": list(self.layers_on),
            "tiers": {name: dict(limits) for name, limits in self.tiers.items()},
            "platform_day_nanos": self.platform_day_nanos,
        }

    @classmethod
    def of_json(cls, said: Mapping[str, Any]) -> "Changes":
        return cls(
            policy=said.get("policy"), cells=said.get("cells"),
            prices_of=said.get("prices_of", THEN),
            prices=tuple(map(_price_of, said.get("prices", ()))),
            layers_off=tuple(said.get("layers_off", ())),
            layers_on=tuple(said.get("layers_on", ())),
            tiers=said.get("tiers", {}),
            platform_day_nanos=said.get("platform_day_nanos"),
        )


def _price_of(said: Mapping[str, Any]) -> PriceChange:
    prices = {name: Decimal(value) for name, value in said["prices"].items()}
    return PriceChange(said["provider"], said["model"], prices)
