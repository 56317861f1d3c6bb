"""The world as a reading step sees it: a till that has moved, a real quarantine, and what the step says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cutover.clock import Clock, SystemClock
from cutover.contract import Context
from cutover.dataplane.database import Database
from cutover.errors import StepFailed
from cutover.journal.quarantine import QuarantinedRow, QuarantineStore, SqlQuarantine
from cutover.model.event import Event
from cutover.model.migration import Migration
from cutover.model.outcome import Facts, Finding, Progress
from cutover.model.people import Vote
from cutover.model.project import Environment, Mode, Project
from cutover.model.runbook import StepSpec, Wave
from tests.fixtures.till import Till


class TillContext(Context):
    """One attempt of a step over a till. Nothing is simulated but the engine around it."""

    def __init__(self, till: Till, kind: str, waves: Sequence[Wave] = ()) -> None:
        self._till = till
        self.project = Project(
            name="till",
            root=till.root,
            environments={},
            journal=till.root / "journal.db",
            state=till.root,
        )
        self.environment = Environment(name="dev", databases={})
        self.mode = Mode.REHEARSAL
        self.run = self.mark = "dev-1"
        self.attempt = 1
        self.clock: Clock = SystemClock()
        self.workdir: Path = till.root
        self.spec = StepSpec(
            id=f"{kind}-receipts",
            kind=kind,
            fields={},
            wave=waves[-1] if waves else None,
            waves_before=tuple(waves[:-1]),
        )
        self.quarantine: QuarantineStore = SqlQuarantine(self.project.journal)
        self.quarantine.replace_chunk(
            run=self.run,
            step="copy-receipts",
            table="receipt",
            chunk=1,
            rows=[QuarantinedRow(key=key, values={}, reasons=("amount:ge(0)",)) for key in sorted(till.quarantined)],
            amended=[],
        )
        self.found: list[Finding] = []
        self.told: list[Progress] = []
        self.logged: list[str] = []

    def database(self, name: str) -> Database:
        try:
            return {"old": self._till.source, "new": self._till.target}[name]
        except KeyError:
            raise StepFailed(f"environment 'dev' has no database {name!r}") from None

    def migration_of(self, table: str) -> Migration:
        if table != "receipt":
            raise StepFailed(f"no migration fills table {table!r}")
        return self._till.migration

    def facts(self, step_id: str) -> Facts:
        return {}

    def remember(self, name: str, value: Any) -> Any:
        return value

    def remembered(self, name: str) -> Any | None:
        return None

    def events(self) -> Sequence[Event]:
        return ()

    def rollback_fits(self) -> str:
        return ""

    def votes(self) -> Sequence[Vote]:
        return ()

    def decide(self, decision: str, votes: Sequence[Vote]) -> None:
        raise AssertionError("a reading step decides nothing")

    def safe_point(self) -> None:
        """Nobody asks to stop."""

    def tell(self, progress: Progress) -> None:
        self.told.append(progress)

    def log(self, line: str) -> None:
        self.logged.append(line)

    def find(self, finding: Finding) -> None:
        self.found.append(finding)
