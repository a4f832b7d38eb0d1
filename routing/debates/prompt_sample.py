"""A debate that nobody held, to measure prompts with: real cards and a real topic, and speeches of
filler as long as the workload model says (`sizes.MODELLED`). The same at each call.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from routing import tokens
from routing.call_kinds import SEARCH
from routing.debates.plan import Shape, plan_of, speakers_of
from routing.debates.prompt_found import found_text
from routing.debates.shipped import philosophers_read
from routing.debates.sizes import ENGLISH_SHARE, MODELLED, USERS_TEXT_TOKENS
from routing.debates.types import Brief, Cast, Character, Found, Said, Step
from routing.sources import MOST, lines_of, source_of

TOPICS: Mapping[str, str] = MappingProxyType({
    "ko": "다섯 사람을 살리기 위해 한 사람을 희생시켜도 되는가?",
    "en": "Is it permissible to sacrifice one person in order to save five?",
})
SENTENCES: Mapping[str, str] = MappingProxyType({
    "ko": "사람은 스스로 묻고 답하며 앎에서 나온 덕을 지킬 때 비로소 옳은 길에 선다고 나는 "
          "생각합니다. 그러나 그 길이 누구의 고통을 딛고 있는지 먼저 살펴야 합니다.",
    "en": "A person who asks and answers for themselves stands on firm ground, I think, only while "
          "they keep the virtue that knowledge gives. But first we should see whose pain that "
          "ground rests upon.",
})
CONTEXT_TOKENS = 800


@dataclass(frozen=True, slots=True)
class Sample:
    brief: Brief
    steps: tuple[Step, ...]
    said: tuple[Said, ...]  # one for each step
    found: tuple[Found, ...]

    def before(self, step: Step) -> tuple[Said, ...]:
        return self.said[: step.index]

    def found_before(self, step: Step) -> tuple[Found, ...]:
        """All that has been found out when this turn begins."""
        own = {background.key for background in step.before}
        return tuple(
            each for each in self.found
            if each.step < step.index or (each.kind, each.speaker, each.step) in own
        )


def sample_of(
    language: str, format: str, *, seat: str = "", has_context: bool = True,
    has_search: bool = False,
) -> Sample:
    brief = Brief(
        topic=TOPICS[language], language=language, cast=_cast(language, format), seat=seat,
        context=filler(language, CONTEXT_TOKENS, 7) if has_context else "",
    )
    steps = plan_of(Shape(format, seat, has_context=has_context, has_search=has_search))
    return Sample(brief, steps, tuple(_said(step, language) for step in steps),
                  _found(steps, language))


def filler(language: str, length: int, start: int) -> str:
    """Text of about so many tokens; another `start`, another text."""
    words, text, at = SENTENCES[language].split(), str(start), start
    while tokens.count(text) < length:
        text += "".join(f" {words[(at + n) % len(words)]}" for n in range(max(1, length // 25)))
        at += 1
    return text


def _cast(language: str, format: str) -> Cast:
    people = []
    for shipped in philosophers_read()[: len(speakers_of(format))]:
        draft = shipped.draft
        card = {**draft.cards[language], "strategies": draft.strategies}
        people.append(Character(shipped.key, shipped.version, draft.names[language], card))
    half = len(people) // 2
    return Cast(tuple(people[:half]), tuple(people[half:]))


def _length(kind: str, language: str, *, is_users: bool = False) -> int:
    usual = USERS_TEXT_TOKENS if is_users else MODELLED[kind][1]
    return int(usual * (ENGLISH_SHARE if language == "en" else 1.0))


def _said(step: Step, language: str) -> Said:
    length = _length(step.kind, language, is_users=step.is_users)
    text = filler(language, length, step.index)
    return Said(step.index, step.stage, step.kind, step.speaker, text, step.target, step.is_users)


def _found(steps: Sequence[Step], language: str) -> tuple[Found, ...]:
    found: list[Found] = []
    for step in steps:
        for background in (*step.before, *step.after):
            number = len(found) + 1
            text = _answer(background.kind, filler(
                language, _length(background.kind, language), 100 + number
            ))
            found.append(Found(*background.key, text, UUID(int=number)))
    return tuple(found)


def _answer(kind: str, text: str) -> str:
    """As long as what is passed on of such an answer."""
    if kind == "tone_select":
        return "calm"
    if kind == "stance_statements":
        half = len(text) // 2
        return f"PRO: {text[:half]}\nCON: {text[half:]}"
    if kind == SEARCH:
        pages = (source_of(f"https://example.org/{n}", text[:60], text) for n in range(MOST))
        text += lines_of(page for page in pages if page)
    if kind == "quality_check":
        return ""  # nothing to mend
    return found_text(kind, text)
