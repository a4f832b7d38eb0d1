"""What `manage.py explain CALL_ID` tells of one call."""

import uuid
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from accounts.services import tiers_load
from billing.models import LedgerEntry, Reservation, UsageRecord, Window
from billing.reports.call import call_report

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 25, 3, tzinfo=UTC)  # in Seoul
CALL = uuid.UUID("6f2d3c1a-0000-4000-8000-000000000001")
FAILED, ANSWERED = uuid.UUID(int=1), uuid.UUID(int=2)


@pytest.fixture
def alice(db: None) -> User:
    tiers_load()
    return User.objects.create_user("alice@example.org")


def record(user: User, attempt: int, reservation_id: uuid.UUID | None, **columns: Any) -> None:
    UsageRecord.objects.create(
        call_id=CALL, attempt=attempt, reservation_id=reservation_id, at=NOON, user_id=user.pk,
        key_prefix="abcd1234", tier="premium", debate_id="stoics-1", call_kind="rebuttal",
        complexity="complex", language="ko", requested_model="auto", confidence="exact",
        reason="rebuttal is complex; hybrid: premium first", **columns,
    )


def reservation(pk: uuid.UUID, state: int, *, charged: int | None) -> None:
    Reservation.objects.create(
        id=pk, call_id=CALL, holds=[], amount=2_000_000, charged=charged, state=state,
        lease_until_ms=0, provider="anthropic", model="claude-opus-5-5", created_ms=pk.int,
    )


@pytest.fixture
def retried_call(alice: User) -> User:
    """One try that failed, one that answered; both with a hold, the second with a booking."""
    record(
        alice, 2, ANSWERED, deployment="openai/gpt-6.1-sol", model_class="premium",
        outcome="complete", stop_reason="stop", fresh_input_tokens=1_200, cache_read_tokens=None,
        output_tokens=80, max_output_tokens=400, price_fresh_input=Decimal(2),
        price_cache_read=Decimal("0.1"), price_cache_write=Decimal("2.5"), price_output=Decimal(10),
        held_nanos=7_000_000, cost_nanos=3_200_000, baseline="anthropic/claude-opus-5-5",
        baseline_nanos=6_400_000, waited_ms=3, first_token_ms=210, latency_ms=900,
    )
    record(
        alice, 1, FAILED, deployment="anthropic/claude-opus-5-5", model_class="premium",
        outcome="failed", error_code="upstream_rate_limited",
    )
    reservation(FAILED, Reservation.State.RELEASED, charged=None)
    reservation(ANSWERED, Reservation.State.SETTLED, charged=3_200_000)
    window = Window.objects.create(
        scope_kind="platform", metric="usd", period="day", zone="Asia/Seoul", cap=10**9, rank=90,
        start=datetime(2026, 11, 24, 15, tzinfo=UTC), spent=3_200_000,
    )
    LedgerEntry.objects.create(
        window=window, reservation_id=ANSWERED, kind="settle", delta=3_200_000, at_ms=0
    )
    return alice


def explain(call_id: str) -> str:
    out = StringIO()
    call_command("explain", call_id, stdout=out)
    return out.getvalue()


def test_a_call_is_told_from_who_asked_to_what_was_saved(retried_call: User) -> None:
    text = explain(str(CALL))
    for part in (
        "2026-11-25 12:00:00 Asia/Seoul",
        f"alice@example.org (user {retried_call.pk}), key abcd1234, tier premium",
        "model auto, kind rebuttal, complexity complex, language ko, debate stoics-1",
        "attempt 1 anthropic/claude-opus-5-5 (premium): failed (upstream_rate_limited)",
        "attempt 2 openai/gpt-6.1-sol (premium): complete (stop)",
        "rebuttal is complex; hybrid: premium first",
        "fresh input 1,200, cache read -, cache write -, output 80 of at most 400 (exact)",
        "10.000000 output; USD per million tokens",
        "held $0.007000000, cost $0.003200000, baseline $0.006400000 on anthropic/claude-opus-5-5",
        "waited 3 ms, first token 210 ms, all 900 ms",
        "settled: worst case $0.002000000, charged $0.003200000",
        "settle $0.003200000 in platform, day from 2026-11-25",
        "in all  cost $0.003200000, saved $0.003200000 (estimated)",
    ):
        assert part in text
    assert text.index("attempt 1") < text.index("attempt 2")


@pytest.mark.parametrize("form", ["chatcmpl-{}", "{}"])
def test_the_id_is_understood_as_answers_show_it(retried_call: User, form: str) -> None:
    assert "attempt 2" in explain(form.format(CALL.hex))


def test_a_hold_without_a_usage_row_is_shown_as_under_way(retried_call: User) -> None:
    reservation(uuid.UUID(int=3), Reservation.State.SENT, charged=None)
    assert "not recorded yet  anthropic/claude-opus-5-5" in explain(str(CALL))


def test_an_answer_from_the_cache_names_its_layer(alice: User) -> None:
    record(alice, 0, None, deployment="openai/gpt-6-luna", model_class="economy",
           outcome="cached", cache_layer="L1")
    text = explain(str(CALL))
    assert "cache L1 openai/gpt-6-luna (economy): cached" in text
    assert "savings not known" in text


def test_the_baseline_counts_once_for_a_call_that_was_retried(retried_call: User) -> None:
    UsageRecord.objects.filter(attempt=1).update(baseline_nanos=6_400_000, cost_nanos=1_000_000)
    report = call_report(CALL)
    assert report is not None
    assert (report.cost_nanos, report.baseline_nanos) == (4_200_000, 6_400_000)
    assert report.saved_nanos == 2_200_000


def test_the_call_of_a_deleted_user_can_still_be_explained(retried_call: User) -> None:
    pk = retried_call.pk
    retried_call.delete()
    assert f"who       user {pk}," in explain(str(CALL))


@pytest.mark.parametrize("call_id", ["x", "", "6f2d3c1a"])
def test_what_is_no_id_is_refused_with_a_sentence(call_id: str) -> None:
    with pytest.raises(CommandError, match="is not a call id; it is the X-Request-Id"):
        explain(call_id)


def test_an_unknown_call_is_refused_with_a_sentence() -> None:
    with pytest.raises(CommandError, match=f"There is no call {CALL}"):
        explain(str(CALL))
