"""The ledger on SQLite. `atomic()` begins IMMEDIATE (settings): one writer at a time."""

import json

from django.db import connection

from billing import ledger_sql as sql
from billing.ledger_sql import Close, NewReservation, Rooms, StaleBook, dumps

WANT = (
    "(SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS amount"
    " FROM json_each(%s)) AS want"
)
NOW_MS = "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"


class Sqlite:
    NOW_MS = NOW_MS
    DIFFERENCES = """
        SELECT w.scope_kind || ':' || w.scope_id || ' ' || w.metric || ' ' || w.period
                 || ' ' || w.start,
               w.spent, COALESCE(e.total, 0), w.held, COALESCE(h.total, 0)
        FROM budget_window w
        LEFT JOIN (SELECT window_id, SUM(delta) AS total FROM billing_ledgerentry GROUP BY 1) e
          ON e.window_id = w.id
        LEFT JOIN (
          SELECT json_extract(j.value, '$[0]') AS window_id,
                 SUM(json_extract(j.value, '$[1]')) AS total
          FROM billing_reservation r, json_each(r.holds) j WHERE r.state IN (0, 1) GROUP BY 1) h
          ON h.window_id = w.id
        WHERE w.spent <> COALESCE(e.total, 0) OR w.held <> COALESCE(h.total, 0)
    """

    def reserve(self, row: NewReservation) -> tuple[bool, bool, Rooms]:
        holds = dumps(row.holds)
        with sql.atomic(), connection.cursor() as cursor:
            self._check_book(row)
            cursor.execute(
                f"SELECT w.id, w.cap, w.spent, w.held, want.amount FROM {WANT}"
                " JOIN budget_window w ON w.id = want.id",
                [holds],
            )
            rooms = cursor.fetchall()
            fits = len(rooms) == len(row.holds) and all(
                spent + held + amount <= cap for _, cap, spent, held, amount in rooms
            )
            is_made = fits and self._insert(row, holds)
            if is_made:
                cursor.execute(
                    f"UPDATE budget_window SET held = held + want.amount FROM {WANT}"
                    " WHERE budget_window.id = want.id",
                    [holds],
                )
            is_repeat = not is_made and self._exists(row)
        return is_made or is_repeat, is_repeat, [room[:4] for room in rooms]

    def _check_book(self, row: NewReservation) -> None:
        if row.book_version is None:
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT version FROM budget_book")
            found = cursor.fetchone()
        if (found[0] if found else 0) != row.book_version:
            raise StaleBook

    def _insert(self, row: NewReservation, holds: str) -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO billing_reservation (id, call_id, holds, amount, progress, state,"
                " lease_until_ms, provider, model, facts, created_ms)"
                f" VALUES (%s, %s, %s, %s, %s, %s, {NOW_MS} + %s, %s, %s, %s, {NOW_MS})"
                " ON CONFLICT (id) DO NOTHING",
                [row.id.hex, row.call_id.hex, holds, row.amount, row.progress, row.state,
                 row.lease_ms, row.provider, row.model, dumps(row.facts)],
            )
            return bool(cursor.rowcount == 1)

    def _exists(self, row: NewReservation) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM billing_reservation WHERE id = %s", [row.id.hex])
            return cursor.fetchone() is not None

    def close(self, close: Close) -> bool:
        with sql.atomic(), connection.cursor() as cursor:
            expired = f" AND lease_until_ms <= {NOW_MS}" if close.is_only_expired else ""
            cursor.execute(
                "UPDATE billing_reservation SET state = %s, charged = %s WHERE id = %s"
                f" AND state IN ({', '.join(map(str, close.from_states))}){expired}"
                " RETURNING holds",
                [close.state, close.charged, close.id.hex],
            )
            found = cursor.fetchone()
            if found is None:
                return False
            self._move(close, json.loads(found[0]))
            if close.usage is not None:
                sql.insert_usage([close.usage])
        return True

    def _move(self, close: Close, holds: list[list[int | None]]) -> None:
        with connection.cursor() as cursor:
            for window_id, amount, fixed in holds:
                charge = 0 if close.is_release else (close.charged if fixed is None else fixed)
                cursor.execute(
                    "UPDATE budget_window SET held = held - %s, spent = spent + %s WHERE id = %s",
                    [amount, charge, window_id],
                )
                if charge:
                    cursor.execute(
                        "INSERT INTO billing_ledgerentry (window_id, reservation_id, kind, delta,"
                        f" at_ms) VALUES (%s, %s, %s, %s, {NOW_MS})",
                        [window_id, close.id.hex, close.kind, charge],
                    )


DIALECT = Sqlite()
