"""Answers made ahead of the month, by the product's own precompute: estimate, start, step by step.

Its batches go to simulated providers, which end at once and bill at the price of batches. Each part
of a replay makes what its own topics need of what the whole estimate chose.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from costcontrol.lib import clock
from routing import snapshot
from routing.models import PrecomputeItem
from routing.precompute import machine
from routing.precompute.orders import USUAL_KINDS, Order
from routing.precompute.runs import run_estimate, run_start
from routing.providers import batches
from routing.providers.batches import BatchRequest, BatchResult, BatchState, Fate
from routing.replay.house import PLENTY, TIER
from routing.replay.options import Options
from routing.replay.upstream import NAME, Simulated, text_of
from routing.replay.workload import usages
from routing.types import Chunk, DeploymentSpec, StopReason

ACTOR = "command replay_workload"
STEPS = 200  # of a run; a level takes three
PAUSE = timedelta(minutes=20)


def make_ahead(
    options: Options, topics: Collection[str], *, simulated: Simulated, now: datetime
) -> None:
    """`topics`: of this part. Raises RuntimeError if a run does not come to its end."""
    batches.ADAPTERS[NAME] = (__name__, "SimulatedBatches")
    _Desk.simulated, _Desk.options = simulated, options
    order = Order(
        languages=(options.language,), kinds=USUAL_KINDS, tier=TIER, budget_nanos=PLENTY,
        horizon_days=options.days, topics=options.precompute, variants=options.variants,
        debates_per_day=options.debates / options.days,
    )
    run = run_estimate(order, snapshot=snapshot.latest(), actor=ACTOR, user_id=None, now=now)
    PrecomputeItem.objects.filter(run=run).exclude(topic_key__in=topics).delete()
    if not run.items.exists():
        return
    run_start(run, actor=ACTOR, now=now)
    for step in range(STEPS):
        moment = now + step * PAUSE
        with clock.at(moment):
            if not machine.step(run.pk, now=moment):
                return
    raise RuntimeError("what was to be made ahead has no end")


class _Desk:
    """Where the simulated batches of this process lie."""

    simulated: Simulated
    options: Options
    waiting: dict[str, Sequence[BatchRequest]] = {}


class SimulatedBatches:
    """What `routing.providers.batches` asks of a vendor."""

    def __init__(self, deployment: DeploymentSpec) -> None:
        self._deployment = deployment

    def submit(self, requests: Sequence[BatchRequest], *, marker: str) -> str:
        name = f"batch-{uuid4()}"
        _Desk.waiting[name] = tuple(requests)
        return name

    def find(
        self, marker: str, *, total: int, since: datetime, known: Collection[str]
    ) -> str:
        return ""

    def status(self, provider_id: str) -> BatchState:
        return BatchState(is_ended=True, total=len(_Desk.waiting[provider_id]))

    def results(self, provider_id: str) -> Iterator[BatchResult]:
        for request in _Desk.waiting[provider_id]:
            yield BatchResult(request.custom_id, Fate.ANSWERED, self._answered(request))

    def cancel(self, provider_id: str) -> None:
        """It has ended."""

    def close(self) -> None:
        """Nothing is open."""

    def _answered(self, request: BatchRequest) -> Chunk:
        kind, options = request.call.request.call_kind, _Desk.options
        usage = usages(options.format, "watch", options.language)[kind]
        number = _Desk.simulated.books.add(self._deployment, usage, processing="batch")
        return Chunk(
            text_of(kind, number), None, StopReason.STOP, usage, self._deployment.model
        )
