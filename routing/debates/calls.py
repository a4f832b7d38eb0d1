"""The calls of a debate: what they say of themselves, and how long their prompts may be. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from costcontrol.lib.sentences import Sentence as _
from routing.answers import Answer
from routing.call_kinds import CALL_KINDS
from routing.debates.prompts import Prompt
from routing.debates.routes import Routes
from routing.debates.types import Background, Step
from routing.models import Debate
from routing.types import ChatRequest, DeploymentSpec, ModelClass, Reuse

RANKS = {model_class: rank for rank, model_class in enumerate(ModelClass)}
MARGIN_TOKENS = 64  # of what two tokenizers may differ by
PROMPT_SHARE = 0.6  # of a context that is too small for the longest answer


@dataclass(frozen=True, slots=True)
class Part:
    """What is the same for all calls of one turn. `call_id`: of the turn's own."""

    debate: Debate
    stage: str
    call_id: UUID | None
    draws_on: tuple[UUID, ...]


def turn_request(
    part: Part, step: Step, prompt: Prompt, *, reuse: Reuse | None = None, is_fresh: bool = False
) -> ChatRequest:
    """Without `reuse` it is read along while it is written: never from a store. `is_fresh`: another
    text than those that are stored is wanted."""
    is_shared = reuse is not None
    return ChatRequest(
        prompt.messages, is_stream=True, call_kind=step.kind, debate_id=str(part.debate.pk),
        language=part.debate.language, may_read_cache=is_shared and not is_fresh,
        may_store=is_shared, stage=part.stage, speaker=step.speaker, uses=prompt.uses,
        is_part=True, is_never_cut=not prompt.may_be_cut, draws_on=part.draws_on, reuse=reuse,
    )


def background_request(
    part: Part, background: Background, prompt: Prompt, *, reuse: Reuse | None = None
) -> ChatRequest:
    return ChatRequest(
        prompt.messages, call_kind=background.kind, debate_id=str(part.debate.pk),
        language=part.debate.language, stage=part.stage, speaker=background.speaker,
        parent_call_id=part.call_id, uses=prompt.uses, is_part=True,
        is_never_cut=not prompt.may_be_cut, draws_on=part.draws_on, reuse=reuse,
        max_searches=CALL_KINDS[background.kind].searches,
    )


def room_of(routes: Routes, kind: str) -> int:
    """Tokens for a prompt, so that it fits whoever is asked first."""
    candidates = routes.plan(kind).candidates
    first = [d for d in candidates if d.model_class == candidates[0].model_class]
    return _smallest(routes, kind, first)


def short_room_of(routes: Routes, kind: str) -> int:
    """Tokens for a prompt, so that it fits anybody who may be asked."""
    plan = routes.plan(kind)
    return _smallest(routes, kind, (*plan.candidates, *plan.if_closed))


def _smallest(routes: Routes, kind: str, deployments: Sequence[DeploymentSpec]) -> int:
    cap = routes.snapshot.kinds[kind].max_output_tokens
    return min(_room(deployment, cap) for deployment in deployments)


def _room(deployment: DeploymentSpec, cap: int) -> int:
    context = deployment.context_tokens
    room = max(context - min(cap, deployment.max_output_tokens), context * PROMPT_SHARE)
    return int((room - MARGIN_TOKENS) / deployment.token_factor)


def is_smaller(routes: Routes, kind: str, model_class: str) -> bool:
    """Than what usually answers such a call."""
    usual = routes.plan(kind).candidates[0].model_class
    return RANKS[ModelClass(model_class)] < RANKS[usual]


def why_smaller(answer: Answer, *, has_hold: bool) -> str:
    if answer.call.plan.is_economy:
        return _("A budget is nearly used up, so a smaller model goes on.")
    if not has_hold:
        return _("There was no room in the budget for the usual model, so a smaller one goes on.")
    return _("The usual model does not answer, so a smaller one goes on.")


def who(answer: Answer) -> tuple[str, str]:
    """The deployment that answers, and its class."""
    stored = answer.completion or (answer.work.found if answer.work else None)
    if stored is not None:
        return stored.deployment, str(stored.model_class)
    meter = answer.work.meter if answer.work else None
    return (meter.deployment.name, str(meter.deployment.model_class)) if meter else ("", "")
