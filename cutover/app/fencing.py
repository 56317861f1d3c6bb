"""
One process carries a run: what it writes to is closed to whoever was overtaken.

The lease says who carries a run now. Here its token becomes the fence of the databases that the run writes to, and what
the quarantine keeps waits for the lease's own answer, as every word in the journal does. What is only read is never
fenced.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from cutover.app import assigning
from cutover.app.workspace import Workspace
from cutover.engine import Assignment, Ports
from cutover.errors import LeaseLost
from cutover.journal.lease import Lease
from cutover.journal.quarantine import AmendedValue, QuarantinedRow, QuarantineStore
from cutover.journal.store import Journal
from cutover.model.migration import Migration
from cutover.model.run import NotPossible
from cutover.model.status import EventKind

if TYPE_CHECKING:
    from cutover.dataplane.database import Database
    from cutover.dataplane.fence import Fence


def take_over(
    workspace: Workspace, assignment: Assignment, migrations: tuple[Migration, ...], *, ports: Ports, lease: Lease
) -> Ports:
    """
    Close what the run writes to against every earlier holder of its lease, and return the ways out for this one.

    Waits for what an earlier holder has under way. Raises LeaseLost when a later one is there, and what connecting
    raises; nothing was journalled then.
    """
    fence = _fence(workspace, assignment.environment.name, lease)

    def database(name: str) -> Database:
        return workspace.database(assignment.environment, name, fence=fence)

    for name in assigning.written_by(assignment.steps, migrations):
        database(name).raise_fence()
    return replace(
        ports,
        quarantine=cast(QuarantineStore, HeldQuarantine(ports.quarantine, lease)),
        database=database,
    )


@contextmanager
def carrying(lease: Lease) -> Iterator[None]:
    """Around everything that this process does with a run: tells a takeover from whatever else it looked like."""
    _overtaken.discard(lease.run)
    try:
        yield
    except LeaseLost:
        _overtaken.add(lease.run)
        raise
    except NotPossible:  # moves that are not ours make ours impossible
        try:
            lease.confirm()
        except LeaseLost:
            _overtaken.add(lease.run)
            raise
        raise


def was_overtaken(run: str) -> bool:
    """Whether this process has lost that run to another one: then it has nothing more to say of it."""
    return run in _overtaken


_overtaken: set[str] = set()


def _fence(workspace: Workspace, environment: str, lease: Lease) -> Fence:
    from cutover.dataplane.fence import Fence  # brings the drivers and the data libraries

    scope = f"environment {environment!r} of project {workspace.project.name!r} (journal {_lot(workspace.journal)})"
    return Fence(scope=scope, token=lease.token, confirm=lease.confirm)


def _lot(journal: Journal) -> str:
    """
    What tells this journal from every other one: the lot that its first run drew.

    Tokens are counted by the journal, so two of them must never be compared; a journal that begins anew is another.
    """
    first = journal.heads()[0].run
    return str(journal.events(first, kinds={EventKind.RUN_CREATED})[0].data["lot"])


class HeldQuarantine:
    """
    A quarantine that takes rows only from the holder of the lease; everything else is the quarantine's own.

    Rows that a sleeper kept in mind must not come back after a rollback.
    """

    def __init__(self, store: QuarantineStore, lease: Lease) -> None:
        self._store = store
        self._lease = lease

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def replace_chunk(
        self,
        *,
        run: str,
        step: str,
        table: str,
        chunk: int,
        rows: Sequence[QuarantinedRow],
        amended: Sequence[AmendedValue],
    ) -> None:
        """See `QuarantineStore`; LeaseLost, and nothing written, when the lease is no more."""
        self._lease.confirm()
        self._store.replace_chunk(run=run, step=step, table=table, chunk=chunk, rows=rows, amended=amended)

    def drop(self, run: str, step: str) -> None:
        """See `QuarantineStore`; LeaseLost, and nothing dropped, when the lease is no more."""
        self._lease.confirm()
        self._store.drop(run, step)
