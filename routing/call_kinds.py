"""The 22 kinds of call that a debate makes: how hard each is, and how long its answer may get.

The cap of a kind is twice the longest answer in the Korean workload model, in steps of 64 tokens
and at least 128. Twice, because an answer that is cut off is worth nothing, while what a hold
reserves too much comes back at settlement. The caps leave no room for hidden reasoning.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType

from costcontrol.lib.errors import BadRequest
from costcontrol.lib.sentences import Sentence as _
from routing.types import Complexity

DEFAULT_MAX_OUTPUT_TOKENS = 1024  # for a call that neither names a kind nor sends a cap
CAP_STEP = 64
CAP_FLOOR = 128


@dataclass(frozen=True, slots=True)
class CallKind:
    """One kind of call. `is_streamed`: the user watches it being written."""

    name: str
    complexity: Complexity
    max_output_tokens: int
    is_streamed: bool
    purpose: str


def output_cap(modelled_tokens: int) -> int:
    steps = -(-2 * modelled_tokens // CAP_STEP)
    return max(CAP_FLOOR, steps * CAP_STEP)


def kind_get(name: str) -> CallKind:
    """Raises BadRequest, which names the kinds that look alike."""
    if kind := CALL_KINDS.get(name):
        return kind
    near = get_close_matches(name, CALL_KINDS, n=3, cutoff=0.5) or sorted(CALL_KINDS)
    raise BadRequest(
        _("There is no call kind “%(name)s”. Use one of: %(names)s.")
        % {"name": name[:64], "names": ", ".join(near)},
        param="call_kind",
    )


# Name, complexity, longest modelled answer in tokens (0: the workload model answers it without a
# language model), streamed, purpose.
ROWS = (
    ("topic_resolve", "simple", 0, False, "find the catalogue topic that a typed topic means"),
    ("stance_statements", "medium", 150, False, "one position for and one against the topic"),
    ("context_summary", "simple", 200, False, "summarise the text, page or file that was added"),
    ("moderator_intro", "simple", 345, True, "introduce topic, sides and speakers"),
    ("core_arguments", "complex", 350, False, "two or three core arguments of a philosopher"),
    ("rag_query", "medium", 120, False, "search queries for the arguments"),
    ("rag_search", "simple", 0, False, "one web and vector search, five snippets"),
    ("opening_statement", "complex", 700, True, "opening statement in the philosopher's voice"),
    ("quality_check", "complex", 80, False, "does an opening keep persona, stance and language?"),
    ("opening_analysis", "medium", 450, False, "arguments and weak points of an opening"),
    ("moderator_summary_1", "medium", 400, True, "balanced summary of the openings"),
    ("tone_select", "simple", 60, False, "pick the tone of the next turn"),
    ("attack_response", "medium", 120, True, "attack the opponent in two or three sentences"),
    ("defense_response", "medium", 120, True, "defend in two or three sentences"),
    ("followup_response", "simple", 120, True, "follow up in two or three sentences"),
    ("turn_analysis", "simple", 150, False, "update the state of the arguments after a cycle"),
    ("moderator_transition", "simple", 0, False, "hand over to the next speaker"),
    ("moderator_summary_2", "medium", 400, True, "summary of the exchange"),
    ("conclusion", "complex", 400, True, "final statement of one speaker"),
    ("closing", "simple", 320, True, "thanks and a neutral close"),
    ("user_turn_analysis", "medium", 150, False, "moderate and analyse what the user argued"),
    ("character_card", "complex", 600, False, "essence, style and traits of a philosopher"),
)

CALL_KINDS: Mapping[str, CallKind] = MappingProxyType(
    {
        name: CallKind(name, Complexity(complexity), output_cap(tokens), is_streamed, purpose)
        for name, complexity, tokens, is_streamed, purpose in ROWS
    }
)
