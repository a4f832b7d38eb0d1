"""Anthropic's message batches.

A batch carries no words of ours, so one that we lost sight of is looked for by its size and time;
whether it is ours its results tell (`custom_id`).
"""

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, cast

import anthropic
import httpx2

from costcontrol.lib.errors import ProviderMalformed
from routing.providers._errors import TRANSPORT_ERRORS, from_transport, parsed
from routing.providers._wire import JsonObject, json_value
from routing.providers.anthropic import (
    VENDOR,
    completion_chunk,
    endpoint,
    messages_body,
    refusal,
)
from routing.providers.batches import BatchRequest, BatchResult, BatchState, Fate, http_client
from routing.types import DeploymentSpec

PATH = "/v1/messages/batches"
SKEW = timedelta(minutes=2)  # between their clock and ours
PAGE = 100
FATES = {"errored": Fate.FAILED, "expired": Fate.EXPIRED, "canceled": Fate.CANCELLED}


class AnthropicBatches:
    def __init__(self, deployment: DeploymentSpec) -> None:
        base_url, key = endpoint(deployment)
        self._client = anthropic.Anthropic(
            api_key=key, base_url=base_url, max_retries=0, http_client=http_client(base_url)
        )

    def submit(self, requests: Sequence[BatchRequest], *, marker: str) -> str:
        bodies: Any = [
            {"custom_id": each.custom_id, "params": messages_body(each.call)} for each in requests
        ]
        with _errors():
            return self._client.messages.batches.create(requests=bodies).id

    def find(
        self, marker: str, *, total: int, since: datetime, known: Collection[str]
    ) -> str:
        with _errors():
            for batch in self._client.messages.batches.list(limit=PAGE):
                if batch.created_at < since - SKEW:
                    break
                if batch.id not in known and _total(batch.request_counts) == total:
                    return batch.id
        return ""

    def status(self, provider_id: str) -> BatchState:
        with _errors():
            batch = self._client.messages.batches.retrieve(provider_id)
            return BatchState(batch.processing_status == "ended", _total(batch.request_counts))

    def results(self, provider_id: str) -> Iterator[BatchResult]:
        """Line by line, from the address that is documented: the one in the reply could lie on
        another host, and would be sent our key."""
        with _errors():
            reply = cast(httpx2.Response, self._client.get(
                f"{PATH}/{provider_id}/results", cast_to=httpx2.Response, stream=True,
                stream_cls=anthropic.Stream[Any],
            ))
            try:
                for line in reply.iter_lines():
                    if line.strip():
                        yield _result(line)
            finally:
                reply.close()

    def cancel(self, provider_id: str) -> None:
        with _errors():
            self._client.messages.batches.cancel(provider_id)

    def close(self) -> None:
        self._client.close()


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except anthropic.APIStatusError as error:
        raise refusal(error) from None
    except anthropic.APIConnectionError as error:
        raise from_transport(VENDOR, error.__cause__) from None
    except TRANSPORT_ERRORS as error:
        raise from_transport(VENDOR, error) from None
    except anthropic.AnthropicError as error:
        raise from_transport(VENDOR, error) from None


def _total(counts: Any) -> int:
    return sum(
        getattr(counts, name, 0) or 0
        for name in ("processing", "succeeded", "errored", "canceled", "expired")
    )


def _result(line: str) -> BatchResult:
    """One that cannot be read is no reason to leave the others."""
    custom_id = ""
    try:
        value = json_value(line.encode())
        custom_id = str(value["custom_id"])
        return _of(custom_id, value["result"])
    except (ProviderMalformed, ValueError, LookupError, TypeError, AttributeError):
        return BatchResult(custom_id, Fate.UNREADABLE)


def _of(custom_id: str, result: JsonObject) -> BatchResult:
    if result["type"] == "succeeded":
        content = json.dumps(result["message"]).encode()
        return BatchResult(custom_id, Fate.ANSWERED, parsed(VENDOR, completion_chunk, content))
    fate = FATES.get(result["type"], Fate.FAILED)
    return BatchResult(custom_id, fate, why=_why(result))


def _why(result: JsonObject) -> str:
    error = result.get("error") or {}
    inner = error.get("error") or error
    return str(inner.get("message") or inner.get("type") or "")
