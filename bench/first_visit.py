"""A first visit to the overview: how much comes over the wire, and when the charts are drawn.

    python -m bench.first_visit [--data FOLDER] [--visits 5]

The whole product (`manage.py up`) on a data folder of `make demo`, or on an empty one, and a new
Chromium for every visit: nothing is cached. Bytes are what the browser says it received,
compressed and with headers. Times are from the start of the navigation, but `cpu`: what the page's
main thread computed, which other load on the machine disturbs least.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from bench.open_pages import SIGN_IN
from bench.run import ROOT, say

PATH = "/dashboard/?range=90d"
SETTLED_MS = 1000
READY = """
const note = () => {
  if ("seen" in document.body.dataset) window.seenAt ||= performance.now()
  if ("ready" in document.body.dataset) window.readyAt ||= performance.now()
}
addEventListener("DOMContentLoaded", () => {
  note()
  new MutationObserver(note).observe(document.body, {attributeFilter: ["data-seen", "data-ready"]})
})"""
TIMES = """() => ({
  byte: performance.getEntriesByType("navigation")[0].responseStart,
  paint: performance.getEntriesByName("first-contentful-paint")[0].startTime,
  seen: window.seenAt,
  ready: window.readyAt,
  charts: document.querySelectorAll("figure[data-state=drawn]").length,
})"""


def opened(playwright: Any, program: str, origin: str, cookie: str) -> Any:
    """A page of a browser that was never here, and has done with its own start."""
    from tests.browser.chromium import ARGUMENTS

    browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="ko-KR")
    context.add_cookies([{"name": "sessionid", "value": cookie, "url": origin}])
    context.add_init_script(READY)
    page = context.new_page()
    page.wait_for_timeout(SETTLED_MS)
    return page


def timed(page: Any, origin: str) -> dict[str, float]:
    """Nobody listens in on the browser meanwhile: that alone takes it a sixth longer."""
    page.goto(origin + PATH)
    page.locator("body[data-ready]").wait_for(state="attached")
    return page.evaluate(TIMES)


def counted(page: Any, origin: str) -> tuple[float, Counter[str]]:
    """What the main thread computed, in ms, and the bytes of each address."""
    line = page.context.new_cdp_session(page)
    addresses: dict[str, str] = {}
    sizes: Counter[str] = Counter()
    line.on("Network.responseReceived",
            lambda event: addresses.update({event["requestId"]: event["response"]["url"]}))
    line.on("Network.loadingFinished", lambda event: sizes.update(
        {addresses.get(event["requestId"], "?"): int(event["encodedDataLength"])}))
    line.send("Network.enable")
    line.send("Performance.enable", {"timeDomain": "threadTicks"})
    timed(page, origin)
    metrics = line.send("Performance.getMetrics")["metrics"]
    page.wait_for_load_state("networkidle")
    cpu = next(one["value"] for one in metrics if one["name"] == "TaskDuration") * 1000
    return cpu, sizes


def visit(playwright: Any, program: str, origin: str, cookie: str) -> tuple[Any, Counter[str]]:
    """Two first visits: one for the clock, one for the counts."""
    page = opened(playwright, program, origin, cookie)
    times = timed(page, origin)
    page.context.browser.close()
    page = opened(playwright, program, origin, cookie)
    cpu, sizes = counted(page, origin)
    page.context.browser.close()
    return times | {"cpu": cpu}, sizes


def signed_in(folder: Path) -> str:
    """A session of a new member of staff; the product that runs has the same secret key."""
    from tests.services.product import product_env

    script = SIGN_IN.replace("reader@", f"reader-{os.getpid()}@")
    done = subprocess.run(
        [sys.executable, "manage.py", "shell"], cwd=ROOT, env=product_env(folder), input=script,
        text=True, check=True, capture_output=True,
    )
    return done.stdout.strip().splitlines()[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--visits", type=int, default=5)
    options = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "costcontrol.settings"
    from playwright.sync_api import sync_playwright

    from tests.browser.chromium import find_chromium
    from tests.services.product import running_product

    program = find_chromium()
    assert program, "needs a Chromium"
    with tempfile.TemporaryDirectory() as empty:
        folder = (options.data or Path(empty)).resolve()
        with running_product(folder) as product, sync_playwright() as playwright:
            cookie = signed_in(folder)
            visits = [
                visit(playwright, program, product.address, cookie) for _ in range(options.visits)
            ]
    report(visits)


def report(visits: list[tuple[Any, Counter[str]]]) -> None:
    say(f"load {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores, {visits[0][0]['charts']} charts")
    for name in ("byte", "paint", "seen", "ready", "cpu"):
        times = sorted(times[name] for times, _ in visits)
        say(f"{name:<6} median {statistics.median(times):.0f} ms, best {times[0]:.0f} ms")
    sizes = visits[0][1]
    for address, size in sizes.most_common():
        say(f"{size:>9,} B  {re.sub(r'^https?://[^/]+', '', address)[:70]}")
    say(f"{sum(sizes.values()):>9,} B  in all")


if __name__ == "__main__":
    main()
