"""How hard is this call, and in which language: simple, medium or complex, with the reason.

In order: what the caller asked for; the kind of the call; signs in its words; else medium. What
is unknown goes up, never down: a call is simple only where something shows that it is. Pure, no
I/O; see docs/classification.md.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from routing.call_kinds import CALL_KINDS, CallKind
from routing.signs import (
    ASKS,
    COMPLEX_SIGNS,
    GREETING,
    LOOKUP,
    MANY_ASKS,
    SMALL_TASK,
    THOUGHT,
    Idea,
    Prepared,
    prepare,
)
from routing.types import ChatRequest, Classified, Complexity, Message

SEEN_CHARACTERS = 4_000  # of a longer text, its beginning and its end
TASK_CHARACTERS = 1_200  # where the task stands: what lies between is material, full of any word
COMPLEX_POINTS = 2
SIGNS = len(COMPLEX_SIGNS) + 2  # and: several things at once, a long text
EASY = {GREETING: 8, LOOKUP: 18, SMALL_TASK: 40}  # and how many tokens each may have
SHORT_TOKENS = max(EASY.values())  # a longer text is never simple
LONG_TOKENS = 350  # a longer text is itself a sign
LONG_CONVERSATION_BYTES = 6_000

LANGUAGE_SHARE = 0.2  # of the letters
EDGE_CHARACTERS = 40
FEW_LETTERS = 12  # "ok" says little about the language of the answer: see what came before
TALK_MESSAGES = 3
LATIN = r"A-Za-z\u00aa\u00b5\u00ba\u00c0-\u02af\u1e00-\u1eff"
HANGUL = r"가-힣\u1100-\u11ff\u3131-\u318e"  # syllables and single letters
HANGUL_RUN = re.compile(f"[{HANGUL}]+")
OTHER_RUN = re.compile(rf"[^\W\d_{LATIN}{HANGUL}]{{2,}}")  # a letter alone is a symbol
NO_LETTERS = re.compile(r"[\W\d_]+")
INTO_KOREAN = re.compile(r"(?:\b(?:in|into|to) korean\b)|한국어로|한국말로", re.IGNORECASE)
LANGUAGE_CODE = re.compile(r"([a-z]{2,3})(?:[-_].*)?")


@dataclass(frozen=True, slots=True)
class Reading:
    """What one text shows, the same in both languages. `easy`: why it would be simple."""

    signs: tuple[Idea, ...]
    asks: int
    tokens: float
    easy: Idea | None

    @property
    def findings(self) -> list[str]:
        several = ["several things at once"] if self.asks >= MANY_ASKS else []
        long = ["work on a long text"] if self.tokens > LONG_TOKENS else []
        return [sign.says for sign in self.signs] + several + long

    @property
    def points(self) -> int:
        return len(self.findings) + sum(sign.points - 1 for sign in self.signs)

    @property
    def is_mere_question(self) -> bool:
        """ "What is a proof?" asks about a proof, not for one."""
        return self.easy is LOOKUP and len(self.findings) == 1

    @property
    def asked_for(self) -> str:
        found = self.findings
        last = f" and {found[-1]}" if len(found) > 1 else ""
        first = ", ".join(found[:-1] or found)
        return f"asks for {first}{last} ({len(found)} of {SIGNS} signs of a complex call)"


def classify(
    request: ChatRequest, *, kinds: Mapping[str, CallKind] = CALL_KINDS
) -> Classified:
    """Never fails, whatever the text. A requested class is honoured; its price is policy's.

    `kinds`: as staff have them.
    """
    complexity, reason = judge(request, kinds=kinds)
    return Classified(complexity, reason, language_of(request))


def judge(
    request: ChatRequest, *, kinds: Mapping[str, CallKind] = CALL_KINDS
) -> tuple[Complexity, str]:
    if request.complexity is not None:
        return request.complexity, f"the caller asked for {request.complexity}"
    if kind := kinds.get(request.call_kind):
        if kind.complexity_alone and request.debate_id and request.reuse is None:
            return kind.complexity_alone, f"{kind.name} for nobody else is {kind.complexity_alone}"
        return kind.complexity, f"{kind.name} is {kind.complexity}"
    return judge_by_signs(request)


def judge_by_signs(request: ChatRequest) -> tuple[Complexity, str]:
    reading = read_task(request)
    if reading.points >= COMPLEX_POINTS and not reading.is_mere_question:
        return Complexity.COMPLEX, reading.asked_for
    doubt = why_not_simple(request, reading)
    if reading.easy and not doubt:
        return Complexity.SIMPLE, f"{reading.easy.says} of a few words"
    return Complexity.MEDIUM, doubt


def read_task(request: ChatRequest) -> Reading:
    reading = read(last_user_text(request))
    if reading.signs or reading.easy or reading.asks:
        return reading
    # The user's text is mere material: what to do with it stands in the instructions.
    above = read(system_text(request))
    return replace(reading, signs=above.signs, asks=above.asks)


def why_not_simple(request: ChatRequest, reading: Reading) -> str:
    """The first reason to think that a call is not simple; "" if there is none."""
    if reading.findings:
        return reading.asked_for
    if not reading.easy:
        return "nothing shows that it is simple or complex"
    if reading.asks > 1:
        return "asks for more than one thing"
    if request.call_kind:
        return f"{request.call_kind[:64]} is no known kind of call"
    if request.extra.get("tools") or request.extra.get("functions"):
        return "may use tools"
    if read(system_text(request)).signs:
        return "a few words, under instructions that ask for more"
    if sum(size_bytes(message.content) for message in request.messages) > LONG_CONVERSATION_BYTES:
        return "a few words after a long conversation"
    return ""


def read(text: str) -> Reading:
    prepared = prepare(edges(text, TASK_CHARACTERS))
    tokens = english_tokens(edges(text, SEEN_CHARACTERS))
    return Reading(
        signs=tuple(sign for sign in COMPLEX_SIGNS if sign.is_in(prepared)),
        asks=sum(ask.is_in(prepared) for ask in ASKS),
        tokens=tokens,
        easy=find_easy(prepared, tokens),
    )


def find_easy(prepared: Prepared, tokens: float) -> Idea | None:
    """What would make the text simple, if it is no longer than such a text may be.

    A greeting begins many a real question, and "how many" ends a riddle: hence three limits.
    """
    if tokens > SHORT_TOKENS or THOUGHT.is_in(prepared):
        return None
    return next((e for e, limit in EASY.items() if tokens <= limit and e.is_in(prepared)), None)


def language_of(request: ChatRequest) -> str:
    """The caller's word for it, else by the script of what the user wrote last."""
    if code := LANGUAGE_CODE.fullmatch(request.language.strip().lower()):
        return code[1]
    text = edges(last_user_text(request), SEEN_CHARACTERS)
    language = detect_language(text)
    if language != "en" or len(letters(text)) >= FEW_LETTERS:
        return language
    talk = [message.content for message in request.messages if not is_system(message)]
    return detect_language("\n".join(talk[-TALK_MESSAGES:]))


