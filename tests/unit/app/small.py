"""A whole project in two files of SQLite: a gate, a manual step with evidence, and nothing that takes long."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from cutover.app import runs
from cutover.app.workspace import Workspace, open_workspace, who_am_i
from cutover.contract import RunResult
from cutover.engine.observers import NullObserver
from cutover.flow.entry import Undo
from cutover.model.project import Mode

RUNBOOK = Path("runbooks/go.yaml")
FLOWS = Path(__file__).resolve().parents[3] / "flows"

PROJECT = f"""\
project: small
prefect: {{use: "off"}}
environments:
  dev:
    databases: {{old: sqlite:///old.db, new: sqlite:///new-dev.db}}
    people: simulated
  test:
    databases: {{old: sqlite:///old.db, new: sqlite:///new-test.db}}
    people: required
    roles: {{owner: [olivia, oscar, both], dba: [dana, both]}}
    declared_names: true
  strict:
    databases: {{old: sqlite:///old.db, new: sqlite:///new-strict.db}}
    people: required
    roles: {{owner: [{who_am_i()["user"]}, olivia], dba: [dana]}}
  production:
    live: true
    databases: {{old: sqlite:///old.db, new: sqlite:///new-production.db}}
    people: required
    roles: {{owner: [olivia], dba: [dana]}}
    declared_names: true
    votes: declared
    requires:
      - {{environment: dev, at_least: 1}}
"""

MIGRATION = """\
migration: small
from: old
to: new
tables:
  - table: item
    source: items
    key: {source: id, target: item_id}
    columns: {item_id: id, name: name}
"""

STEPS = """\
runbook: Small goes live
strategy: one-shot
owner: owner
phases:
  - phase: Go
    steps:
      - step: create
        sql: {file: migrations/schema.sql, in: new, undo: migrations/drop.sql}
      - step: copy-items
        copy: {tables: [item]}
      - step: gate
        approve: {by: [owner, dba], needs: 2, question: "Go?"}
      - step: notices
        manual: {do: "Put up the notices", role: dba, evidence: required, undo: "Take the notices down"}
"""


def small(root: Path) -> Workspace:
    """Write the project into `root` and open it."""
    with sqlite3.connect(root / "old.db") as connection:
        connection.execute("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT)")
        connection.execute("INSERT INTO items VALUES (1, 'one'), (2, 'two')")
    connection.close()
    for environment in ("dev", "test", "strict", "production"):
        sqlite3.connect(root / f"new-{environment}.db").close()
    write(root, "cutover.yaml", PROJECT)
    write(root, "migrations/small.yaml", MIGRATION)
    write(root, "migrations/schema.sql", "CREATE TABLE item (item_id INTEGER PRIMARY KEY, name TEXT);\n")
    write(root, "migrations/drop.sql", "DROP TABLE IF EXISTS item;\n")
    write(root, str(RUNBOOK), STEPS)
    for flow in FLOWS.glob("*.py"):
        write(root, f"flows/{flow.name}", flow.read_text())
    return open_workspace(root)


def write(root: Path, path: str, text: str) -> None:
    """A file of the project."""
    file = root / path
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)


def edit(workspace: Workspace, path: str, before: str, after: str) -> Workspace:
    """Replace a text in a file of the project, and open that again."""
    root = workspace.project.root
    text = (root / path).read_text()
    assert before in text
    write(root, path, text.replace(before, after))
    return open_workspace(root)


def prepared(workspace: Workspace, environment: str, *, mode: Mode = Mode.REHEARSAL) -> str:
    """A run that may begin."""
    return runs.prepare(workspace, workspace.project.root / RUNBOOK, environment, mode=mode).run


def carried(workspace: Workspace, run: str) -> RunResult:
    """One attempt at a run."""
    return runs.attempt(workspace, run, observer=NullObserver(), watcher=None)


def taken_back(workspace: Workspace, run: str) -> RunResult:
    """One attempt at its way back."""
    return runs.roll_back(workspace, run, Undo(because="because"), observer=NullObserver(), watcher=None)


def tables(workspace: Workspace, environment: str) -> list[str]:
    """What the new system of an environment holds besides our own bookkeeping."""
    with sqlite3.connect(workspace.project.root / f"new-{environment}.db") as connection:
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    connection.close()
    return [name for (name,) in found if not name.startswith(("cutover_", "sqlite_"))]
