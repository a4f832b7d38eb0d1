"""What the stages of a debate are called: on pages, in exports and in replays."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

STAGE_NAMES: Mapping[str, str | Promise] = {
    "opening": pgettext_lazy("stage of a debate", "Opening"),
    "pro_argument": _("Arguments for"),
    "con_argument": _("Arguments against"),
    "moderator_summary_1": _("First summary"),
    "interactive_argument": _("Attack and defence"),
    "moderator_summary_2": _("Second summary"),
    "pro_conclusion": _("Conclusion for"),
    "con_conclusion": _("Conclusion against"),
    "closing": pgettext_lazy("stage of a debate", "Closing"),
}
