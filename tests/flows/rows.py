"""The rows that flow tests stand on, and what they read from them: accounts, prices, books."""

import atexit
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from accounts.models import Tier, User
from accounts.services import api_key_issue
from billing import ledger
from billing.draws import NAME
from billing.models import Reservation, UsageRecord, Window
from billing.prices import NewPrice, price_supersede
from costcontrol.lib import clock
from routing.models import Deployment
from tests.upstreams.metered import Metered

LOCAL, PAID = "stub/local", "stub/paid"
QUESTION = "Socrates, what is justice? " * 17  # about 110 tokens: an honest estimate covers 100
CENT = 10_000_000  # nanos: what one call of PAID costs, 100 x $50 + 50 x $100 per million
OPEN = [Reservation.State.HELD, Reservation.State.SENT]


@dataclass(frozen=True)
class Account:
    """Somebody with a key."""

    user: User
    key: str

    @property
    def email(self) -> str:
        return str(self.user.email)

    def headers(self, **more: str) -> dict[str, str]:
        named = {name.replace("_", "-"): value for name, value in more.items()}
        return {"authorization": f"Bearer {self.key}"} | named


# --- rows ----------------------------------------------------------------------------------


def account(tier: str = "premium", *, is_service: bool = False, **columns: Any) -> Account:
    email = f"u{uuid4().hex[:12]}@example.org"
    user = User.objects.create_user(email, tier_id=tier, **columns)
    scopes = ("call", "service") if is_service else ("call",)
    _row, secret = api_key_issue(user=user, scopes=scopes, actor="test")
    return Account(user, secret)


def rows_make(upstream: Metered) -> None:
    """The default rows, with our upstream as the local model and as one with round prices."""
    call_command("load_defaults", stdout=StringIO())
    Deployment.objects.filter(provider="embedded").update(is_enabled=False)
    address = f"{upstream.url}/local/v1"
    deployment(LOCAL, address, model_class="local", languages=["en"], price_provider="local")
    deployment(PAID, f"{upstream.url}/paid/v1", model_class="mid", priority=900)
    price("openai", "paid", fresh_input=50, output=100)
    price("anthropic", "paid", fresh_input=50, output=100)


def deployment(name: str, base_url: str, **columns: Any) -> Deployment:
    """Something that speaks OpenAI's API, if nothing else is said."""
    facts = {
        "provider": "openai", "model": name.rpartition("/")[2], "model_class": "local",
        "base_url": base_url, "languages": ["en", "ko"], "timeout_s": 5.0,
    }
    return Deployment.objects.update_or_create(name=name, defaults=facts | columns)[0]


def price(provider: str, model: str, *, fresh_input: int, output: int) -> None:
    new = NewPrice(
        provider=provider, model=model, fresh_input=Decimal(fresh_input),
        cache_read=Decimal(fresh_input), cache_write=Decimal(fresh_input), output=Decimal(output),
        source="test", source_date=date(2026, 11, 1),
    )
    price_supersede(new, at=clock.now() - timedelta(days=30), actor="test")


def tier(**columns: Any) -> str:
    """A plan of its own: enterprise, but for these columns."""
    row = Tier.objects.get(name="enterprise")
    row.name = f"t{uuid4().hex[:12]}"
    for name, value in columns.items():
        setattr(row, name, value)
    row.save(force_insert=True)
    return row.name


def budget(scope: str, usd: str, *more: str) -> None:
    call_command("set_budget", scope, usd, *more, stdout=StringIO())


def paid_body(tag: object = "", **more: Any) -> dict[str, Any]:
    text = f"{QUESTION}{tag}"
    return {"model": PAID, "messages": [{"role": "user", "content": text}]} | more


def spent(kind: str, scope_id: str) -> tuple[int, int]:
    """(spent, held) of the money windows of a scope that are open now."""
    rows = Window.objects.filter(scope_kind=kind, scope_id=scope_id, metric="usd")
    found = list(rows.values_list("spent", "held"))
    return sum(row[0] for row in found), sum(row[1] for row in found)


def spent_by(who: Account) -> tuple[int, int]:
    return spent("user", str(who.user.pk))


