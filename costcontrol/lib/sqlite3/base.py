"""SQLite whose statements wait outside of it, and look every millisecond whether it is their turn.

SQLite itself sleeps longer from try to try, up to 100 ms: beside a process that writes all the time
one in twenty transactions began 100 ms late. And it sleeps inside the statement, with its
connection locked: the writer that it waited for, in a thread of the same process, came to a halt
when Python's collector of circles cleared a cursor of that connection there. 20 s later: "database
is locked".

Whoever has begun a transaction (IMMEDIATE) is alone, so only its beginning waits, and statements
outside of transactions do: one that found the database busy has done nothing and is tried again.
"""

import sqlite3
import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.db.backends.sqlite3 import base

T = TypeVar("T")
PAUSE_S = 0.001
USUAL_TIMEOUT_S = 5.0  # of Python's module


class Cursor(base.SQLiteCursorWrapper):
    timeout_s = USUAL_TIMEOUT_S

    def execute(self, query: str, params: Any = None) -> Any:
        once = super().execute
        return patiently(lambda: once(query, params), timeout_s=self.timeout_s)

    def executemany(self, query: str, param_list: Any) -> Any:
        """All or none: outside of a transaction it is one of its own."""
        if self.connection.in_transaction:
            return super().executemany(query, param_list)
        self.execute("BEGIN IMMEDIATE")
        try:
            super().executemany(query, param_list)
        except BaseException:
            self.connection.rollback()
            raise
        self.connection.commit()
        return self


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        found = super().get_new_connection(conn_params)
        found.execute("PRAGMA busy_timeout = 0")
        return found

    def create_cursor(self, name: str | None = None) -> Any:
        cursor = self.connection.cursor(factory=Cursor)
        cursor.timeout_s = float(self.settings_dict["OPTIONS"].get("timeout", USUAL_TIMEOUT_S))
        return cursor


def patiently(work: Callable[[], T], *, timeout_s: float) -> T:
    """Try until the database is not busy. Raises sqlite3.OperationalError once it took too long."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return work()
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() > deadline:
                raise
        time.sleep(PAUSE_S)


def is_busy(error: sqlite3.OperationalError) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF == sqlite3.SQLITE_BUSY
