"""What must be true before anything starts. Each failure is one sentence that names its mend."""

import errno
import fcntl
import os
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path

import psycopg
import redis
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError
from django.db import DatabaseError, connection
from django.db.migrations.exceptions import InconsistentMigrationHistory
from django.db.migrations.loader import MigrationLoader

LOCK_WITHIN_S = 5.0  # children of a supervisor that was killed need a moment to end


def check_data_dir(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise CommandError(
            f"The data folder {folder} cannot be written ({error.strerror}): "
            "change its owner, or set DATA_DIR to another folder."
        ) from error


def lock_data_dir(folder: Path) -> int:
    """One supervisor a folder: two would share a database, a socket and a log. Returns the lock."""
    lock = os.open(folder / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + LOCK_WITHIN_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except OSError as error:
            if time.monotonic() > deadline:
                raise CommandError(
                    f"Another costcontrol runs on the data folder {folder}: "
                    "stop it first, or set DATA_DIR to another folder."
                ) from error
            time.sleep(0.1)


def check_port(host: str, port: int) -> None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise CommandError(_port_sentence(host, port, error)) from error


def _port_sentence(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        other = _who_listens(host, port)
        return f"Port {port} is taken by {other}: stop it, or choose another: PORT={port + 1}."
    if error.errno == errno.EACCES:
        return f"Port {port} needs root on this machine: choose one above 1023, like PORT=8000."
    reason = f"Cannot listen on {host}:{port} ({error.strerror})"
    return f"{reason}: set HOST to an address of this machine."


def _who_listens(host: str, port: int) -> str:
    try:
        with urllib.request.urlopen(f"http://{host}:{port}/readyz", timeout=0.5) as answer:
            is_ours = "costcontrol" in answer.read(4096).decode(errors="replace")
    except (OSError, ValueError, urllib.error.HTTPError):
        is_ours = False
    return "another costcontrol" if is_ours else "another program"


def check_redis(url: str) -> None:
    try:
        client = redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
        with client:
            client.ping()
    except (redis.RedisError, ValueError, OSError) as error:
        raise CommandError(
            f"REDIS_URL {without_password(url)} does not answer ({first_line(error)}): start that "
            "server, correct the address (redis://host:6379/0), or unset REDIS_URL to use our own."
        ) from error


def check_database() -> None:
    """Connects past the pool, which would hide the reason behind a time-out."""
    where = without_password(os.environ.get("DATABASE_URL", "")) or connection.settings_dict["NAME"]
    try:
        if connection.vendor == "postgresql":
            psycopg.connect(**connection.get_connection_params()).close()
        connection.ensure_connection()
    except (ImproperlyConfigured, DatabaseError, psycopg.Error) as error:
        raise CommandError(
            f"The database {where} cannot be opened ({first_line(error)}): correct DATABASE_URL "
            "(postgresql://user:password@host:5432/name), or unset it to use SQLite."
        ) from error


def check_schema() -> None:
    """A database that a newer version has migrated cannot be used by this one."""
    try:
        loader = MigrationLoader(connection)
        loader.check_consistent_history(connection)
    except (InconsistentMigrationHistory, DatabaseError) as error:
        raise CommandError(
            f"The database cannot be migrated ({first_line(error)}): restore a backup, or set "
            "DATA_DIR or DATABASE_URL to a new place."
        ) from error
    apps = {app for app, _ in loader.disk_migrations}
    unknown = sorted(
        f"{app}.{name}"
        for app, name in loader.applied_migrations
        if app in apps and (app, name) not in loader.disk_migrations
    )
    unknown = [name for name in unknown if tuple(name.split(".")) not in loader.replacements]
    if unknown:
        raise CommandError(
            f"The database was made by a newer costcontrol (it has {unknown[-1]}): "
            "update the program, or set DATA_DIR or DATABASE_URL to another place."
        )


def without_password(url: str) -> str:
    head, at, tail = url.rpartition("@")
    scheme, colon, user = head.partition("://")
    name = user.partition(":")[0]
    return f"{scheme}{colon}{name}{at}{tail}"


def first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".:")
