"""What every test stands on: a folder of its own, a real Valkey, and loud skips.

The database and the environment are set in tests/settings.py, before Django reads them.
"""

import shutil
from collections import Counter
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection
from django.utils import translation
from pytest_django.plugin import DjangoDbBlocker

from costcontrol.lib import database
from tests.services.valkey import running_valkey


@pytest.fixture(scope="session", autouse=True)
def valkey_url() -> Iterator[str]:
    """The broker behind settings.REDIS_URL. One per test worker."""
    with running_valkey(settings.DATA_DIR) as url:
        assert url == settings.REDIS_URL
        yield url


@pytest.fixture(scope="session", autouse=True)
def no_session_is_left(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A database that somebody is connected to cannot be dropped: end what a thread left open."""
    yield
    database.close_threads()
    if connection.vendor != "postgresql":
        return
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Each test begins in English, whatever language the pages of the last one were in."""
    with translation.override("en"):
        yield


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(settings.DATA_DIR, ignore_errors=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was not tested, and why: a skip must not look like a pass."""
    reports = terminalreporter.stats.get("skipped", [])
    reasons = Counter(str(report.longrepr[2]).removeprefix("Skipped: ") for report in reports)
    for reason, count in reasons.items():
        terminalreporter.write_line(f"!!! {count} tests SKIPPED: {reason}", red=True, bold=True)
