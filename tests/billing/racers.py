"""What the processes of a race do, and how to start them together.

A process says `ready`, waits for its starting shot, works, and prints what came of it as JSON.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid5

if __name__ == "__main__":  # as one of the processes: Django before its models
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "costcontrol.settings"
    django.setup()

from django.conf import settings
from django.db import connection

from billing import corrections_work, ledger
from billing.ledger import Attempt, Closed, Hold

Result = dict[str, int]
NAMES = UUID("7a1d3c52-6e2b-4a58-8c1c-3a2f6f0a9d11")


# --- what they do --------------------------------------------------------------------------


def take_one(me: int, *, windows: list[int], attempts: int, **_: Any) -> Result:
    """Reserve 1 in every window, again and again, and settle what was admitted."""
    counts: Counter[str] = Counter()
    for attempt in range(attempts):
        # Each process and attempt in another order: the ledger must bring its own.
        turned = windows[(me + attempt) % len(windows) :] + windows[: (me + attempt) % len(windows)]
        key = uuid5(NAMES, f"{me}/{attempt}")
        if _reserve(key, turned).is_admitted:
            counts["admitted"] += 1
            ledger.settle(key, charged=1)
    return counts


def same_ids(me: int, *, windows: list[int], attempts: int, **_: Any) -> Result:
    """Everybody reserves, sends and settles the same reservations."""
    counts: Counter[str] = Counter()
    for attempt in range(attempts):
        key = uuid5(NAMES, str(attempt))
        reserved = _reserve(key, windows)
        counts["first"] += reserved.is_admitted and not reserved.is_repeat
        counts["refused"] += not reserved.is_admitted
        counts["sent"] += ledger.mark_sent(key, progress=0)
        counts["closed"] += ledger.settle(key, charged=1) == Closed.DONE
    return counts


def _reserve(key: UUID, windows: list[int]) -> ledger.Reserved:
    holds = [Hold(window, 1) for window in windows]
    return ledger.reserve(key, holds=holds, attempt=Attempt(key, "openai", "gpt-test"), amount=1)


def correct(
    me: int, *, now: str, rows_at_once: int = 3, times: int = 1, **_: Any
) -> Result:
    """Count and post corrections, a few rows at a time."""
    corrections_work.ROWS_AT_ONCE = rows_at_once
    for _time in range(times):
        corrections_work.work(lambda: datetime.fromisoformat(now))
    return {"done": 1}


WORK: dict[str, Callable[..., Result]] = {
    "take_one": take_one, "same_ids": same_ids, "correct": correct,
}


# --- starting them -------------------------------------------------------------------------


def database_url() -> str:
    """The test's own database, for another process."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))


def race(work: str, *, processes: int = 4, **how: Any) -> Result:
    """The sum of what all of them report."""
    with running(work, processes=processes, **how) as total:
        pass
    return total


@contextmanager
def running(work: str, *, processes: int = 4, **how: Any) -> "Iterator[Counter[str]]":
    """While they race. What they report is there at the end."""
    with tempfile.TemporaryDirectory() as folder:
        env = os.environ | {"DATABASE_URL": database_url(), "DATA_DIR": folder}
        racers = [_start(work, me, how, env) for me in range(processes)]
        for racer in racers:
            assert racer.stdout
            assert racer.stdout.readline() == "ready\n"
        for racer in racers:
            assert racer.stdin
            racer.stdin.write("go\n")
            racer.stdin.flush()
        total: Counter[str] = Counter()
        yield total
        for racer in racers:
            output, _ = racer.communicate(timeout=60)
            assert racer.returncode == 0
            total.update(json.loads(output))


def killed(work: str, *, once: Callable[[], bool], **how: Any) -> None:
    """One process, and no time to tidy up as soon as something is true."""
    with tempfile.TemporaryDirectory() as folder:
        env = os.environ | {"DATABASE_URL": database_url(), "DATA_DIR": folder}
        racer = _start(work, 0, how, env)
        assert racer.stdin
        racer.stdin.write("go\n")
        racer.stdin.flush()
        while not once() and racer.poll() is None:
            time.sleep(0.01)
        racer.kill()
        racer.communicate(timeout=60)


def _start(work: str, me: int, how: dict[str, Any], env: dict[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.billing.racers", work, str(me), json.dumps(how)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env, cwd=settings.BASE_DIR,
    )


def main(work: str, me: str, how: str) -> None:
    connection.ensure_connection()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    sys.stdout.write(json.dumps(WORK[work](int(me), **json.loads(how))))
    connection.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