def detect_language(text: str) -> str:
    """`ko` if a fifth of the letters is Hangul, `other` if a fifth is neither Hangul nor Latin,
    else `en`.

    The first and the last words count on their own: a Korean ask often wraps a long English text.
    """
    text = edges(text, SEEN_CHARACTERS)
    parts = (text[:EDGE_CHARACTERS], text[-EDGE_CHARACTERS:], text)
    if any(share(HANGUL_RUN, part) >= LANGUAGE_SHARE for part in parts):
        return "ko"
    if INTO_KOREAN.search(text):
        return "ko"
    return "other" if share(OTHER_RUN, text) >= LANGUAGE_SHARE else "en"


def share(script: re.Pattern[str], text: str) -> float:
    count = sum(len(run) for run in script.findall(text))
    return count / len(letters(text)) if count else 0.0


def letters(text: str) -> str:
    return NO_LETTERS.sub("", text)


def edges(text: str, size: int) -> str:
    """At most `size` characters: the beginning and the end."""
    if len(text) <= size:
        return text
    half = size // 2
    return f"{text[: half - 1]}\n{text[-half:]}"


def english_tokens(text: str) -> float:
    """Length in English tokens, the same for the same content in Korean.

    An English token is about 4.3 characters. Korean needs half the characters: each letter of
    three bytes stands for 2.45 of one byte (fitted on matched sentences).
    """
    return (len(text) + 0.725 * (size_bytes(text) - len(text))) / 4.3


def size_bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def is_system(message: Message) -> bool:
    return message.role in ("system", "developer")


def system_text(request: ChatRequest) -> str:
    return "\n".join(message.content for message in request.messages if is_system(message))


def last_user_text(request: ChatRequest) -> str:
    return next((m.content for m in reversed(request.messages) if m.role == "user"), "")
