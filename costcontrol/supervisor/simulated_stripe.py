"""Buying in a demo: a simulated Stripe, whose pages say that no money exists behind them.

It is the one that the tests run against (`tests/upstreams/stripe/`); a copy of this project without
them shows the demo without anything to buy. The settings ask here, so Django is not needed.
"""

import json
import sys
import urllib.request
from pathlib import Path

HOST = "127.0.0.1"
KEY, WEBHOOK_SECRET = "sk_test_demo", "whsec_demo"
WEBHOOK = "/webhooks/stripe/"
PACKAGE = Path("tests/upstreams/stripe")
STATE = "stripe"  # what it knows, next to the demo's database


def address(folder: Path, project: Path) -> str:
    """Where a demo's Stripe is or will be; empty if it has none."""
    if not (project / PACKAGE).is_dir():
        return ""
    try:
        port = int(json.loads((folder / "demo").read_text()).get("stripe_port") or 0)
    except (OSError, ValueError, AttributeError):
        return ""  # the demo's command says what is wrong with the file
    return f"http://{HOST}:{port}" if port else ""


def command(address: str, *, folder: Path, product: str) -> list[str]:
    """`product`: the address that hears what happened."""
    port = address.rpartition(":")[2]
    options = {
        "--port": port, "--webhook": f"{product}{WEBHOOK}", "--secret": WEBHOOK_SECRET,
        "--keep": str(folder / STATE),
    }  # fmt: skip
    words = [word for pair in options.items() for word in pair]
    return [sys.executable, "-m", ".".join(PACKAGE.parts), *words]


def is_open(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/_fake/clock", timeout=1):
            return True
    except OSError:
        return False
