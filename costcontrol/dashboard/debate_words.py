"""What staff read for the names in the costs of a debate. A name nobody knows is shown as it is."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.reports.debates import Use
from costcontrol.dashboard.components import Tone
from costcontrol.dashboard.labels import label, language
from costcontrol.dashboard.layer_names import LAYER_NAMES
from routing.debates.stage_names import STAGE_NAMES

Words = Mapping[str, str | Promise]
SOURCES: Words = {
    "provider": gettext_lazy("written by a model"),
    **LAYER_NAMES,
    "": gettext_lazy("no model asked"),
}
USES: Mapping[str, tuple[str | Promise, Tone]] = {
    Use.SHOWN: (gettext_lazy("shown"), Tone.OK),
    Use.READ: (gettext_lazy("used by a prompt"), Tone.OK),
    Use.UNREAD: (gettext_lazy("nobody read it"), Tone.WARN),
    Use.LOST: (gettext_lazy("never shown"), Tone.WARN),
}
NOT_SAID = gettext_lazy("not said")


def said(name: str, key: str) -> str:
    """The word for `key` among the values of a property of calls."""
    match name:
        case "stage":
            return str(STAGE_NAMES.get(key, key or NOT_SAID))
        case "source":
            return str(SOURCES.get(key, key))
        case "use":
            return str(USES[key][0]) if key in USES else key
        case "language":
            return language(key) or str(NOT_SAID)
        case "model_class":
            return label(key) if key else _("no model asked")
    return key or str(NOT_SAID)
