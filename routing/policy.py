"""(tier, complexity, budget state, health) -> Plan, with the reason in words. Pure.

The table is a row that staff edit: route mode x complexity -> classes, best first; the row
`economy` replaces it while a budget is nearly used up. Language, context, parameters and health
then strike candidates out, each with a reason that ends up in the call's record.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from accounts.types import TierRules
from costcontrol.lib.errors import (
    ContextTooLong,
    CostControlError,
    TierFeature,
    Unavailable,
    UnknownModel,
    UnpricedModel,
    UnsupportedParameter,
)
from costcontrol.lib.sentences import Sentence as _
from costcontrol.lib.sentences import joined
from routing import tokens
from routing.providers import get_provider, missing_key
from routing.snapshot import Snapshot
from routing.types import ChatRequest, Classified, DeploymentSpec, ModelClass, Plan
from routing.upgrades import next_up

AUTO = "auto"
ECONOMY = "economy"
CLASSES = tuple(ModelClass)


@dataclass(frozen=True, slots=True)
class Struck:
    """A deployment that may not answer this call, and why."""

    deployment: DeploymentSpec
    error: CostControlError


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a route depends on."""

    request: ChatRequest
    classified: Classified
    tier: TierRules
    snapshot: Snapshot
    problems: Mapping[str, str]
    is_economy: bool = False
    may_buy: bool = True  # a larger plan
    size_of: Callable[[DeploymentSpec], int] | None = None  # of a prompt that is not there to count


def choose(situation: Situation) -> Plan:
    """Who may answer, best first. Raises the reason of the last struck candidate if nobody."""
    named, why = _named(situation)
    kept, struck = _sift(situation, named)
    closed, _struck = _sift(situation, _local(situation)) if _is_open(situation) else ([], [])
    if not kept:
        raise _nobody(situation, struck)
    reason = why + "".join(f"; not {s.deployment.name}: {s.error.message}" for s in struck)
    return Plan(tuple(kept), reason, situation.is_economy, if_closed=tuple(closed))


def usual_route(kind: str, *, tier: TierRules, language: str, snapshot: Snapshot) -> str:
    """Who answers a kind of call when all is well, as "class deployment"; "" if nobody does.

    By the table alone: neither budgets nor failures change it, so what one user is given another
    one of the same route may be given too.
    """
    known = snapshot.kinds.get(kind)
    cell = snapshot.cells.get(tier.route_mode, {}).get(known.complexity, []) if known else []
    allowed = [model_class for model_class in cell if model_class in tier.allowed_classes]
    return next(
        (
            f"{deployment.model_class} {deployment.name}"
            for deployment in _of_classes(snapshot, allowed)
            if _answers(deployment, language=language, snapshot=snapshot)
            and (deployment.can_search or not (known and known.searches))
        ),
        "",
    )


def _answers(deployment: DeploymentSpec, *, language: str, snapshot: Snapshot) -> bool:
    return (
        language in deployment.languages
        and snapshot.prices.has(*deployment.price_key)
        and not missing_key(deployment)
    )


def _is_open(situation: Situation) -> bool:
    """The caller left the choice to us, so a closed budget may send the call to a local model."""
    is_ours = situation.request.model in (AUTO, *CLASSES)
    return is_ours and ModelClass.LOCAL in situation.tier.allowed_classes


def _named(situation: Situation) -> tuple[list[DeploymentSpec], str]:
    """Candidates before any are struck, and the first half of the reason."""
    request = situation.request
    if request.model == AUTO:
        return _by_table(situation)
    if request.model in CLASSES:
        _allowed(situation, request.model)
        classes = [request.model, *(c for c in _cell(situation) if c != request.model)]
        if situation.is_economy:
            classes = _cell(situation)
        return _of_classes(situation.snapshot, classes), f"{request.model} was asked for"
    deployment = situation.snapshot.deployment(request.model)
    if deployment is None:
        raise UnknownModel(
            _("There is no model “%(model)s”. GET /v1/models lists those you may use.")
            % {"model": request.model[:100]},
            param="model",
        )
    _allowed(situation, deployment.model_class)
    return [deployment], f"{deployment.name} was asked for by name"


