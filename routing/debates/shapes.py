"""What the plan of a debate depends on, from its row."""

from collections.abc import Set
from functools import lru_cache

from accounts.types import TierRules
from routing.debates import searching
from routing.debates.plan import Shape, plan_of
from routing.debates.types import Step
from routing.models import Debate
from routing.snapshot import Snapshot


def shape_of(
    debate: Debate, *, off: Set[str] = frozenset(), has_search: bool = False
) -> Shape:
    """`off`: kinds of background calls that the operator switched off."""
    return Shape(
        debate.format, debate.seat, bool(debate.context), debate.is_lean, off, has_search
    )


def steps_of(
    debate: Debate, *, off: Set[str] = frozenset(), has_search: bool = False
) -> tuple[Step, ...]:
    """Its plan. Most debates have one of a few shapes."""
    return _steps(shape_of(debate, off=frozenset(off), has_search=has_search))


def steps_now(
    debate: Debate, *, snapshot: Snapshot, has_search: bool = False
) -> tuple[Step, ...]:
    """Its plan, without what the operator has switched off by now."""
    return steps_of(debate, off=kinds_off(snapshot), has_search=has_search)


def kinds_off(snapshot: Snapshot) -> frozenset[str]:
    """Kinds of background calls that the operator switched off."""
    return frozenset(kind.name for kind in snapshot.kinds.values() if not kind.is_enabled)


def searches(debate: Debate, *, snapshot: Snapshot, tier: TierRules) -> bool:
    """Its openings are to read what a web search found. Small models could not use it."""
    if debate.is_lean:
        return False
    return searching.is_on(snapshot, tier=tier, language=debate.language)


_steps = lru_cache(maxsize=256)(plan_of)
