"""What one set of rules comes to: sums of what became of each call. As JSON, and back."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from billing import savings
from routing.policy import AUTO
from routing.whatif.rows import Outcome, PastCall, Row

CACHE, REFUSED = "cache", "refused"
COUNTERS = (
    "classes", "class_nanos", "deployments", "deployment_nanos", "layers", "refusals", "causes",
    "kinds", "kind_nanos", "hits",
)
NUMBERS = ("calls", "cost_nanos", "baseline_nanos", "uncompared_nanos", "admitted",
           "admitted_nanos", "admitted_unpriced", "admitted_debates", "economy", "named")


@dataclass(frozen=True, slots=True)
class Fate:
    """How a call ends. `cost_nanos`: with attempts that failed before, which are `failed_nanos`.

    `is_admitted`: it was refused then, so its size is not known and its cost is that of an average
    call; `is_priced` False: not even that. What debates cost that are opened is added at the end.
    """

    outcome: str
    deployment: str = ""
    model_class: str = ""
    cache_layer: str = ""
    error_code: str = ""
    cost_nanos: int = 0
    failed_nanos: int = 0
    prompt_cache_nanos: int = 0
    is_economy: bool = False
    is_admitted: bool = False
    is_priced: bool = True
    is_debate: bool = False  # it opens a debate, of which nothing else is known

    @property
    def group(self) -> str:
        """What page and export count it under: a class, a cache, or refused."""
        if self.outcome == Outcome.REFUSED:
            return REFUSED
        return CACHE if self.outcome == Outcome.CACHED else self.model_class


def fate_then(call: PastCall) -> Fate:
    """As it is written down."""
    failed = sum(row.cost_nanos for row in call.failed)
    row = call.last
    if row is None:
        return Fate(Outcome.FAILED, cost_nanos=failed, failed_nanos=failed)
    return Fate(
        row.outcome, row.deployment, row.model_class, row.cache_layer, row.error_code,
        row.cost_nanos + failed, failed, row.prompt_cache_nanos, row.is_economy,
    )


@dataclass(frozen=True, slots=True)
class _AsRow:
    """A fate as `billing.savings` looks at rows."""

    outcome: str
    tier: str
    call_kind: str
    model_class: str
    cache_layer: str
    cost_nanos: int
    baseline_nanos: int | None
    prompt_cache_nanos: int


@dataclass
class Tally:
    """`hits`: by "layer kind". `kinds`: calls that a model answered. `named`: those of them that
    asked for a model or a class by its name, so that no routing table moves them."""

    calls: int = 0
    cost_nanos: int = 0
    baseline_nanos: int = 0
    uncompared_nanos: int = 0
    admitted: int = 0
    admitted_nanos: int = 0
    admitted_unpriced: int = 0
    admitted_debates: int = 0
    economy: int = 0
    named: int = 0
    classes: Counter[str] = field(default_factory=Counter)
    class_nanos: Counter[str] = field(default_factory=Counter)
    deployments: Counter[str] = field(default_factory=Counter)
    deployment_nanos: Counter[str] = field(default_factory=Counter)
    layers: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    kind_nanos: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)

    def add(self, row: Row, fate: Fate) -> None:
        self.calls += 1
        self.cost_nanos += fate.cost_nanos
        self.economy += fate.is_economy
        self._save(row, fate)
        own = fate.cost_nanos - fate.failed_nanos
        self.classes[fate.group] += 1
        self.class_nanos[fate.group] += own
        if fate.outcome == Outcome.REFUSED:
            self.refusals[fate.error_code] += 1
        elif fate.outcome == Outcome.CACHED:
            self.layers[fate.cache_layer] += 1
            self.hits[f"{fate.cache_layer} {row.call_kind}"] += 1
        elif fate.is_admitted:
            self.admitted += 1
            self.admitted_nanos += fate.cost_nanos
            self.admitted_unpriced += not fate.is_priced
            self.admitted_debates += fate.is_debate
        else:
            self._model(row, fate, own)

    def _model(self, row: Row, fate: Fate, nanos: int) -> None:
        self.named += row.requested_model not in ("", AUTO)
        self.deployments[fate.deployment] += 1
        self.deployment_nanos[fate.deployment] += nanos
        if not savings.own_cause(_as_row(row, fate, nanos)):
            self.kinds[row.call_kind] += 1
            self.kind_nanos[row.call_kind] += nanos

    def _save(self, row: Row, fate: Fate) -> None:
        """The rule of `billing.savings`, of what would have been written down."""
        as_row = _as_row(row, fate, fate.cost_nanos - fate.failed_nanos)
        saved = savings.saved_nanos(as_row)
        for cause, nanos in savings.causes(as_row).items():
            self.causes[cause] += nanos
        if saved is None:
            self.uncompared_nanos += as_row.cost_nanos
        elif _is_compared(as_row):
            self.baseline_nanos += as_row.baseline_nanos or 0
        self._fail(row, fate)

    def _fail(self, row: Row, fate: Fate) -> None:
        if fate.failed_nanos:
            cause = savings.own_cause(_as_row(row, fate, 0)) or savings.FAILED
            self.causes[cause] -= fate.failed_nanos

    def orphan(self, nanos: int) -> None:
        """Attempts that failed, of a call whose end is not written down."""
        self.cost_nanos += nanos
        self.causes[savings.FAILED] -= nanos

    @property
    def saved_nanos(self) -> int:
        return sum(self.causes.values())

    def average(self, kind: str) -> int | None:
        """What a call of this kind costs here, so far; of any kind, if there was none."""
        if self.kinds[kind]:
            return self.kind_nanos[kind] // self.kinds[kind]
        calls = sum(self.kinds.values())
        return sum(self.kind_nanos.values()) // calls if calls else None

    def as_json(self) -> dict[str, Any]:
        numbers = {name: getattr(self, name) for name in NUMBERS}
        return numbers | {name: dict(getattr(self, name)) for name in COUNTERS}

    @classmethod
    def of_json(cls, said: Mapping[str, Any]) -> "Tally":
        counters: dict[str, Any] = {name: Counter(said.get(name, {})) for name in COUNTERS}
        return cls(**{name: said.get(name, 0) for name in NUMBERS}, **counters)


def _as_row(row: Row, fate: Fate, nanos: int) -> _AsRow:
    is_answered = fate.outcome != Outcome.REFUSED and not fate.is_admitted
    return _AsRow(
        fate.outcome, row.tier, row.call_kind, fate.model_class, fate.cache_layer, nanos,
        row.baseline_nanos if is_answered else None, fate.prompt_cache_nanos,
    )


def _is_compared(row: _AsRow) -> bool:
    return row.baseline_nanos is not None and not savings.own_cause(row)
