"""`restore_check`: restores a backup elsewhere and compares it with the moment it was taken in. Then it counts."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from cutover.backup import (
    BackupFacts,
    Compared,
    NoBackup,
    NotProved,
    Proof,
    Scratch,
    check_restore,
    drop_scratch,
    prove_intact,
    restore_and_compare,
    scratch_is_there,
)
from cutover.contract import Context, Fields, References
from cutover.dataplane.database import Database
from cutover.errors import StepFailed
from cutover.model.outcome import Action, Facts, Finding, Severity

POINTS = ("restore_check.created", "restore_check.restored", "restore_check.dropped")

#: The database of an environment that, when there is one, says on which server backups are restored.
ELSEWHERE = "scratch"

#: Letters of the run's id in the name; a name has 63 bytes in PostgreSQL.
_RUN_LETTERS = 30


class RestoreCheck(Fields):
    """Prove a backup by restoring it."""

    kind: ClassVar[str] = "restore_check"
    effects: ClassVar[bool] = True  # a database that is there for a while

    backup: str = Field(description="the step that took the backup")

    def says(self) -> str:
        return f"prove the backup of {self.backup} by restoring it elsewhere and comparing every table"

    def references(self) -> References:
        return References(steps=(self.backup,))

    def undoable(self) -> bool:
        return True

    def says_undo(self, facts: Facts) -> str:
        """See `contract.SaysUndo`."""
        return "drop the database that was restored, if it is still there; the backup stays"

    def check(self, ctx: Context) -> None:
        if ELSEWHERE in ctx.environment.databases:
            ctx.database(ELSEWHERE).server_version()
        if ctx.facts(self.backup):  # before the backup is taken nobody knows what to restore
            backup, file = self._backup(ctx)
            server = _server(ctx, ctx.database(backup.database))
            check_restore(server, programs=_programs(ctx, server))
            prove_intact(file, backup)

    def plan(self, ctx: Context) -> Iterator[Action]:
        yield Action(
            says=f"restore the backup of {self.backup} into a database of its own, compare it, and drop that again",
            undo="drop that database if it is still there",
        )

    def run(self, ctx: Context) -> Facts:
        backup, file = self._backup(ctx)
        like = ctx.database(backup.database)
        server = _server(ctx, like)
        # The name is drawn by lot: another project on the same server may have a run of the same name.
        lot = f"cutover_restore_{_slug(ctx.run)}_{secrets.token_hex(4)}"
        kept = ctx.remember("scratch", {"name": lot, "server": server.name})
        scratch = Scratch(name=kept["name"], folder=ctx.workdir / "restored", server=ctx.database(kept["server"]))
        proof = restore_and_compare(file, backup, scratch, like=like, programs=_programs(ctx, server))
        self._report(ctx, backup, proof)
        if not proof.equal:
            raise NotProved(
                f"the backup of {backup.database!r} by {self.backup!r} is not what was backed up: "
                f"{', '.join(repr(one.name) for one in proof.tables if one.counts and not one.equal)}",
                hint="look at the findings, then take the backup again",
            )
        ctx.log(f"{self.backup}: restored elsewhere, {len(proof.tables)} fingerprints compared, {scratch.name} dropped")
        return {"backup": self.backup, "tables": {one.name: _plain(one) for one in proof.tables}, "equal": True}

    def verify(self, ctx: Context) -> None:
        backup, file = self._backup(ctx)
        prove_intact(file, backup)
        self._refuse_leftovers(ctx)

    def undo(self, ctx: Context) -> Facts:
        scratch = self._scratch(ctx)
        if scratch is None:
            return {"nothing_to_do": True}
        dropped = drop_scratch(scratch)
        self._refuse_leftovers(ctx)
        return {"scratch": scratch.name, "dropped": dropped}

    def _backup(self, ctx: Context) -> tuple[BackupFacts, Path]:
        facts = ctx.facts(self.backup)
        try:
            return BackupFacts.of(facts), ctx.project.root / facts["file"]
        except (KeyError, TypeError, ValueError, AttributeError):
            raise NoBackup(
                f"step {self.backup!r} has taken no backup in this run", hint="a backup that was skipped proves nothing"
            ) from None

    def _scratch(self, ctx: Context) -> Scratch | None:
        """The place an attempt of this step has made, or was about to make."""
        kept = ctx.remembered("scratch")
        if kept is None:
            return None
        return Scratch(name=kept["name"], folder=ctx.workdir / "restored", server=ctx.database(kept["server"]))

    def _refuse_leftovers(self, ctx: Context) -> None:
        scratch = self._scratch(ctx)
        if scratch is not None and scratch_is_there(scratch):
            raise StepFailed(f"database {scratch.name!r} is still there", hint="drop it by hand")

    def _report(self, ctx: Context, backup: BackupFacts, proof: Proof) -> None:
        for one in proof.tables:
            if not one.equal:
                ctx.find(_finding(ctx, one))
        for doubt in proof.doubts:
            ctx.find(
                Finding(
                    check="restore_check integrity",
                    table=backup.database,
                    says=f"the restored database says of itself: {doubt}; the one backed up would say the same",
                    count=1,
                    severity=Severity.WARNING,
                    step=ctx.spec.id,
                )
            )


def _finding(ctx: Context, one: Compared) -> Finding:
    rows = {"in the database": one.before, "restored": one.after}
    said = tuple(
        (where, "not there" if print_ is None else str(print_.rows), "" if print_ is None else print_.digest)
        for where, print_ in rows.items()
    )
    return Finding(
        check="restore_check fingerprint",
        table=one.name,
        says="what was restored is not what was backed up" if one.counts else "definitions are spelt in another way",
        count=abs(_rows(one.before) - _rows(one.after)) or 1,
        severity=Severity.ERROR if one.counts else Severity.WARNING,
        columns=("where", "rows", "fingerprint"),
        samples=said,
        step=ctx.spec.id,
    )


def _plain(one: Compared) -> dict[str, Any]:
    print_ = one.after or one.before
    return {"rows": _rows(print_), "digest": print_.digest if print_ else "", "equal": one.equal}


def _rows(print_: Any) -> int:
    return 0 if print_ is None else int(print_.rows)


def _server(ctx: Context, like: Database) -> Database:
    """Where the backup is restored: on the server of `scratch` if that is of the same kind, else beside `like`."""
    if ELSEWHERE in ctx.environment.databases:
        elsewhere = ctx.database(ELSEWHERE)
        if elsewhere.dialect.name == like.dialect.name:
            return elsewhere
    return like


def _programs(ctx: Context, server: Database) -> Path | None:
    folder = ctx.environment.tools.get(server.dialect.name)
    return None if folder is None else ctx.project.root / folder


def _slug(run: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", run.lower())[:_RUN_LETTERS].strip("_")
