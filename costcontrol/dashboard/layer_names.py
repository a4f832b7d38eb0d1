"""What the layers that answer without a model are called, wherever staff read of them: one name on
every page.

`exact` is L1, `pattern` L2, `precomputed` L3, `template` L4. `shared` reads along with the same
call. A template is no cache: it is written by nobody, so it is in no hit rate.
"""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.savings import SEARCH_CACHE, TEMPLATE

LAYER_NAMES: Mapping[str, str | Promise] = {
    "exact": _("same question again"),
    "shared": _("same question at the same time"),
    "pattern": _("stored for everybody"),
    "precomputed": _("made ahead"),
    TEMPLATE: _("template"),
}
SEARCHES = _("stored searches")  # beside L2; their calls have another layer or none
LEVELS: Mapping[str, str] = {
    "exact": "L1", "shared": "L1", "pattern": "L2", SEARCH_CACHE: "L2", "precomputed": "L3",
    TEMPLATE: "L4",
}


def level_name(key: str) -> str:
    """With its place in the order in which they are asked: “L2: stored for everybody”."""
    name = str(SEARCHES) if key == SEARCH_CACHE else layer_name(key)
    return f"{LEVELS[key]}: {name}" if key in LEVELS else name


def layer_name(key: str) -> str:
    """Of `UsageRecord.cache_layer`. One that nobody knows is shown as it is."""
    return str(LAYER_NAMES.get(key, key))
