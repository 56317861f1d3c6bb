"""
The world of one step without the engine around it: real databases, a real quarantine, a memory that outlives a kill.

`World.attempt` walks the moments of a step as the engine does; `World.killed_at` does the same in a process of
its own that dies by the real signal at a named point.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cutover.clock import Clock, SystemClock
from cutover.contract import Context, Fields
from cutover.dataplane.database import Database, open_database
from cutover.errors import StepFailed
from cutover.journal.quarantine import QuarantineStore, SqlQuarantine
from cutover.model.event import Event
from cutover.model.migration import Migration
from cutover.model.outcome import Facts, Finding, Progress
from cutover.model.people import Vote
from cutover.model.project import Environment, Mode, Project
from cutover.model.runbook import StepSpec
from cutover.points import KILL_AT
from cutover.redact import Secret

REPOSITORY = Path(__file__).resolve().parents[2]
DEV = Environment(name="dev", databases={})


@dataclass(frozen=True, slots=True)
class World:
    """A project folder, the URLs of its databases, and its migrations."""

    root: Path
    urls: dict[str, str]
    migrations: tuple[Migration, ...] = ()
    run: str = "dev-1"
    environment: Environment = DEV
    mode: Mode = Mode.REHEARSAL
    votes: tuple[Vote, ...] = ()
    votes_back: tuple[Vote, ...] = ()  # cast since the rollback began
    events: tuple[Event, ...] = ()  # the run's own record
    why_no_rollback: str = ""
    facts: dict[str, Facts] = field(default_factory=dict)  # of the steps that have ended

    def context(self, spec: StepSpec, *, back: bool = False) -> LifeContext:
        """A fresh context, as every attempt gets one."""
        return LifeContext(self, spec, back=back)

    def attempt(self, step: Fields, spec: StepSpec) -> tuple[Facts, LifeContext]:
        """check, plan, run, verify: one attempt as the engine makes it."""
        ctx = self.context(spec)
        step.check(ctx)  # type: ignore[attr-defined]
        list(step.plan(ctx))  # type: ignore[attr-defined]
        facts = step.run(ctx)  # type: ignore[attr-defined]
        step.verify(self.context(spec))  # type: ignore[attr-defined]
        self.facts[spec.id] = facts
        return facts, ctx

    def undo(self, step: Fields, spec: StepSpec) -> Facts:
        """The way back."""
        facts: Facts = step.undo(self.context(spec, back=True))  # type: ignore[attr-defined]
        return facts

    def decisions(self, spec: StepSpec) -> list[dict[str, Any]]:
        """Every decision that was written for a step, in whatever process."""
        file = self.root / f"decided-{self.run}-{spec.id}.json"
        return json.loads(file.read_text()) if file.exists() else []

    def killed_at(self, point: str, step: Fields, spec: StepSpec, *, undo: bool = False) -> int:
        """Do it in another process that kills itself at `point`, and return what it exited with."""
        (self.root / "world.pickle").write_bytes(pickle.dumps((self, type(step), step.model_dump(by_alias=True), spec)))
        code = f"from tests.life.world import go; go({str(self.root)!r}, undo={undo})"
        environ = {**os.environ, KILL_AT: point, "PYTHONPATH": os.pathsep.join([str(REPOSITORY), *sys.path])}
        command = [sys.executable, "-c", code]
        done = subprocess.run(
            command, cwd=REPOSITORY, env=environ, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode <= 0, done.stderr
        return done.returncode


def go(root: str, *, undo: bool) -> None:
    """What the other process does."""
    world, kind, fields, spec = pickle.loads((Path(root) / "world.pickle").read_bytes())
    step = kind.model_validate(fields)
    if undo:
        world.undo(step, spec)
    else:
        world.attempt(step, spec)


class LifeContext(Context):
    """What a step sees. `remember` is on the disk before it returns, as the journal's events are."""

    def __init__(self, world: World, spec: StepSpec, *, back: bool = False) -> None:
        self.project = Project(
            name="life", root=world.root, environments={}, journal=world.root / "journal.db", state=world.root
        )
        self.environment = world.environment
        self.mode = world.mode
        self.run = self.mark = world.run
        self.spec = spec
        self.attempt = 1
        self.clock: Clock = SystemClock()
        self.workdir = world.root
        self.quarantine: QuarantineStore = SqlQuarantine(self.project.journal)
        self.found: list[Finding] = []
        self.told: list[Progress] = []
        self.logged: list[str] = []
        self._world = world
        self._back = back
        self._memory = world.root / f"remembered-{world.run}-{spec.id}.json"

    def database(self, name: str) -> Database:
        if name not in self._world.urls:
            raise StepFailed(f"environment 'dev' has no database {name!r}")
        return open_database(name, Secret(self._world.urls[name]))

    def migration_of(self, table: str) -> Migration:
        for migration in self._world.migrations:
            if any(one.table == table for one in migration.tables):
                return migration
        raise StepFailed(f"no migration fills table {table!r}")

    def facts(self, step_id: str) -> Facts:
        return self._world.facts.get(step_id, {})

    def remember(self, name: str, value: Any) -> Any:
        there = self._remembered()
        if name not in there:
            _write(self._memory, {**there, name: value})
        return self._remembered()[name]

    def remembered(self, name: str) -> Any | None:
        return self._remembered().get(name)

    def _remembered(self) -> dict[str, Any]:
        return json.loads(self._memory.read_text()) if self._memory.exists() else {}

    def votes(self) -> Sequence[Vote]:
        return self._world.votes_back if self._back else self._world.votes

    def events(self) -> Sequence[Event]:
        return self._world.events

    def rollback_fits(self) -> str:
        return self._world.why_no_rollback

    def decide(self, decision: str, votes: Sequence[Vote]) -> None:
        there = self._world.decisions(self.spec)
        if not there or there[-1]["decision"] != decision:
            made = {"decision": decision, "votes": [vote.brief() for vote in votes]}
            _write(self._world.root / f"decided-{self.run}-{self.spec.id}.json", [*there, made])

    def safe_point(self) -> None:
        """Nobody asks to stop."""

    def tell(self, progress: Progress) -> None:
        self.told.append(progress)

    def log(self, line: str) -> None:
        self.logged.append(line)

    def find(self, finding: Finding) -> None:
        self.found.append(finding)


def _write(file: Path, value: Any) -> None:
    """All of it or nothing, and on the disk before it returns."""
    fresh = file.with_suffix(".fresh")
    with fresh.open("w") as stream:
        json.dump(value, stream)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.rename(file)


def vote(
    person: str, role: str, *, go: bool = True, reason: str = "looked at it", evidence: str = "", **more: Any
) -> Vote:
    """A vote as it comes out of the journal, from the person's own account."""
    usual = {"system_user": person, "at": "2026-11-02T22:00:00+00:00", "evidence": evidence}
    return Vote(person=person, role=role, go=go, reason=reason, **{**usual, **more})


def spec_of(step_id: str, kind: str, **more: Any) -> StepSpec:
    """The specification of a step whose fields are elsewhere."""
    return StepSpec(id=step_id, kind=kind, fields={}, **more)
