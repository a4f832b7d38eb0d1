"""The runs that make answers ahead as a file, newest first."""

from collections.abc import Iterator

from costcontrol.dashboard.csvs import Row
from costcontrol.dashboard.precompute import counts_of
from costcontrol.lib.money import to_usd
from routing.models import PrecomputeRun

MOST_RUNS = 1_000


def runs_rows() -> Iterator[Row]:
    """Two queries."""
    yield (
        "run", "kind", "status", "created_at", "started_at", "finished_at", "answers", "made",
        "used", "cost_nanos", "cost_usd", "budget_nanos", "budget_usd",
    )
    runs = list(PrecomputeRun.objects.defer("order", "estimate")[:MOST_RUNS])
    counts = counts_of(runs)
    for run in runs:
        times = (run.created_at, run.started_at, run.finished_at)
        numbers = counts.get(run.pk, {})
        yield (
            run.pk, run.kind, run.status,
            *(moment.isoformat() if moment else None for moment in times),
            *(numbers.get(name, 0) for name in ("planned", "made", "used")),
            run.cost_nanos, to_usd(run.cost_nanos), run.budget_nanos, to_usd(run.budget_nanos),
        )
