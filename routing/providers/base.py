"""What the gateway asks of an upstream. One file per vendor implements it."""

from collections.abc import AsyncGenerator
from typing import Protocol

from routing.types import Chunk, DeploymentSpec, ProviderCall


class Provider(Protocol):
    """One vendor's API behind one method.

    `passes` names the OpenAI parameters, beyond those `ChatRequest` has fields for, that this
    upstream understands; None: all of them. A call that carries another one, or a message that
    the vendor's API cannot express, raises ProviderRejected before anything is sent: nothing
    that was asked for is dropped silently.
    """

    passes: frozenset[str] | None

    def stream(self, call: ProviderCall) -> AsyncGenerator[Chunk]:
        """Make exactly one upstream request and yield its answer.

        A streamed request yields chunks as they come; any other yields one chunk. A proper end
        carries `stop_reason`, the last chunk `usage`. Raises ProviderError and nothing else;
        a stream that ends without its proper end just ends, and the gateway treats it as
        incomplete. Closing the iterator closes the upstream connection.

        `deployment.timeout_s` is the longest wait for the next byte, not for the whole answer.
        """
        ...

    async def probe(self, deployment: DeploymentSpec) -> str:
        """Why this deployment cannot answer now, in words; "" if it can. Costs nothing."""
        ...

    async def close(self) -> None:
        """Close the connections that belong to the running event loop."""
        ...
