"""The built-in demo model: llama.cpp's OpenAI-compatible server in a child process of ours.

The child writes its address and key to a file (see routing/embedded_server.py); it may come
back on another port, so the file is read again whenever it has changed. It hangs up after every
streamed answer, though its headers promise to stay: each call opens a connection of its own, which
costs nothing on one machine.
"""

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx2
from django.conf import settings

from costcontrol.lib import tls
from costcontrol.lib.errors import ProviderUnavailable
from costcontrol.lib.sentences import Sentence as _
from routing.providers._clients import Clients
from routing.providers.openai import OpenAIProvider, make_client
from routing.types import DeploymentSpec

PROBE_TIMEOUT_S = 0.5
NOT_RUNNING = _("the built-in model is not running")


@dataclass(frozen=True, slots=True)
class LocalServer:
    url: str
    key: str


class EmbeddedProvider(OpenAIProvider):
    vendor = _("The built-in model")
    passes: frozenset[str] | None = frozenset(
        {"seed", "presence_penalty", "frequency_penalty", "response_format", "logit_bias"}
    )

    def __init__(self) -> None:
        super().__init__()
        self._clients = Clients(partial(make_client, max_idle=0))
        self._probes = Clients(lambda _url, _key: Probe())
        self._server: LocalServer | None = None
        self._read_at_ns = 0

    def endpoint(self, deployment: DeploymentSpec) -> tuple[str, str]:
        server = self._local_server()
        if server is None:
            raise ProviderUnavailable(
                _("The built-in model is not running. Try again in a moment.")
            )
        return f"{server.url}/v1", server.key

    async def probe(self, deployment: DeploymentSpec) -> str:
        server = self._local_server()
        if server is None:
            return NOT_RUNNING
        try:
            reply = await self._probes.get("", "").http.get(f"{server.url}/health")
        except httpx2.HTTPError:
            return _("the built-in model does not answer")
        return "" if reply.status_code == 200 else _("the built-in model is still loading")

    async def close(self) -> None:
        await super().close()
        await self._probes.close()

    def _local_server(self) -> LocalServer | None:
        """Who serves now, or None. A stat a call, a read only after a change."""
        path = Path(settings.LOCAL_MODEL_FILE)
        try:
            changed_ns = path.stat().st_mtime_ns
            if changed_ns != self._read_at_ns:
                facts = json.loads(path.read_text())
                self._server = LocalServer(url=facts["url"].rstrip("/"), key=facts["key"])
                self._read_at_ns = changed_ns
        except (OSError, ValueError, LookupError, TypeError, AttributeError):
            self._server, self._read_at_ns = None, 0
        return self._server


class Probe:
    """A client for health checks only: short waits, and never through a proxy."""

    def __init__(self) -> None:
        self.http = httpx2.AsyncClient(
            timeout=PROBE_TIMEOUT_S, trust_env=False, verify=tls.certificates(trust_env=False),
            limits=httpx2.Limits(max_keepalive_connections=0),
        )

    async def close(self) -> None:
        await self.http.aclose()
