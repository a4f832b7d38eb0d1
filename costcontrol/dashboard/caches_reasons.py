"""Why a model answered calls that could have come from the store: what is counted there, and the
rest."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from routing.reports.stored import Made


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a model had to answer so many calls. `key`: for files."""

    key: str
    words: str
    note: str
    calls: int


def reasons(by_models: int, made: Made) -> Iterator[Reason]:
    if not settings.CACHE_SHARED:
        yield Reason("layer_off", _("The layer is off"), "", by_models)
        return
    yield Reason(
        "nothing_stored", _("Nothing was stored yet"),
        _("it was written, and is stored now for others"), made.first,
    )
    yield Reason(
        "another_wanted", _("They had seen what was stored, or asked for another"),
        _("another variant was written and is stored now"), made.more,
    )
    yield Reason(
        "not_kept", _("It has no key, or was not kept"),
        _("a topic or words of the user's own, a cut answer, a fallback, or all variants seen"),
        max(by_models - made.first - made.more, 0),
    )
