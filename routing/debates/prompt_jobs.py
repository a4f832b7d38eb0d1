"""What each call behind the scenes gets to read, and what it is to find out."""

from collections.abc import Callable, Mapping, Sequence

from routing.debates.prompt_fence import plain
from routing.debates.prompt_parts import card_text, name_in, positions, words_of
from routing.debates.types import Background, Brief, Found, Said

Part = tuple[str, str, str]  # tag, text, whose it is
Parts = tuple[list[Part], list[Found]]
CYCLE = 3  # the messages of one cycle of the exchange
MAX_GLIMPSE = 240  # characters of a message, where its tone is all that matters


def job_parts(
    background: Background, *, brief: Brief, transcript: Sequence[Said], found: Sequence[Found]
) -> tuple[list[Part], list[Found], str]:
    """Material, the earlier findings in it, and the task."""
    parts, told = READS[background.kind](background, brief, transcript, found)
    words = words_of(brief)
    who = background.speaker
    task = words.jobs[background.kind].format(
        name=name_in(brief, who), side=words.side(who), positions=positions(brief),
        tones=", ".join(words.tones),
    )
    return parts, told, task


def _topic(brief: Brief) -> Part:
    return ("topic", brief.topic, "")


def _before(background: Background, transcript: Sequence[Said]) -> list[Said]:
    return [said for said in transcript if said.step < background.step and said.text]


def _own(background: Background, transcript: Sequence[Said]) -> list[Said]:
    return [said for said in transcript if said.step == background.step and said.text]


def _said(lines: Sequence[Said], brief: Brief, limit: int | None = None) -> list[Part]:
    return [("said", plain(said.text, limit), name_in(brief, said.speaker)) for said in lines]


def _persona(background: Background, brief: Brief) -> list[Part]:
    words = words_of(brief)
    text = card_text(words, brief.cast.of(background.speaker))
    return [("card", text, name_in(brief, background.speaker))] if text else []


def _on_topic(background: Background, brief: Brief, _t: Sequence[Said], _f: object) -> Parts:
    return [_topic(brief)], []


def _on_context(background: Background, brief: Brief, _t: Sequence[Said], _f: object) -> Parts:
    return [("context", brief.context, "")], []


def _on_persona(background: Background, brief: Brief, _t: Sequence[Said], _f: object) -> Parts:
    return [_topic(brief), *_persona(background, brief)], []


def _on_name(background: Background, brief: Brief, _t: Sequence[Said], _f: object) -> Parts:
    return [], []


def _on_arguments(
    background: Background, brief: Brief, _t: Sequence[Said], found: Sequence[Found]
) -> Parts:
    told = [
        each for each in found
        if (each.kind, each.speaker) == ("core_arguments", background.speaker) and each.text
    ]
    parts = [("note", each.text, "") for each in told]
    return [_topic(brief), *parts], told


def _on_statement(
    background: Background, brief: Brief, transcript: Sequence[Said], _f: object
) -> Parts:
    own = _said(_own(background, transcript), brief)
    persona = _persona(background, brief) if background.kind == "quality_check" else []
    return [_topic(brief), *persona, *own], []


def _on_moment(
    background: Background, brief: Brief, transcript: Sequence[Said], _f: object
) -> Parts:
    last = _before(background, transcript)[-2:]
    return [_topic(brief), *_persona(background, brief), *_said(last, brief, MAX_GLIMPSE)], []


def _on_cycle(
    background: Background, brief: Brief, transcript: Sequence[Said], found: Sequence[Found]
) -> Parts:
    states = [
        each for each in found
        if each.kind == "turn_analysis" and each.step < background.step and each.text
    ]
    told = states[-1:]
    cycle = [said for said in transcript if said.step <= background.step and said.text][-CYCLE:]
    parts = [("note", each.text, "") for each in told]
    return [_topic(brief), *parts, *_said(cycle, brief)], told


def _on_reply(
    background: Background, brief: Brief, transcript: Sequence[Said], _f: object
) -> Parts:
    lines = _before(background, transcript)[-1:] + _own(background, transcript)
    return [_topic(brief), *_said(lines, brief)], []


READS: Mapping[str, Callable[[Background, Brief, Sequence[Said], Sequence[Found]], Parts]] = {
    "stance_statements": _on_topic,
    "context_summary": _on_context,
    "core_arguments": _on_persona,
    "rag_query": _on_arguments,
    "rag_search": _on_topic,
    "quality_check": _on_statement,
    "opening_analysis": _on_statement,
    "tone_select": _on_moment,
    "turn_analysis": _on_cycle,
    "user_turn_analysis": _on_reply,
    "character_card": _on_name,
}
