"""Work that takes minutes, in a thread of its own: the Celery worker of a small machine does one
task at a time, and closes calls that died every few seconds."""

import logging
import threading
from collections.abc import Callable

from django.db import connection

log = logging.getLogger(__name__)
_threads: dict[str, threading.Thread] = {}


def beside(name: str, work: Callable[[], object]) -> bool:
    """False: it is at it already, in this process."""
    running = _threads.get(name)
    if running is not None and running.is_alive():
        return False
    thread = threading.Thread(target=_do, args=(name, work), name=name, daemon=True)
    _threads[name] = thread
    thread.start()
    return True


def join(name: str, *, within_s: float = 10.0) -> None:
    """For tests: wait for its end."""
    if thread := _threads.get(name):
        thread.join(within_s)


def _do(name: str, work: Callable[[], object]) -> None:
    try:
        work()
    except Exception:  # the next call tries again
        log.exception("%s failed", name)
    finally:
        connection.close()
