"""A call that is being answered, as its reader sees it."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace

from billing.gauge import Reading
from routing import keeper, records, shares
from routing.attempts import Work
from routing.cache import exact
from routing.cache.patterns import Stored
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
    stored: Stored | None = None  # where `completion` is from, if others may be given it too

    @property
    def cache(self) -> str:
        """For the X-Cache header. Reading along with the same call of somebody else is a hit."""
        if self.completion or (self.work and (self.work.found or self.reads_along)):
            return "hit"
        return "miss" if self.call.request.may_read_cache else "off"

    @property
    def layer(self) -> str:
        """Of the cache that answers; "" if a model does."""
        stored = self.stored or (self.work.stored if self.work else None)
        if self.reads_along:
            return SHARED
        if stored:
            return stored.layer
        return exact.LAYER if self.cache == "hit" else ""

    @property
    def stored_id(self) -> int | None:
        """The stored answer that this is. Of one that is being written: known at its end."""
        if self.stored:
            return self.stored.answer_id
        return self.work.stored_id if self.work else None

    @property
    def citations(self) -> tuple[Mapping[str, str], ...] | None:
        """The web pages that a stored answer was written from. None: it is no stored answer."""
        stored = self.stored or (self.work.stored if self.work else None)
        return stored.citations if stored else None

    @property
    def reads_along(self) -> bool:
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
            if self.reads_along and self.work.completion:
                await self._end_of_reading(self.work, self.work.completion)
        finally:
            self.work.leave()

    async def _end_of_reading(self, work: Work, completion: Completion) -> None:
        user_id = self.call.caller.user_id
        if work.stored_id and user_id not in work.noted:
            await shares.saw(work.stored_id, user_id)
        write_hit(self.call, completion, layer=SHARED, answer_id=work.stored_id)

    async def whole(self) -> list[Chunk]:
        """All chunks, after the settlement: costs are final."""
        async with aclosing(self.chunks()) as chunks:
            return [chunk async for chunk in chunks]


def chunk_of(completion: Completion) -> Chunk:
    return Chunk(
        text=completion.text, delta=completion.delta, stop_reason=completion.stop_reason,
        usage=completion.usage, served_model=completion.served_model,
    )


def write_hit(
    call: Call, hit: Completion, *, layer: str, answer_id: int | None = None
) -> None:
    """Write down that a call cost nothing, and whose answer it got."""
    what = "being answered for somebody else" if call.share else "the same question"
    _write(call, hit, f"{what}: answered by call {hit.call_id}", layer, answer_id)


def write_stored(call: Call, found: Stored) -> None:
    """The same of an answer that was kept for everybody."""
    _write(call, found.completion, shares.reason_of(found), found.layer, found.answer_id)


def _write(call: Call, hit: Completion, reason: str, layer: str, answer_id: int | None) -> None:
    call = replace(call, plan=replace(call.plan, reason=reason))
    keeper.write_soon(records.of_hit(call, hit, layer=layer, answer_id=answer_id))
    keeper.keep_uses(call)
    keeper.keep_text(call, hit.text, deltas=(hit.delta,) if hit.delta else ())
