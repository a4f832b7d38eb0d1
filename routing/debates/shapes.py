"""What the plan of a debate depends on, from its row."""

from collections.abc import Set
from functools import lru_cache

from routing.debates.plan import Shape, plan_of
from routing.debates.types import Step
from routing.models import Debate


def shape_of(debate: Debate, *, off: Set[str] = frozenset()) -> Shape:
    """`off`: kinds of background calls that the operator switched off."""
    return Shape(debate.format, debate.seat, bool(debate.context), debate.is_lean, off)


def steps_of(debate: Debate, *, off: Set[str] = frozenset()) -> tuple[Step, ...]:
    """Its plan. Most debates have one of a few shapes."""
    return _steps(shape_of(debate, off=frozenset(off)))


_steps = lru_cache(maxsize=256)(plan_of)
