"""OpenAI's batches: a file of requests, a batch of the file, a file of answers, one of failures."""

import hashlib
import io
import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import openai
from django.conf import settings

from costcontrol.lib.errors import ProviderMalformed
from routing.providers._clients import NO_KEY, address_of, key_of
from routing.providers._errors import (
    TRANSPORT_ERRORS,
    from_status,
    from_transport,
    parsed,
)
from routing.providers._wire import JsonObject, json_value
from routing.providers.batches import BatchRequest, BatchResult, BatchState, Fate, http_client
from routing.providers.openai import chat_body, completion_chunk
from routing.types import DeploymentSpec

VENDOR = "OpenAI"
LABEL = "costcontrol"  # the name of our marker in a batch's metadata
ENDED = frozenset({"completed", "expired", "cancelled", "failed"})
FATES = {"batch_expired": Fate.EXPIRED, "batch_cancelled": Fate.CANCELLED}
PAGE = 100


class OpenAIBatches:
    def __init__(self, deployment: DeploymentSpec) -> None:
        usual = settings.OPENAI_BASE_URL
        self._base_url = address_of(deployment, usual=usual)
        key = key_of(deployment, usual_key=settings.OPENAI_API_KEY, usual_address=usual)
        self._client = openai.OpenAI(
            api_key=key or NO_KEY, base_url=self._base_url, max_retries=0,
            http_client=http_client(self._base_url),
        )

    def submit(self, requests: Sequence[BatchRequest], *, marker: str) -> str:
        with _errors():
            name = _file_name(marker, requests)
            file_id = self._file_of(name) or self._upload(requests, name)
            return self._client.batches.create(
                input_file_id=file_id, endpoint="/v1/chat/completions", completion_window="24h",
                metadata={LABEL: marker},
            ).id

    def _upload(self, requests: Sequence[BatchRequest], name: str) -> str:
        lines = (json.dumps(_line(each, self._base_url)) + "\n" for each in requests)
        content = io.BytesIO("".join(lines).encode())
        return self._client.files.create(
            file=(name, content, "application/jsonl"), purpose="batch"
        ).id

    def _file_of(self, name: str) -> str:
        """What was uploaded before we died: not again."""
        for file in self._client.files.list(purpose="batch", limit=PAGE, order="desc").data:
            if file.filename == name:
                return file.id
        return ""

    def find(
        self, marker: str, *, total: int, since: datetime, known: Collection[str]
    ) -> str:
        with _errors():
            for batch in self._client.batches.list(limit=PAGE):
                if (batch.metadata or {}).get(LABEL) == marker and batch.id not in known:
                    return batch.id
                if batch.created_at < since.timestamp() - 3600:
                    break
        return ""

    def status(self, provider_id: str) -> BatchState:
        with _errors():
            batch = self._client.batches.retrieve(provider_id)
            total = batch.request_counts.total if batch.request_counts else 0
            return BatchState(
                batch.status in ENDED, total,
                refusal=_refusal(batch) if batch.status == "failed" else "",
            )

    def results(self, provider_id: str) -> Iterator[BatchResult]:
        with _errors():
            batch = self._client.batches.retrieve(provider_id)
            for file_id in (batch.output_file_id, batch.error_file_id):
                if file_id:
                    yield from self._results_in(file_id)

    def _results_in(self, file_id: str) -> Iterator[BatchResult]:
        with self._client.files.with_streaming_response.content(file_id) as reply:
            for line in reply.iter_lines():
                if line.strip():
                    yield _result(line)

    def cancel(self, provider_id: str) -> None:
        with _errors():
            self._client.batches.cancel(provider_id)

    def close(self) -> None:
        self._client.close()


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except openai.APIStatusError as error:
        body = error.body if isinstance(error.body, dict) else {}
        raise from_status(
            VENDOR, error.status_code, headers=error.response.headers,
            kind=str(error.code or error.type or ""), message=str(body.get("message") or ""),
        ) from None
    except openai.APIConnectionError as error:
        raise from_transport(VENDOR, error.__cause__) from None
    except TRANSPORT_ERRORS as error:
        raise from_transport(VENDOR, error) from None
    except openai.OpenAIError as error:
        raise from_transport(VENDOR, error) from None


def _file_name(marker: str, requests: Sequence[BatchRequest]) -> str:
    """Another one for other requests: of those in a file some may not be needed any more."""
    names = ",".join(each.custom_id for each in requests)
    return f"{marker}-{hashlib.sha256(names.encode()).hexdigest()[:12]}.jsonl"


def _line(request: BatchRequest, base_url: str) -> JsonObject:
    return {
        "custom_id": request.custom_id, "method": "POST", "url": "/v1/chat/completions",
        "body": chat_body(request.call, base_url=base_url),
    }


def _refusal(batch: Any) -> str:
    errors = (batch.errors.data if batch.errors else None) or []
    said = "; ".join(error.message or error.code or "" for error in errors[:3])
    return said or "failed"


def _result(line: str) -> BatchResult:
    """One that cannot be read is no reason to leave the others."""
    custom_id = ""
    try:
        value = json_value(line.encode())
        custom_id = str(value["custom_id"])
        return _of(custom_id, value)
    except (ProviderMalformed, ValueError, LookupError, TypeError, AttributeError):
        return BatchResult(custom_id, Fate.UNREADABLE)


def _of(custom_id: str, value: JsonObject) -> BatchResult:
    response, error = value.get("response") or {}, value.get("error") or {}
    if response.get("status_code") == 200:
        content = json.dumps(response["body"]).encode()
        return BatchResult(custom_id, Fate.ANSWERED, parsed(VENDOR, completion_chunk, content))
    fate = FATES.get(str(error.get("code") or ""), Fate.FAILED)
    said = error or (response.get("body") or {}).get("error") or {}
    return BatchResult(custom_id, fate, why=str(said.get("message") or said.get("code") or ""))
