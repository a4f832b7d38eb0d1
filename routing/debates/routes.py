"""Who would answer the calls of a debate, and what they could cost: the policy, asked beforehand.

Only health is left out: who fails now may be well when the call is made. A model whose key nobody
has set is not there.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from accounts.types import Caller
from billing.holds import worst_case
from billing.prices import Price, cost
from billing.usage import Usage
from costcontrol.lib.errors import CostControlError
from costcontrol.lib.money import Nanos
from costcontrol.lib.sentences import Sentence as _
from routing import holdout, policy, tokens
from routing.call_kinds import CALL_KINDS, SEARCH
from routing.classify import classify
from routing.debates import searching
from routing.debates.errors import LanguageUnavailable
from routing.debates.sizes import Size
from routing.meter import SEARCH_READS
from routing.policy import Situation
from routing.providers import missing_key
from routing.snapshot import Snapshot
from routing.types import ChatRequest, Classified, Complexity, DeploymentSpec, Message, Plan
from routing.upgrades import next_up

ALONE = "alone"  # stands for any debate: without one a call is never one debate's alone
LANGUAGES = {"ko": _("Korean"), "en": _("English")}


@dataclass(frozen=True, slots=True)
class Priced:
    """One call on one deployment."""

    deployment: DeploymentSpec
    price: Price
    usual: Nanos
    most: Nanos


class Routes:
    """The routes of one debate. Raises LanguageUnavailable, or why nobody can answer."""

    def __init__(
        self, *, caller: Caller, snapshot: Snapshot, language: str, is_economy: bool = False,
        is_held_out: bool = False, is_alone: bool = False,
    ) -> None:
        """`is_alone`: nobody else can be given an answer of this debate."""
        self.caller, self.snapshot, self.language = caller, snapshot, language
        self.is_alone = is_alone
        self.is_economy, self.is_held_out = is_economy, is_held_out  # held out: see holdout.py
        self._problems = {d.name: why for d in snapshot.deployments if (why := missing_key(d))}
        self._plans: dict[tuple[Complexity, int], Plan] = {}

    def held_out(self, *, is_on: bool) -> "Routes":
        """The same debate on the way of the baseline, or on its usual one."""
        return Routes(
            caller=self.caller, snapshot=self.snapshot, language=self.language,
            is_economy=self.is_economy, is_held_out=is_on, is_alone=self.is_alone,
        )

    def usual(self, size: Size) -> Priced:
        """On the model that would be asked first."""
        return self._priced(self.plan(size.kind).candidates[0], size)

    def cheapest(self, size: Size) -> Priced:
        """On the cheapest that may do it, when money is short."""
        plan = self.plan(size.kind)
        found = [self._priced(d, size) for d in (*plan.candidates, *plan.if_closed)]
        return min(found, key=lambda priced: priced.most)

    def ceilings(self, sizes: Iterable[Size]) -> dict[str, list[str]]:
        """Per complexity, the dearest prices that the cheapest models have: dearer ones do not
        draw on what is held for these."""
        dearest: dict[str, tuple[Decimal, Decimal]] = {}
        for size in sizes:
            price = self.cheapest(size).price
            most = dearest.get(self._complexity(size.kind), (Decimal(0), Decimal(0)))
            dearest[self._complexity(size.kind)] = (
                max(most[0], price.dearest_input), max(most[1], price.output)
            )
        return {name: [str(price) for price in prices] for name, prices in dearest.items()}

    def plan(self, kind: str) -> Plan:
        request, classified = self._asked(kind)
        which = (classified.complexity, request.max_searches)
        if which not in self._plans:
            situation = Situation(
                request=request, classified=classified, tier=self.caller.tier,
                snapshot=self.snapshot, problems=self._problems, is_economy=self.is_economy,
                may_buy=not self.caller.is_end_user,
            )
            self._plans[which] = self._chosen(situation)
        return self._plans[which]

    @property
    def has_search(self) -> bool:
        """Somebody can search the web for this debate, as things are."""
        if not searching.is_on(self.snapshot, tier=self.caller.tier, language=self.language):
            return False
        try:
            return bool(self.plan(SEARCH).candidates)
        except CostControlError:  # in economy mode nobody may
            return False

    def _asked(self, kind: str) -> tuple[ChatRequest, Classified]:
        request = ChatRequest(
            (Message("user", ""),), call_kind=kind, language=self.language,
            debate_id=ALONE if self.is_alone else "",
            max_searches=CALL_KINDS[kind].searches if kind in CALL_KINDS else 0,
        )
        return request, classify(request, kinds=self.snapshot.kinds)

    def _complexity(self, kind: str) -> str:
        return str(self._asked(kind)[1].complexity)

    def _chosen(self, situation: Situation) -> Plan:
        try:
            plan = policy.choose(situation)
            return holdout.plan_of(plan, situation) if self.is_held_out else plan
        except CostControlError:
            if self._is_spoken(self.caller.tier.allowed_classes):
                raise
            raise self._unspoken() from None

    def _is_spoken(self, classes: Iterable[str]) -> bool:
        return bool(self._speaking() & set(classes))

    def _speaking(self) -> set[str]:
        """Classes in which somebody speaks the language."""
        return {
            d.model_class for d in self.snapshot.deployments
            if self.language in d.languages and d.name not in self._problems
        }

    def _unspoken(self) -> LanguageUnavailable:
        """Which plan has a model for it; and if there is none at all, how to add one."""
        language, speaking = LANGUAGES.get(self.language, self.language), self._speaking()
        if not speaking:
            return LanguageUnavailable(
                _("No model that speaks %(language)s is set up on this server. To add one, set "
                  "ANTHROPIC_API_KEY or OPENAI_API_KEY, or pull one with Ollama, and start the "
                  "server again.") % {"language": language}
            )
        for offer in sorted(self.snapshot.plans, key=lambda offer: offer.rank):
            if speaking & set(offer.classes):
                return self._in_plan(offer.title, language, sorted(speaking & set(offer.classes)))
        return LanguageUnavailable(
            _("No plan includes the models here that speak %(language)s. Ask the operator.")
            % {"language": language}
        )

    def _in_plan(self, title: str, language: str, classes: list[str]) -> LanguageUnavailable:
        found = next_up(
            self.snapshot.plans, tier=self.caller.tier.name,
            may_buy=not self.caller.is_end_user, feature=classes[0],
        )
        upgrade: dict[str, Any] = {"upgrade": found} if found else {}
        return LanguageUnavailable(
            _("The models of the plan %(own)s do not speak %(language)s. Those of %(plan)s do.")
            % {"own": self.caller.tier.title, "language": language, "plan": title},
            **upgrade,
        )

    def _priced(self, deployment: DeploymentSpec, size: Size) -> Priced:
        reads = tokens.scaled(size.input_tokens, deployment.token_factor)
        reads += size.searches * SEARCH_READS
        writes = min(
            tokens.scaled(size.usual_tokens, deployment.token_factor), size.most_tokens
        )
        price = self.snapshot.prices.price(*deployment.price_key, input_tokens=reads)
        return Priced(
            deployment, price,
            usual=cost(
                Usage(
                    fresh_input_tokens=reads, output_tokens=writes, searches=size.searches or None
                ), price,
            ),
            most=Nanos(
                worst_case(price, input_tokens=reads, output_tokens=size.most_tokens)
                + cost(Usage(searches=size.searches), price)
            ),
        )
