"""A call that is being answered, as its reader sees it."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace

from billing.gauge import Reading
from routing import keeper, records
from routing.attempts import Work
from routing.call import Call
from routing.types import Chunk, Completion

SHARED = "shared"  # the cache layer of a call that read along with another


@dataclass(slots=True)
class Answer:
    """A call that is being answered: from a stored completion, or from work under way."""

    call: Call
    readings: tuple[Reading, ...] = ()
    completion: Completion | None = None
    work: Work | None = None

    @property
    def cache(self) -> str:
        """For the X-Cache header. Reading along with the same call of somebody else is a hit."""
        if self.completion or (self.work and (self.work.found or self._reads_along)):
            return "hit"
        return "miss" if self.call.request.may_read_cache else "off"

    @property
    def _reads_along(self) -> bool:
        return self.work is not None and self.work.call_id != self.call.id

    async def chunks(self) -> AsyncGenerator[Chunk]:
        """The answer, once. Leaving early stops the work, unless somebody else reads it."""
        if self.completion is not None:
            yield chunk_of(self.completion)
        if self.work is None:
            return
        try:
            async for chunk in self.work.read():
                yield chunk
            if self._reads_along and self.work.completion:
                write_hit(self.call, self.work.completion, layer=SHARED)
        finally:
            self.work.leave()

    async def whole(self) -> list[Chunk]:
        """All chunks, after the settlement: costs are final."""
        async with aclosing(self.chunks()) as chunks:
            return [chunk async for chunk in chunks]


def chunk_of(completion: Completion) -> Chunk:
    return Chunk(
        text=completion.text, delta=completion.delta, stop_reason=completion.stop_reason,
        usage=completion.usage, served_model=completion.served_model,
    )


def write_hit(call: Call, hit: Completion, *, layer: str) -> None:
    """Write down that a call cost nothing, and whose answer it got."""
    reason = f"the same question: answered by call {hit.call_id}"
    call = replace(call, plan=replace(call.plan, reason=reason))
    keeper.write_soon(records.of_hit(call, hit, layer=layer))
    keeper.keep_uses(call)
    keeper.keep_text(call, hit.text, deltas=(hit.delta,) if hit.delta else ())
