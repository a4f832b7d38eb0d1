"""What people read for the names of the API: stages, kinds of turns, sides, sources, states.

The same words go to the script of a page as JSON, so that there is one catalogue for both.
"""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from costcontrol.dashboard.components import Tone

Words = Mapping[str, str | Promise]

KINDS: Words = {
    "moderator_intro": _("Introduction"),
    "opening_statement": _("Opening statement"),
    "moderator_summary_1": pgettext_lazy("turn of a debate", "Summary"),
    "attack_response": pgettext_lazy("turn of a debate", "Attack"),
    "defense_response": pgettext_lazy("turn of a debate", "Defence"),
    "followup_response": pgettext_lazy("turn of a debate", "Follow-up"),
    "moderator_summary_2": pgettext_lazy("turn of a debate", "Summary"),
    "conclusion": pgettext_lazy("turn of a debate", "Conclusion"),
    "closing": _("Closing words"),
}
SIDES: Words = {
    "pro": pgettext_lazy("side of a debate", "PRO"),
    "con": pgettext_lazy("side of a debate", "CON"),
    "moderator": _("Moderator"),
}
SOURCES: Words = {
    "live": _("written now"),
    "cache": _("from the store"),
    "replay": _("a replay"),
    "template": _("a template"),
    "user": _("you"),
}
CLASSES: Words = {
    "local": _("local model"),
    "economy": _("small model"),
    "mid": _("mid-range model"),
    "premium": _("best model"),
}
STATUSES: Mapping[str, tuple[str | Promise, Tone]] = {
    "open": (_("running"), Tone.OK),
    "paused": (_("paused"), Tone.WARN),
    "finished": (_("finished"), Tone.OFF),
    "cancelled": (_("ended early"), Tone.OFF),
}
TRY_AGAIN = _("Press “Next” to have it tried again.")
UNWATCHED = _(
    "It stopped because nobody was watching. Press “Next”, and it is written from the start."
)
STOPPED = _("It was stopped. Press “Next”, and it is written from the start.")
OVER = _("It was stopped.")
PASSED = _("passes")


def word(words: Words, key: str) -> str:
    """What nobody has a word for is shown as it is."""
    return str(words.get(key, key.replace("_", " ")))


def side_of(speaker: str) -> str:
    """"pro1" -> "pro"; "" -> "moderator"."""
    return speaker[:3] if speaker[:3] in SIDES else "moderator"
