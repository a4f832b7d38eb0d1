"""A real Chromium, the one that the system has.

One browser a module: Playwright's event loop lives in the test's thread while it runs, and
asyncio tests of other modules must not meet it.
"""

import os
from collections.abc import Iterator

import pytest
from django.db import connection
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django.plugin import DjangoDbBlocker

from tests.browser.chromium import ARGUMENTS, find_chromium
from tests.browser.site import Site, running_site
from tests.browser.watch import watched

NO_CHROMIUM = "no Chromium on this machine, so the browser tests did not run"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = find_chromium()
    if program is None and os.environ.get("CI"):
        pytest.fail(f"{NO_CHROMIUM}; with CI=true they must")
    if program is None:
        pytest.skip(NO_CHROMIUM)
    with sync_playwright() as playwright, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # the ORM beside Playwright's own loop
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        connection.close()  # this loop's own: the next one is to the database of this module
        yield browser
        connection.close()
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page with no cookies. The test fails when anything goes wrong in it unasked."""
    with watched(browser) as seen:
        yield seen.page
    assert seen.complaints == []


@pytest.fixture(scope="module")
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory,
    django_db_setup: None, django_db_blocker: DjangoDbBlocker,
) -> Iterator[Site]:
    """The product with calls of 24 days; parametrized with False, with none yet."""
    folder = tmp_path_factory.mktemp("site")
    has_calls = getattr(request, "param", True)
    with django_db_blocker.unblock(), running_site(folder, has_calls=has_calls) as site:
        yield site
