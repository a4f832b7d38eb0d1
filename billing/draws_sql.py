"""The statements behind `draws.py`, for both databases: locks, less of a hold, leases."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from billing.ledger_sql import dialect, dumps, uuid_param

NEAR_MS = 20 * 60_000  # a lease of half an hour that has less left is renewed


@dataclass(frozen=True, slots=True)
class OpenHold:
    """A reservation that is held and not sent, under its lock."""

    id: UUID
    holds: list[list[int | None]]
    amount: int
    lease_left_ms: int

    @property
    def is_near_its_end(self) -> bool:
        return self.lease_left_ms < NEAR_MS


def lock_windows(ids: Iterable[int]) -> None:
    """In the order of all. SQLite has one writer, which is us."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM budget_window WHERE id = ANY(%s) ORDER BY rank, id FOR UPDATE",
            [sorted(ids)],
        )


def lock_holds(ids: Iterable[UUID]) -> list[OpenHold]:
    """Those that are open. Their windows are locked already."""
    keys = [uuid_param(key) for key in ids]
    marks = ", ".join(["%s"] * len(keys))
    lock = " FOR UPDATE" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, holds, amount, lease_until_ms - {dialect().NOW_MS}"
            f" FROM billing_reservation WHERE id IN ({marks}) AND state = 0 ORDER BY id{lock}",
            keys,
        )
        return [
            OpenHold(UUID(str(key)), json.loads(holds), amount, left)
            for key, holds, amount, left in cursor.fetchall()
        ]


def shrink(hold: OpenHold, *, by: int, lease_ms: int) -> None:
    """Hold less, for longer. Whoever calls has locked the windows and the reservation."""
    fewer = [[window, (amount or 0) - by, charge] for window, amount, charge in hold.holds]
    windows = [window for window, _, _ in hold.holds]
    marks = ", ".join(["%s"] * len(windows))
    of_hold = (
        "UPDATE billing_reservation SET holds = %s, amount = %s,"
        f" lease_until_ms = {dialect().NOW_MS} + %s WHERE id = %s"
    )
    of_windows = f"UPDATE budget_window SET held = held - %s WHERE id IN ({marks})"
    params: list[Any] = [dumps(fewer), hold.amount - by, lease_ms, uuid_param(hold.id)]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # in one round trip, while others wait
            cursor.execute(f"WITH less AS ({of_hold}) {of_windows}", [*params, by, *windows])
        else:
            cursor.execute(of_hold, params)
            cursor.execute(of_windows, [by, *windows])


def renew(reservation_id: UUID, lease_ms: int) -> bool:
    """Keep what is held, and not sent, for longer. False: it is gone."""
    now = dialect().NOW_MS
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE billing_reservation SET lease_until_ms = {now} + %s"
            " WHERE id = %s AND state = 0",
            [lease_ms, uuid_param(reservation_id)],
        )
        return bool(cursor.rowcount == 1)


def renew_near(ids: Iterable[UUID], lease_ms: int) -> None:
    """Of these, what is held and would end soon."""
    keys, now = [uuid_param(key) for key in ids], dialect().NOW_MS
    marks = ", ".join(["%s"] * len(keys))
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE billing_reservation SET lease_until_ms = {now} + %s WHERE id IN ({marks})"
            f" AND state = 0 AND lease_until_ms < {now} + {NEAR_MS}",
            [lease_ms, *keys],
        )


def unsent() -> list[tuple[list[list[int]], dict[str, Any]]]:
    """Holds and facts of what is held and not sent. In these words SQLite uses the index of open
    reservations, which are few."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT holds, facts FROM billing_reservation"
            " WHERE state IN (0, 1) AND lease_until_ms > 0 AND state = 0"
        )
        return [(json.loads(holds), json.loads(facts)) for holds, facts in cursor.fetchall()]
