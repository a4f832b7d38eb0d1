"""The parts that prompts are made of: brief, transcript, persona. Material only between tags."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from routing.call_kinds import SEARCH
from routing.debates.prompt_fence import fenced, name_of, plain
from routing.debates.prompt_words import USUAL_STYLE, Words
from routing.debates.prompts_en import WORDS as EN
from routing.debates.prompts_ko import WORDS as KO
from routing.debates.types import MODERATOR, Brief, Character, Found, Said
from routing.sources import split

WORDS: Mapping[str, Words] = {"ko": KO, "en": EN}
MAX_TOPIC = 300  # characters
MAX_CONTEXT = 1_500
MAX_STANCE = 300
MAX_FIELD = 200  # of a card
WHOLE_CARD = ("essence", "style", "personality", "traits", "quote", "speech")
SHORT_CARD = ("essence", "style", "speech")  # for two or three sentences
STANCES = re.compile(r"^(PRO|CON): (.+)$", re.M)


def words_of(brief: Brief) -> Words:
    return words_in(brief.language)


def words_in(language: str) -> Words:
    return WORDS.get(language, EN)


def brief_text(brief: Brief, found: Sequence[Found]) -> str:
    """The same words in every turn of a debate, whoever speaks."""
    words = words_of(brief)
    lines = [fenced("topic", plain(brief.topic, MAX_TOPIC)), positions(brief)]
    lines += stance_lines(words, found)
    lines += [
        fenced("speaker", name, side=words.side(speaker))
        for speaker, name in names_of(brief).items()
    ]
    if context := context_text(brief, found):
        lines.append(fenced("context", context))
    return "\n".join(lines)


def positions(brief: Brief) -> str:
    words = words_of(brief)
    return words.positions_swapped if brief.is_swapped else words.positions


def stance_lines(words: Words, found: Sequence[Found]) -> list[str]:
    texts = (each.text for each in found if each.kind == "stance_statements")
    sides = {"PRO": words.pro, "CON": words.con}
    return [
        fenced("position", plain(text, MAX_STANCE), side=sides[side])
        for side, text in STANCES.findall(next(texts, ""))
    ]


def context_text(brief: Brief, found: Sequence[Found]) -> str:
    """What the user added: summed up if that was done, else its beginning."""
    if not brief.context:
        return ""
    summaries = (each.text for each in found if each.kind == "context_summary" and each.text)
    return plain(next(summaries, brief.context), MAX_CONTEXT)


def note_lines(words: Words, told: Iterable[Found]) -> Iterator[str]:
    """What was found out, as material; of a web search also its pages, one by one."""
    for each in told:
        if each.kind not in words.notes:
            continue
        said, pages = split(each.text) if each.kind == SEARCH else (each.text, ())
        yield fenced("note", plain(said), about=words.notes[each.kind])
        for page in pages:
            yield fenced("source", plain(page.text), title=page.title, url=page.url)


def names_of(brief: Brief) -> dict[str, str]:
    return {speaker: name_in(brief, speaker) for speaker in brief.cast.speakers}


def name_in(brief: Brief, speaker: str) -> str:
    words = words_of(brief)
    if speaker == MODERATOR:
        return words.moderator
    return name_of(brief.cast.of(speaker).name) or speaker


def side_names(brief: Brief, side: str) -> str:
    return ", ".join(name for speaker, name in names_of(brief).items() if speaker[:3] == side)


def line_of(said: Said, brief: Brief, limit: int | None = None) -> str:
    """One message of the transcript. Never written otherwise later on: prompts share it."""
    side = words_of(brief).side(said.speaker)
    return fenced("said", plain(said.text, limit), by=name_in(brief, said.speaker), side=side)


def persona(brief: Brief, speaker: str, fields: Collection[str]) -> str:
    """Who speaks: the last part of a prompt, because it differs from turn to turn."""
    words = words_of(brief)
    if speaker == MODERATOR:
        style = words.styles.get(brief.moderator_style, words.styles[USUAL_STYLE])
        return words.you_moderate.format(style=style)
    you = words.you.format(name=name_in(brief, speaker), side=words.side(speaker))
    lines = [you, *mates(brief, speaker), card(words, brief.cast.of(speaker), fields)]
    return "\n".join(line for line in lines if line)


def mates(brief: Brief, speaker: str) -> Iterable[str]:
    words = words_of(brief)
    for other, name in names_of(brief).items():
        if other != speaker and other[:3] == speaker[:3]:
            yield words.mate.format(mate=name)


def card(words: Words, character: Character, fields: Collection[str]) -> str:
    text = card_text(words, character, fields)
    return fenced("card", text, of=name_of(character.name)) if text else ""


def card_text(
    words: Words, character: Character, fields: Collection[str] = WHOLE_CARD
) -> str:
    told = [(words.card[name], character.card.get(name)) for name in words.card if name in fields]
    return " | ".join(f"{label}: {_field(value)}" for label, value in told if value)


def _field(value: object) -> str:
    if isinstance(value, list | tuple):
        value = ", ".join(str(each) for each in value[:6])
    return plain(str(value), MAX_FIELD)
