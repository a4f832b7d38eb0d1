"""A share of debates goes the way of the baseline, so that the savings estimate can be checked.

Which ones is decided by a digest of the debate's name, so that every process and every call says
the same, and nobody can choose. Such a debate is answered by the baseline's own model: nothing out
of a store or into one, no template, no prompt cache, no economy mode. Budgets hold as always: where
the model finds no room or does not answer, the call goes the usual way and its row is not marked.

Never: plans that do not include premium models, debates that are paid beyond the plan (it would be
somebody's own money), calls outside debates, and calls that name their model.
"""

import hashlib
from dataclasses import replace

from django.conf import settings

from accounts.types import TierRules
from billing import debates
from routing import policy
from routing.policy import AUTO, Situation
from routing.snapshot import Snapshot
from routing.types import ChatRequest, DeploymentSpec, Message, ModelClass, Plan

STEPS = 10_000  # so finely is the share cut: a hundredth of a percent


def is_on() -> bool:
    return bool(settings.HOLDOUT_PERCENT > 0)


def is_held_out(debate_id: str, *, tier: TierRules, user_id: int) -> bool:
    """Whether this debate goes the baseline's way. The same however often it is asked."""
    if not is_on() or not debate_id or ModelClass.PREMIUM not in tier.allowed_classes:
        return False
    if place_of(debate_id) >= settings.HOLDOUT_PERCENT * STEPS / 100:
        return False
    return not debates.is_beyond(user_id, debate_id)


def place_of(debate_id: str) -> int:
    """Somewhere in 0..STEPS-1, for ever the same."""
    return int.from_bytes(hashlib.sha256(f"holdout {debate_id}".encode()).digest()[:8]) % STEPS


def is_request_held_out(request: ChatRequest, *, tier: TierRules, user_id: int) -> bool:
    return request.model == AUTO and is_held_out(
        request.debate_id, tier=tier, user_id=user_id
    )


def plain(request: ChatRequest) -> ChatRequest:
    """The same question, without any way to save."""
    return replace(
        request, messages=tuple(map(_unmarked, request.messages)), reuse=None,
        may_read_cache=False, may_store=False,
    )


def _unmarked(message: Message) -> Message:
    return replace(message, is_prefix_end=False) if message.is_prefix_end else message


def baseline_deployment(snapshot: Snapshot) -> DeploymentSpec | None:
    """The one that rows are compared with, if it is still in use; never another in its place."""
    if snapshot.frozen is not None:
        return snapshot.deployment(snapshot.frozen.deployment)
    return snapshot.baseline


def plan_of(usual: Plan, situation: Situation) -> Plan:
    """The baseline's model first, then whoever would have answered. As usual where it may not
    answer: it is away, does not speak the language, or the prompt is too long for it."""
    deployment = baseline_deployment(situation.snapshot)
    if deployment is None or policy.objection(situation, deployment):
        return usual
    others = tuple(each for each in usual.candidates if each.name != deployment.name)
    return Plan(
        (deployment, *others), f"held out to check savings; else {usual.reason}",
        usual.is_economy, if_closed=usual.if_closed, is_holdout=True,
    )
