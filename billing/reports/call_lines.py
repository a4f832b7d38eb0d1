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
    is_corrected: bool = False  # its price was: that is in the cost


def lines_of(ids: Sequence[int]) -> list[CallLine]:
    """In the order of the ids. Three queries, however many."""
    rows = UsageRecord.objects.in_bulk(ids)
    others = _others_of(rows.values())
    names = user_names({row.user_id for row in rows.values()})
    return [_line(rows[pk], others, names) for pk in ids if pk in rows]


def user_names(ids: Iterable[int]) -> dict[int, str]:
    return {user.pk: str(user) for user in User.objects.filter(pk__in=set(ids))}


def _others_of(rows: Iterable[UsageRecord]) -> dict[UUID, list[UsageRecord]]:
    """Attempts that failed, and what was corrected later."""
    found: dict[UUID, list[UsageRecord]] = defaultdict(list)
    calls = {row.call_id for row in rows}
    for row in UsageRecord.objects.filter(
        call_id__in=calls, outcome__in=[Outcome.FAILED, Outcome.CORRECTED]
    ):
        found[row.call_id].append(row)
    return found


def _line(
    row: UsageRecord, others: Mapping[UUID, list[UsageRecord]], names: Mapping[int, str]
) -> CallLine:
    more = others.get(row.call_id, [])
    every = [*more, row]
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
        failed_attempts=sum(one.outcome == Outcome.FAILED for one in more),
        is_corrected=any(one.outcome == Outcome.CORRECTED for one in more),
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
