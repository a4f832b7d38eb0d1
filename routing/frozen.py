"""Freezing the baselines of savings: which deployment is the premium one, and what it costs now."""

from datetime import datetime

from billing import baselines
from billing.baselines import ORIGINAL, PREMIUM
from billing.models import Baseline
from routing import snapshot


def freeze_missing(*, at: datetime, actor: str) -> int:
    """The first version of each; nothing is touched where there is one. How many were made."""
    there = set(Baseline.objects.values_list("name", flat=True))
    missing = [name for name in (PREMIUM, ORIGINAL) if name not in there]
    return sum(freeze_anew(name, at=at, actor=actor) is not None for name in missing)


def freeze_anew(name: str, *, at: datetime, actor: str) -> Baseline | None:
    """A new version, with the models and prices of now. None: nothing changed, or there is no
    premium deployment with a price."""
    if name == ORIGINAL:
        return baselines.freeze_original(at=at, actor=actor)
    known = snapshot.load()
    deployment = known.baseline
    if deployment is None:
        return None
    prices = known.prices.tiers(*deployment.price_key)
    made = baselines.freeze_premium(deployment.name, prices, at=at, actor=actor)
    snapshot.forget()
    return made
