"""A simulated upstream inside the process, for tests and the demo. Its text says what it is.

The deployment's model name chooses what it does: `echo` repeats the question, `cut` stops
without a proper end, `silent` reports no usage, `down` is never there; any other name answers
with numbered words. A suffix is a pause per word in milliseconds: `echo:20`.
"""

import asyncio
from collections.abc import AsyncGenerator

from billing.usage import Usage
from costcontrol.lib.errors import ProviderUnavailable
from costcontrol.lib.sentences import Sentence as _
from routing.types import Chunk, DeploymentSpec, ProviderCall, StopReason

MARK = "[simulated]"
WORDS = 20


class FakeProvider:
    passes: frozenset[str] | None = None

    def __init__(self, *, pause_s: float = 0.0) -> None:
        self.pause_s = pause_s

    async def stream(self, call: ProviderCall) -> AsyncGenerator[Chunk]:
        kind, pause_s = self._behaviour(call.deployment)
        if kind == "down":
            raise ProviderUnavailable(_("The simulated model is down."), upstream_status=503)
        words = answer(call, kind)
        said = words[: call.max_output_tokens]
        end = ending(call, kind, said=said, is_whole=len(said) == len(words))
        if not call.request.is_stream:
            await asyncio.sleep(pause_s * len(said))
            yield Chunk(" ".join(said), None, end.stop_reason, end.usage, end.served_model)
            return
        for position, word in enumerate(said):
            await asyncio.sleep(pause_s)
            yield Chunk(f" {word}" if position else word, served_model=end.served_model)
        if end.stop_reason:
            yield end

    async def probe(self, deployment: DeploymentSpec) -> str:
        return _("the simulated model is down") if deployment.model.startswith("down") else ""

    async def close(self) -> None:
        """Nothing is open."""

    def _behaviour(self, deployment: DeploymentSpec) -> tuple[str, float]:
        kind, _, pause_ms = deployment.model.partition(":")
        return kind, int(pause_ms) / 1000 if pause_ms.isdecimal() else self.pause_s


def answer(call: ProviderCall, kind: str) -> list[str]:
    if kind != "echo":
        return [MARK, *(f"word{number}" for number in range(1, WORDS))]
    questions = [each.content for each in call.request.messages if each.role == "user"]
    return [MARK, *(questions[-1] if questions else "").split()]


def ending(call: ProviderCall, kind: str, *, said: list[str], is_whole: bool) -> Chunk:
    """One token is one word here, so that anybody can check the counts."""
    if kind == "cut":
        return Chunk(served_model=kind)
    usage = Usage(
        fresh_input_tokens=len(call.request.text.split()), cache_read_tokens=0,
        cache_write_tokens=0, output_tokens=len(said),
    )
    return Chunk(
        stop_reason=StopReason.STOP if is_whole else StopReason.LENGTH,
        usage=None if kind == "silent" else usage,
        served_model=kind,
    )
