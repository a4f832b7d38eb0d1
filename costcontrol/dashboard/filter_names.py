"""What calls can be narrowed to and grouped by on staff pages: names in addresses, and words.

A name is the same on every page, so a link carries its filters wherever it leads. A page says which
of them it can apply (`filters.state_of(…, applies=…)`); the others stay in its address.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from billing.models import UsageRecord
from billing.reports.slices import NONE
from costcontrol.dashboard.labels import label, language
from costcontrol.dashboard.layer_names import LAYER_NAMES, layer_name

Outcome = UsageRecord.Outcome


@dataclass(frozen=True, slots=True)
class Dimension:
    """One thing that calls differ in. `column`: what slices of calls call it."""

    name: str
    column: str
    title: str | Promise


DIMENSIONS = (
    Dimension("tier", "tier", _("Tier")),
    Dimension("language", "language", _("Language")),
    Dimension("provider", "provider", _("Provider")),
    Dimension("deployment", "deployment", _("Model")),
    Dimension("class", "model_class", _("Class of model")),
    Dimension("kind", "call_kind", _("Kind")),
    Dimension("layer", "cache_layer", _("Cache layer")),
    Dimension("status", "outcome", _("Status")),
    Dimension("user", "user", _("User")),
)
BY_NAME: Mapping[str, Dimension] = {each.name: each for each in DIMENSIONS}
EVERY = frozenset(BY_NAME)
USUAL = frozenset({"tier", "language", "deployment"})  # what the oldest sums know
CLASSES = ("local", "economy", "mid", "premium")
LAYERS = tuple(LAYER_NAMES)
STATUSES: Mapping[str, str | Promise] = {
    Outcome.COMPLETE: _("answered"),
    Outcome.CACHED: _("from the cache"),
    Outcome.INCOMPLETE: _("cut off"),
    Outcome.CANCELLED: _("client left"),
    Outcome.REFUSED: _("refused"),
    Outcome.FAILED: _("failed attempt"),
    Outcome.CORRECTED: _("price corrected"),
}
NOTHING: Mapping[str, str | Promise] = {
    "provider": _("no provider asked"),
    "deployment": _("no model asked"),
    "class": _("no model asked"),
    "layer": _("not from a cache"),
    "kind": _("no kind given"),
}


def title_of(name: str) -> str:
    return str(BY_NAME[name].title)


def value_words(name: str, value: str) -> str:
    """What people read for a value of this filter, and for a key of this grouping."""
    if value in ("", NONE):
        return str(NOTHING.get(name, pgettext_lazy("a value that is not given", "none")))
    if name == "language":
        return language(value)
    if name == "class":
        return label(value)
    if name == "layer":
        return layer_name(value)
    return str(STATUSES.get(value, value)) if name == "status" else value