def _allowed(situation: Situation, model_class: str) -> None:
    tier = situation.tier
    if model_class not in tier.allowed_classes:
        plan = next_up(
            situation.snapshot.plans, tier=tier.name, may_buy=situation.may_buy,
            feature=model_class,
        )
        raise TierFeature(
            _("The plan %(tier)s does not include %(class)s models. Use “auto”, or upgrade.")
            % {"tier": tier.title, "class": model_class},
            upgrade={"feature": model_class, **plan},
        )


def _by_table(situation: Situation) -> tuple[list[DeploymentSpec], str]:
    classified, tier = situation.classified, situation.tier
    classes = _cell(situation)
    why = f"{classified.complexity} ({classified.reason}) on {tier.name} ({tier.route_mode})"
    if situation.is_economy:
        why += ", economy mode: a budget passed its soft limit"
    why += f": {' > '.join(classes) or 'nothing allowed'}"
    return _of_classes(situation.snapshot, classes), why


def _cell(situation: Situation) -> list[str]:
    row = ECONOMY if situation.is_economy else situation.tier.route_mode
    cell = situation.snapshot.cells.get(row, {}).get(situation.classified.complexity, [])
    return [c for c in cell if c in situation.tier.allowed_classes]


def _of_classes(snapshot: Snapshot, classes: list[str]) -> list[DeploymentSpec]:
    ordered = sorted(snapshot.deployments, key=lambda d: (d.priority, d.name))
    return [d for model_class in classes for d in ordered if d.model_class == model_class]


def _local(situation: Situation) -> list[DeploymentSpec]:
    return _of_classes(situation.snapshot, [ModelClass.LOCAL])


def _sift(
    situation: Situation, candidates: list[DeploymentSpec]
) -> tuple[list[DeploymentSpec], list[Struck]]:
    kept, struck = [], []
    for deployment in candidates:
        if error := objection(situation, deployment):
            struck.append(Struck(deployment, error))
        else:
            kept.append(deployment)
    return kept, struck


def objection(situation: Situation, deployment: DeploymentSpec) -> CostControlError | None:
    """Why this one may not answer; None: it may."""
    request, language = situation.request, situation.classified.language
    if language not in deployment.languages:
        return Unavailable(_("it does not speak %(language)s") % {"language": language})
    if not situation.snapshot.prices.has(*deployment.price_key):
        return UnpricedModel(_("it has no price: add one, or load the price book"))
    if problem := situation.problems.get(deployment.name):
        return Unavailable(problem)
    if request.max_searches and not deployment.can_search:
        return Unavailable(_("it does not search the web"))
    return _unsupported(request, deployment) or _too_long(situation, deployment)


def _unsupported(request: ChatRequest, deployment: DeploymentSpec) -> CostControlError | None:
    uses_tools = any(message.extra or message.role == "tool" for message in request.messages)
    if not (request.extra or uses_tools):
        return None  # before the vendor's SDK is loaded
    passes = get_provider(deployment.provider).passes
    if passes is None:
        return None
    unknown = sorted(set(request.extra) - passes)
    if uses_tools:
        unknown.append("messages[].tool_calls")
    if not unknown:
        return None
    return UnsupportedParameter(
        _("it does not know %(names)s") % {"names": ", ".join(unknown)}, param=unknown[0]
    )


def _too_long(situation: Situation, deployment: DeploymentSpec) -> CostControlError | None:
    request, size_of = situation.request, situation.size_of
    size = size_of(deployment) if size_of else tokens.estimate_input(request, deployment)
    room = deployment.context_tokens - size
    if room >= min(16, request.max_output_tokens or 16):
        return None
    return ContextTooLong(
        _("about %(size)d tokens do not fit its context of %(context)d")
        % {"size": size, "context": deployment.context_tokens}
    )


def _nobody(situation: Situation, struck: list[Struck]) -> CostControlError:
    """One sentence that names every candidate and its mend; the status of the gravest reason."""
    if not struck:
        return Unavailable(
            _("No model is set up for this plan (%(tier)s). Ask the operator to enable one.")
            % {"tier": situation.tier.title}
        )
    listed = joined(
        _("%(name)s: %(why)s") % {"name": s.deployment.name, "why": s.error.message}
        for s in struck
    )
    message = _("No model can answer this call. %(listed)s.") % {"listed": listed}
    first = next((s.error for s in struck if s.error.status == 400), struck[0].error)
    is_callers = all(s.error.status == 400 for s in struck)
    kind = type(first) if is_callers else Unavailable
    return kind(message, param=first.param, retry_after_s=None if is_callers else 5)
