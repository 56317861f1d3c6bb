"""
What the demonstration runs on: one PostgreSQL with a database per environment, and a legacy database in each.

Everything lives under `.cutover/demo/` of the project and can be started, stopped and thrown
away by itself. Nothing here is part of `cutover`: a real project has its servers already.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from demo import embedded, legacy

ENVIRONMENTS = ("dev", "test", "preproduction", "production", "second-site")

_SETTINGS: Mapping[str, str] = MappingProxyType({"shared_buffers": "256MB", "max_wal_size": "4GB"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """The folders of the demonstration."""

    root: Path  # of the project

    @property
    def home(self) -> Path:
        """Everything that the demonstration keeps."""
        return self.root / ".cutover" / "demo"

    @property
    def mark(self) -> Path:
        """Says that what is kept in `.cutover/` was made by the demonstration and may be removed by it."""
        return self.home / "is-a-demonstration"

    @property
    def password_file(self) -> Path:
        """The password of the database role; only its owner may read it."""
        return self.home / "password"

    @property
    def programs(self) -> Path:
        """Where `cutover.yaml` says that pg_dump and its friends are: a link to the binaries in the wheel."""
        return self.home / "programs"

    def old(self, environment: str) -> Path:
        """The legacy database of an environment."""
        return self.home / environment / "old.db"

    def application(self, environment: str) -> Path:
        """The file in which the application of an environment reads which database to use."""
        return self.home / environment / "application.json"


def start(demo: Demo) -> embedded.Server:
    """Start the PostgreSQL server (or find it running), and tell `cutover.yaml` where it is."""
    demo.home.mkdir(parents=True, exist_ok=True)
    server = embedded.start(_folder_of_server(demo), password=_password(demo), settings=_SETTINGS)
    _link(demo.programs, server.bin)
    for environment in ENVIRONMENTS:
        folder = demo.home / environment
        folder.mkdir(exist_ok=True)
        (folder / "new.url").write_text(server.url_without_password(database_of(environment)) + "\n")
    return server


def prepare(demo: Demo, server: embedded.Server, environment: str, loaded: Path) -> None:
    """Give an environment a fresh legacy database (a copy of the one in `loaded`) and an empty new one."""
    shutil.copyfile(loaded, demo.old(environment))
    demo.application(environment).write_text('{"default": "old"}\n')
    server.drop(database_of(environment))
    server.create(database_of(environment))


def load_legacy(demo: Demo) -> tuple[Path, Mapping[str, int]]:
    """Load the CSV files into one legacy database that the environments get copies of; its file and rows per table."""
    file = demo.home / "legacy.db"
    return file, MappingProxyType(legacy.load(file))


def stop(demo: Demo) -> bool:
    """Stop the PostgreSQL server; False when it was not running."""
    return embedded.stop(_folder_of_server(demo))


def remove(demo: Demo) -> None:
    """Stop the server and remove everything that the demonstration keeps."""
    stop(demo)
    folder = _folder_of_server(demo)
    for leftover in (folder, demo.home):
        if leftover.exists():
            shutil.rmtree(leftover)


def database_of(environment: str) -> str:
    """The name of an environment's new database on the server."""
    return environment.replace("-", "_")


def _folder_of_server(demo: Demo) -> Path:
    """
    Where the server's data lies: in the project, if the account that PostgreSQL runs as can come there.

    As root in root's own home it cannot; then it is a folder of /var/tmp that belongs to this project alone.
    """
    demo.home.mkdir(parents=True, exist_ok=True)
    if embedded.reachable(demo.home):
        return demo.home / "pg"
    name = hashlib.sha256(str(demo.root.resolve()).encode()).hexdigest()[:12]
    folder = Path("/var/tmp" if Path("/var/tmp").is_dir() else tempfile.gettempdir()) / f"cutover-demo-{name}"
    folder.mkdir(mode=0o755, exist_ok=True)
    if folder.stat().st_uid != os.geteuid():
        raise RuntimeError(f"'{folder}' belongs to somebody else; remove it, or move the project out of root's home")
    return folder


def _password(demo: Demo) -> str:
    """The generated password; written once, readable by its owner only."""
    if not demo.password_file.exists():
        demo.password_file.touch(mode=0o600)
        demo.password_file.write_text(secrets.token_urlsafe(18))
    return demo.password_file.read_text().strip()


def _link(link: Path, target: Path) -> None:
    if link.is_symlink():
        link.unlink()
    link.symlink_to(target)
