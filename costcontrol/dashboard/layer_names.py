"""What the layers that answer without a model are called, wherever staff read of them.

`exact` is L1, `pattern` L2, `precomputed` L3, `template` L4. `shared` reads along with the same
call. A template is no cache: it is written by nobody, so it is in no hit rate.
"""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.savings import TEMPLATE

LAYER_NAMES: Mapping[str, str | Promise] = {
    "exact": _("same question again"),
    "shared": _("read along"),
    "pattern": _("stored answer"),
    "precomputed": _("made ahead"),
    TEMPLATE: _("template"),
}


def layer_name(key: str) -> str:
    """Of `UsageRecord.cache_layer`. One that nobody knows is shown as it is."""
    return str(LAYER_NAMES.get(key, key))
