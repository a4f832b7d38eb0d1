"""The bridge from async code to synchronous transactions: a few threads, each with one connection.

Django's own bridge opens a connection per request. A ledger that writes before every call cannot
afford that, so money has its own threads, whose connections stay open. SQLite has one writer, so
it gets one thread; PostgreSQL gets a few.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

P = ParamSpec("P")
T = TypeVar("T")


@cache
def _threads() -> ThreadPoolExecutor:
    count = settings.DATABASE_THREADS or (1 if connection.vendor == "sqlite" else 4)
    return ThreadPoolExecutor(count, thread_name_prefix="database")


async def run(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a synchronous function of the database in one of the threads."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(
        _threads(), partial(_with_live_connection, function, *args, **kwargs)
    )


def _with_live_connection(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Drop a connection that broke, so that the next call opens a new one."""
    try:
        return function(*args, **kwargs)
    except (OperationalError, InterfaceError):
        connection.close()
        raise


def close_threads() -> None:
    """End the threads and their connections (tests, shutdown)."""
    pool = _threads()
    for _ in range(pool._max_workers):
        pool.submit(connection.close)
    pool.shutdown(wait=True)
    _threads.cache_clear()
