"""What the savings page says beside its figures: what a baseline is, and what is switched off."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from billing.baselines import ByDeployment, Named
from billing.savings import PRECOMPUTE, SEARCH_CACHE, TEMPLATE
from costcontrol.formats import day
from routing import snapshot
from routing.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Off:
    """Something that saves nothing because it is off, and how to switch it on."""

    keys: tuple[str, ...]
    text: str


def baseline_text(named: Named | None, *, zone: str) -> str:
    """What the chosen baseline is, in sentences."""
    if named is None:
        return _(
            "No baseline is frozen yet: calls are compared with the first premium model, at its "
            "price of the moment. Freeze one with “manage.py baselines --freeze premium”."
        )
    facts = {"day": day(named.frozen_at, zone=zone), "version": named.version}
    if isinstance(named.how, ByDeployment):
        return _(
            "Every call on %(model)s without any cache, at prices frozen on %(day)s (version "
            "%(version)d). A call keeps what it was compared with when a later version is frozen."
        ) % {"model": named.how.deployment, **facts}
    return _(
        "Each call on the model that the original debate app chose for its kind, at prices frozen "
        "on %(day)s (version %(version)d): our calls, our tokens, its models. %(other)s stands "
        "for kinds that it did not have. Source: %(source)s"
    ) % {"other": named.how.other[0], "source": named.how.source, **facts}


def switched_off(known: Snapshot | None = None) -> tuple[Off, ...]:
    """Off is not 0%: what is off is said, with the switch."""
    known = known or snapshot.latest()
    found = []
    if not settings.CACHE_SHARED:
        found.append(Off(("pattern", "precomputed"), _(
            "The store of shared answers is off (CACHE_SHARED)."
        )))
    if not any(kind.may_be_template for kind in known.kinds.values()):
        found.append(Off((TEMPLATE,), _(
            "Templates are off: no kind of call may be answered by one. Allow it in the settings "
            "of the kinds."
        )))
    if not settings.PRECOMPUTE_MONTHLY_USD:
        found.append(Off((PRECOMPUTE,), _(
            "Answers are not made ahead: there is no budget for it (PRECOMPUTE_MONTHLY_USD)."
        )))
    if not can_search(known):
        found.append(Off((SEARCH_CACHE,), _(
            "Web search is off: no model here searches the web, so no search is bought or stored."
        )))
    return tuple(found)


def can_search(known: Snapshot) -> bool:
    return any(each.can_search for each in known.deployments)


def off_keys(off: tuple[Off, ...]) -> Mapping[str, str]:
    """Why each of these keys has no value."""
    return {key: each.text for each in off for key in each.keys}

