"""A database of the proof's own on the configured server; dropped at the end."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection


def scratch_home() -> Path:
    """On the same disk as the configured SQLite file; for PostgreSQL, the data folder."""
    if connection.vendor == "sqlite":
        return Path(str(connection.settings_dict["NAME"])).resolve().parent
    return Path(settings.DATA_DIR)


@contextmanager
def scratch_database(folder: Path) -> Iterator[str]:
    """Lets this process use it, and gives its URL for others."""
    usual = str(connection.settings_dict["NAME"])
    check_may_create()
    connections_close()  # a pool would go on serving the configured database
    connection.settings_dict["TEST"]["NAME"] = new_name(folder)
    creation = connection.creation
    creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield url_of(str(connection.settings_dict["NAME"]))
    finally:
        connections_close()
        creation.destroy_test_db(usual, verbosity=0)


def connections_close() -> None:
    connection.close()
    if connection.vendor == "postgresql":
        connection.close_pool()  # type: ignore[attr-defined]  # of PostgreSQL's wrapper only


def check_may_create() -> None:
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolname, rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
        )
        role, may_create = cursor.fetchone()
    if not may_create:
        raise CommandError(
            f"The role {role} may not create the database that the proof runs in: "
            f"ALTER ROLE {role} CREATEDB, or run the proof on SQLite (unset DATABASE_URL)."
        )


def new_name(folder: Path) -> str:
    if connection.vendor == "sqlite":
        return str(folder / "prove.sqlite3")
    return f"costcontrol_prove_{secrets.token_hex(4)}"


def url_of(name: str) -> str:
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))
