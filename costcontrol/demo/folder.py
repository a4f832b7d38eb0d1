"""The demo's folder: its marker file, and the refusal to touch anything that is not a demo.

The marker is written first and names the folder as a demo from then on, finished or not.
"""

import json
import os
import shutil
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from django.core.management.base import CommandError

from costcontrol.demo.upstream import HOST
from costcontrol.supervisor import simulated_stripe

MARKER = "demo"
DATABASE = "costcontrol.sqlite3"
MADE_BY_US = (
    DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", "celerybeat-schedule", simulated_stripe.STATE,
    MARKER,
)  # fmt: skip
KEY_NAME = "DEMO_KEY"  # what the simulated providers are sent; settings.py sets it too
NOWHERE = "http://127.0.0.1:9"  # no real local model is found from inside a demo
NEVER_INHERITED = (
    "DATABASE_URL", "REDIS_URL", "ANTHROPIC_API_KEY", "OPENAI_API_KEY", "ANTHROPIC_BASE_URL",
    "OPENAI_BASE_URL", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_API_BASE",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """What the next start has to know. The password is only that of made-up data."""

    port: int  # of the simulated providers
    is_finished: bool = False
    calls: int = 0
    seed: str = ""
    email: str = ""
    password: str = ""
    api_key: str = ""
    stripe_port: int = 0  # of the simulated Stripe
    customer_email: str = ""
    customer_password: str = ""


def demo_dir(base: Path, environ: Mapping[str, str] = os.environ) -> Path:
    return (base / (environ.get("DEMO_DIR") or ".demo")).resolve()


def environment(folder: Path, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """For the demo's processes: its own folder, and no way to a real provider or database."""
    kept = {name: value for name, value in environ.items() if name not in NEVER_INHERITED}
    return kept | {"DATA_DIR": str(folder), "OLLAMA_HOST": NOWHERE, KEY_NAME: "demo"}


def marker_read(folder: Path) -> Marker | None:
    try:
        return Marker(**json.loads((folder / MARKER).read_text()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise CommandError(
            f"The file {folder / MARKER} cannot be read ({error}): remove it together with the "
            "folder, or set DEMO_DIR to another one."
        ) from error


def marker_write(folder: Path, marker: Marker) -> None:
    path, new = folder / MARKER, folder / f"{MARKER}.new"
    new.touch(mode=0o600)
    new.write_text(json.dumps(asdict(marker), indent=1) + "\n")
    new.replace(path)


def refuse_real_data(folder: Path, environ: Mapping[str, str] = os.environ) -> None:
    """Raises CommandError unless the folder is empty of our data, or a demo's."""
    if environ.get("DATABASE_URL"):
        raise CommandError(
            "DATABASE_URL is set, and the demo never writes into a database that may hold real "
            "rows: unset it. The demo keeps a SQLite file of its own in DEMO_DIR (.demo)."
        )
    if (folder / DATABASE).exists() and not (folder / MARKER).exists():
        raise CommandError(
            f"The folder {folder} holds a database that is not a demo's: nothing was written. "
            "Set DEMO_DIR to another folder."
        )


def clear(folder: Path) -> None:
    """Remove what a demo made, the marker last: half a removal is still a demo."""
    shutil.rmtree(folder / "valkey", ignore_errors=True)
    for name in MADE_BY_US:
        (folder / name).unlink(missing_ok=True)


def free_port(wanted: int = 0) -> int:
    """`wanted` if nobody has it, else any."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted))
        except OSError:
            probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
