"""What calls behind the scenes find out: reading their answers, and who is told.

Answers are asked for as JSON; small models wrap it in prose, forget a bracket, or write prose. What
can be used becomes a few short lines; what cannot becomes "", and is left out.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from routing.call_kinds import SEARCH
from routing.debates.prompt_fence import clipped, plain
from routing.debates.prompts_en import WORDS
from routing.debates.types import Background, Found, Step
from routing.sources import Source, split

MAX_FOUND = 600  # characters, of one answer
MAX_PIECE = 160
MAX_TITLE, MAX_SNIPPET = 120, 200  # of a page that was found
LIMITS: Mapping[str, int] = {
    "context_summary": 1_500, "character_card": 4_000, "opening_analysis": 360,
    "turn_analysis": 240, "user_turn_analysis": 240, "rag_query": 160, "quality_check": 160,
    "core_arguments": 480,
}
GOOD_MARK = 7  # of 10: a statement with only such marks needs no remark
STRICT = frozenset({"quality_check", "stance_statements", "tone_select", "character_card"})
FENCE = re.compile(r"\A```\w*")
# One that is not closed goes to the end: to try each quotation mark anew takes very long.
STRING = re.compile(r'"(?:\\.|[^"\\])*+(?:"|\\?\Z)', re.DOTALL)

# Whose prompts an answer goes to: (its step and speaker, the turn) -> is it for that turn?
Uses = Callable[[Background | Found, Step], bool]


def _everybody(_found: Background | Found, _step: Step) -> bool:
    return True


def _own_opening(found: Background | Found, step: Step) -> bool:
    return step.kind == "opening_statement" and step.speaker == found.speaker


def _own_turn(found: Background | Found, step: Step) -> bool:
    return step.index == found.step


def _attack_on(found: Background | Found, step: Step) -> bool:
    return step.kind == "attack_response" and step.target == found.speaker


def _own_response(found: Background | Found, step: Step) -> bool:
    return step.kind in ("attack_response", "defense_response") and step.speaker == found.speaker


def _later_argument(found: Background | Found, step: Step) -> bool:
    return step.index > found.step and step.kind in ("attack_response", "moderator_summary_2")


def _answer_to(found: Background | Found, step: Step) -> bool:
    return step.index == found.step + 1 and step.target == found.speaker


USES: Mapping[str, Uses] = {
    "stance_statements": _everybody,
    "context_summary": _everybody,
    "core_arguments": _own_opening,
    "rag_query": _own_opening,
    SEARCH: _own_opening,
    "opening_analysis": _attack_on,
    "quality_check": _own_response,
    "tone_select": _own_turn,
    "turn_analysis": _later_argument,
    "user_turn_analysis": _answer_to,
}


def wants(step: Step, background: Background | Found) -> bool:
    """Would the prompt of this turn use what that call finds out? Then the turn waits for it."""
    uses = USES.get(background.kind)
    return bool(uses and not step.is_users and uses(background, step))


def found_text(kind: str, answer: str) -> str:
    """What an answer says, in a few short lines without JSON; "" if it cannot be used."""
    if kind == SEARCH:
        return searched_text(answer)
    value = json_of(answer)
    if value is None:
        text = "" if kind in STRICT - {"tone_select"} or looks_like_json(answer) else plain(answer)
    else:
        text = READERS.get(kind, _all_of)(value)
    if kind == "tone_select":
        text = _tone(text or answer)
    return clipped(text.strip(), LIMITS.get(kind, MAX_FOUND))


def searched_text(answer: str) -> str:
    """What a web search found, and its pages as lines at the end; "" without any page, as then
    nothing was found. All of it is a stranger's words."""
    said, pages = split(answer)
    lines = [
        Source(plain(page.title, MAX_TITLE), page.url, plain(page.text, MAX_SNIPPET)).line
        for page in pages
    ]
    return "\n".join(filter(None, [plain(said, MAX_FOUND), *lines])) if lines else ""


def looks_like_json(answer: str) -> bool:
    text = FENCE.sub("", answer.strip()).removesuffix("```").strip()
    return not text or text.startswith(("{", "["))


def json_of(answer: str) -> Any:
    """The first object or list in an answer, mended if only its end is missing; None: there is
    none."""
    starts = [at for at in (answer.find("{"), answer.find("[")) if at >= 0]
    if not starts:
        return None
    text = answer[min(starts) : min(starts) + 20_000]
    try:
        return json.JSONDecoder().raw_decode(text)[0]
    except (ValueError, RecursionError):
        return _mended(text)


def _mended(text: str) -> Any:
    """Cut after the last whole value, with the brackets that are still open."""
    for end in reversed([m.end() for m in re.finditer(r'["\]}\d]|true|false', text)][-40:]):
        head = text[:end]
        try:
            return json.loads(head + _open_brackets(head))
        except (ValueError, RecursionError):
            continue
    return None


def _open_brackets(text: str) -> str:
    bare = STRING.sub("", text)
    stack: list[str] = []
    for letter in bare:
        if letter in "{[":
            stack.append("}" if letter == "{" else "]")
        elif letter in "}]" and stack:
            stack.pop()
    return "".join(reversed(stack))


def _pieces(value: Any) -> list[str]:
    """All texts in a value, in order."""
    if isinstance(value, str):
        piece = plain(value, MAX_PIECE)
        return [piece] if piece else []
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        return [piece for each in value[:8] for piece in _pieces(each)]
    return []


def _all_of(value: Any) -> str:
    return "; ".join(_pieces(value))


def _pairs(value: Any) -> str:
    """[{"claim", "reason"}, ...]: a line for each."""
    if not isinstance(value, Mapping):
        rows, rest = value, []
    else:
        rows = value.get("arguments")
        rest = [each for name, each in value.items() if name != "arguments"]
    lines = [" — ".join(_pieces(row)) for row in (rows if isinstance(rows, list) else [rows])[:3]]
    return "\n".join(line for line in [*lines, _all_of(rest)] if line)


def _stances(value: Any) -> str:
    if not isinstance(value, Mapping):
        return ""
    sides = {str(name).upper(): "; ".join(_pieces(each)) for name, each in value.items()}
    if not sides.get("PRO") or not sides.get("CON"):
        return ""
    return f"PRO: {sides['PRO']}\nCON: {sides['CON']}"


def _remark(value: Any) -> str:
    """A remark only if there is something to mend."""
    if not isinstance(value, Mapping):
        return ""
    marks = [value.get(name) for name in ("persona", "stance", "language")]
    is_good = all(isinstance(mark, int | float) and mark >= GOOD_MARK for mark in marks)
    return "" if is_good else plain(str(value.get("note") or ""), MAX_PIECE)


def _tone(text: str) -> str:
    """The first tone of ours that is named."""
    found = [(text.lower().find(tone), tone) for tone in WORDS.tones]
    return min(((at, tone) for at, tone in found if at >= 0), default=(0, ""))[1]


def _card(value: Any) -> str:
    """A card stays JSON: it is stored, not read by a prompt."""
    if not isinstance(value, Mapping) or not value.get("essence"):
        return ""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LIMITS["character_card"] else ""


READERS: Mapping[str, Callable[[Any], str]] = {
    "core_arguments": _pairs,
    "opening_analysis": _pairs,
    "stance_statements": _stances,
    "quality_check": _remark,
    "character_card": _card,
}
