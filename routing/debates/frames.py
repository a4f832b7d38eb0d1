"""What the moderator says by a template (`routing.cache.templates`), for one debate."""

from routing.cache import templates
from routing.cache.templates import Frame
from routing.debates.prompt_fence import plain
from routing.debates.prompt_parts import MAX_TOPIC, name_in, side_names, words_of
from routing.debates.types import SIDES, Brief, Cast, Character, Step
from routing.models import Debate
from routing.types import StopReason

CUT_OFF = {
    StopReason.LENGTH: templates.times_up, StopReason.CONTENT_FILTER: templates.refused,
}


def frame_of(brief: Brief, *, seed: str) -> Frame:
    """`seed`: the debate's id. Whatever people typed is one clean line."""
    return Frame(
        brief.language, brief.moderator_style, plain(brief.topic, MAX_TOPIC),
        pros=side_names(brief, "pro"), cons=side_names(brief, "con"), seed=seed,
        is_swapped=brief.is_swapped,
    )


def transition(brief: Brief, step: Step, *, seed: str) -> str:
    """The moderator hands over to whoever speaks in this step; empty for most."""
    if not step.has_transition:
        return ""
    return templates.transition(
        frame_of(brief, seed=seed), name=name_in(brief, step.speaker),
        side=words_of(brief).side(step.speaker), number=step.index // 3,
    )


def cut_off(stop_reason: StopReason, brief: Brief, speaker: str, *, seed: str) -> str:
    """What the moderator says to whoever could not end their speech; empty: they could."""
    say = CUT_OFF.get(stop_reason)
    if say is None:
        return ""
    return say(frame_of(brief, seed=seed), name=name_in(brief, speaker))


def written_by(kind: str, brief: Brief, *, seed: str) -> str:
    """The whole text of a turn that needs no model; "": of this kind there is no template."""
    writer = templates.WRITERS.get(kind)
    return writer(frame_of(brief, seed=seed)) if writer else ""


def brief_of_names(debate: Debate) -> Brief:
    """Without the cards of the cast: no query."""
    pro, con = (
        tuple(
            Character(one["key"], one["version"],
                      one["name_ko"] if debate.language == "ko" else one["name_en"])
            for one in debate.cast.get(side, ())
        )
        for side in SIDES
    )
    return Brief(
        topic=debate.topic, language=debate.language, cast=Cast(pro, con), seat=debate.seat,
        moderator_style=debate.moderator_style, context=debate.context,
        topic_key=debate.topic_key, is_swapped=debate.is_swapped,
    )
