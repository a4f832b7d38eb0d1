"""Which call of a debate a prompt belongs to. A provider is not told: it reads the prompt.

The prompt's own sentences are the pattern, so that a new wording of them is still understood.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from string import Formatter

from routing.debates.prompt_parts import WORDS
from routing.debates.prompt_words import Words

TASK = "<task>"
TOPIC = re.compile("<topic>(.*?)</topic>")
SPEAKER = re.compile('<speaker side="(.*?)">(.*?)</speaker>')


@dataclass(frozen=True, slots=True)
class Asked:
    """`side`: "pro", "con", or "" for the moderator. `number`: which of that side, from 0."""

    kind: str
    language: str
    topic: str
    side: str = ""
    number: int = 0
    names: Mapping[str, str] | None = None  # what the task names: target, pros, cons
    is_shared: bool = False  # others may be given the answer: then no two are the same
    salt: int = 0


def asked(prompt: str) -> Asked | None:
    """None: it is no call of a debate."""
    task = _task_of(prompt)
    for language, kind, pattern in _patterns():
        if match := pattern.match(task):
            found = _asked(prompt, language, kind, match.groupdict())
            is_shared = pattern.pattern == _pattern(WORDS[language].canon.get(kind, ""))
            return replace(found, is_shared=is_shared)
    return None


def _task_of(prompt: str) -> str:
    """A short prompt has no tag for it: there it is the last line."""
    _before, tag, task = prompt.rpartition(TASK)
    return task if tag else prompt.rstrip().rpartition("\n")[2]


def _asked(prompt: str, language: str, kind: str, names: dict[str, str]) -> Asked:
    words = WORDS[language]
    topic = TOPIC.search(prompt)
    you = _you(words, prompt) | {name: text for name, text in names.items() if text}
    sides = {words.pro: "pro", words.con: "con"}
    sides |= {view: side for side, view in words.views.items()}
    side = sides.get(you.get("side") or you.get("view") or "", "")
    team = [name for label, name in SPEAKER.findall(prompt) if label == you.get("side")]
    name = you.get("name", "")
    return Asked(
        kind, language, topic[1] if topic else "", side,
        team.index(name) if name in team else 0, names,
    )


def _you(words: Words, prompt: str) -> dict[str, str]:
    """Who is to speak: the last that a prompt says of it."""
    found: dict[str, str] = {}
    for template in (words.you, words.short_you, words.you_say):
        for match in re.finditer(_pattern(template), prompt):
            found = match.groupdict()
    return found


@cache
def _patterns() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    return tuple(
        (language, kind, re.compile(_pattern(template)))
        for language, words in WORDS.items()
        for tasks in (words.tasks, words.jobs, words.short_tasks, words.canon)
        for kind, template in tasks.items()
    )


def _pattern(template: str) -> str:
    return "".join(_pieces(template))


def _pieces(template: str) -> Iterator[str]:
    """Literal text as it is; for each name a group, the second time the same text again."""
    seen: set[str] = set()
    for literal, name, _format, _conversion in Formatter().parse(template):
        yield re.escape(literal)
        if name:
            yield f"(?P={name})" if name in seen else f"(?P<{name}>.*?)"
            seen.add(name)
