"""`make screenshots`: pictures of the running demo, for the README. Chromium does the work.

Playwright is a development dependency, so it is imported only here, when it is needed.
"""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from django.conf import settings
from django.contrib.auth import login
from django.core.management.base import CommandError
from django.http import HttpRequest

from accounts.models import User
from billing.models import UsageRecord
from costcontrol.demo import rehearsal
from costcontrol.demo.folder import Marker
from costcontrol.demo.rehearsal import Script

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = Path("/usr/bin/chromium")  # Debian's; elsewhere Playwright's own
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run"]
UP_WITHIN_S = 60.0
READY_WITHIN_MS = 30_000
MOST_BYTES = 300_000
CUSTOMER = "seoyeon@mail.example"  # who pays, and bought credit
READER = "grace@mail.example"


@dataclass(frozen=True, slots=True)
class Shot:
    name: str
    path: str
    language: str
    theme: Literal["light", "dark"]
    width: int
    height: int
    session: str = ""  # "": staff, who sign in
    debate: Script | None = None  # to be held first; its page is the one to show


def take(marker: Marker, folder: Path) -> list[Path]:
    """Start the product on the demo's data, take the pictures, stop it."""
    folder.mkdir(parents=True, exist_ok=True)
    session = _session(CUSTOMER)
    shots = (
        # Debates first: then today's use is not nothing, whatever the hour.
        Shot("debate", "", "ko-KR", "light", 1280, 1000, session, rehearsal.KOREAN),
        Shot("debate-phone", "", "en-US", "dark", 390, 844, _session(READER), rehearsal.ENGLISH),
        Shot("overview-light", "/dashboard/?range=30d", "en-US", "light", 1440, 1300),
        Shot("overview-dark-ko", "/dashboard/?range=30d", "ko-KR", "dark", 1440, 1300),
        Shot("call-phone-ko", f"/dashboard/calls/{_call_to_show()}/", "ko-KR", "dark", 390, 1400),
        Shot("usage", "/account/", "en-US", "light", 1280, 1645, session=session),
        Shot("plans", "/account/plans/", "en-US", "light", 1280, 775, session=session),
        Shot("revenue", "/dashboard/revenue/", "en-US", "light", 1440, 1300),
    )
    with _product() as address, _browser() as browser:
        taken = [_take(browser, address, marker, shot, folder) for shot in shots]
    if large := [path.name for path in taken if path.stat().st_size > MOST_BYTES]:
        raise CommandError(f"Larger than {MOST_BYTES // 1000} KB: {', '.join(large)}.")
    return taken


def _call_to_show() -> str:
    """The latest call that one provider failed and another answered; else the latest."""
    answered = UsageRecord.objects.filter(outcome=UsageRecord.Outcome.COMPLETE, language="ko")
    row = answered.filter(attempt__gt=2).order_by("-at").first() or answered.latest("at")
    return str(row.call_id)


@contextmanager
def _product() -> Iterator[str]:
    address = f"http://127.0.0.1:{settings.PORT}"
    manage = [sys.executable, str(settings.BASE_DIR / "manage.py"), "up"]
    process = subprocess.Popen(manage, stdout=subprocess.DEVNULL, env=os.environ)
    try:
        _await(process, address)
        yield address
    finally:
        process.terminate()
        process.wait()


def _await(process: "subprocess.Popen[bytes]", address: str) -> None:
    deadline = time.monotonic() + UP_WITHIN_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise CommandError(f"The demo did not start at {address}: see the lines above.")


@contextmanager
def _browser() -> Iterator["Browser"]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise CommandError("Playwright is missing: run `make screenshots`.") from None
    options: dict[str, Any] = {"executable_path": str(CHROMIUM)} if CHROMIUM.exists() else {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(args=FLAGS, **options)
        yield browser
        browser.close()


def _take(browser: "Browser", address: str, marker: Marker, shot: Shot, folder: Path) -> Path:
    context = browser.new_context(
        viewport={"width": shot.width, "height": shot.height}, locale=shot.language,
        color_scheme=shot.theme, timezone_id=settings.DEFAULT_ZONE,
    )
    page = context.new_page()
    if shot.session:
        name = settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": shot.session, "url": address}])
    else:
        _sign_in(page, address, marker)
    if shot.debate:
        rehearsal.play(page, address, shot.debate)
    else:
        page.goto(f"{address}{shot.path}")
    page.wait_for_selector("body[data-ready]", timeout=READY_WITHIN_MS)
    path = folder / f"{shot.name}.png"
    page.screenshot(path=path)
    context.close()
    return path


def _sign_in(page: "Page", address: str, marker: Marker) -> None:
    page.goto(f"{address}/login/")
    page.fill("input[name=login]", marker.email)
    page.fill("input[name=password]", marker.password)
    page.press("input[name=password]", "Enter")
    page.wait_for_selector("h1")


def _session(email: str) -> str:
    """Made-up customers have no password: a session as signing in would have begun it."""
    user = User.objects.get(email=email)
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore()
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[-1])
    request.session.save()
    return str(request.session.session_key)
