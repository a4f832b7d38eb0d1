"""What the gateway asks of an upstream. One file per vendor implements it."""

from collections.abc import AsyncIterator
from typing import Protocol

from routing.types import Chunk, DeploymentSpec, ProviderCall


class Provider(Protocol):
    """One vendor's API behind one method.

    `passes` names the OpenAI parameters, beyond those `ChatRequest` has fields for, that this
    upstream understands; None: all of them.
    """

    passes: frozenset[str] | None

    def stream(self, call: ProviderCall) -> AsyncIterator[Chunk]:
        """Make exactly one upstream request and yield its answer.

        A streamed request yields chunks as they come; any other yields one chunk. A proper end
        carries `stop_reason`, the last chunk `usage`. Raises ProviderError and nothing else;
        a stream that ends without its proper end just ends, and the gateway treats it as
        incomplete. Closing the iterator closes the upstream connection.
        """
        ...

    async def probe(self, deployment: DeploymentSpec) -> str:
        """Why this deployment cannot answer now, in words; "" if it can. Costs nothing."""
        ...
