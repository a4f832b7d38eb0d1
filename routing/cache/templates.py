"""L4: what the moderator says that needs no model. Declared as such wherever it is shown. Pure.

A debate has its own choice among several sentences for each place, made by its id: it says the same
each time it is read, and two debates rarely open alike.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from routing.cache.template_words import Choices, Style, Templates
from routing.cache.templates_en import TEMPLATES as EN
from routing.cache.templates_ko import TEMPLATES as KO

LAYER = "template"
TEMPLATES: Mapping[str, Templates] = {"ko": KO, "en": EN}
USUAL_STYLE = "casual"


@dataclass(frozen=True, slots=True)
class Frame:
    """What the sentences are filled with. Names and topic are clean: one line, no braces matter.

    `seed`: of the debate. `is_swapped`: PRO answers the question with no.
    """

    language: str
    style: str
    topic: str
    pros: str
    cons: str
    seed: str
    is_swapped: bool = False


def intro(frame: Frame) -> str:
    style, said = _style(frame), _templates(frame)
    sides = [said.swapped] if frame.is_swapped else []
    parts = [
        _filled(frame, style.hello, "hello"), _filled(frame, style.why, "why"),
        _filled(frame, style.people, "people"), *sides, _filled(frame, style.start, "start"),
    ]
    return " ".join(parts)


def closing(frame: Frame) -> str:
    style = _style(frame)
    return " ".join([
        _filled(frame, style.thanks, "thanks"), _filled(frame, style.left, "left"),
        _filled(frame, style.goodbye, "goodbye"),
    ])


def transition(frame: Frame, *, name: str, side: str, number: int) -> str:
    """The moderator hands over. `number`: of the step, so that the next one sounds different."""
    options = _style(frame).hand_over
    at = (_drawn(frame.seed, "hand_over", len(options)) + number) % len(options)
    return options[at].format(name=name, side=side)


def times_up(frame: Frame, *, name: str) -> str:
    """A speech had to end at its longest length."""
    return _filled(frame, _templates(frame).times_up, "times_up", name=name)


def refused(frame: Frame, *, name: str) -> str:
    """A speech was ended because of what was said in it."""
    return _filled(frame, _templates(frame).refused, "refused", name=name)


# Kinds of call that a template can stand in for.
WRITERS: Mapping[str, Callable[[Frame], str]] = {"moderator_intro": intro, "closing": closing}


def _templates(frame: Frame) -> Templates:
    return TEMPLATES.get(frame.language, EN)


def _style(frame: Frame) -> Style:
    styles = _templates(frame).styles
    return styles.get(frame.style, styles[USUAL_STYLE])


def _filled(frame: Frame, options: Choices, place: str, **names: str) -> str:
    chosen = options[_drawn(frame.seed, place, len(options))]
    return chosen.format(topic=frame.topic, pros=frame.pros, cons=frame.cons, **names)


def _drawn(seed: str, place: str, count: int) -> int:
    return int(hashlib.sha256(f"{seed}:{place}".encode()).hexdigest()[:8], 16) % count
