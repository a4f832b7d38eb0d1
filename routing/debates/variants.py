"""Which variant of the stored answers a debate begins with: the one after that of the last debate
on the same topic with the same cast. So its parts stay together, and debates take turns.
Synchronous.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from routing.debates.orders import Order
from routing.debates.types import SIDES
from routing.models import Debate
from routing.snapshot import Snapshot

LOOKED_AT = 50  # debates: whoever has another cast in all of them begins with the first variant


def variant_of(order: Order, snapshot: Snapshot) -> int:
    if order.context:  # what it reads is nobody else's
        return 0
    return variant_next(
        order.topic_key, language=order.language, is_swapped=order.is_swapped, cast=order.cast,
        variants=snapshot.kinds["opening_statement"].variants,
    )


def variant_next(
    topic_key: str, *, language: str, is_swapped: bool, cast: Mapping[str, Any], variants: int
) -> int:
    """`variants`: how many are kept of an opening."""
    if not topic_key or variants < 2:
        return 0
    rows = Debate.objects.filter(topic_key=topic_key, language=language, is_swapped=is_swapped)
    rows = rows.exclude(topic_key="").order_by("-created_at")  # in the words of the index
    wanted = _people(cast)
    for other, variant in rows.values_list("cast", "variant")[:LOOKED_AT]:
        if _people(other) == wanted:
            return int(variant + 1) % variants
    return 0


def _people(cast: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[list[tuple[Any, Any]]]:
    return [[(one["key"], one["version"]) for one in cast.get(side, ())] for side in SIDES]
