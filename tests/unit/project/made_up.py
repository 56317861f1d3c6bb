"""A project in a temporary folder, and a handful of step kinds that only say what they are."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, Field

from cutover.contract import Fields, References
from cutover.model.project import Project
from cutover.model.runbook import Runbook
from cutover.project import load_project, load_runbook
from cutover.project.problems import WrongFile

PROJECT = """\
project: shop
environments:
  dev:
    databases:
      old: sqlite:///dev/old.db
      new: {url: "postgresql+psycopg://cutover@127.0.0.1:5432/dev", password: "env:SHOP_PASSWORD"}
    people: simulated
    roles: {dba: [dana]}
"""

MIGRATION = """\
migration: shop
from: old
to: new
tables:
  - table: customer
    source: customers
    key: {source: code, target: code}
    columns:
      code: code
"""


class Say(Fields):
    """Says something; changes nothing."""

    kind: ClassVar[str] = "say"
    effects: ClassVar[bool] = False

    words: str = "hello"
    loud: bool = False
    times: int = Field(default=1, ge=1)

    def says(self) -> str:
        return f"say {self.words}"

    def references(self) -> References:
        return References()

    def undoable(self) -> bool:
        return True


class Change(Fields):
    """Changes something, and may name everything that can be named."""

    kind: ClassVar[str] = "change"
    effects: ClassVar[bool] = True

    database: str | None = Field(default=None, alias="in")
    tables: tuple[str, ...] = ()
    file: str | None = None
    like: str | None = None
    undo: bool = True
    role: str | None = None

    def says(self) -> str:
        return f"change {self.database or 'something'}"

    def references(self) -> References:
        return References(
            databases=(self.database,) if self.database else (),
            tables=self.tables,
            files=(self.file,) if self.file else (),
            steps=(self.like,) if self.like else (),
        )

    def undoable(self) -> bool:
        return self.undo

    def asks(self) -> tuple[str, ...]:
        return (self.role,) if self.role else ()


class Judge(Say):
    """Judges whole tables by their validators."""

    kind: ClassVar[str] = "judge"

    tables: tuple[str, ...] = ()

    def references(self) -> References:
        return References(tables=self.tables)

    def wants_validators(self) -> tuple[str, ...]:
        return self.tables


KINDS: dict[str, type[BaseModel]] = {"say": Say, "change": Change, "judge": Judge}


def write(root: Path, path: str, text: str | bytes) -> Path:
    """Write a file of the project."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def project(root: Path, text: str = PROJECT, migration: str = MIGRATION) -> Project:
    """A project with one migration."""
    write(root, "cutover.yaml", text)
    write(root, "migrations/shop.yaml", migration)
    flows(root)
    return load_project(root, {})


def flows(root: Path) -> None:
    """The flow files that commands go through."""
    for name in ("rehearse", "go_live", "roll_back"):
        write(root, f"flows/{name}.py", "def main(root, run, watcher=None): ...\n")


def runbook_text(*steps: str, head: str = "strategy: one-shot", phase: str = "Move") -> str:
    """A runbook of one phase; a step is what stands behind `- step: `."""
    lines = "".join(f"      - {{step: {step}}}\n" for step in steps)
    return f"runbook: Shop\n{head}\nphases:\n  - phase: {phase}\n    steps:\n{lines}"


def runbook(root: Path, text: str) -> Runbook:
    """The runbook of that text in a fresh project."""
    made = project(root)
    return load_runbook(made, write(root, "runbooks/x.yaml", text), KINDS)


def refusal(root: Path, text: str) -> str:
    """What is said against the runbook of that text, all of it with the first hint."""
    try:
        runbook(root, text)
    except WrongFile as error:
        return f"{error}\n{error.hint}"
    raise AssertionError("nothing was said against it")
