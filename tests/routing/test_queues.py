"""Bounded places to wait, at a local model and at a budget."""

import asyncio

import pytest

from costcontrol.lib.errors import RateLimited, Unavailable
from routing import queues
from routing.types import DeploymentSpec, ModelClass


def local(slots: int | None, name: str = "local/m") -> DeploymentSpec:
    return DeploymentSpec(name, "openai", "m", ModelClass.LOCAL, max_concurrency=slots)


async def occupy(deployment: DeploymentSpec, done: asyncio.Event, *, is_last: bool = True) -> None:
    async with queues.slot(deployment, is_last=is_last):
        await done.wait()


async def test_model_without_a_limit_has_no_queue() -> None:
    async with queues.slot(local(None), is_last=False), queues.slot(local(None), is_last=False):
        pass


async def test_queue_holds_eight_a_slot_and_refuses_the_next_at_once() -> None:
    done = asyncio.Event()
    tasks = [asyncio.create_task(occupy(local(1), done)) for _ in range(1 + 8)]
    await asyncio.sleep(0.01)
    with pytest.raises(Unavailable, match=r"local/m is busy"):
        await occupy(local(1), done)
    done.set()
    await asyncio.gather(*tasks)
    await occupy(local(1), done)


async def test_who_has_somewhere_else_to_go_waits_two_seconds() -> None:
    done = asyncio.Event()
    holder = asyncio.create_task(occupy(local(1), done))
    await asyncio.sleep(0.01)
    begun = asyncio.get_running_loop().time()
    with pytest.raises(Unavailable):
        await occupy(local(1), done, is_last=False)
    assert 1.9 < asyncio.get_running_loop().time() - begun < 4
    done.set()
    await holder


async def test_who_leaves_the_queue_frees_the_place() -> None:
    done = asyncio.Event()
    tasks = [asyncio.create_task(occupy(local(1), done)) for _ in range(1 + 8)]
    await asyncio.sleep(0.01)
    tasks[4].cancel()
    await asyncio.sleep(0.01)
    late = asyncio.create_task(occupy(local(1), done))
    await asyncio.sleep(0.01)
    assert not late.done()
    done.set()
    await asyncio.gather(*tasks, late, return_exceptions=True)
    assert late.exception() is None


async def test_turns_at_a_budget_go_first_come_first_served() -> None:
    order: list[int] = []

    async def take(number: int) -> None:
        async with queues.turn(1, seconds=5) as is_ours:
            assert is_ours
            order.append(number)
            await asyncio.sleep(0.005)

    await asyncio.gather(*(take(number) for number in range(5)))
    assert order == [0, 1, 2, 3, 4]


async def test_turn_that_does_not_come_in_time_is_none() -> None:
    async with queues.turn(2, seconds=1), queues.turn(2, seconds=0.02) as is_ours:
        assert not is_ours


async def test_too_many_waiters_at_one_budget_are_refused() -> None:
    async with queues.turn(3, seconds=1):
        async def wait() -> None:
            async with queues.turn(3, seconds=0.3):
                pass

        waiters = [asyncio.create_task(wait()) for _ in range(queues.WAITERS_A_BUDGET)]
        await asyncio.sleep(0.05)
        with pytest.raises(RateLimited):
            await wait()
        await asyncio.gather(*waiters)
