"""One past call under one set of rules: who answers it, what it costs, or why it is refused.

What could not answer then cannot answer now: models that stood before the one that answered, and
models whose attempts failed, are passed over again.
"""

from dataclasses import dataclass, replace

from accounts.types import TierRules
from billing import savings
from costcontrol.lib.errors import BudgetExhausted, CostControlError, QuotaExceeded, Unavailable
from routing.types import Complexity, DeploymentSpec, Plan
from routing.whatif.limits import Days, Limit
from routing.whatif.pricing import Priced, priced, usage_on
from routing.whatif.quotas import Debates
from routing.whatif.rows import Outcome, PastCall, Row
from routing.whatif.rules import Rules
from routing.whatif.tally import Fate, Tally, fate_then

BUDGET, QUOTA, AWAY = BudgetExhausted.code, QuotaExceeded.code, Unavailable.code
FULL = (BUDGET, QUOTA)
BY_RULE = ("tier_feature", "unpriced_model", "model_not_found", AWAY)  # a plan's or a table's
NOBODY: frozenset[str] = frozenset()
COMPLEXITIES = frozenset(map(str, Complexity))


class Gap(Exception):
    """This row does not say enough to be decided anew; its key names what is missing."""


@dataclass(frozen=True, slots=True)
class Decided:
    """`passed`: models that stood before the one that answered then; None: by these rules that one
    would not have been asked at all."""

    fate: Fate
    passed: frozenset[str] | None = NOBODY


@dataclass(frozen=True, slots=True)
class Asked:
    """A call that goes by the table, and the plans of both sets of rules."""

    call: PastCall
    row: Row
    tier: TierRules
    then: TierRules