def records(call_id: str, *, count: int = 1) -> list[UsageRecord]:
    """The rows of one call, in order of attempts. Those that cost nothing are written soon."""
    def found() -> list[UsageRecord]:
        return list(UsageRecord.objects.filter(call_id=call_id).order_by("attempt", "pk"))

    return _when_there_are(count, found)


def records_of(who: Account, *, count: int) -> list[UsageRecord]:
    def found() -> list[UsageRecord]:
        return list(UsageRecord.objects.filter(user_id=who.user.pk).order_by("pk"))

    return _when_there_are(count, found)


def _when_there_are(count: int, found: Callable[[], list[UsageRecord]]) -> list[UsageRecord]:
    with suppress(AssertionError):
        eventually(lambda: len(found()) >= count, what="records")
    rows = found()
    assert len(rows) == count, [(row.attempt, row.outcome, row.error_code) for row in rows]
    return rows


def assert_the_books_agree(*, is_idle: bool = True) -> None:
    """Ledger and windows are one sum; nothing is held once nobody is being answered, but by
    debates that other tests left open."""
    if is_idle:
        calls = Reservation.objects.filter(state__in=OPEN).exclude(facts__has_key=NAME)
        with suppress(AssertionError):
            eventually(lambda: not calls.all().exists(), what="no open reservation")
        assert [(row.state, row.facts) for row in calls.all()] == []
    assert ledger.differences() == []


def sweep_what_was_cut() -> None:
    """Whoever was cut off between a reservation and its answer never knows: as after a minute."""
    Reservation.objects.filter(state__in=OPEN).exclude(facts__has_key=NAME).update(lease_until_ms=0)
    ledger.sweep()


def eventually(is_so: Callable[[], bool], *, what: str, within_s: float = 20.0) -> None:
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline, f"waited in vain for: {what}"
        time.sleep(0.02)


# --- the database ------------------------------------------------------------------------------


@contextmanager
def new_database(folder: Path) -> Iterator[str]:
    """A migrated database of the configured kind: its DATABASE_URL."""
    if connection.vendor == "sqlite":
        name = str(folder / "flows.sqlite3")
        shutil.copyfile(migrated(), name)
        yield f"sqlite:///{name}"
        return
    name = f"flows_{uuid4().hex[:12]}"
    pg_create(name, f'TEMPLATE "{migrated()}"')
    host = quote(str(connection.settings_dict["HOST"]), safe="")
    yield f"postgresql://{connection.settings_dict['USER']}@/{name}?host={host}"
    pg_drop(name)


@cache
def migrated() -> str:
    """An empty one that others are copied from: to migrate takes seconds. One a process."""
    name = str(settings.DATA_DIR / "migrated.sqlite3")
    if connection.vendor == "postgresql":
        name = f"migrated_{uuid4().hex[:12]}"
        pg_create(name)
        atexit.register(pg_drop, name)
    with connected_to(name):
        call_command("migrate", verbosity=0)
    return name


def pg_create(name: str, how: str = "") -> None:
    with pg_server() as server:
        server.execute(f'CREATE DATABASE "{name}" {how}')


def pg_drop(name: str) -> None:
    with pg_server() as server:
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def pg_server() -> Iterator[Any]:
    """Beside Django's own connection, which is to one of its databases."""
    import psycopg  # only where there is a server

    told = connection.settings_dict
    with psycopg.connect(
        host=told["HOST"], user=told["USER"], password=told["PASSWORD"], dbname="postgres",
        port=told["PORT"] or None, autocommit=True,
    ) as server:
        yield server


@contextmanager
def connected_to(name: str) -> Iterator[None]:
    """Point this process's default connection at another database for a while."""
    before = connection.settings_dict["NAME"]
    _disconnect()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        _disconnect()
        connection.settings_dict["NAME"] = before


def _disconnect() -> None:
    connection.close()
    if connection.vendor == "postgresql":
        connection.close_pool()  # type: ignore[attr-defined]


def name_of(database_url: str) -> str:
    path = database_url.partition("://")[2]
    return path if path.startswith("/") and "?" not in path else path.split("/")[1].split("?")[0]


