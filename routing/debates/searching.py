"""Whether debates search the web, and what an opening shows of it.

They do where the operator says of a model that it searches, and the plan may use that model. Once
for a topic and side: its prompt names nobody, so all who speak for a side read the same pages.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from accounts.types import TierRules
from costcontrol.lib.sentences import Sentence as _
from routing import policy
from routing.call_kinds import SEARCH
from routing.debates.types import Found, Step
from routing.models import Turn
from routing.snapshot import Snapshot
from routing.sources import split

FAILED = _("The web search for this statement found nothing, so it was written without.")


def is_on(snapshot: Snapshot, *, tier: TierRules, language: str) -> bool:
    """A model searches for debates of this plan, in this language."""
    kind = snapshot.kinds.get(SEARCH)
    if kind is None or not kind.is_enabled:
        return False
    return bool(policy.usual_route(SEARCH, tier=tier, language=language, snapshot=snapshot))


def is_wanted(step: Step) -> bool:
    """By the plan, as it is now."""
    return any(background.kind == SEARCH for background in step.before)


def is_missing(step: Step, found: Iterable[Found]) -> bool:
    """It was to be searched for, and nothing was found, or nobody could."""
    return is_wanted(step) and _own(step, found) is None


@dataclass(frozen=True, slots=True)
class Read:
    """The pages that stand in the prompt of a turn. `is_missing`: some should, but none was found.
    """

    pages: tuple[Mapping[str, str], ...] = ()
    is_missing: bool = False

    def write_on(self, turn: Turn, *, stored: Sequence[Mapping[str, str]] | None) -> None:
        """`stored`: of the stored answer that the turn is, which was written from these; None: it
        is none."""
        turn.citations = [dict(page) for page in (self.pages if stored is None else stored)]
        turn.search = Turn.Search.FOUND if turn.citations else ""
        if self.is_missing and stored is None:
            turn.search = Turn.Search.FAILED


NOTHING = Read()


def read_by(step: Step, found: Iterable[Found], *, uses: Iterable[object]) -> Read:
    """`uses`: the calls whose answers stand in the prompt of this turn."""
    own = _own(step, found)
    if own is None:
        return Read(is_missing=is_wanted(step))
    pages = split(own.text)[1] if own.call_id in set(uses) else ()
    return Read(tuple(page.as_json() for page in pages))


def _own(step: Step, found: Iterable[Found]) -> Found | None:
    wanted = (SEARCH, step.speaker, step.index)
    return next(
        (each for each in found if (each.kind, each.speaker, each.step) == wanted and each.text),
        None,
    )