class Player:
    """Decides call after call, and adds up what becomes of them."""

    def __init__(
        self, rules: Rules, of_then: Rules, *, tally: Tally, days: Days, debates: Debates
    ) -> None:
        self.rules, self.of_then, self.tally = rules, of_then, tally
        self.days, self.debates = days, debates

    def decide(self, call: PastCall, row: Row, passed: frozenset[str] | None) -> Decided:
        """Raises Gap. `passed`: as the rules of then found; None: it is to be found out."""
        if savings.own_cause(row) or row.is_holdout:
            return Decided(self._same(call, row))
        tier, then = self.rules.tier(row.tier), self.of_then.tier(row.tier)
        if tier is None or then is None:
            raise Gap("tier")
        if row.complexity not in COMPLEXITIES or not row.language:
            raise Gap("facts")
        if self._is_closed(row, tier, then):
            return Decided(Fate(Outcome.REFUSED, error_code=QUOTA))
        if row.outcome == Outcome.CACHED and self.rules.serves(row.cache_layer):
            return Decided(fate_then(call))
        return self._asked(Asked(call, row, tier, then), passed)

    def _is_closed(self, row: Row, tier: TierRules, then: TierRules) -> bool:
        """Its debate would not have been opened."""
        if not row.debate_id or tier.debates_per_day == then.debates_per_day:
            return False
        return not self.debates.may(row, then=then.debates_per_day, now=tier.debates_per_day)

    def _asked(self, asked: Asked, passed: frozenset[str] | None) -> Decided:
        call, row = asked.call, asked.row
        limits = self._limits(asked)
        is_economy = self.days.is_economy(limits, row, asked.tier)
        was_refused = row.outcome == Outcome.REFUSED
        try:
            plan = self.rules.plan(row, tier=asked.tier, is_economy=is_economy)
        except CostControlError as error:
            if passed is None and not was_refused:
                raise Gap("plan") from None  # then it was answered
            refused = Fate(Outcome.REFUSED, error_code=error.code)
            return Decided(fate_then(call) if was_refused else refused, passed)
        found = _passed(plan, call, row) if passed is None else passed
        if was_refused:
            return Decided(self._refused(asked, plan, limits), NOBODY)
        fate = self._answered(asked, plan, found or NOBODY)
        return Decided(replace(fate, is_economy=is_economy), found)

    def _limits(self, asked: Asked, *, provider: str = "") -> list[Limit]:
        row = asked.row
        return self.days.limits(
            self.rules.of_day(row, asked.tier, provider=provider),
            self.of_then.of_day(row, asked.then, provider=provider), row.at,
        )

    def _answered(self, asked: Asked, plan: Plan, passed: frozenset[str]) -> Fate:
        """By the first that may. Models that are there for closed budgets come when one is."""
        call, row = asked.call, asked.row
        failed, is_full = 0, False
        names = {each.name for each in plan.candidates}
        for spec in _in_order(plan):
            is_same = spec.name == row.deployment
            if spec.name not in names and not (is_full or is_same):
                continue
            tries = call.tries_on(spec.name)
            failed += sum(self._price(each, spec).cost_nanos for each in tries)
            if not is_same and (tries or spec.name in passed):
                continue
            cost = self._price(row, spec)
            if self.days.fits(self._limits(asked, provider=spec.provider), cost.cost_nanos):
                return _fate(row, spec, cost, failed)
            is_full = True
        code = BUDGET if is_full else AWAY
        return Fate(Outcome.REFUSED, error_code=code, cost_nanos=failed, failed_nanos=failed)

    def _refused(self, asked: Asked, plan: Plan, limits: list[Limit]) -> Fate:
        """Its size is not known: whoever is let in costs what others of its kind do, on average so
        far. Of a debate that is opened, nothing is known but that."""
        row = asked.row
        average = self.tally.average(row.call_kind)
        first = plan.candidates[0]
        let_in = Fate(
            Outcome.COMPLETE, first.name, str(first.model_class), cost_nanos=average or 0,
            is_admitted=True, is_priced=average is not None,
        )
        if row.error_code == QUOTA and self.debates.is_opened_anew(row):
            return replace(let_in, cost_nanos=0, is_debate=True)
        is_let_in = self._is_let_in(asked, limits, average or 0)
        return let_in if is_let_in else fate_then(asked.call)

    def _is_let_in(self, asked: Asked, limits: list[Limit], nanos: int) -> bool:
        code = asked.row.error_code
        if asked.call.failed:
            return False
        if code in BY_RULE:
            return self._had_nobody(asked) and self.days.fits(limits, nanos)
        return code in FULL and self.days.has_more_room(limits, nanos)

    def _had_nobody(self, asked: Asked) -> bool:
        """By the rules of then nobody could answer it."""
        try:
            self.of_then.plan(asked.row, tier=asked.then, is_economy=asked.row.is_economy)
        except CostControlError:
            return True
        return False

    def _price(self, row: Row, spec: DeploymentSpec) -> Priced:
        """Raises Gap. What a failed attempt does not say is as it was booked."""
        usage = usage_on(spec, row, self.rules.world.known.get(row.deployment))
        price = self.rules.price(row, spec, size=usage.input_tokens) if usage else None
        if usage is None or price is None:
            if row.outcome == Outcome.FAILED:
                return Priced(row.cost_nanos, 0)
            raise Gap("tokens" if usage is None else "price")
        return priced(usage, price, most=_most(row) if spec.name == row.deployment else None)

    def _same(self, call: PastCall, row: Row) -> Fate:
        """It goes where it went, at the prices of these rules."""
        fate = fate_then(call)
        if row.outcome in (Outcome.CACHED, Outcome.REFUSED) or not row.usage.is_reported:
            return fate
        spec = self.rules.world.known.get(row.deployment)
        price = self.rules.price(row, spec, size=row.usage.input_tokens)
        if price is None:
            return fate
        cost = priced(row.usage, price, most=_most(row))
        return replace(
            fate, cost_nanos=cost.cost_nanos + fate.failed_nanos,
            prompt_cache_nanos=cost.prompt_cache_nanos,
        )

    def book(self, call: PastCall, row: Row, fate: Fate) -> None:
        """Count it: in the sums, and in every budget of its day."""
        self.tally.add(row, fate)
        tier, then = self.rules.tier(row.tier), self.of_then.tier(row.tier)
        was = fate_then(call).cost_nanos
        if tier is None or then is None or not (fate.cost_nanos or was):
            return
        asked = Asked(call, row, tier, then)
        spec = self.rules.world.known.get(fate.deployment)
        provider = spec.provider if spec else row.provider
        self.days.spend(self._limits(asked, provider=provider), now=fate.cost_nanos, then=0)
        self.days.spend(self._limits(asked, provider=row.provider), now=0, then=was)


def _most(row: Row) -> int | None:
    """An estimate never passes what was held for it."""
    return row.held_nanos if row.is_estimated and row.held_nanos else None


def _fate(row: Row, spec: DeploymentSpec, cost: Priced, failed: int) -> Fate:
    outcome = Outcome.COMPLETE if row.outcome == Outcome.CACHED else row.outcome
    return Fate(
        outcome, spec.name, str(spec.model_class), error_code=row.error_code,
        cost_nanos=cost.cost_nanos + failed, failed_nanos=failed,
        prompt_cache_nanos=cost.prompt_cache_nanos,
    )


def _in_order(plan: Plan) -> list[DeploymentSpec]:
    names = {each.name for each in plan.candidates}
    return [*plan.candidates, *(each for each in plan.if_closed if each.name not in names)]


def _passed(plan: Plan, call: PastCall, row: Row) -> frozenset[str] | None:
    """Who stood before the model that answered, and did not try."""
    if row.outcome in (Outcome.CACHED, Outcome.REFUSED):
        return NOBODY
    names = [each.name for each in _in_order(plan)]
    if row.deployment not in names:
        return None
    before = names[: names.index(row.deployment)]
    return frozenset(name for name in before if not call.tries_on(name))
