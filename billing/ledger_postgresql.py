"""The ledger on PostgreSQL, READ COMMITTED: one statement to reserve, one to close.

Both lock windows first and the reservation last: a repeated reserve waits, inside its INSERT, for
whoever closes the same id, and must not hold what that one waits for. Both are prepared once per
connection and bound on the server: they run for every call.
"""

from functools import cache
from typing import Any

import psycopg
from django.db import connection

from billing import ledger_sql as sql
from billing.ledger_sql import Close, NewReservation, Rooms, StaleBook, dumps

NOW_MS = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"

RESERVE = f"""
WITH want AS (SELECT * FROM unnest(%(ids)s::bigint[], %(amounts)s::bigint[]) AS t(id, amount)),
book AS (SELECT coalesce((SELECT version FROM budget_book), 0) AS version),
fits AS MATERIALIZED (
  SELECT w.id, w.cap, w.spent, w.held, w.spent + w.held + want.amount <= w.cap AS ok
  FROM budget_window w JOIN want USING (id)
  ORDER BY w.rank, w.id FOR UPDATE OF w),
verdict AS (
  SELECT count(*) = cardinality(%(ids)s::bigint[]) AND coalesce(bool_and(ok), true)
         AND (%(book)s::bigint IS NULL OR %(book)s = (SELECT version FROM book)) AS ok
  FROM fits),
made AS (
  INSERT INTO billing_reservation (id, call_id, holds, amount, progress, state, lease_until_ms,
                                   provider, model, facts, created_ms)
  SELECT %(id)s, %(call_id)s, %(holds)s::jsonb, %(amount)s, %(progress)s, %(state)s,
         {NOW_MS} + %(lease_ms)s, %(provider)s, %(model)s, %(facts)s::jsonb, {NOW_MS}
  FROM verdict WHERE ok
  ON CONFLICT (id) DO NOTHING RETURNING id),
held AS (
  UPDATE budget_window w SET held = w.held + want.amount
  FROM want, made WHERE w.id = want.id RETURNING w.id)
SELECT (SELECT version FROM book), EXISTS (SELECT FROM made), (SELECT count(*) FROM held),
       (SELECT coalesce(json_agg(json_build_array(id, cap, spent, held)), '[]') FROM fits)
FROM verdict
"""

# The windows are read from the reservation before it is locked: its holds never change. Those of a
# debate do (`billing.draws`), under these locks: they are closed with the locks taken before, and a
# sweeper that read them too early finds the lease renewed.
CLOSE = f"""
WITH target AS (SELECT holds FROM billing_reservation WHERE id = %(id)s),
parts AS (
  SELECT (h->>0)::bigint AS id, (h->>1)::bigint AS amount,
         CASE WHEN %(is_release)s THEN 0 ELSE coalesce((h->>2)::bigint, %(charged)s) END AS charge
  FROM target, jsonb_array_elements(holds) AS h),
locked AS MATERIALIZED (
  SELECT w.id FROM budget_window w JOIN parts USING (id)
  ORDER BY w.rank, w.id FOR UPDATE OF w),
closed AS (
  UPDATE billing_reservation SET state = %(state)s, charged = %(charged)s
  WHERE id = %(id)s AND state = ANY(%(from_states)s)
    AND (NOT %(is_only_expired)s OR lease_until_ms <= {NOW_MS})
    AND (SELECT count(*) FROM locked) >= 0
  RETURNING id),
moved AS (
  UPDATE budget_window w SET held = w.held - parts.amount, spent = w.spent + parts.charge
  FROM parts, closed WHERE w.id = parts.id RETURNING w.id),
entries AS (
  INSERT INTO billing_ledgerentry (window_id, reservation_id, kind, delta, at_ms)
  SELECT parts.id, %(id)s, %(kind)s, charge, {NOW_MS} FROM parts, closed WHERE charge <> 0)
USAGE
SELECT EXISTS (SELECT FROM closed), (SELECT count(*) FROM moved)
"""


@cache
def close_statement(*, with_usage: bool) -> str:
    if not with_usage:
        return CLOSE.replace("USAGE", "")
    values = ", ".join(
        f"%(u_{field.column})s" + ("" if is_text(field) else f"::{field.db_type(connection)}")
        for field in sql.usage_fields()
    )
    columns = ", ".join(sql.usage_columns())
    insert = f"INSERT INTO billing_usagerecord ({columns}) SELECT {values} FROM closed"
    return CLOSE.replace("USAGE", f", usage AS ({insert})")


def is_text(field: Any) -> bool:
    """A cast to varchar(n) would cut a text that is too long, where an error is wanted."""
    return field.get_internal_type() in ("CharField", "TextField")


def execute(statement: str, params: dict[str, Any]) -> tuple[Any, ...]:
    """One row. Joins the transaction of Django's connection, if there is one."""
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        row: tuple[Any, ...] | None = cursor.execute(statement, params, prepare=True).fetchone()
    assert row is not None
    return row


class Postgresql:
    NOW_MS = NOW_MS
    DIFFERENCES = """
        SELECT w.scope_kind || ':' || w.scope_id || ' ' || w.metric || ' ' || w.period
                 || ' ' || w.start,
               w.spent, coalesce(e.total, 0)::bigint, w.held, coalesce(h.total, 0)::bigint
        FROM budget_window w
        LEFT JOIN (SELECT window_id, sum(delta) AS total FROM billing_ledgerentry GROUP BY 1) e
          ON e.window_id = w.id
        LEFT JOIN (
          SELECT (j->>0)::bigint AS window_id, sum((j->>1)::bigint) AS total
          FROM billing_reservation r, jsonb_array_elements(r.holds) j
          WHERE r.state IN (0, 1) GROUP BY 1) h
          ON h.window_id = w.id
        WHERE w.spent <> coalesce(e.total, 0) OR w.held <> coalesce(h.total, 0)
    """

    def reserve(self, row: NewReservation) -> tuple[bool, bool, Rooms]:
        params: dict[str, Any] = {
            "id": row.id, "call_id": row.call_id, "amount": row.amount, "progress": row.progress,
            "state": row.state, "lease_ms": row.lease_ms, "provider": row.provider,
            "model": row.model, "facts": dumps(row.facts), "holds": dumps(row.holds),
            "book": row.book_version,
            "ids": [hold[0] for hold in row.holds], "amounts": [hold[1] for hold in row.holds],
        }
        version, is_made, _held, rooms = execute(RESERVE, params)
        if is_made:
            return True, False, [tuple(room) for room in rooms]
        if row.book_version is not None and row.book_version != version:
            raise StaleBook
        is_repeat = self._exists(row)
        return is_repeat, is_repeat, [tuple(room) for room in rooms]

    def _exists(self, row: NewReservation) -> bool:
        """Looked up in a statement of its own: a refusal may be the retry of an admitted call."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM billing_reservation WHERE id = %s", [row.id])
            return cursor.fetchone() is not None

    def close(self, close: Close) -> bool:
        params: dict[str, Any] = {
            "id": close.id, "state": close.state, "charged": close.charged, "kind": close.kind,
            "is_release": close.is_release, "is_only_expired": close.is_only_expired,
            "from_states": list(close.from_states),
        }
        if close.usage is not None:
            values = zip(sql.usage_columns(), sql.usage_values(close.usage), strict=True)
            params |= {f"u_{column}": value for column, value in values}
        statement = close_statement(with_usage=close.usage is not None)
        return bool(execute(statement, params)[0])


DIALECT = Postgresql()
