"""How large the calls of a debate are, before any is made. **Modelled**, not measured.

The figures are those of the workload model, for a Korean debate of four, in tokens of o200k: what
each kind reads beside the transcript, and how long its answer usually is. On top comes what every
prompt of ours begins with, and all that was said before. English needs fewer tokens for the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from routing.call_kinds import CALL_KINDS, DEFAULT_MAX_OUTPUT_TOKENS, CallKind
from routing.debates.types import Step

SHARED_TOKENS = 1_400  # rules and brief, which all prompts of a debate begin with
ENGLISH_SHARE = 1 / 1.29  # of the Korean tokens
USERS_TEXT_TOKENS = 400  # what somebody types for their own turn

# kind: what it reads of its own, and what it usually answers
MODELLED: Mapping[str, tuple[int, int]] = MappingProxyType({
    "stance_statements": (280, 150),
    "context_summary": (955, 200),
    "moderator_intro": (520, 345),
    "core_arguments": (480, 350),
    "rag_query": (570, 120),
    "opening_statement": (1_400, 700),
    "quality_check": (1_000, 80),
    "opening_analysis": (1_100, 450),
    "moderator_summary_1": (3_110, 400),
    "tone_select": (640, 60),
    "attack_response": (1_100, 120),
    "defense_response": (700, 120),
    "followup_response": (800, 120),
    "turn_analysis": (370, 150),
    "user_turn_analysis": (420, 150),
    "moderator_summary_2": (2_000, 400),
    "conclusion": (1_490, 400),
    "closing": (1_810, 320),
})
UNKNOWN = (1_000, 400)


@dataclass(frozen=True, slots=True)
class Size:
    """One call: what it reads, what it usually answers, and what it answers at most."""

    kind: str
    stage: str
    step: int
    input_tokens: int
    usual_tokens: int
    most_tokens: int


def sizes_of(
    steps: Iterable[Step], *, language: str, context_tokens: int = 0,
    kinds: Mapping[str, CallKind] = CALL_KINDS,
) -> list[Size]:
    """The calls of these steps, which are a whole debate's, in order."""
    share = ENGLISH_SHARE if language == "en" else 1.0
    said, sizes = 0, []
    for step in steps:
        for kind in step.calls:
            own, usual = MODELLED.get(kind, UNKNOWN)
            reads = int((SHARED_TOKENS + own + said) * share) + context_tokens
            sizes.append(
                Size(kind, step.stage, step.index, reads, int(usual * share), _cap(kind, kinds))
            )
        said += _said(step)
    return sizes


def _said(step: Step) -> int:
    return USERS_TEXT_TOKENS if step.is_users else MODELLED.get(step.kind, UNKNOWN)[1]


def _cap(kind: str, kinds: Mapping[str, CallKind]) -> int:
    return kinds[kind].max_output_tokens if kind in kinds else DEFAULT_MAX_OUTPUT_TOKENS
