"""One past call by the rules of today: who would be asked, in which order, and for how much.

No provider is asked. Who is away at this moment, how full budgets are and what caches hold is not
looked at: these are the table, the plans, the prices and the keys.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from accounts.types import TierRules
from billing.prices import cost
from billing.usage import Usage
from costcontrol.lib.errors import CostControlError
from costcontrol.lib.sentences import Sentence as _
from routing.providers import missing_key
from routing.types import DeploymentSpec
from routing.whatif.changes import TODAY, Changes
from routing.whatif.decide import COMPLEXITIES
from routing.whatif.pricing import usage_on
from routing.whatif.rows import Row, calls_between
from routing.whatif.rules import Rules
from routing.whatif.world import world_load

UNKNOWN: Mapping[str, str] = {
    "gone": _("Only attempts that failed are written down of it."),
    "tier": _("Its plan is gone."),
    "facts": _("How hard it was, or its language, was not written down."),
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """`usage` None: tokens were not reported, or nobody knows how this model counts them; then
    there is no cost either. `problem`: it has no key, so it would be passed over."""

    name: str
    model_class: str
    usage: Usage | None
    cost_nanos: int | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Again:
    """The first of `candidates` is asked first. `why_not`: why there is none. `version`: of the
    table in force."""

    version: int
    candidates: tuple[Candidate, ...] = ()
    why_not: str = ""


def again(call_id: UUID, *, at: datetime) -> Again:
    """`at`: when it came in."""
    end = at + timedelta.resolution
    world = world_load(start=at, end=end)
    today = world.snapshot
    past = [call for call in calls_between(at, end) if call.last and call.last.call_id == call_id]
    rules = Rules(world, Changes(cells=today.cells, prices_of=TODAY))
    if not past or past[0].last is None:
        return Again(today.policy_version, why_not=UNKNOWN["gone"])
    row = past[0].last
    tier = rules.tier(row.tier)
    if tier is None or row.complexity not in COMPLEXITIES or not row.language:
        return Again(today.policy_version, why_not=UNKNOWN["facts" if tier else "tier"])
    return _decided(row, rules, tier)


def _decided(row: Row, rules: Rules, tier: TierRules) -> Again:
    version = rules.world.snapshot.policy_version
    try:
        plan = rules.plan(row, tier=tier, is_economy=False)
    except CostControlError as error:
        return Again(version, why_not=error.message)
    return Again(version, tuple(_candidate(row, spec, rules) for spec in plan.candidates))


def _candidate(row: Row, spec: DeploymentSpec, rules: Rules) -> Candidate:
    usage = usage_on(spec, row, rules.world.known.get(row.deployment))
    price = rules.price(row, spec, size=usage.input_tokens) if usage else None
    known = usage if price else None
    nanos = cost(usage, price) if usage and price else None
    return Candidate(spec.name, str(spec.model_class), known, nanos, missing_key(spec))
