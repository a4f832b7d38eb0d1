"""The watcher sees what it is there for."""

import pytest
from playwright.sync_api import Browser, Route

from tests.browser.watch import Watched, watched

pytestmark = pytest.mark.browser
ADDRESS = "http://page.test/"
POLICY = {"content-security-policy": "default-src 'self'"}


def show(seen: Watched, html: str, **response: object) -> list[str]:
    def answer(route: Route) -> None:
        route.fulfill(content_type="text/html", body=html, headers=POLICY, **response)

    seen.context.route(ADDRESS, answer)
    seen.page.goto(ADDRESS)
    seen.page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    return [line.partition(":")[0] for line in seen.complaints]


INLINE = ["<script>1</script>", "<style>p{}</style>", "<p style='color:red'>"]


@pytest.mark.parametrize("html", INLINE)
def test_anything_inline_is_reported_by_event_and_by_console(browser: Browser, html: str) -> None:
    with watched(browser) as seen:
        assert sorted(show(seen, html)) == ["console", "policy"]


def test_quiet_page_has_no_complaint(browser: Browser) -> None:
    with watched(browser) as seen:
        assert show(seen, "<p>fine</p>") == []


def test_refused_page_is_a_complaint_unless_it_was_expected(browser: Browser) -> None:
    with watched(browser) as seen:
        assert show(seen, "<p>no</p>", status=404) == ["console"]
    with watched(browser) as seen:
        seen.refused.add(ADDRESS)
        assert show(seen, "<p>no</p>", status=404) == []


def test_script_error_is_a_complaint(browser: Browser) -> None:
    with watched(browser) as seen:
        with seen.page.expect_event("pageerror"):
            seen.page.evaluate("setTimeout(() => { throw new Error('broken') })")
        assert seen.complaints == ["script: broken"]
