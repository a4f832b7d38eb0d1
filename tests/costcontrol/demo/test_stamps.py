"""Durations are written into the rows, and a charge that is not the bill is seen."""

from dataclasses import astuple, replace
from uuid import UUID, uuid4

import pytest

from billing.models import UsageRecord
from costcontrol.demo.books import Sale
from costcontrol.demo.stamps import PAUSE_MS, Stamps
from tests.billing.books import NOW

pytestmark = pytest.mark.django_db

SALE = Sale("r1", "anthropic", "claude-opus-5-5", 200, 100, 0, 50, 7_000, 400, 2_000)


def row(call: UUID, **changes: object) -> UsageRecord:
    values = {
        "call_id": call, "attempt": 1, "at": NOW, "user_id": 1, "tier": "free",
        "requested_model": "auto", "outcome": "complete", "confidence": "exact",
        "cost_nanos": 7_000, "first_token_ms": 3, "latency_ms": 9, "waited_ms": 4,
        "limits_ms": 1, "cache_ms": 2, "policy_ms": 3,
    }
    return UsageRecord.objects.create(**values | changes)


def stamped(call: UUID, *sales: Sale) -> Stamps:
    stamps = Stamps()
    stamps.refs[call] = "r1"
    stamps.take([list(astuple(sale)) for sale in sales])
    stamps.write()
    return stamps


def times(written: UsageRecord) -> tuple[int | None, int, int | None, int]:
    written.refresh_from_db()
    return written.first_token_ms, written.latency_ms, written.begun_ms, written.waited_ms


def test_an_attempt_takes_as_long_as_the_provider_says() -> None:
    call = uuid4()
    written = row(call)
    stamps = stamped(call, SALE)
    assert times(written) == (400, 2_000, 6, 0)
    assert stamps.differences == []
    assert stamps.rows == 1


def test_a_second_attempt_begins_after_the_first() -> None:
    call = uuid4()
    row(call, outcome="failed", cost_nanos=0, first_token_ms=None)
    second = row(call, attempt=2)
    stamped(call, replace(SALE, status=529, bill_nanos=0, first_ms=300, whole_ms=300), SALE)
    assert times(second) == (400, 2_000, 6 + 300 + PAUSE_MS, 0)


def test_who_read_along_waited_as_long_as_the_other() -> None:
    call, other = uuid4(), uuid4()
    row(call)
    along = row(other, attempt=0, outcome="cached", cache_layer="shared", first_token_ms=None)
    stamps = Stamps()
    stamps.refs |= {call: "r1", other: "r1"}
    stamps.take([list(astuple(SALE))])
    stamps.write()
    assert times(along)[:2] == (None, 2_000)


def test_a_stored_answer_keeps_what_was_measured() -> None:
    call = uuid4()
    hit = row(call, attempt=0, outcome="cached", cache_layer="exact", latency_ms=2)
    stamped(call)
    assert times(hit)[1] == 2


def test_a_charge_that_is_not_the_bill_is_seen() -> None:
    call = uuid4()
    row(call, cost_nanos=7_001)
    assert stamped(call, SALE).differences == [f"{call}: 7001 charged, 7000 billed"]


def test_an_attempt_that_nobody_sold_is_seen() -> None:
    call = uuid4()
    row(call)
    assert stamped(call).differences == [f"{call}: nothing was sold"]


def test_an_estimate_needs_no_bill() -> None:
    call = uuid4()
    row(call, cost_nanos=5, confidence="estimated", outcome="incomplete")
    assert stamped(call, SALE).differences == []
