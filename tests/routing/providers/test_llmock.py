"""The cloud adapters against llmock, a mock of both vendors' APIs that others wrote and that
breaks on demand: what each fault turns into."""

from typing import Any

import pytest

from costcontrol.lib.errors import (
    ProviderMalformed,
    ProviderRateLimited,
    ProviderTimeout,
    ProviderUnavailable,
)
from routing.types import DeploymentSpec, StopReason
from tests.routing.providers.asking import ask, deployment, text_of
from tests.services.llmock import LLMock

PATHS = {"openai": "/v1", "anthropic": "/anthropic"}
both = pytest.mark.parametrize("provider", sorted(PATHS))
any_way = pytest.mark.parametrize("is_stream", [False, True])


def at(mock: LLMock, provider: str, **changes: Any) -> DeploymentSpec:
    return deployment(provider, mock.url + PATHS[provider], **changes)


@both
@any_way
async def test_a_healthy_answer_is_complete(llmock: LLMock, provider: str, is_stream: bool) -> None:
    chunks = await ask(at(llmock, provider), is_stream=is_stream)
    assert text_of(chunks)
    [stopped] = [chunk.stop_reason for chunk in chunks if chunk.stop_reason]
    usage = chunks[-1].usage
    assert stopped is StopReason.STOP
    assert usage is not None
    assert usage.is_reported
    assert (len(chunks) > 2) is is_stream


@both
@any_way
@pytest.mark.parametrize(
    ("status", "expected"),
    [(429, ProviderRateLimited), (500, ProviderUnavailable), (529, ProviderUnavailable)],
)
async def test_a_failure_is_translated_and_tried_once(
    llmock: LLMock, provider: str, is_stream: bool, status: int, expected: type
) -> None:
    llmock.will({"type": "fail", "status": status, "retry_after": 2})
    with pytest.raises(expected) as failed:
        await ask(at(llmock, provider), is_stream=is_stream)
    assert (failed.value.upstream_status, failed.value.is_billed) == (status, False)
    assert failed.value.retry_after_s == 2
    assert llmock.requests() == 1


@both
@any_way
async def test_a_slow_answer_is_waited_for(llmock: LLMock, provider: str, is_stream: bool) -> None:
    llmock.will({"type": "delay", "seconds": 0.4})
    assert text_of(await ask(at(llmock, provider), is_stream=is_stream))


@both
@any_way
async def test_an_answer_that_is_too_slow_is_a_timeout(
    llmock: LLMock, provider: str, is_stream: bool
) -> None:
    llmock.will({"type": "delay", "seconds": 1.5})
    with pytest.raises(ProviderTimeout) as failed:
        await ask(at(llmock, provider, timeout_s=0.3), is_stream=is_stream)
    assert failed.value.is_billed is None


@both
async def test_a_stalled_stream_is_a_timeout(llmock: LLMock, provider: str) -> None:
    llmock.will({"type": "stream_fault", "kind": "stall", "after_chunks": 4, "stall_seconds": 1.5})
    with pytest.raises(ProviderTimeout):
        await ask(at(llmock, provider, timeout_s=0.3), is_stream=True)


@both
async def test_a_disconnect_is_a_failure_that_may_have_cost_something(
    llmock: LLMock, provider: str
) -> None:
    llmock.will({"type": "stream_fault", "kind": "disconnect", "after_chunks": 4})
    with pytest.raises(ProviderUnavailable) as failed:
        await ask(at(llmock, provider), is_stream=True)
    assert failed.value.is_billed is None


@both
async def test_a_truncated_stream_is_never_complete(llmock: LLMock, provider: str) -> None:
    llmock.will({"type": "stream_fault", "kind": "truncate", "after_chunks": 5})
    chunks = await ask(at(llmock, provider), is_stream=True)
    assert text_of(chunks)
    assert all(chunk.stop_reason is None and chunk.usage is None for chunk in chunks)


@both
async def test_a_malformed_frame_is_a_failure(llmock: LLMock, provider: str) -> None:
    llmock.will({"type": "stream_fault", "kind": "malformed", "after_chunks": 4})
    with pytest.raises(ProviderMalformed) as failed:
        await ask(at(llmock, provider), is_stream=True)
    assert failed.value.is_billed is None
