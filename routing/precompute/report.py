"""What became of a run: produced, used, wasted; what it cost and what it has saved so far.

An answer is used when it was served, or when the statement that was made of it was. A used one has
saved what making it online, at the first use, would have cost: later uses would have found that one
in the store. Paid back is a run whose used answers have saved what all of it cost.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from billing.prices import cost
from billing.usage import Usage
from costcontrol.lib.errors import UnpricedModel
from routing.call_kinds import SEARCH
from routing.debates.prompt_canonical import READS
from routing.models import PrecomputeItem, PrecomputeRun
from routing.precompute.candidates import SPOKEN
from routing.snapshot import Snapshot

Status = PrecomputeItem.Status
Place = tuple[str, str, str, str, int]  # topic, language, side, philosopher, variant


@dataclass(frozen=True, slots=True)
class RunReport:
    """`waiting`: made, not used yet, and not too old. Money in nano-USD."""

    planned: int
    statuses: Mapping[str, int]
    produced: int
    used: int
    uses: int
    wasted: int
    waiting: int
    cost_nanos: int
    avoided_nanos: int
    baseline_nanos: int  # saved against the baseline of savings, by all uses
    expected_uses: float

    @property
    def saved_nanos(self) -> int:
        return self.avoided_nanos - self.cost_nanos

    @property
    def is_paid_back(self) -> bool:
        return self.produced > 0 and self.saved_nanos >= 0

    @property
    def done(self) -> int:
        return self.planned - sum(self.statuses.get(each, 0) for each in ("planned", "sent"))

    @property
    def done_share(self) -> float:
        return self.done / self.planned if self.planned else 1.0


def report_of(run: PrecomputeRun, *, snapshot: Snapshot, now: datetime) -> RunReport:
    items = list(run.items.select_related("answer").order_by("pk"))
    made = [item for item in items if item.status == Status.MADE and item.answer]
    used = _used(made)
    gone = [item for item in made if item.pk not in used and _is_over(item, now)]
    statuses = Counter(str(item.status) for item in items)
    return RunReport(
        planned=len(items), statuses=statuses, produced=len(made), used=len(used),
        uses=sum(item.answer.served for item in made if item.answer),
        wasted=len(gone), waiting=len(made) - len(used) - len(gone), cost_nanos=run.cost_nanos,
        avoided_nanos=sum(
            online_nanos(item, snapshot) for item in made if item.pk in used
        ),
        baseline_nanos=sum(item.answer.saved_nanos for item in made if item.answer),
        expected_uses=sum({item.key: item.expected_uses for item in made}.values()),
    )


def _used(made: Sequence[PrecomputeItem]) -> set[int]:
    served = {item.pk for item in made if item.answer and item.answer.served}
    spoken = {_place(item) for item in made if item.kind == SPOKEN and item.pk in served}
    read, sides = READS[SPOKEN], {place[:3] for place in spoken}  # a search is the whole side's
    return served | {
        item.pk for item in made
        if item.kind in read and (
            _place(item) in spoken or (item.kind == SEARCH and _place(item)[:3] in sides)
        )
    }


def _place(item: PrecomputeItem) -> Place:
    who = (item.fields.get("philosopher") or [""])[0]
    return (item.topic_key, item.language, item.fields.get("side", ""), who, item.variant)


def _is_over(item: PrecomputeItem, now: datetime) -> bool:
    answer = item.answer
    return answer is not None and (answer.ended_at is not None or answer.hard_until <= now)


def online_nanos(item: PrecomputeItem, snapshot: Snapshot) -> int:
    """What it would have cost when somebody waits for it, at today's prices."""
    deployment, answer = snapshot.deployment(item.deployment), item.answer
    if deployment is None or answer is None:
        return item.cost_nanos
    usage = Usage(**answer.usage)
    try:
        price = snapshot.prices.price(*deployment.price_key, input_tokens=usage.input_tokens)
    except UnpricedModel:
        return item.cost_nanos
    return int(cost(usage, price))


def problems(run: PrecomputeRun) -> list[tuple[str, int, str]]:
    """What went wrong, as (what, how often, code): items by their reason, then the batches."""
    found: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for error in run.items.exclude(error="").values_list("error", flat=True):
        name = error.partition("|")[0]
        found[name] += 1
        examples.setdefault(name, error)
    rows = [("items", count, examples[name]) for name, count in found.most_common()]
    rows += [("batch", 1, batch.error) for batch in run.batches.exclude(error="")]
    for what in ("twice", "unknown", "unreadable"):
        counts: list[dict[str, Any]] = list(run.batches.values_list("counts", flat=True))
        if count := sum(each.get(what, 0) for each in counts):
            rows.append((what, count, ""))
    return rows

