"""SQLite whose writers look every millisecond whether it is their turn.

SQLite itself sleeps longer from try to try, up to 100 ms: beside a process that writes all the time
one in twenty transactions began 100 ms late. Only the beginning can wait: readers wait for nobody,
and whoever has begun (IMMEDIATE) is alone.
"""

import sqlite3
import time

from django.db.backends.sqlite3 import base
from django.db.utils import OperationalError

PAUSE_S = 0.001
USUAL_TIMEOUT_S = 5.0  # of Python's module


class DatabaseWrapper(base.DatabaseWrapper):
    def _start_transaction_under_autocommit(self) -> None:
        timeout_s = float(self.settings_dict["OPTIONS"].get("timeout", USUAL_TIMEOUT_S))
        self._wait_inside(0)
        try:
            self._begin(deadline=time.monotonic() + timeout_s)
        finally:
            self._wait_inside(timeout_s)

    def _begin(self, *, deadline: float) -> None:
        while True:
            try:
                super()._start_transaction_under_autocommit()  # type: ignore[misc]  # not in the stubs
                return
            except OperationalError as error:
                if not is_busy(error) or time.monotonic() > deadline:
                    raise
            time.sleep(PAUSE_S)

    def _wait_inside(self, seconds: float) -> None:
        """How long SQLite itself waits, in its own way."""
        self.connection.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")


def is_busy(error: OperationalError) -> bool:
    code = getattr(error.__cause__, "sqlite_errorcode", None)
    return code is not None and code & 0xFF == sqlite3.SQLITE_BUSY
