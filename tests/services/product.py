"""The whole product as a stranger starts it: `manage.py up` in a folder of its own."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from django.conf import settings

READY = "costcontrol is ready"
OURS = ("HOST", "PORT", "DATA_DIR", "DATABASE_URL", "REDIS_URL", "OLLAMA_HOST")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def product_env(folder: Path, **changes: str) -> dict[str, str]:
    """A fresh user's environment, without what tests/settings.py has set for this process."""
    kept = {name: value for name, value in os.environ.items() if name not in OURS}
    ours = {
        "DJANGO_SETTINGS_MODULE": "costcontrol.settings",
        "DATA_DIR": str(folder),
        "OLLAMA_HOST": settings.OLLAMA_HOST,  # nobody: the developer's own must not matter
    }
    return kept | ours | changes


def manage(
    *words: str, folder: Path, within_s: float = 60, **changes: str
) -> subprocess.CompletedProcess[str]:
    """One management command, to its end."""
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=settings.BASE_DIR,
        env=product_env(folder, **changes),
        capture_output=True,
        text=True,
        timeout=within_s,
        check=False,
    )


def is_alive(pid: int) -> bool:
    """False for a zombie too: in a container nobody may collect an orphan's remains."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Product:
    """A running `manage.py up`: what it printed so far, and its processes."""

    def __init__(self, folder: Path, **changes: str) -> None:
        self.folder = folder
        self.port = int(changes.setdefault("PORT", str(free_port())))
        self.address = f"http://127.0.0.1:{self.port}"
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=settings.BASE_DIR,
            env=product_env(folder, **changes),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def wait_for(self, text: str, *, within_s: float = 60) -> str:
        """The first line with this text. Fails with everything printed when it does not come."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            if found := next((line for line in list(self.lines) if text in line), None):
                return found
            time.sleep(0.05)
        raise AssertionError(f"{text!r} was not printed:\n{self.output}")

    def family(self) -> list[psutil.Process]:
        """Every process it started, grandchildren too."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def child(self, words: str) -> psutil.Process:
        return next(p for p in self.family() if words in " ".join(p.cmdline()))

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        self._reader.join(5)
        return code

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as lines:
            for line in lines:
                self.lines.append(line.rstrip("\n"))


@contextmanager
def running_product(folder: Path, **changes: str) -> Iterator[Product]:
    """Started, ready, and stopped at the end if the test has not done so."""
    product = Product(folder, **changes)
    try:
        product.wait_for(READY)
        product.wait_for("Ctrl-C stops everything")
        yield product
    finally:
        if product.process.poll() is None:
            product.stop()
