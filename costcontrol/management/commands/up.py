"""`manage.py up`: the whole product on this machine, until Ctrl-C."""

import io
import os
import urllib.error
import urllib.request
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from costcontrol.checks import TAG
from costcontrol.demo import banner as demo_banner
from costcontrol.demo import folder
from costcontrol.supervisor import banner, first_start, local_models, parts, preflight
from costcontrol.supervisor.console import Console
from costcontrol.supervisor.leash import Leash
from costcontrol.supervisor.supervisor import Supervisor

WEB_WITHIN_S = 60.0
LOCAL_MODEL_WITHIN_S = 8.0


class Command(BaseCommand):
    help = "Runs all parts of the product on this machine: broker, model, web, worker, beat."
    requires_system_checks: list[str] = []  # preflight says the same in one sentence

    def handle(self, *args: Any, **options: Any) -> None:
        console = Console(self.stdout)
        try:
            lock = look_before_leaping()
            first_start.prepare_database()
            first_start.prepare_static_files()
        except KeyboardInterrupt:
            raise CommandError("Stopped before anything ran.") from None
        ollama = [] if settings.DEMO else local_models.ollama_models()
        if ollama:
            call_command("discover_ollama")
        say_what_is_wrong(console)
        chosen = parts.choose_parts(
            with_broker=not os.environ.get("REDIS_URL"), with_local_model=not ollama
        )
        settings.LOCAL_MODEL_FILE.unlink(missing_ok=True)  # a stale one names a dead process
        supervisor = Supervisor(chosen, console=console, leash=Leash(inherit=(lock,)))
        try:
            supervisor.start()
            greet(supervisor, console, ollama=ollama)
            supervisor.run()
        finally:
            supervisor.stop()


def look_before_leaping() -> int:
    """Everything that would fail later, now. Returns the lock of the data folder."""
    preflight.check_data_dir(settings.DATA_DIR)
    lock = preflight.lock_data_dir(settings.DATA_DIR)
    preflight.check_port(settings.HOST, settings.PORT)
    if os.environ.get("REDIS_URL"):
        preflight.check_redis(settings.REDIS_URL)
    preflight.check_database()
    preflight.check_schema()
    return lock


def say_what_is_wrong(console: Console) -> None:
    """Misconfiguration that stops nobody but the calls it concerns."""
    for message in checks.run_checks(tags=[TAG], databases=["default"]):
        console.notice("check", f"{message.msg} {message.hint or ''}".strip())


def greet(supervisor: Supervisor, console: Console, *, ollama: list[str]) -> None:
    """Wait until the web answers, then make the login if this is the first start, and show it."""
    address = f"http://{_reachable_host()}:{settings.PORT}"
    if not supervisor.wait_until(lambda: _is_up(address), within_s=WEB_WITHIN_S):
        console.notice("web", f"does not answer at {address}/healthz yet: see its lines above")
        return
    if settings.DEMO:
        stock_the_shop(console)
        console.write(demo_banner.ready(address, folder.marker_read(settings.DATA_DIR)))
        return
    local_model = ollama[0] if ollama else _embedded_model(supervisor)
    login = first_start.staff_login_create()
    connections.close_all()
    console.write(banner.ready(address, login=login, local_model=local_model))


def stock_the_shop(console: Console) -> None:
    """The plans and their prices, at the demo's simulated Stripe."""
    if not settings.DEMO_STRIPE:
        return
    try:
        call_command("stripe_setup", stdout=io.StringIO())
    except CommandError as error:
        console.notice("stripe", f"{error} Nothing can be bought in this demo.")
    connections.close_all()


def _embedded_model(supervisor: Supervisor) -> str:
    def is_decided() -> bool:
        return local_models.is_embedded_model_up() or supervisor.is_given_up(parts.LOCAL_MODEL)

    supervisor.wait_until(is_decided, within_s=LOCAL_MODEL_WITHIN_S)
    if local_models.is_embedded_model_up():
        return "smollm2-135m, built in (a demo model: English only)"
    return "none: install Ollama (https://ollama.com), or run `make model` and start again"


def _reachable_host() -> str:
    return "127.0.0.1" if settings.HOST in ("0.0.0.0", "::", "") else settings.HOST


def _is_up(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, ValueError):
        return False
