"""May an answer be kept for others? Whole, not declined, readable as what was asked for. Pure."""

from collections.abc import Mapping

from routing.call_kinds import CallKind
from routing.debates.prompt_found import found_text
from routing.types import StopReason


def objection(
    kind: str, text: str, stop_reason: StopReason | None, *, kinds: Mapping[str, CallKind]
) -> str:
    """Why it may not, as a code of `words`; empty: it may."""
    match stop_reason:
        case StopReason.LENGTH:
            return "cut"
        case StopReason.CONTENT_FILTER:
            return "filtered"
    if not text.strip():
        return "empty"
    is_readable = kinds[kind].is_streamed or found_text(kind, text)
    return "" if stop_reason == StopReason.STOP and is_readable else "unusable"
