"""What a gateway keeps of a call besides its cost: its texts if that is wanted, and its times."""

import time
from collections.abc import Iterator
from uuid import UUID

import pytest

from routing.models import CallText
from tests.flows.conftest import House
from tests.flows.rows import account, paid_body, records, records_of
from tests.flows.server import Gateway, burst
from tests.upstreams.metered import TEXT, Manner, Metered

WAIT_S = 5.0


@pytest.fixture(scope="module")
def keeping(the_house: House) -> Iterator[Gateway]:
    with the_house.gateway(KEEP_TEXT_DAYS="7") as running:
        yield running


def texts_of(call_ids: set[UUID]) -> list[CallText]:
    """They are written soon after the reply."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        found = list(CallText.objects.filter(call_id__in=call_ids))
        if len(found) == len(call_ids):
            return found
        time.sleep(0.05)
    return list(CallText.objects.filter(call_id__in=call_ids))


@pytest.mark.parametrize("is_stream", [False, True])
def test_paid_shared_and_stored_answers_are_kept(
    keeping: Gateway, upstream: Metered, is_stream: bool
) -> None:
    alice = account("premium")
    upstream.manner = Manner(wait_s=0.4, piece_s=0.01)
    burst(keeping, *[(alice, paid_body(stream=is_stream))] * 3)
    keeping.post(alice, paid_body(stream=is_stream))
    rows = records_of(alice, count=4)
    kept = texts_of({row.call_id for row in rows})
    assert {row.cache_layer for row in rows} == {"", "shared", "exact"}
    assert [text.answer for text in kept] == [TEXT] * 4
    assert all(text.messages[-1]["role"] == "user" for text in kept)


def test_nothing_is_kept_unless_that_is_wanted(gateway: Gateway) -> None:
    alice = account("premium")
    call_id = gateway.post(alice, paid_body()).call_id
    records(call_id)
    time.sleep(1.2)  # two turns of the keeper
    assert not CallText.objects.filter(call_id=call_id).exists()


def test_steps_before_the_attempt_are_measured(gateway: Gateway) -> None:
    [row] = records(gateway.post(account("premium"), paid_body()).call_id)
    steps = (row.limits_ms, row.cache_ms, row.policy_ms)
    assert None not in steps
    assert row.begun_ms is not None
    assert sum(steps) <= row.begun_ms + 3  # each is cut to whole milliseconds
