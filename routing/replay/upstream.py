"""Simulated providers inside the process. They keep books of their own, to compare with ours.

Each answer takes the tokens that the workload model gives to its kind of call, and its text is one
sentence that says what it is. Nothing is sent anywhere, and nobody waits.
"""

from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field

from billing.prices import STANDARD, PriceTable, cost
from billing.usage import Usage
from routing import providers
from routing.call_kinds import SEARCH
from routing.types import Chunk, DeploymentSpec, ProviderCall, StopReason

NAME = "simulated"  # Deployment.provider
MARK = "[simulated]"
PAGE = "\n[A page](https://replay.invalid/)"
Sale = tuple[str, str, str, Usage]  # whose price, model, processing, what was used


@dataclass(slots=True)
class Books:
    """What was sold, as the providers would bill it."""

    sales: "Counter[Sale]" = field(default_factory=Counter)
    models: "Counter[str]" = field(default_factory=Counter)

    def add(
        self, deployment: DeploymentSpec, usage: Usage, *, processing: str = STANDARD
    ) -> int:
        """How many answers there were before."""
        before = self.models.total()
        self.sales[(*deployment.price_key, processing, usage)] += 1
        self.models[deployment.name] += 1
        return before

    def total_nanos(self, prices: PriceTable) -> int:
        return sum(
            many * cost(usage, prices.price(
                maker, model, input_tokens=usage.input_tokens, processing=processing
            ))
            for (maker, model, processing, usage), many in self.sales.items()
        )


class Simulated:
    """Every deployment of a replay. `usages`: of the debate that is being played."""

    passes: frozenset[str] | None = None

    def __init__(self) -> None:
        self.books = Books()
        self.usages: Mapping[str, Usage] = {}

    async def stream(self, call: ProviderCall) -> AsyncGenerator[Chunk]:
        kind, deployment = call.request.call_kind, call.deployment
        usage = self.usages[kind]
        number = self.books.add(deployment, usage)
        yield Chunk(text_of(kind, number), None, StopReason.STOP, usage, deployment.model)

    async def probe(self, deployment: DeploymentSpec) -> str:
        return ""

    async def close(self) -> None:
        """Nothing is open."""


def text_of(kind: str, number: int) -> str:
    """Of a search: with a page that it found."""
    return f"{MARK} {kind} {number}" + (PAGE if kind == SEARCH else "")


def install() -> Simulated:
    """In this process, every deployment whose provider is `simulated` is answered by this."""
    providers.ADAPTERS[NAME] = (__name__, "Simulated")
    made = providers.get_provider(NAME)
    assert isinstance(made, Simulated)
    made.books = Books()
    return made
