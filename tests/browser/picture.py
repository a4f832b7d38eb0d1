"""Pictures of whole pages, where SCREENS=1 asks for them: they take a fifth of the processor time.

They are packed less tightly than Playwright has the browser pack them: 0.27 s for a long page
instead of 0.45 s.
"""

import base64
import os
from pathlib import Path

from playwright.sync_api import Page


def is_wanted() -> bool:
    return bool(os.environ.get("SCREENS"))


def whole_page(page: Page, path: Path) -> None:
    session = page.context.new_cdp_session(page)
    size = session.send("Page.getLayoutMetrics")["cssContentSize"]
    options = {"format": "png", "optimizeForSpeed": True, "captureBeyondViewport": True}
    taken = session.send("Page.captureScreenshot", options | {"clip": size | {"scale": 1}})
    session.detach()
    path.write_bytes(base64.b64decode(taken["data"]))
