"""
The fencing token in PostgreSQL: a line that a write transaction locks for sharing, and a takeover for itself.

Sessions that hold it bear a name (`application_name`), so that whoever takes over finds those of earlier holders. One
that sleeps, or whose machine is gone without a word, would hold its line until the server gives up on the link, which
takes hours; it is waited for, and then ended. That is no loss: it was overtaken, and its transaction is undone whole.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

import psycopg
import sqlalchemy as sa

from cutover.dataplane.dialects import postgresql_sql as sql

#: Seconds to wait for the transaction of an earlier holder before its session is ended.
PATIENCE: Final = 5

_THERE: Final = "SELECT to_regnamespace('cutover') IS NOT NULL, to_regclass('cutover.fence') IS NOT NULL"
_CREATE: Final = "CREATE TABLE cutover.fence (scope text PRIMARY KEY, token bigint NOT NULL)"
_SEE: Final = "SELECT token FROM cutover.fence WHERE scope = %s"
_HOLD: Final = f"{_SEE} FOR SHARE"
_RAISE: Final = """
INSERT INTO cutover.fence (scope, token) VALUES (%s, %s)
ON CONFLICT (scope) DO UPDATE SET token = excluded.token WHERE fence.token < excluded.token
"""
_BEAR_NAME: Final = "SELECT set_config('application_name', %s, true)"
_END_EARLIER: Final = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name ~ '^cutover [0-9a-f]+ [0-9]{1,18}$'
  AND split_part(application_name, ' ', 2) = %s AND split_part(application_name, ' ', 3)::bigint < %s
"""

Driver = psycopg.Connection[Any]


def seen(driver: Driver, scope: str) -> int | None:
    """The token of the scope, None when there is none."""
    return _one(driver, _SEE, scope) if _there(driver)[1] else None


def held(driver: Driver, scope: str, token: int) -> int | None:
    """The same, and nobody raises it until the transaction ends. The session bears our name until then."""
    if not _there(driver)[1]:
        return None
    driver.execute(_BEAR_NAME, (_name(scope, token),))
    return _one(driver, _HOLD, scope)


def raised(connection: sa.Connection, driver: Driver, scope: str, token: int) -> int:
    """The token that is there once ours is written, unless a higher one was there."""
    _create(driver)
    driver.execute(_BEAR_NAME, (_name(scope, token),))
    try:
        with connection.begin_nested():
            driver.execute(f"SET LOCAL lock_timeout = '{PATIENCE}s'")
            driver.execute(_RAISE, (scope, token))
    except psycopg.errors.LockNotAvailable:
        driver.execute(_END_EARLIER, (_mark(scope), token))
        driver.execute(_RAISE, (scope, token))
    driver.execute(f"SET LOCAL lock_timeout = '{sql.SETTINGS['lock_timeout']}'")
    return _one(driver, _SEE, scope) or 0


def _there(driver: Driver) -> tuple[bool, bool]:
    """Whether cutover's schema is there, and whether the table is."""
    row = driver.execute(_THERE).fetchone()
    return row if row is not None else (False, False)


def _create(driver: Driver) -> None:
    if _there(driver)[1]:
        return
    for statement in sql.LOCK_BOOKKEEPING:
        driver.execute(statement)
    schema, table = _there(driver)  # another may have made it while we waited
    if not schema:
        driver.execute(sql.CREATE_SCHEMA)
    if not table:
        driver.execute(_CREATE)


def _one(driver: Driver, statement: str, scope: str) -> int | None:
    row = driver.execute(statement, (scope,)).fetchone()
    return None if row is None else int(row[0])


def _mark(scope: str) -> str:
    return hashlib.sha256(scope.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _name(scope: str, token: int) -> str:
    """At most 63 bytes, or PostgreSQL would cut off the token."""
    return f"cutover {_mark(scope)} {token}"
