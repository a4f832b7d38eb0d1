"""Whether debates search the web, and what an opening shows of it.

They do where the operator says of a model that it searches, and the plan may use that model. Once
for a topic and side: its prompt names nobody, so all who speak for a side read the same pages.
"""

from collections.abc import Iterable

from accounts.types import TierRules
from costcontrol.lib.sentences import Sentence as _
from routing import policy
from routing.call_kinds import SEARCH
from routing.debates.types import Found, Step
from routing.snapshot import Snapshot
from routing.sources import Source, split

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


def sources_for(
    step: Step, found: Iterable[Found], *, uses: Iterable[object]
) -> tuple[Source, ...]:
    """The pages that stand in the prompt of this turn; `uses`: the calls whose answers do."""
    own = _own(step, found)
    return split(own.text)[1] if own and own.call_id in set(uses) else ()


def _own(step: Step, found: Iterable[Found]) -> Found | None:
    wanted = (SEARCH, step.speaker, step.index)
    return next(
        (each for each in found if (each.kind, each.speaker, each.step) == wanted and each.text),
        None,
    )
