"""Rows that remember a call by its `Idempotency-Key`. Whole flows: tests/flows."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from accounts.types import Caller
from costcontrol.lib.errors import Conflict
from routing import idempotency
from routing.idempotency import LEASE, Claim, claim, finish
from routing.models import IdempotentReply
from tests.routing.test_limits import caller

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
ALICE = caller(None)


def claimed(
    who: Caller = ALICE, *, key: str = "k", asked: str = "f", at: datetime = NOON,
    call_id: UUID | None = None,
) -> Claim:
    return claim(who, key=key, fingerprint=asked, call_id=call_id or uuid4(), now=at)


def test_first_who_claims_may_call_and_the_second_waits() -> None:
    first, second = claimed(), claimed()
    assert (first.is_ours, second.is_ours, second.completion) == (True, False, None)


def test_answer_is_there_for_the_next() -> None:
    finish(claimed(), {"text": "Know thyself."})
    assert claimed() == Claim(claimed().pk, is_ours=False, completion={"text": "Know thyself."})


def test_key_without_an_answer_is_free_again() -> None:
    finish(claimed(), None)
    assert claimed().is_ours


def test_answer_is_not_taken_back() -> None:
    mine = claimed()
    finish(mine, {"text": "a"})
    finish(mine, None)
    assert claimed().completion == {"text": "a"}


def test_other_call_under_the_same_key_is_a_conflict() -> None:
    claimed()
    with pytest.raises(Conflict, match="Use a new key"):
        claimed(asked="another")


@pytest.mark.parametrize(
    "other",
    [replace(ALICE, user_id=ALICE.user_id + 1), replace(ALICE, key_prefix="other")],
    ids=["user", "key"],
)
def test_keys_belong_to_a_user_and_an_api_key(other: Caller) -> None:
    claimed()
    assert claimed(other, asked="another").is_ours


@pytest.mark.parametrize(("late", "is_ours"), [(timedelta(0), False), (LEASE, True)])
def test_claim_of_a_crashed_call_ends_with_its_lease(late: timedelta, is_ours: bool) -> None:
    claimed()
    call_id = uuid4()
    assert claimed(at=NOON + late, call_id=call_id).is_ours is is_ours
    assert IdempotentReply.objects.filter(call_id=call_id).exists() is is_ours


@pytest.mark.parametrize(("hours", "purged"), [(23, 0), (25, 1)])
def test_answers_are_kept_for_a_day(hours: int, purged: int) -> None:
    claimed()
    assert idempotency.purge(now=NOON + timedelta(hours=hours)) == purged
