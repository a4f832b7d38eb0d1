"""Where Chromium is on this machine, and how it is started without a screen."""

import shutil
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MACOS = (
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
)
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)


def find_chromium() -> str | None:
    on_path = (shutil.which(name) for name in NAMES)
    in_applications = (str(path) for path in MACOS if path.exists())
    return next((path for path in (*on_path, *in_applications) if path), None)
