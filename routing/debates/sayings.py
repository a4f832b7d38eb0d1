"""What the events of a turn say: their names and their data, as JSON. Pure.

Text is in the language of the debate. `deployment` and `cost_nanos` are for those who may see
costs: readers who may not are sent the rest.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import override

from billing.gauge import Reading
from billing.models import Metric
from costcontrol.lib.errors import (
    ContextTooLong,
    CostControlError,
    ProviderError,
    Unavailable,
)
from costcontrol.lib.money import credits
from costcontrol.lib.problems import problem_of
from costcontrol.lib.sentences import Sentence as _
from costcontrol.lib.sentences import said
from routing.debates import searching
from routing.debates.types import Step
from routing.models import Debate, Turn

Data = Mapping[str, Any]
Event = tuple[str, Data]
STAFF_ONLY = ("deployment", "cost_nanos", "layer")
PIECE = "delta"
NOT_AGAIN = (400, 401, 402, 403, 404, 422)  # the same call would be refused again


def started(debate: Debate, turn: Turn, *, transition: str = "") -> Event:
    data = {
        "turn": turn.number, "id": str(turn.pk), "attempt": turn.attempt, "stage": turn.stage,
        "kind": turn.kind, "speaker": turn.speaker, "speaker_name": name_of(debate, turn.speaker),
        "source": turn.source, "model_class": turn.model_class,
    }
    return "turn.started", data | ({"transition": transition} if transition else {})


def restarted(turn: Turn) -> Event:
    return "turn.restarted", {"turn": turn.number, "attempt": turn.attempt}


def piece(text: str) -> Event:
    return PIECE, {"text": text}


def searched(turn: Turn, *, language: str) -> Iterator[Event]:
    """The pages that a web search found for it; or that it found none."""
    for page in turn.citations:
        yield "citation", {"turn": turn.number, **page}
    if turn.search == Turn.Search.FAILED:
        reason = in_language(language, searching.FAILED)
        yield "search.failed", {"turn": turn.number, "reason": reason}


def completed(turn: Turn, *, layer: str = "", cache: str = "off") -> Event:
    """`cache`: hit, miss, template or off; `layer`: which store or template it came from."""
    return "turn.completed", {
        "turn": turn.number, "id": str(turn.pk), "text_length": len(turn.text),
        "model_class": turn.model_class, "cache": cache, "credits": credits(turn.cost_nanos),
        "deployment": turn.deployment, "cost_nanos": turn.cost_nanos, "layer": layer,
    }


def usage(spent_nanos: int, *, debates: Data | None) -> Event:
    return "usage.updated", {"credits": credits(spent_nanos), "debates": debates}


def users_turn(step: Step, *, number: int) -> Event:
    return "user_turn", {
        "turn": number, "step": step.index, "stage": step.stage, "kind": step.kind,
        "speaker": step.speaker,
    }


def finished(debate: Debate) -> Event:
    url = f"/replays/{debate.share_key}/" if debate.is_public else None
    return "debate.completed", {"replay_url": url}


def cancelled(turn: Turn) -> Event:
    return "turn.cancelled", {"turn": turn.number, "reason": turn.error_code}


def failed(error: CostControlError, *, language: str) -> Event:
    return "error", {
        "code": error.code, "message": in_language(language, why(error)),
        "retryable": error.status not in NOT_AGAIN, "retry_after": error.retry_after_s,
    }


def why(error: CostControlError) -> str:
    """For whoever has the debate. Which model failed, and how, is for staff: they see the call."""
    is_ours = isinstance(error, ProviderError | Unavailable | ContextTooLong)
    return _("No model can answer right now.") if is_ours else error.message


def out_of_quota(error: CostControlError, *, language: str) -> Event:
    """Its problem, as the API would have said it. Money is told in credits."""
    with override(language):
        data: dict[str, Any] = {
            name: said(value) if isinstance(value, str) else value
            for name, value in problem_of(error).items()
        }
    return "quota.exceeded", in_credits(data)


def in_credits(problem: Data) -> Data:
    """What a limit of money says, as customers are told of money."""
    if problem.get("metric") != Metric.USD:
        return problem
    told = {name: credits(problem[name]) for name in ("used", "limit") if name in problem}
    return {**problem, **told}


def nearly_used_up(reading: Reading) -> Event:
    """A window of the caller's own plan that has passed its soft percent."""
    room = reading.room
    return "budget.warning", {
        "metric": reading.window.rule.metric, "used": credits(room.spent),
        "limit": credits(room.cap), "percent": room.spent * 100 // max(1, room.cap),
    }


def degraded(model_class: str, reason: str, *, language: str) -> Event:
    return "degraded", {"model_class": model_class, "reason": in_language(language, reason)}


def in_language(language: str, text: str) -> str:
    with override(language):
        return said(text)


def name_of(debate: Debate, speaker: str) -> str:
    """Of the cast, in the debate's language."""
    if not speaker:
        return in_language(debate.language, _("Moderator"))
    entry = debate.cast[speaker[:3]][int(speaker[3:]) - 1]
    return str(entry["name_ko"] if debate.language == "ko" else entry["name_en"])


def without_costs(data: Data) -> Data:
    return {name: value for name, value in data.items() if name not in STAFF_ONLY}
