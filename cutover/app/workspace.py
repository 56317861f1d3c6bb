"""An opened project: its files, its journal and its quarantine. Every function of `app` starts with one."""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cutover.clock import Clock, SystemClock
from cutover.errors import StepFailed, WrongInput
from cutover.journal.database import JournalDatabase
from cutover.journal.quarantine import QuarantineStore, SqlQuarantine
from cutover.journal.sqlite_database import SqliteDatabase
from cutover.journal.store import Journal, SqlJournal
from cutover.model.migration import Migration
from cutover.model.project import Environment, Project
from cutover.project import load_project, resolve_url

if TYPE_CHECKING:
    from cutover.dataplane.database import Database
    from cutover.dataplane.fence import Fence


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A project with everything that is kept about it on this machine."""

    project: Project
    journal: Journal
    quarantine: QuarantineStore
    clock: Clock = field(default_factory=SystemClock)

    def environment(self, name: str) -> Environment:
        """The environment of that name; WrongInput with the known names when there is none."""
        try:
            return self.project.environments[name]
        except KeyError:
            known = ", ".join(sorted(self.project.environments)) or "none"
            raise WrongInput(
                f"environment {name!r} is not in cutover.yaml", hint=f"known environments: {known}"
            ) from None

    def migrations(self) -> tuple[Migration, ...]:
        """The migrations of the project, loaded now."""
        from cutover.project import load_migrations  # brings the grammar of migrations

        return load_migrations(self.project)

    def database(self, environment: Environment, name: str, *, fence: Fence | None = None) -> Database:
        """
        That database of that environment, opened lazily; StepFailed when the environment has none of that name.

        What writes to it brings the `fence` of the lease that it holds.
        """
        if name not in environment.databases:
            known = ", ".join(sorted(environment.databases)) or "none"
            raise StepFailed(
                f"environment {environment.name!r} has no database {name!r}",
                hint=f"add it to cutover.yaml; it has: {known}",
            )
        from cutover.dataplane.database import open_database  # brings the drivers and the data libraries

        url = resolve_url(environment.databases[name], self.project.root, os.environ)
        return open_database(name, url, fence=fence)


def find_root(start: Path | None = None) -> Path:
    """The folder with `cutover.yaml`: `start` itself, or the working folder or the nearest one above it."""
    if start is not None:
        folder = start.resolve()
        if not (folder / "cutover.yaml").is_file():
            raise WrongInput(
                f"folder {str(start)!r} has no cutover.yaml",
                hint="`cutover init FOLDER` writes a project to begin with",
            )
        return folder
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "cutover.yaml").is_file():
            return folder
    raise WrongInput(
        f"no cutover.yaml in {str(here)!r} or above it",
        hint="go to a project folder, pass --project, or write one with `cutover init FOLDER`",
    )


def open_workspace(start: Path | None = None, *, clock: Clock | None = None) -> Workspace:
    """Load the project at or above `start` and open its journal (created when it is not there yet)."""
    project = load_project(find_root(start))
    watch = clock or SystemClock()
    project.state.mkdir(parents=True, exist_ok=True)
    place = _journal_of(project)
    return Workspace(
        project=project, journal=SqlJournal(place, clock=watch), quarantine=SqlQuarantine(place), clock=watch
    )


def _journal_of(project: Project) -> JournalDatabase:
    server = project.journal_server
    if server is None:
        return SqliteDatabase(project.journal)
    from cutover.journal.postgresql_database import PostgresqlDatabase  # brings the driver

    return PostgresqlDatabase(
        resolve_url(server.database, project.root, os.environ),
        schema_name=server.schema,
        mirror=project.journal.with_name(f"{project.journal.name}.jsonl"),
        project=project.name,
    )


def who_am_i() -> Mapping[str, str]:
    """
    The person at the keyboard as the system knows it, for the journal: `user`, `host`, `pid`, `login` where it differs.

    The kernel is asked, not the environment: anybody can set `USER`. `login` is the account that logged in before
    somebody became `user` by `sudo` or `su`.
    """
    user = _account(os.geteuid())
    login = _logged_in()
    who = {"user": user, "host": socket.gethostname(), "pid": str(os.getpid())}
    return {**who, "login": login} if login and login != user else who


#: What the kernel says of a process that nobody logged in for.
_NO_LOGIN = 2**32 - 1


def _logged_in() -> str:
    """The account of the login session, which stays through `sudo` and `su`; else what `sudo` says to root."""
    with suppress(OSError, ValueError):
        uid = int(Path("/proc/self/loginuid").read_text(encoding="ascii"))
        if uid != _NO_LOGIN:
            return _account(uid)
    return os.environ.get("SUDO_USER", "") if os.geteuid() == 0 else ""


def _account(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # a container that has no name for it
        return f"uid {uid}"
