"""
What is PostgreSQL's own in the journal: how it is opened, how a lost link is noticed, what its refusals mean.

Every other module of the package speaks SQLAlchemy's Core. Nothing here knows what is stored.
"""

from __future__ import annotations

import os
import re
import weakref
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool, QueuePool

from cutover.errors import WrongInput
from cutover.redact import Secret

#: Seconds to wait for a server to answer, and for another process that is writing.
WAIT: Final = 10

#: A name that needs no quotes, so that it means the same wherever it is written.
SCHEMA_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")

#: Seconds of silence after which client and server each ask whether the other one lives, twice more, and then give up.
_SILENCE = 10

_LINK: Final = {
    "connect_timeout": WAIT,
    "client_encoding": "utf8",
    "keepalives_idle": _SILENCE,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,  # milliseconds: answers that never come are noticed, too
}

#: `idle_in_transaction_session_timeout`: a process that is put to sleep in the middle of an event keeps everybody else
#: from writing; it finds out when it wakes up.
_SETTINGS: Final = {
    "search_path": "{schema}",
    "lock_timeout": f"{WAIT}s",
    "idle_in_transaction_session_timeout": "30s",
    "tcp_keepalives_idle": f"{_SILENCE}",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}

#: A server that answers before an event is on its disk is asked to be honest with us; `remote_apply` and the like stay.
_DURABLE: Final = (
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
)


def open_engine(url: Secret, schema: str, *, kept: bool) -> sa.Engine:
    """
    An engine on the server; `kept` connections go back to a pool, others end with their use.

    Raises WrongInput when it is no URL of PostgreSQL or `schema` no plain name; nothing is connected yet.
    """
    if not SCHEMA_NAME.fullmatch(schema) or schema.startswith("pg_"):
        raise WrongInput(
            f"the journal's schema {schema!r} is no plain name",
            hint="write small letters, digits and _, such as journal_of_shop",
        )
    try:
        parsed = sa.make_url(url.reveal())
    except ArgumentError:
        raise _no_url("it cannot be read") from None
    if parsed.drivername not in ("postgresql", "postgresql+psycopg"):
        raise _no_url(f"{parsed.drivername!r} is not a place for a journal")
    pool: dict[str, Any] = {"poolclass": QueuePool, "pool_pre_ping": True} if kept else {"poolclass": NullPool}
    name = f"cutover journal{'' if kept else ' lease'}"
    engine = sa.create_engine(
        parsed.set(drivername="postgresql+psycopg"), connect_args={**_LINK, "application_name": name}, **pool
    )
    settings = "; ".join(f"SET {key} = '{value.format(schema=schema)}'" for key, value in _SETTINGS.items())

    @sa.event.listens_for(engine, "connect")
    def _settle(connection: Any, _: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(settings)
            cursor.execute(_DURABLE)
        connection.commit()

    _forget_in_children(engine)
    return engine


def tables(connection: sa.Connection, schema: str) -> frozenset[str]:
    """Names of the tables that are in the schema; none when the schema is not there."""
    found = sa.text("SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = :schema")
    return frozenset(connection.execute(found, {"schema": schema}).scalars())


def hint(error: BaseException) -> str:
    """What a person can do about a refusal of the server, or about its silence."""
    state = str(getattr(error, "sqlstate", None) or "")
    for begin, says in _HINTS.items():
        if state.startswith(begin):
            return says
    words = str(error).lower()
    if not state and any(word in words for word in ("authentication", "no password", "pg_hba", "does not exist")):
        return _ACCESS
    return _LOST


_ACCESS = "look at `journal:` in cutover.yaml: its url, its user and its password"
_LOST = (
    "is the server of the journal running, and can it be reached? then `cutover resume`: "
    "it reads what is in the journal, also where no answer came"
)
_HINTS: Final = {
    "28": _ACCESS,
    "3D": _ACCESS,
    "3F": _ACCESS,
    "42501": "the user of `journal:` in cutover.yaml needs the right to create its schema, and to read and write there",
    "25006": "the url of `journal:` leads to a server that only reads (a standby): name the one that writes",
    "25P03": "this process slept in the middle of an event and was cut off; `cutover resume`",
    "53": "the server of the journal has no room (disk, memory or connections): make some, then `cutover resume`",
    "55P03": "another process has been writing for longer than a journal's event takes: pg_stat_activity names it",
    "23": "somebody wrote into the journal by hand: verify it before anything else",
}


def _no_url(why: str) -> WrongInput:
    return WrongInput(
        f"the url of the journal is not understood: {why}",
        hint="write postgresql+psycopg://user@host:port/database, or the path of a file for SQLite",
    )


_engines: weakref.WeakSet[sa.Engine] = weakref.WeakSet()


def _forget_in_children(engine: sa.Engine) -> None:
    _engines.add(engine)


def _forget() -> None:
    """A forked child has its parent's links; used by both, each would read the other's answers."""
    for engine in list(_engines):
        engine.dispose(close=False)


os.register_at_fork(after_in_child=_forget)
