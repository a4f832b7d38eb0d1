"""Ollama's own API: its OpenAI-compatible one ignores the context size and cuts long prompts."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import ollama
from django.conf import settings

from billing.usage import Usage
from costcontrol.lib.errors import ProviderError
from costcontrol.lib.sentences import Sentence as _
from routing.providers._clients import (
    CONNECT_TIMEOUT_S,
    IDLE_S,
    MAX_CONNECTIONS,
    MAX_IDLE,
    POOL_TIMEOUT_S,
    Clients,
    address_of,
    is_loopback,
)
from routing.providers._errors import (
    TRANSPORT_ERRORS,
    ProviderMisconfigured,
    from_event,
    from_status,
    from_transport,
    parsed,
)
from routing.providers._requests import refuse_parameters, refuse_tool_messages, without_none
from routing.providers._wire import JsonObject, count, json_value, ndjson_value, values
from routing.types import Chunk, DeploymentSpec, ProviderCall, StopReason

VENDOR = "Ollama"
PROBE_TIMEOUT_S = 0.5
LEAVES_THE_MACHINE = _(
    "%(model)s is a cloud model behind Ollama: data would leave this machine"
)
OPTIONS = frozenset({"seed", "presence_penalty", "frequency_penalty"})


class OllamaClient(ollama.AsyncClient):
    """The official client (address, headers, pool) with requests that it has no methods for.

    Its `chat()` cannot send `truncate` and `shift`, and its models drop `remote_host`.
    """

    def chat_raw(
        self, body: JsonObject, *, timeout: httpx.Timeout
    ) -> AbstractAsyncContextManager[httpx.Response]:
        http: httpx.AsyncClient = self._client
        return http.stream("POST", "/api/chat", json=body, timeout=timeout)

    async def tags_raw(self) -> httpx.Response:
        http: httpx.AsyncClient = self._client
        return await http.get("/api/tags", timeout=PROBE_TIMEOUT_S)


@dataclass(frozen=True, slots=True)
class InstalledModel:
    name: str
    families: tuple[str, ...]
    is_remote: bool


class OllamaProvider:
    passes: frozenset[str] | None = OPTIONS | {"response_format"}

    def __init__(self) -> None:
        self._clients = Clients(make_client)

    async def stream(self, call: ProviderCall) -> AsyncGenerator[Chunk]:
        refuse_parameters(VENDOR, call, passes=OPTIONS | {"response_format"})
        refuse_tool_messages(VENDOR, call)
        if is_remote_name(call.deployment.model):
            raise ProviderMisconfigured(LEAVES_THE_MACHINE % {"model": call.deployment.model})
        async with self._reply(call) as reply:
            if not call.request.is_stream:
                yield parsed(VENDOR, line_chunk, await whole(reply)) or Chunk()
                return
            lines = values(VENDOR, reply.aiter_bytes(), decode=ndjson_value)
            async with aclosing(lines):
                async for line in lines:
                    if (chunk := parsed(VENDOR, line_chunk, checked(line))) is not None:
                        yield chunk

    async def probe(self, deployment: DeploymentSpec) -> str:
        try:
            models = await self.installed(deployment.base_url)
        except ProviderError:
            return _("Ollama does not answer")
        wanted = {deployment.model, f"{deployment.model}:latest"}
        found = next((model for model in models if model.name in wanted), None)
        if found is None:
            return _("run: ollama pull %(model)s") % {"model": deployment.model}
        return LEAVES_THE_MACHINE % {"model": found.name} if found.is_remote else ""

    async def installed(self, base_url: str = "") -> list[InstalledModel]:
        """What Ollama has on disk, and the cloud models it stands in for. Raises ProviderError."""
        try:
            reply = await self._client(base_url).tags_raw()
        except TRANSPORT_ERRORS as error:
            raise from_transport(VENDOR, error) from None
        if reply.status_code != 200:
            raise from_status(VENDOR, reply.status_code, headers=reply.headers)
        return parsed(VENDOR, installed_models, reply.content)

    async def close(self) -> None:
        await self._clients.close()

    def _client(self, base_url: str) -> OllamaClient:
        return self._clients.get(base_url or settings.OLLAMA_HOST, "")

    @asynccontextmanager
    async def _reply(self, call: ProviderCall) -> AsyncIterator[httpx.Response]:
        client = self._client(address_of(call.deployment, usual=settings.OLLAMA_HOST))
        wait = httpx.Timeout(
            call.deployment.timeout_s, connect=CONNECT_TIMEOUT_S, pool=POOL_TIMEOUT_S
        )
        try:
            async with client.chat_raw(chat_body(call), timeout=wait) as reply:
                if reply.status_code != 200:
                    raise await refusal(reply)
                yield reply
        except TRANSPORT_ERRORS as error:
            raise from_transport(VENDOR, error) from None


def make_client(host: str, _key: str) -> OllamaClient:
    return OllamaClient(
        host,
        follow_redirects=False,
        limits=httpx.Limits(
            max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_IDLE,
            keepalive_expiry=IDLE_S,
        ),
        trust_env=not is_loopback(host),
    )


def chat_body(call: ProviderCall) -> JsonObject:
    """`truncate` and `shift` off: a prompt that does not fit is an error, not a shorter prompt.

    The context size is the deployment's, always: Ollama reloads the model when it changes.
    """
    request = call.request
    options = {
        "num_ctx": call.deployment.context_tokens,
        "num_predict": call.max_output_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "stop": list(request.stop) or None,
    } | {name: value for name, value in request.extra.items() if name in OPTIONS}
    body = {
        "model": call.deployment.model,
        "messages": [{"role": each.role, "content": each.content} for each in request.messages],
        "stream": request.is_stream,
        "truncate": False,
        "shift": False,
        "format": answer_format(request.extra.get("response_format")),
        "options": without_none(options),
    }
    return without_none(body)


def answer_format(response_format: Any) -> Any:
    """OpenAI's `response_format` in Ollama's words: a JSON schema, "json", or nothing."""
    match response_format:
        case {"type": "json_schema", "json_schema": {"schema": schema}}:
            return schema
        case {"type": "json_object"}:
            return "json"
    return None


async def whole(reply: httpx.Response) -> JsonObject:
    body = await reply.aread()
    return checked(parsed(VENDOR, json_value, body))


def checked(line: JsonObject) -> JsonObject:
    """The line itself, unless it says that something went wrong."""
    if error := line.get("error"):
        raise from_event(VENDOR, error)
    if line.get("remote_host") or line.get("remote_model"):
        raise ProviderMisconfigured(
            LEAVES_THE_MACHINE % {"model": line.get("model")}, is_billed=None
        )
    return line


def line_chunk(line: JsonObject) -> Chunk | None:
    text = (line.get("message") or {}).get("content") or ""
    served_model = line.get("model") or ""
    if line.get("done") is True:
        is_cut = line.get("done_reason") == "length"
        stopped = StopReason.LENGTH if is_cut else StopReason.STOP
        return Chunk(text, None, stopped, usage_of(line), served_model)
    return Chunk(text, served_model=served_model) if text else None


def usage_of(line: JsonObject) -> Usage | None:
    """Ollama leaves out a count that is zero, so an absent one is unknown."""
    read, written = count(line.get("prompt_eval_count")), count(line.get("eval_count"))
    if read is None and written is None:
        return None
    return Usage(fresh_input_tokens=read, output_tokens=written)


async def refusal(reply: httpx.Response) -> ProviderError:
    body = await reply.aread()
    try:
        message = str(json_value(body).get("error") or "")
    except ValueError:
        message = ""
    return from_status(VENDOR, reply.status_code, headers=reply.headers, message=message)


def installed_models(body: bytes) -> list[InstalledModel]:
    return [
        InstalledModel(
            name=model["name"],
            families=families(model.get("details") or {}),
            is_remote=bool(model.get("remote_host") or model.get("remote_model"))
            or is_remote_name(model["name"]),
        )
        for model in json_value(body)["models"]
    ]


def families(details: JsonObject) -> tuple[str, ...]:
    named = [details.get("family"), *(details.get("families") or [])]
    return tuple(dict.fromkeys(str(each) for each in named if each))


def is_remote_name(name: str) -> bool:
    return name.endswith(("-cloud", ":cloud"))
