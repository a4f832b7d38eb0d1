"""Batches at both vendors, over real HTTP: handed in, looked for, asked after, read, cancelled."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest

from costcontrol.lib import clock
from costcontrol.lib.errors import ProviderError
from routing.providers.batches import (
    Batches,
    BatchRequest,
    BatchResult,
    Fate,
    batches_of,
    takes_batches,
)
from routing.types import ChatRequest, DeploymentSpec, Message, ModelClass, ProviderCall, StopReason
from tests.upstreams.batches import BatchUpstream, running_batches

VENDORS = ("anthropic", "openai")


@pytest.fixture(scope="module")
def server() -> Iterator[BatchUpstream]:
    with running_batches() as upstream:
        yield upstream


@pytest.fixture
def upstream(server: BatchUpstream) -> BatchUpstream:
    fresh = BatchUpstream()
    url = server.url
    server.__dict__.update(fresh.__dict__ | {"url": url})
    return server


@pytest.fixture(params=VENDORS)
def batches(request: pytest.FixtureRequest, upstream: BatchUpstream) -> Iterator[Batches]:
    made = batches_of(deployment(request.param, upstream))
    yield made
    made.close()


def deployment(vendor: str, upstream: BatchUpstream) -> DeploymentSpec:
    address = f"{upstream.url}/anthropic" if vendor == "anthropic" else f"{upstream.url}/openai/v1"
    return DeploymentSpec(f"{vendor}/m", vendor, "m-1", ModelClass.PREMIUM, base_url=address)


def asked(count: int) -> list[BatchRequest]:
    spec = DeploymentSpec("x/m", "x", "m-1", ModelClass.PREMIUM)
    request = ChatRequest((Message("system", "Rules."), Message("user", "Speak.")))
    return [BatchRequest(uuid4().hex, ProviderCall(request, spec, 200)) for _ in range(count)]


def read(batches: Batches, batch_id: str) -> list[BatchResult]:
    return list(batches.results(batch_id))


def test_what_is_handed_in_comes_back_under_its_name(
    batches: Batches, upstream: BatchUpstream
) -> None:
    requests = asked(3)
    batch_id = batches.submit(requests, marker="run-1")
    assert batches.status(batch_id).is_ended
    found = {each.custom_id: each for each in read(batches, batch_id)}
    assert set(found) == {each.custom_id for each in requests}
    chunk = found[requests[0].custom_id].chunk
    assert chunk
    assert chunk.text.endswith(requests[0].custom_id)
    assert chunk.stop_reason == StopReason.STOP
    assert chunk.usage
    assert (chunk.usage.fresh_input_tokens, chunk.usage.output_tokens) == (100, 50)


def test_a_batch_that_is_under_way_says_so(batches: Batches, upstream: BatchUpstream) -> None:
    upstream.ends_at_once = False
    batch_id = batches.submit(asked(2), marker="run-1")
    state = batches.status(batch_id)
    assert (state.is_ended, state.total) == (False, 2)


def test_one_whose_reply_was_not_heard_is_found(batches: Batches, upstream: BatchUpstream) -> None:
    before = clock.now()
    upstream.faults.hangs_up_after_create = 1
    with pytest.raises(ProviderError):
        batches.submit(asked(2), marker="run-1")
    found = batches.find("run-1", total=2, since=before, known=())
    assert found == list(upstream.batches)[-1]
    assert batches.find("run-1", total=2, since=before, known=[found]) == ""


def test_one_that_never_arrived_is_not_found(batches: Batches, upstream: BatchUpstream) -> None:
    before = clock.now()
    upstream.faults.hangs_up_before_create = 1
    with pytest.raises(ProviderError):
        batches.submit(asked(2), marker="run-1")
    assert batches.find("run-1", total=2, since=before, known=()) == ""


def test_older_ones_are_not_taken_for_ours(batches: Batches, upstream: BatchUpstream) -> None:
    batches.submit(asked(2), marker="another")
    later = clock.now() + timedelta(hours=2)
    assert batches.find("run-1", total=2, since=later, known=()) == ""


def test_openai_is_not_sent_the_same_file_twice(upstream: BatchUpstream) -> None:
    batches = batches_of(deployment("openai", upstream))
    requests = asked(2)
    upstream.faults.hangs_up_before_create = 1
    with pytest.raises(ProviderError):
        batches.submit(requests, marker="run-1")
    batches.submit(requests, marker="run-1")
    batches.close()
    assert len(upstream.files) == 1


def test_openai_is_handed_in_what_is_asked_for_now(upstream: BatchUpstream) -> None:
    """One of them was not needed any more when it was tried again: it must not be paid for."""
    batches = batches_of(deployment("openai", upstream))
    requests = asked(3)
    upstream.faults.hangs_up_before_create = 1
    with pytest.raises(ProviderError):
        batches.submit(requests, marker="run-1")
    batch_id = batches.submit(requests[:2], marker="run-1")
    names = {each.custom_id for each in read(batches, batch_id)}
    batches.close()
    assert names == {each.custom_id for each in requests[:2]}


@pytest.mark.parametrize(
    ("word", "fate"),
    [("errored", Fate.FAILED), ("expired", Fate.EXPIRED), ("canceled", Fate.CANCELLED)],
)
def test_what_was_not_answered_says_why(
    batches: Batches, upstream: BatchUpstream, word: str, fate: Fate
) -> None:
    requests = asked(3)
    upstream.faults.fates = {1: word}
    batch_id = batches.submit(requests, marker="run-1")
    assert batches.status(batch_id).is_ended
    found = {each.custom_id: each.fate for each in read(batches, batch_id)}
    assert found[requests[1].custom_id] == fate
    assert found[requests[0].custom_id] == Fate.ANSWERED


def test_a_line_that_cannot_be_read_leaves_the_others(
    batches: Batches, upstream: BatchUpstream
) -> None:
    upstream.faults.fates = {0: "garbled"}
    batch_id = batches.submit(asked(2), marker="run-1")
    assert batches.status(batch_id).is_ended
    assert sorted(each.fate for each in read(batches, batch_id)) == ["answered", "unreadable"]


def test_results_that_are_cut_off_are_an_error(batches: Batches, upstream: BatchUpstream) -> None:
    upstream.faults.cut_after = 1
    batch_id = batches.submit(asked(3), marker="run-1")
    assert batches.status(batch_id).is_ended
    with pytest.raises(ProviderError):
        read(batches, batch_id)


def test_a_cancelled_one_is_cancelled_there(batches: Batches, upstream: BatchUpstream) -> None:
    upstream.ends_at_once = False
    batch_id = batches.submit(asked(2), marker="run-1")
    batches.cancel(batch_id)
    upstream.end_all()
    assert {each.fate for each in read(batches, batch_id)} == {Fate.CANCELLED}


def test_a_refusal_is_said_in_the_vendors_words(upstream: BatchUpstream) -> None:
    batches = batches_of(deployment("openai", upstream))
    batch_id = batches.submit(asked(1), marker="run-1")
    upstream.faults.refuses_file = "line 1 is no request"
    state = batches.status(batch_id)
    batches.close()
    assert (state.is_ended, state.refusal) == (True, "line 1 is no request")


def test_failures_are_ours(batches: Batches, upstream: BatchUpstream) -> None:
    upstream.faults.status = 529
    with pytest.raises(ProviderError):
        batches.submit(asked(1), marker="run-1")


def test_local_models_take_no_batches() -> None:
    assert not takes_batches(DeploymentSpec("l/m", "embedded", "m", ModelClass.LOCAL))
