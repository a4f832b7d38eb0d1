"""A debate to make prompts for, and short ways to read them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from routing.debates.plan import Shape, plan_of
from routing.debates.prompts import Prompt, turn_prompt
from routing.debates.types import Brief, Cast, Character, Found, Said, Step

ROOM = 100_000
NAMES = {
    "ko": ("칸트", "밀", "니체", "공자"),
    "en": ("Kant", "Mill", "Nietzsche", "Confucius"),
}
TOPICS = {"ko": "거짓말은 언제나 잘못인가?", "en": "Is lying always wrong?"}
CARDS = {
    "ko": {"essence": "의무를 따른다", "style": "원칙에서 시작한다", "speech": "합쇼체",
           "personality": "엄격하다", "traits": ["의무", "이성"], "quote": "별이 빛나는 하늘"},
    "en": {"essence": "follows duty", "style": "starts from principles", "speech": "exact",
           "personality": "strict", "traits": ["duty", "reason"], "quote": "The starry sky"},
}


def brief_of(language: str = "en", format: str = "2v2", **changes: Any) -> Brief:
    people = [
        Character(f"p{n}", 1, name, CARDS[language]) for n, name in enumerate(NAMES[language])
    ]
    half = {"1v1": 1, "2v2": 2}[format]
    cast = Cast(tuple(people[:half]), tuple(people[half : 2 * half]))
    return replace(Brief(TOPICS[language], language, cast), **changes)


def steps_of(format: str = "2v2", seat: str = "") -> tuple[Step, ...]:
    return plan_of(Shape(format, seat, has_context=True, has_search=True))


def step_of(kind: str, *, number: int = 0, format: str = "2v2", seat: str = "") -> Step:
    """The n-th step of this kind."""
    return [step for step in steps_of(format, seat) if step.kind == kind][number]


def said_before(step: Step, *, format: str = "2v2", seat: str = "", text: str = "") -> list[Said]:
    """What was said before a step: every message names its step."""
    return [
        Said(s.index, s.stage, s.kind, s.speaker, text or f"Words of step {s.index}.", s.target,
             s.is_users)
        for s in steps_of(format, seat)[: step.index]
    ]


def found(kind: str, text: str = "Something found.", *, speaker: str = "", step: int = 0) -> Found:
    return Found(kind, speaker, step, text, UUID(int=step * 100 + len(kind)))


def prompt_of(
    step: Step, *, language: str = "en", room: int = ROOM, finds: Sequence[Found] = (),
    said: Sequence[Said] | None = None, **changes: Any,
) -> Prompt:
    return turn_prompt(
        step, brief=brief_of(language, **changes), found=finds, room_tokens=room,
        transcript=said_before(step) if said is None else said,
        steps_left=steps_of()[step.index + 1 :],
    )


def text_of(prompt: Prompt) -> str:
    return "\n".join(message.content for message in prompt.messages)
