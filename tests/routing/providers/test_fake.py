"""The simulated upstream: deterministic, and never to be taken for a real one."""

import pytest

from billing.usage import Usage
from costcontrol.lib.errors import ProviderUnavailable
from routing.providers import get_provider
from routing.types import DeploymentSpec, Message, StopReason
from tests.routing.providers.asking import ask, deployment, text_of


def simulated(model: str) -> DeploymentSpec:
    return deployment("fake", "", model=model)


@pytest.mark.parametrize("is_stream", [False, True])
async def test_it_says_what_it_is_and_counts_words(is_stream: bool) -> None:
    chunks = await ask(simulated("echo"), is_stream=is_stream)
    assert text_of(chunks) == "[simulated] What is virtue?"
    assert chunks[-1].stop_reason is StopReason.STOP
    assert chunks[-1].usage == Usage(3, 0, 0, 4)


async def test_the_same_question_has_the_same_answer() -> None:
    assert await ask(simulated("words"), is_stream=True) == await ask(
        simulated("words"), is_stream=True
    )


@pytest.mark.parametrize(
    ("cap", "reason"), [(20, StopReason.STOP), (19, StopReason.LENGTH)]
)
async def test_it_keeps_to_the_cap(cap: int, reason: StopReason) -> None:
    [chunk] = await ask(simulated("words"), cap=cap)
    assert chunk.usage is not None
    assert (chunk.usage.output_tokens, chunk.stop_reason) == (cap, reason)


async def test_it_can_stop_without_an_end() -> None:
    chunks = await ask(simulated("cut"), is_stream=True)
    assert all(chunk.stop_reason is None and chunk.usage is None for chunk in chunks)


async def test_it_can_keep_its_usage_to_itself() -> None:
    chunks = await ask(simulated("silent"), is_stream=True)
    assert (chunks[-1].stop_reason, chunks[-1].usage) == (StopReason.STOP, None)


async def test_it_can_be_down() -> None:
    assert await get_provider("fake").probe(simulated("down")) == "the simulated model is down"
    with pytest.raises(ProviderUnavailable):
        await ask(simulated("down"))


async def test_it_echoes_the_last_question() -> None:
    messages = (Message("user", "One"), Message("assistant", "Two"), Message("user", "Three"))
    assert text_of(await ask(simulated("echo:1"), messages=messages)) == "[simulated] Three"
