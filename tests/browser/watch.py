"""A browser window in which nothing goes wrong unnoticed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import (
    Browser,
    BrowserContext,
    CDPSession,
    ConsoleMessage,
    Error,
    Page,
)

TIMEOUT_MS = 10_000
NO_ICON = "/favicon.ico"  # asked for unasked; to answer it here would cost the browser its cache
REPORT = """
document.addEventListener("securitypolicyviolation", event => reportViolation(
    `${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`))
"""


class Watched:
    """A page, and what it complained of: console errors, script errors, broken policy. `session`
    asks the browser itself about it."""

    def __init__(self, context: BrowserContext, page: Page, session: CDPSession) -> None:
        self.context, self.page, self.session = context, page, session
        self.complaints: list[str] = []
        self.refused: set[str] = set()  # parts of addresses that a test knows will not answer
        page.on("console", self._hear)
        page.on("pageerror", self._broke)

    def stop(self) -> None:
        self.page.remove_listener("console", self._hear)
        self.page.remove_listener("pageerror", self._broke)

    def violated(self, report: str) -> None:
        self.complaints.append(f"policy: {report}")

    def _broke(self, error: Error) -> None:
        self.complaints.append(f"script: {error}")

    def _hear(self, said: ConsoleMessage) -> None:
        is_of_it = any(part in said.location["url"] for part in (NO_ICON, *self.refused))
        is_expected = is_of_it and "Failed to load" in said.text
        if said.type == "error" and not is_expected:
            self.complaints.append(f"console: {said.text} ({said.location['url']})")


class Window:
    """One language, theme and size, with a cache of its own; pages are opened one by one.

    All in one tab: a tab of its own costs a page as much processor time as being loaded does.
    """

    def __init__(self, browser: Browser, **options: Any) -> None:
        self.context = browser.new_context(reduced_motion="reduce", **options)
        self.context.set_default_timeout(TIMEOUT_MS)
        self.seen: Watched
        if options.get("java_script_enabled", True):
            self.context.expose_function(
                "reportViolation", lambda report: self.seen.violated(report)
            )
            self.context.add_init_script(REPORT)
        self._page = self.context.new_page()
        self._session = self.context.new_cdp_session(self._page)
        self.width: int = options.get("viewport", {}).get("width", 0)

    def bring(self, script: str) -> None:
        """Have it in every page from now on; the browser keeps it, so it is handed over once."""
        self._session.send("Page.enable")
        self._session.send("Page.addScriptToEvaluateOnNewDocument", {"source": script})

    def turn(self, *, width: int, height: int, is_phone: bool) -> None:
        """The screen becomes another one, as when a tablet is turned or a window moved."""
        if width == self.width:
            return
        self._session.send("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "screenWidth": width, "screenHeight": height,
            "deviceScaleFactor": 1, "mobile": is_phone,
        })  # fmt: skip
        self._session.send("Emulation.setTouchEmulationEnabled", {"enabled": is_phone})
        self.width = width

    @contextmanager
    def opened(self) -> Iterator[Watched]:
        """A page without cookies. Leaving it by `goto` ends whatever the one before still does."""
        self.context.clear_cookies()
        self.seen = Watched(self.context, self._page, self._session)
        yield self.seen
        self.seen.stop()


@contextmanager
def watched(browser: Browser, **options: Any) -> Iterator[Watched]:
    """A page in a window of its own. `options` are those of Playwright's `new_context`."""
    window = Window(browser, **options)
    try:
        with window.opened() as seen:
            yield seen
    finally:
        window.context.close()
