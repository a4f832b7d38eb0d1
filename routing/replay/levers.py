"""Which lever saved what: `billing.savings`, with the route taken apart. The parts add up."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from billing import savings
from routing.call_kinds import CALL_KINDS
from routing.replay.figures import Figures, Group
from routing.types import Complexity

ROUTES = {
    "route_local": "simple calls on the local model",
    "route_smaller": "simple and medium calls on smaller models",
    "route_complex": "complex calls on smaller models",
    "route_premium": "calls that stay on the baseline model",
}
SAID: Mapping[str, str] = {
    "exact": "the same user's same call (L1)",
    "shared": "read along with the same call",
    "pattern": "stored answers (L2)",
    "precomputed": "answers made ahead (L3)",
    savings.TEMPLATE: "templates (L4)",
    savings.SEARCH_CACHE: "stored searches",
    savings.PROMPT_CACHE: "prompt caches of providers",
    **ROUTES,
    savings.LOCAL: "own cost: the local machine",
    savings.PRECOMPUTE: "own cost: making answers ahead",
    savings.HELPERS: "own cost: judges and embeddings",
    savings.FAILED: "own cost: failed attempts",
}
assert {*savings.CAUSES, *savings.OWN_COSTS} - {savings.ROUTE} < set(SAID)


@dataclass(frozen=True, slots=True)
class Savings:
    """`parts` in the order of `SAID`; baseline - their sum = spend, to the nano."""

    baseline: int
    parts: Mapping[str, int]
    spend: int

    @property
    def is_whole(self) -> bool:
        return self.baseline - sum(self.parts.values()) == self.spend

    @property
    def share(self) -> float:
        """What was saved, of the baseline."""
        return 1 - self.spend / self.baseline if self.baseline else 0.0


def savings_of(figures: Figures) -> Savings:
    """Raises ValueError for calls whose baseline nobody knows."""
    if unknown := [group for group in figures.groups if _is_unknown(group)]:
        kinds = ", ".join(sorted({group.call_kind for group in unknown}))
        raise ValueError(f"calls without a baseline: {kinds}")
    parts: Counter[str] = Counter()
    for group in figures.groups:
        for cause, nanos in savings.causes(group).items():
            parts[_lever(cause, group)] += nanos
    asked = [group for group in figures.groups if not savings.own_cause(group)]
    return Savings(
        sum(group.baseline_nanos for group in asked),
        {name: parts[name] for name in SAID},
        sum(group.cost_nanos for group in figures.groups),
    )


def _is_unknown(group: Group) -> bool:
    is_asked = not savings.own_cause(group) and group.outcome != savings.Outcome.FAILED
    return bool(group.unknown) and is_asked


def _lever(cause: str, group: Group) -> str:
    if cause != savings.ROUTE:
        return cause
    if group.model_class == savings.LOCAL_CLASS:
        return "route_local"
    if group.model_class == "premium":
        return "route_premium"
    kind = CALL_KINDS.get(group.call_kind)
    is_complex = kind is not None and kind.complexity == Complexity.COMPLEX
    return "route_complex" if is_complex else "route_smaller"


@dataclass(frozen=True, slots=True)
class Layer:
    """How much a layer answered: of the calls, and of what all of them cost on the baseline."""

    name: str
    calls: int
    share_of_calls: float
    share_of_dollars: float


def layers_of(figures: Figures) -> list[Layer]:
    """Templates are no hits: they have a line of their own."""
    asked = [group for group in figures.groups if not savings.own_cause(group)]
    names = (*savings.LAYERS, savings.SEARCH_CACHE, savings.TEMPLATE)
    return [_layer(name, asked) for name in names]


def _layer(name: str, asked: Iterable[Group]) -> Layer:
    every = list(asked)
    hits = [
        group for group in every
        if group.outcome == savings.Outcome.CACHED and name in savings.causes(group)
    ]
    calls, dollars = _sum(every, "calls"), _sum(every, "baseline_nanos")
    mine = _sum(hits, "calls")
    return Layer(
        name, mine, mine / max(1, calls), _sum(hits, "baseline_nanos") / max(1, dollars)
    )


def _sum(groups: Iterable[Group], name: str) -> int:
    return sum(getattr(group, name) for group in groups)


@dataclass(frozen=True, slots=True)
class Model:
    """What one deployment was asked, and what it cost."""

    name: str
    calls: int
    cost_nanos: int


def models_of(figures: Figures) -> list[Model]:
    """The dearest first."""
    calls: Counter[str] = Counter()
    costs: Counter[str] = Counter()
    for group in figures.groups:
        if group.outcome not in (savings.Outcome.CACHED, savings.Outcome.REFUSED):
            calls[group.deployment] += group.calls
            costs[group.deployment] += group.cost_nanos
    return sorted(
        (Model(name, calls[name], costs[name]) for name in calls),
        key=lambda model: (-model.cost_nanos, model.name),
    )
