"""
PostgreSQL: pg_dump inside an exported snapshot, pg_restore into a fresh database beside it.

One transaction sees one moment. It exports that moment, takes every table's fingerprint in it, and pg_dump reads in
the same one; so the fingerprints are those of what is in the file, whatever others write meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from psycopg.conninfo import make_conninfo

from cutover.backup import tools as programs_of
from cutover.backup.refusals import CannotBackUp, CannotRestoreHere, NoBackup, ToolFailed
from cutover.backup.tools import Login, Tools, find_tools
from cutover.backup.ways import Scratch, Tell
from cutover.dataplane.database import Database, DatabaseBusy, DatabaseRefused, open_database
from cutover.dataplane.fingerprint import Fingerprint, fingerprint_database
from cutover.redact import Secret

#: Parameters of a URL that are secrets and have no way into a program but its command line.
_SECRETS = frozenset({"sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"})

#: A table that somebody changes holds pg_dump up; after this long the attempt is made again later.
_LOCK_WAIT = "--lock-wait-timeout=30s"

#: Numbers are given out outside of any snapshot: these may move while the backup is taken.
SEQUENCES = "(sequences)"

_MAGIC = b"PGDMP"

_HOLD_STILL = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
    # The connection waits while pg_dump works, perhaps for hours; newer servers know more limits than older ones.
    """
    SELECT set_config(name, '0', true) FROM pg_settings
    WHERE name IN ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')
    """,
)

_NUMBERS_GIVEN_OUT = "SELECT schemaname, sequencename, last_value FROM pg_sequences ORDER BY 1, 2"

_LIKE = """
SELECT to_jsonb(d) || jsonb_build_object('encoding', pg_encoding_to_char(d.encoding))
FROM pg_database d WHERE d.datname = current_database()
"""

_PROVIDERS = {"i": ("icu", "ICU_LOCALE"), "b": ("builtin", "BUILTIN_LOCALE")}


class PostgresqlWay:
    """See `Way`."""

    name = "postgresql"
    suffix = ".dump"
    definitions_keep_their_text = False  # a restored CHECK may be spelt with other casts and mean the same

    # taking

    def check(self, database: Database, programs: Path | None) -> None:
        _tools(database, programs)
        _login(database)

    def size(self, database: Database) -> int:
        return int(_one(database, "SELECT pg_database_size(current_database())"))

    def take(self, database: Database, file: Path, *, programs: Path | None, tell: Tell) -> Mapping[str, Fingerprint]:
        tools = _tools(database, programs)
        with database.connect() as connection:
            for statement in _HOLD_STILL:
                connection.exec_driver_sql(statement)
            before = _given_out(connection)
            found = fingerprint_database(connection, database.dialect)
            snapshot = str(connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one())
            _dump(tools, _login(database), snapshot, file, tell)
            if _given_out(connection) != before:
                found.pop(SEQUENCES, None)
        return found

    def look_inside(self, file: Path, programs: Path | None) -> None:
        with file.open("rb") as stream:
            if stream.read(len(_MAGIC)) != _MAGIC:
                raise NoBackup(f"file '{file}' is not a backup that pg_dump wrote", hint="take the backup again")

    # proving

    def check_restore(self, server: Database, programs: Path | None) -> None:
        _tools(server, programs)
        if not _one(server, "SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user"):
            raise CannotRestoreHere(
                f"the user of database {server.name!r} may not create databases; a backup is proved by restoring it",
                hint="ALTER ROLE … CREATEDB, or give the environment a database 'scratch' on a server where one may",
            )

    def create(self, scratch: Scratch, like: Database) -> None:
        self.drop(scratch)
        with like.connect() as connection:
            (described,) = connection.exec_driver_sql(_LIKE).scalars()
        quoted = scratch.server.dialect.quote(scratch.name)
        statement = f"CREATE DATABASE {quoted} TEMPLATE template0 {_options(scratch.server, described)}"
        try:
            _administer(scratch.server, statement)
        except DatabaseRefused as refused:
            if self.is_there(scratch):  # a server may finish what a killed process asked for
                raise DatabaseBusy(f"an earlier attempt is still making database {scratch.name!r}") from refused
            raise

    def restore(self, file: Path, scratch: Scratch, programs: Path | None) -> Database:
        url = scratch.server.engine.url.set(database=scratch.name)
        restored = open_database(scratch.name, Secret(url.render_as_string(hide_password=False)))
        login = _login(restored)
        command = _tools(scratch.server, programs).command(
            "pg_restore",
            "--exit-on-error",
            "--no-password",
            # Owners, rights and places belong to the server; a subscription would begin to work.
            *("--no-owner", "--no-privileges", "--no-tablespaces", "--no-subscriptions", "--no-comments"),
            f"--dbname={login.words}",
            str(file),
        )
        try:
            programs_of.run(command, login.environ())
        except ToolFailed as failed:
            raise ToolFailed(f"backup '{file}' cannot be restored: {failed}") from failed
        return restored

    def doubts(self, restored: Database) -> tuple[str, ...]:
        return ()

    def drop(self, scratch: Scratch) -> None:
        quoted = scratch.server.dialect.quote(scratch.name)
        _administer(scratch.server, f"DROP DATABASE IF EXISTS {quoted} WITH (FORCE)")

    def is_there(self, scratch: Scratch) -> bool:
        named = scratch.server.dialect.literal(scratch.name)
        return bool(_one(scratch.server, f"SELECT count(*) FROM pg_database WHERE datname = {named}"))


def _tools(database: Database, programs: Path | None) -> Tools:
    version = str(_one(database, "SHOW server_version")).split()[0]
    return find_tools(programs, server=version, name=database.name)


def _login(database: Database) -> Login:
    """What the driver would be given, so that programs reach the same server in the same way."""
    _, given = database.engine.dialect.create_connect_args(database.engine.url)
    words: dict[str, Any] = {name: value for name, value in given.items() if isinstance(value, (str, int))}
    password = words.pop("password", None)
    hidden = sorted(_SECRETS & words.keys())
    if hidden:
        raise CannotBackUp(
            f"the URL of database {database.name!r} has the secret {hidden[0]!r}, "
            "which pg_dump takes only where everybody on the machine can read it",
            hint="write it into a service file of libpq and name that with ?service=NAME",
        )
    return Login(words=make_conninfo("", **words), password=None if password is None else Secret(str(password)))


def _dump(tools: Tools, login: Login, snapshot: str, file: Path, tell: Tell) -> None:
    command = tools.command(
        "pg_dump",
        "--format=custom",
        "--compress=1",  # a third of the time of the default, for a tenth more bytes
        "--no-password",
        _LOCK_WAIT,
        f"--snapshot={snapshot}",
        f"--dbname={login.words}",
    )
    with file.open("wb") as written:

        def take(block: bytes) -> None:
            written.write(block)
            tell(written.tell(), None, "bytes")

        programs_of.stream_from(command, login.environ(), take)


def _given_out(connection: sa.Connection) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in connection.exec_driver_sql(_NUMBERS_GIVEN_OUT)]


def _options(server: Database, described: Mapping[str, Any]) -> str:
    """The encoding and locale of a database; the catalog's columns have other names from version to version."""
    literal = server.dialect.literal
    options = [
        f"ENCODING {literal(described['encoding'])}",
        f"LC_COLLATE {literal(described['datcollate'])} LC_CTYPE {literal(described['datctype'])}",
    ]
    provider = _PROVIDERS.get(described.get("datlocprovider", "c"))
    locale = described.get("datlocale") or described.get("daticulocale")
    if provider is not None and locale:
        options.append(f"LOCALE_PROVIDER {provider[0]} {provider[1]} {literal(locale)}")
    if described.get("daticurules"):
        options.append(f"ICU_RULES {literal(described['daticurules'])}")
    return " ".join(options)


def _administer(server: Database, statement: str) -> None:
    with server.autocommit() as connection:
        connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def _one(database: Database, question: str) -> Any:
    with database.connect() as connection:
        return database.dialect.query(connection, question)[0][0]
