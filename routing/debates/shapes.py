"""What the plan of a debate depends on, from its row."""

from collections.abc import Set

from routing.debates.plan import Shape
from routing.models import Debate


def shape_of(debate: Debate, *, off: Set[str] = frozenset()) -> Shape:
    """`off`: kinds of background calls that the operator switched off."""
    return Shape(debate.format, debate.seat, bool(debate.context), debate.is_lean, off)
