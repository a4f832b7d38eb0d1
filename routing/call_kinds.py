"""The 22 kinds of call that a debate makes: how hard each is, and how long its answer may get.

The cap of a kind is twice the longest answer in the Korean workload model, in steps of 64 tokens
and at least 128. Twice, because an answer that is cut off is worth nothing, while what a hold
reserves too much comes back at settlement. The caps leave no room for hidden reasoning.

Here is what the product ships. An operator's changes are rows, in `Snapshot.kinds`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Any

from costcontrol.lib.errors import BadRequest
from costcontrol.lib.sentences import Sentence as _
from routing.types import Complexity

DEFAULT_MAX_OUTPUT_TOKENS = 1024  # for a call that neither names a kind nor sends a cap
CAP_STEP = 64
CAP_FLOOR = 128
SEARCH = "rag_search"  # the kind whose model searches the web
SHIPPED = Path(__file__).parent / "debates" / "catalogue" / "call_kinds.json"


@dataclass(frozen=True, slots=True)
class CallKind:
    """One kind of call. `is_streamed`: the user watches it being written.

    `complexity_alone`: where the answer is one debate's alone; None: the same.
    `key_fields`: what must be the same for a stored answer to be used again; empty: never.
    `is_enabled`: debates make it; a client of ours may use the name all the same.
    """

    name: str
    complexity: Complexity
    max_output_tokens: int
    is_streamed: bool
    purpose: str
    latency: str = "interactive"
    key_fields: tuple[str, ...] = ()
    variants: int = 1
    ttl_days: int = 30
    may_be_template: bool = False
    is_batchable: bool = False
    is_enabled: bool = True
    complexity_alone: Complexity | None = None

    @property
    def searches(self) -> int:
        """Web searches that such a call of a debate may make."""
        return 1 if self.name == SEARCH else 0


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


# What each is for. These are all the names there are: prompts and plans are written for them.
PURPOSES: Mapping[str, str] = {
    "topic_resolve": _("find the catalogue topic that a typed topic means"),
    "stance_statements": _("one position for and one against the topic"),
    "context_summary": _("summarise the text, page or file that was added"),
    "moderator_intro": _("introduce topic, sides and speakers"),
    "core_arguments": _("two or three core arguments of a philosopher"),
    "rag_query": _("search queries for the arguments"),
    "rag_search": _("one web search for a side of the topic"),
    "opening_statement": _("opening statement in the philosopher's voice"),
    "quality_check": _("does an opening keep persona, stance and language?"),
    "opening_analysis": _("arguments and weak points of an opening"),
    "moderator_summary_1": _("balanced summary of the openings"),
    "tone_select": _("pick the tone of the next turn"),
    "attack_response": _("attack the opponent in two or three sentences"),
    "defense_response": _("defend in two or three sentences"),
    "followup_response": _("follow up in two or three sentences"),
    "turn_analysis": _("update the state of the arguments after a cycle"),
    "moderator_transition": _("hand over to the next speaker"),
    "moderator_summary_2": _("summary of the exchange"),
    "conclusion": _("final statement of one speaker"),
    "closing": _("thanks and a neutral close"),
    "user_turn_analysis": _("moderate and analyse what the user argued"),
    "character_card": _("essence, style and traits of a philosopher"),
}


def _read() -> Mapping[str, CallKind]:
    """As shipped. `modelled_tokens`: the longest answer in the workload model; 0: none is written
    by a language model."""
    shipped = json.loads(SHIPPED.read_text())
    return {name: _kind(name, purpose, shipped[name]) for name, purpose in PURPOSES.items()}


def _kind(name: str, purpose: str, row: dict[str, Any]) -> CallKind:
    return CallKind(
        name=name, complexity=Complexity(row["complexity"]),
        max_output_tokens=output_cap(row["modelled_tokens"]), is_streamed=row["is_streamed"],
        purpose=purpose, latency=row["latency"], key_fields=tuple(row["key_fields"]),
        variants=row["variants"], ttl_days=row["ttl_days"],
        may_be_template=row["may_be_template"], is_batchable=row["is_batchable"],
    )


CALL_KINDS: Mapping[str, CallKind] = MappingProxyType(_read())
