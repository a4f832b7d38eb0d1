"""What templates are written with: sentences by the moderator's style, several for each place."""

from collections.abc import Mapping
from dataclasses import dataclass

Choices = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Style:
    """Braces are filled with names that were cleaned before: {topic} {pros} {cons} {name} {side}.

    An opening is hello, why, people, start; a closing is thanks, left, goodbye.
    """

    hello: Choices
    why: Choices
    people: Choices
    start: Choices
    hand_over: Choices
    thanks: Choices
    left: Choices
    goodbye: Choices


@dataclass(frozen=True, slots=True)
class Templates:
    """`swapped`: said when PRO of this debate answers the question with no."""

    styles: Mapping[str, Style]
    swapped: str
    times_up: Choices
    refused: Choices
