"""Which parts this machine runs, and the command line of each.

The worker uses the `solo` pool: one process, one thread, one connection. Its tasks are short,
SQLite has one writer anyway, and nothing is forked, so no open connection is inherited. A grown
installation starts `celery -A costcontrol worker` with the pool that it likes.
"""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import redis
from django.conf import settings
from django.core.management.base import CommandError

from costcontrol.lib import valkey
from costcontrol.supervisor import simulated_stripe
from costcontrol.supervisor.part import Part

CANNOT_RUN_HERE = 3  # the exit code of routing.embedded_server without its wheels
LOCAL_MODEL = "model"


def choose_parts(*, with_broker: bool, with_local_model: bool) -> list[Part]:
    """In the order of their start: what others need comes first."""
    parts = [web(), debates(), worker(), beat()]
    if settings.DEMO:
        parts.insert(0, simulated_providers())
        if settings.DEMO_STRIPE:
            parts.insert(0, shop())
    elif with_local_model:
        parts.insert(0, local_model())
    if with_broker:
        parts.insert(0, broker())
    return parts


def broker() -> Part:
    server = valkey.find_server()
    if server is None:
        raise CommandError(
            "No Valkey or Redis for this machine: install valkey-server or redis-server, "
            "or set REDIS_URL to one that runs elsewhere."
        )
    folder = settings.DATA_DIR / "valkey"
    folder.mkdir(mode=0o700, exist_ok=True)
    socket = valkey.socket_path(settings.DATA_DIR)
    try:
        valkey.make_private(socket.parent)
    except OSError as error:
        raise CommandError(f"No place for Valkey's socket: {error}; set TMPDIR.") from error
    command = valkey.command(server, socket=socket, folder=folder)
    return _part(
        "valkey",
        command,
        is_ready=lambda: _answers(settings.REDIS_URL),
        log=valkey.log_path(folder),
    )


def local_model() -> Part:
    return _part(
        LOCAL_MODEL,
        [sys.executable, "-m", "routing.embedded_server"],
        env={"LOCAL_MODEL_FILE": str(settings.LOCAL_MODEL_FILE)},
        optional_exit=CANNOT_RUN_HERE,
    )


def simulated_providers() -> Part:
    """In a demo's folder: every deployment points to their port."""
    port = json.loads((settings.DATA_DIR / "demo").read_text())["port"]
    command = [sys.executable, "-m", "costcontrol.demo.upstream", str(port)]
    return _part("models", command)


def shop() -> Part:
    """In a demo's folder: what people buy there costs nothing."""
    address = settings.DEMO_STRIPE
    is_everywhere = settings.HOST in ("0.0.0.0", "::", "")
    host = simulated_stripe.HOST if is_everywhere else settings.HOST
    command = simulated_stripe.command(
        address, folder=settings.DATA_DIR, product=f"http://{host}:{settings.PORT}"
    )
    return _part("stripe", command, is_ready=lambda: simulated_stripe.is_open(address))


def web() -> Part:
    options = {
        "--interface": "asginl",
        "--host": settings.HOST,
        "--port": str(settings.PORT),
        "--workers": str(settings.WEB_WORKERS),
        "--workers-kill-timeout": "5",  # one that is told to stop while it starts never does
        "--log-level": "warning",
    }
    words = [word for pair in options.items() for word in pair]
    flags = ["--no-ws", "--no-access-log", "--respawn-failed-workers"]
    application = "costcontrol.asgi:application"
    return _part("web", [sys.executable, "-m", "granian", *words, *flags, application])


def debates() -> Part:
    """Who writes the turns of debates. A grown installation starts as many as it likes."""
    return _part("debates", [sys.executable, "manage.py", "run_debates"])


def worker() -> Part:
    flags = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    env = {"PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges"}
    return _part("worker", [*_celery("worker"), "--pool", "solo", *flags], env=env)


def beat() -> Part:
    return _part("beat", _celery("beat"))


def _celery(command: str) -> list[str]:
    celery = [sys.executable, "-m", "celery", "--quiet", "--app", "costcontrol"]
    return [*celery, command, "--loglevel", "WARNING"]


def _part(
    name: str,
    command: list[str],
    *,
    env: Mapping[str, str] = MappingProxyType({}),
    is_ready: Callable[[], bool] = lambda: True,
    optional_exit: int | None = None,
    log: Path | None = None,
) -> Part:
    return Part(
        name=name,
        command=command,
        cwd=settings.BASE_DIR,
        env={"PYTHONUNBUFFERED": "1", **env},
        is_ready=is_ready,
        optional_exit=optional_exit,
        log=log,
    )


def _answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url, socket_timeout=0.5) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
