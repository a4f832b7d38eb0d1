"""A Valkey of the proof's own, there to be killed."""

import subprocess
import time
from pathlib import Path

import redis

from costcontrol.lib import valkey

UP_WITHIN_S = 10.0


class Broker:
    """`is_there` False: no Valkey on this machine, so the proof runs without one from the start."""

    def __init__(self, folder: Path) -> None:
        self._socket = valkey.socket_path(folder)
        self.url = f"unix://{self._socket}"
        self._process: subprocess.Popen[bytes] | None = None
        if server := valkey.find_server():
            valkey.make_private(self._socket.parent)
            command = valkey.command(server, socket=self._socket, folder=folder)
            self._process = subprocess.Popen(command)
            self._wait()

    @property
    def is_there(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + UP_WITHIN_S
        with redis.Redis.from_url(self.url, socket_timeout=1) as client:
            while self.is_there and time.monotonic() < deadline:
                try:
                    client.ping()
                    return
                except redis.RedisError:
                    time.sleep(0.02)
        raise RuntimeError("the proof's own Valkey did not start")
