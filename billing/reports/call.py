"""All that is known of one call: each attempt, what it cost, and how the ledger booked it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import User
from billing import savings
from billing.models import LedgerEntry, PriceCorrection, Reservation, UsageRecord

OPEN = (Reservation.State.HELD, Reservation.State.SENT)
PREFIXES = ("chatcmpl-", "call-", "req-")


@dataclass(frozen=True, slots=True)
class Booking:
    """One movement in one window. Only `usd` is money; other metrics are counted."""

    kind: str
    scope: str
    metric: str
    period: str
    window_start: datetime
    delta: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class AttemptReport:
    """One usage row. The names are those of its columns."""

    attempt: int
    reservation_id: UUID | None
    at: datetime
    tier: str
    call_kind: str
    deployment: str
    model_class: str
    cache_layer: str
    outcome: str
    error_code: str
    stop_reason: str
    reason: str
    is_economy: bool
    max_output_tokens: int | None
    fresh_input_tokens: int | None
    cache_read_tokens: int | None
    cache_write_tokens: int | None
    output_tokens: int | None
    searches: int | None
    confidence: str
    price_id: int | None
    price_fresh_input: Decimal | None
    price_cache_read: Decimal | None
    price_cache_write: Decimal | None
    price_output: Decimal | None
    held_nanos: int
    cost_nanos: int
    search_nanos: int | None
    baseline: str
    baseline_nanos: int | None
    prompt_cache_nanos: int
    limits_ms: int | None
    cache_ms: int | None
    policy_ms: int | None
    begun_ms: int | None
    waited_ms: int
    first_token_ms: int | None
    latency_ms: int
    answer_id: int | None = None  # the stored answer that it was answered with


@dataclass(frozen=True, slots=True)
class Corrected:
    """What a corrected price changed of one attempt: its costs are differences. `number`: of the
    correction."""

    number: int
    posted_by: str
    posted_at: datetime | None
    reason: str
    source: str
    row: AttemptReport


ATTEMPT_COLUMNS = tuple(field.name for field in fields(AttemptReport))


@dataclass(frozen=True, slots=True)
class ReservationReport:
    """What was set aside for one attempt, what became of it, and its ledger entries."""

    id: UUID
    state: str
    is_open: bool
    provider: str
    model: str
    amount: int
    charged: int | None
    created_ms: int
    bookings: tuple[Booking, ...]

    @property
    def is_quota(self) -> bool:
        """Of the debate that this call opened, not of an attempt."""
        return not self.provider


@dataclass(frozen=True, slots=True)
class CallReport:
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
    requested_model: str
    attempts: tuple[AttemptReport, ...]
    reservations: tuple[ReservationReport, ...]
    corrections: tuple[Corrected, ...] = ()

    @property
    def cost_nanos(self) -> int:
        """As it stands on every page: what was booked, and what was corrected since."""
        return self.booked_nanos + sum(each.row.cost_nanos for each in self.corrections)

    @property
    def booked_nanos(self) -> int:
        return sum(attempt.cost_nanos for attempt in self.attempts)

    @property
    def baseline_nanos(self) -> int | None:
        """Of the attempt that answered: the baseline would have needed only one."""
        answers = [a for a in self.attempts if a.outcome != UsageRecord.Outcome.FAILED]
        known = [a.baseline_nanos for a in answers if a.baseline_nanos is not None]
        return known[-1] if known else None

    @property
    def saved_nanos(self) -> int | None:
        """Estimated, with the cost of failed attempts taken off. None: of no row it is known."""
        return savings.saved_by_call([*self.attempts, *(each.row for each in self.corrections)])

    def reservation(self, reservation_id: UUID | None) -> ReservationReport | None:
        return next((one for one in self.reservations if one.id == reservation_id), None)

    @property
    def unrecorded(self) -> tuple[ReservationReport, ...]:
        """Reservations without a usage row yet: under way, or waiting for the sweeper."""
        recorded = {attempt.reservation_id for attempt in self.attempts}
        held = (one for one in self.reservations if not one.is_quota)
        return tuple(one for one in held if one.id not in recorded)

    @property
    def is_under_way(self) -> bool:
        return any(one.is_open for one in self.unrecorded)

    @property
    def quota(self) -> tuple[ReservationReport, ...]:
        return tuple(one for one in self.reservations if one.is_quota)


def call_id_of(text: str) -> UUID | None:
    """As people copy it: bare, or as answers of the OpenAI shape show it."""
    bare = text.strip()
    for prefix in PREFIXES:
        bare = bare.removeprefix(prefix)
    try:
        return UUID(bare)
    except ValueError:
        return None


def is_under_way(call_id: UUID) -> bool:
    """Something is held for a call of which no row is written yet."""
    return Reservation.objects.filter(call_id=call_id, state__in=OPEN).exists()


def call_report(call_id: UUID) -> CallReport | None:
    records = list(UsageRecord.objects.filter(call_id=call_id).order_by("attempt", "pk"))
    if not records:
        return None
    first = records[0]
    corrected = [one for one in records if one.outcome == UsageRecord.Outcome.CORRECTED]
    tried = [one for one in records if one.outcome != UsageRecord.Outcome.CORRECTED]
    return CallReport(
        call_id=call_id,
        at=first.at,
        user_id=first.user_id,
        user=user_name(first.user_id),
        key_prefix=first.key_prefix,
        tier=first.tier,
        debate_id=first.debate_id,
        call_kind=first.call_kind,
        complexity=first.complexity,
        language=first.language,
        requested_model=first.requested_model,
        attempts=tuple(attempt_report(record) for record in tried),
        reservations=reservation_reports(call_id),
        corrections=_corrections(corrected),
    )


def _corrections(records: Sequence[UsageRecord]) -> tuple[Corrected, ...]:
    """In the order in which they were posted. One query, where there are any."""
    if not records:
        return ()
    found = PriceCorrection.objects.select_related("takes_back").in_bulk(
        {record.correction_id for record in records}
    )
    return tuple(
        _corrected(record, found.get(record.correction_id or 0) or PriceCorrection())
        for record in sorted(records, key=lambda one: one.pk)
    )


def _corrected(record: UsageRecord, made: PriceCorrection) -> Corrected:
    return Corrected(
        record.correction_id or 0, made.posted_by, made.posted_at, made.reason,
        (made.takes_back or made).source, attempt_report(record),
    )


def attempt_report(record: UsageRecord) -> AttemptReport:
    return AttemptReport(**{name: getattr(record, name) for name in ATTEMPT_COLUMNS})


def user_name(user_id: int) -> str:
    """The row outlives the account, so the number stands where there is no name any more."""
    user = User.objects.filter(pk=user_id).first()
    number = _("user %(number)d") % {"number": user_id}
    return f"{user} ({number})" if user else number


def reservation_reports(call_id: UUID) -> tuple[ReservationReport, ...]:
    rows = list(Reservation.objects.filter(call_id=call_id).order_by("created_ms"))
    bookings = bookings_by_reservation(row.pk for row in rows)
    return tuple(
        ReservationReport(
            id=row.pk,
            state=str(row.get_state_display()),
            is_open=row.state in OPEN,
            provider=row.provider,
            model=row.model,
            amount=row.amount,
            charged=row.charged,
            created_ms=row.created_ms,
            bookings=tuple(bookings[row.pk]),
        )
        for row in rows
    )


def bookings_by_reservation(ids: Iterable[UUID]) -> dict[UUID, list[Booking]]:
    found: dict[UUID, list[Booking]] = defaultdict(list)
    entries = LedgerEntry.objects.filter(reservation_id__in=list(ids)).order_by("pk")
    for entry in entries.select_related("window"):
        window = entry.window
        scope = f"{window.scope_kind}:{window.scope_id}".removesuffix(":")
        found[entry.reservation_id].append(
            Booking(
                entry.kind, scope, window.metric, window.period, window.start, entry.delta,
                entry.at_ms,
            )
        )
    return found
