"""What every test stands on: a folder of its own, a real Valkey, and loud skips.

The database and the environment are set in tests/settings.py, before Django reads them.
"""

import gc
import shutil
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.core.cache import cache
from django.utils import translation
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.services.valkey import running_valkey

# A busy machine fails no property: how long its examples take says nothing about it.
hypothesis_settings.register_profile(
    "costcontrol", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("costcontrol")
LONGEST_FLOWS = (
    "test_upstream_faults.py", "test_url_walk.py", "test_database_away.py", "test_burst.py",
    "test_pages_bad_input.py", "test_debate_kills.py", "test_budgets.py",
    "test_pages_bad_requests.py",
)  # fmt: skip


@pytest.fixture(scope="session", autouse=True)
def valkey_url() -> Iterator[str]:
    """The broker behind settings.REDIS_URL. One per test worker."""
    with running_valkey(settings.DATA_DIR) as url:
        assert url == settings.REDIS_URL
        yield url


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Each test begins in English, whatever language the pages of the last one were in."""
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def unlimited() -> None:
    """No test waits for what another one asked for: limits on sign-ins are kept in the cache, those
    of calls in Valkey, by user ids that come again."""
    cache.clear()
    with suppress(redis.RedisError):
        valkey = valkey_client(settings.REDIS_URL)
        if minutes := valkey.keys("rate:*"):
            valkey.delete(*minutes)


@lru_cache(maxsize=2)
def valkey_client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where only tests with one mark are asked for: files that do not name it are not imported."""
    mark = config.option.markexpr
    if collection_path.suffix != ".py" or not mark.isidentifier():
        return None
    return mark not in collection_path.read_text() or None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported here stays to the end: the garbage collector need not look at it, neither
    while it comes nor ever after."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest flows before the others: no worker is left alone with one at the end."""
    places = [place for place, item in enumerate(items) if item.path.parent.name == "flows"]
    flows = sorted((items[place] for place in places), key=lambda item: rank(item.path.name))
    for place, item in zip(places, flows, strict=True):
        items[place] = item


def rank(name: str) -> int:
    return LONGEST_FLOWS.index(name) if name in LONGEST_FLOWS else len(LONGEST_FLOWS)


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(settings.DATA_DIR, ignore_errors=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was not tested, and why: a skip must not look like a pass."""
    reports = terminalreporter.stats.get("skipped", [])
    reasons = Counter(str(report.longrepr[2]).removeprefix("Skipped: ") for report in reports)
    for reason, count in reasons.items():
        terminalreporter.write_line(f"!!! {count} tests SKIPPED: {reason}", red=True, bold=True)
