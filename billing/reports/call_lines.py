"""One call in one line: its last row, and what the attempts before it add."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts.models import User
from billing import savings
from billing.models import UsageRecord

Outcome = UsageRecord.Outcome
WORKER_LOST = "worker_lost"  # its process died, and what it knew of its times with it


@dataclass(frozen=True, slots=True)
class CallLine:
    """Costs and savings are of all attempts. `saved_nanos` None: not known, which is not 0."""

    call_id: UUID
    at: datetime
    user_id: int
    user: str
    key_prefix: str
    tier: str
    debate_id: str
    call_kind: str
    complexity: str
    language: str
    deployment: str
    model_class: str
    cache_layer: str
    outcome: str
    error_code: str
    is_economy: bool
    is_estimated: bool
    input_tokens: int | None
    output_tokens: int | None
    cost_nanos: int
    saved_nanos: int | None
    latency_ms: int | None
    failed_attempts: int
    answer_id: int | None = None  # the stored answer that it was answered with


def lines_of(ids: Sequence[int]) -> list[CallLine]:
    """In the order of the ids. Three queries, however many."""
    rows = UsageRecord.objects.in_bulk(ids)
    failed = _failed_of(rows.values())
    names = user_names({row.user_id for row in rows.values()})
    return [_line(rows[pk], failed, names) for pk in ids if pk in rows]


def user_names(ids: Iterable[int]) -> dict[int, str]:
    return {user.pk: str(user) for user in User.objects.filter(pk__in=set(ids))}


def _failed_of(rows: Iterable[UsageRecord]) -> dict[UUID, list[UsageRecord]]:
    found: dict[UUID, list[UsageRecord]] = defaultdict(list)
    calls = {row.call_id for row in rows}
    for row in UsageRecord.objects.filter(call_id__in=calls, outcome=Outcome.FAILED):
        found[row.call_id].append(row)
    return found


def _line(
    row: UsageRecord, failed: Mapping[UUID, list[UsageRecord]], names: Mapping[int, str]
) -> CallLine:
    before = failed.get(row.call_id, [])
    every = [*before, row]
    return CallLine(
        call_id=row.call_id, at=row.at, user_id=row.user_id,
        user=names.get(row.user_id, ""), key_prefix=row.key_prefix, tier=row.tier,
        debate_id=row.debate_id, call_kind=row.call_kind, complexity=row.complexity,
        language=row.language, deployment=row.deployment, model_class=row.model_class,
        cache_layer=row.cache_layer, outcome=row.outcome, error_code=row.error_code,
        is_economy=row.is_economy,
        is_estimated=any(one.confidence == UsageRecord.Confidence.ESTIMATED for one in every),
        input_tokens=_input_tokens(row), output_tokens=row.output_tokens,
        cost_nanos=sum(one.cost_nanos for one in every),
        saved_nanos=savings.saved_by_call(every),
        latency_ms=_latency_ms(row),
        failed_attempts=len(before),
        answer_id=row.answer_id,
    )


def _latency_ms(row: UsageRecord) -> int | None:
    """Since the call came in; for older rows since its last attempt began."""
    if row.error_code == WORKER_LOST:
        return None
    return row.latency_ms + row.waited_ms + (row.begun_ms or 0)


def _input_tokens(row: UsageRecord) -> int | None:
    counts = [row.fresh_input_tokens, row.cache_read_tokens, row.cache_write_tokens]
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
