"""`manage.py run_debates`: the process in which debates are written. Several may run."""

import asyncio
import gc
import signal
from typing import Any

from django.core.management.base import BaseCommand

from costcontrol import heartbeats
from costcontrol.lib import clock, database, sentences
from routing import providers, tokens
from routing.debates.worker import Worker


class Command(BaseCommand):
    help = "Write the turns of debates, until it is told to stop (SIGTERM, Ctrl-C)."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        sentences.warm_up()
        tokens.warm_up()
        providers.warm_up()
        gc.collect()
        gc.freeze()
        gc.set_threshold(10_000, 20, 50)  # of 700, 10, 10: nearly nothing of ours is a circle
        database.take_turns_quickly()
        asyncio.run(_work())


async def _alive() -> None:
    await heartbeats.leave_async(heartbeats.DEBATES, now=clock.now())


async def _work() -> None:
    worker = Worker(when_alive=_alive)
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, worker.stop)
    try:
        await worker.work()
    finally:
        await providers.close_all()
