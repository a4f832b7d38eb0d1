"""How large the calls of a debate are, before any is made.

How long answers are is **modelled**: the figures of the workload model, for a Korean debate of
four, in tokens of o200k. What prompts say beside them is counted from ours, filled with answers of
that length, and rounded up (a test compares). English needs fewer tokens for the same.
"""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from types import MappingProxyType

from routing.call_kinds import CALL_KINDS, DEFAULT_MAX_OUTPUT_TOKENS, SEARCH, CallKind
from routing.debates.types import Step

ENGLISH_SHARE = 1 / 1.29  # of the Korean tokens
USERS_TEXT_TOKENS = 400  # what somebody types for their own turn
CONTEXT_TOKENS = 400  # at most, of a text that was added, in prompts of turns

# kind: what its prompt says beside the transcript, and how long its answer usually is
MODELLED: Mapping[str, tuple[int, int]] = MappingProxyType({
    "stance_statements": (260, 150),
    "context_summary": (300, 200),
    "moderator_intro": (520, 345),
    "core_arguments": (420, 350),
    "rag_query": (640, 120),
    SEARCH: (360, 240),
    "opening_statement": (1_280, 700),
    "quality_check": (1_260, 80),
    "opening_analysis": (1_080, 450),
    "moderator_summary_1": (640, 400),
    "tone_select": (1_650, 60),
    "attack_response": (1_750, 120),
    "defense_response": (1_100, 120),
    "followup_response": (1_050, 120),
    "turn_analysis": (950, 150),
    "user_turn_analysis": (950, 150),
    "moderator_summary_2": (1_100, 400),
    "conclusion": (750, 400),
    "closing": (750, 320),
})
UNKNOWN = (1_000, 400)
PAGES_TOKENS = 1_150  # of what a search found, at its longest, in the prompt of an opening
READ_ALL = frozenset({
    "moderator_summary_1", "attack_response", "defense_response", "followup_response",
    "moderator_summary_2",
})
READ_DEBATE = frozenset({"conclusion", "closing"})  # the openings stand in the first summary
OPENINGS = frozenset({"moderator_intro", "opening_statement"})


@dataclass(frozen=True, slots=True)
class Size:
    """One call: what it reads, what it usually answers, and what it answers at most."""

    kind: str
    stage: str
    step: int
    input_tokens: int
    usual_tokens: int
    most_tokens: int
    searches: int = 0  # of the web


def sizes_of(
    steps: Iterable[Step], *, language: str, context_tokens: int = 0,
    kinds: Mapping[str, CallKind] = CALL_KINDS,
) -> list[Size]:
    """The calls of these steps, which are a whole debate's, in order."""
    share = ENGLISH_SHARE if language == "en" else 1.0
    said: list[tuple[str, int]] = []
    sizes = []
    for step in steps:
        for kind in (*(b.kind for b in step.before), *_own(step)):
            sizes.append(_size(kind, step, said, share, context_tokens, kinds))
        said.append((step.kind, _said(step)))
        for background in step.after:
            sizes.append(_size(background.kind, step, said, share, context_tokens, kinds))
    return sizes


def _own(step: Step) -> tuple[str, ...]:
    return () if step.is_users else (step.kind,)


def _size(
    kind: str, step: Step, said: list[tuple[str, int]], share: float, context_tokens: int,
    kinds: Mapping[str, CallKind],
) -> Size:
    own, usual = MODELLED.get(kind, UNKNOWN)
    if kind == "opening_statement" and any(each.kind == SEARCH for each in step.before):
        own += PAGES_TOKENS
    reads = own + _transcript(kind, said)
    reads_context = {"context_summary": context_tokens, step.kind: CONTEXT_TOKENS}.get(kind, 0)
    return Size(
        kind, step.stage, step.index, int(reads * share) + min(context_tokens, reads_context),
        int(usual * share), _cap(kind, kinds),
        searches=CALL_KINDS[kind].searches if kind in CALL_KINDS else 0,
    )


def _transcript(kind: str, said: list[tuple[str, int]]) -> int:
    if kind in READ_ALL:
        return _total(said, without=frozenset())
    return _total(said, without=OPENINGS) if kind in READ_DEBATE else 0


def _total(said: list[tuple[str, int]], *, without: Set[str]) -> int:
    return sum(length for kind, length in said if kind not in without)


def _said(step: Step) -> int:
    return USERS_TEXT_TOKENS if step.is_users else MODELLED.get(step.kind, UNKNOWN)[1]


def _cap(kind: str, kinds: Mapping[str, CallKind]) -> int:
    return kinds[kind].max_output_tokens if kind in kinds else DEFAULT_MAX_OUTPUT_TOKENS
