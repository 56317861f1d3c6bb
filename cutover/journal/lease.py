"""
Leases: who may carry a run in a scope (an environment) now.

A lock of the kernel says whether the holder lives, so a killed one frees its scope at once and nobody waits for a
heartbeat to run out. The journal says who it is, and counts: the token grows with every acquisition and is never given
twice, so a holder that was overtaken can be told from the present one wherever the token is checked.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import sqlalchemy as sa

from cutover import content
from cutover.clock import Clock
from cutover.errors import JournalNotWritable, LeaseHeld
from cutover.journal import filelock
from cutover.journal.chain import written
from cutover.journal.database import JournalDatabase, translated
from cutover.journal.tables import COUNT_ONE, COUNTED, LEASE, TOKENS
from cutover.redact import redact

#: Seconds before a lock counts as held: whoever only asks holds it for a moment, too.
_GLANCE = 0.1

log = logging.getLogger("cutover.journal")


class Holder(NamedTuple):
    """Who holds a scope. `holder` is what it said of itself (`user`, `host`, `pid`) and `since`, an ISO time."""

    run: str
    holder: Mapping[str, str]
    alive: bool


class Lease:
    """The right to carry a run, until `release`, the end of a `with`, or the death of the process."""

    def __init__(
        self, *, scope: str, run: str, token: int, release: Callable[[], None], present: Callable[[], int]
    ) -> None:
        self.scope = scope
        self.run = run
        self.token = token
        self._release: Callable[[], None] | None = release
        self._present = present

    def confirm(self) -> None:
        """Raise LeaseHeld when this lease is no more: given back, or its scope was taken over meanwhile."""
        if self._release is None or self._present() != self.token:
            raise LeaseHeld(
                f"run {self.run!r} does not hold {self.scope!r} any longer (its token was {self.token})",
                hint=f"another process has taken over; `cutover status {self.run}` shows what it does",
            )

    def release(self) -> None:
        """Give it back; again does nothing."""
        release, self._release = self._release, None
        if release is not None:
            release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class SqlLeases:
    """Leases of one journal. The locks are files in the folder `<journal>.leases`; they stay when nobody holds them."""

    def __init__(self, database: JournalDatabase, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._folder = database.path.with_name(f"{database.path.name}.leases")

    def acquire(self, scope: str, run: str, holder: Mapping[str, str]) -> Lease:
        """Take the lease of `scope`; LeaseHeld, naming the holder, when another process or this one has it."""
        path = self._lock_of(scope)
        with translated(self._database.path, f"the lease of {scope!r} cannot be taken", JournalNotWritable):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = filelock.take(path, wait=_GLANCE)
        if lock is None:
            raise held(scope, self.holder_of(scope))
        try:
            token = self._record(path.name, scope, run, holder)
        except BaseException:
            lock.release()
            raise

        def release() -> None:
            try:
                self._record_end(token)
            except JournalNotWritable as refused:
                # The lock is what counts, and it goes now; the line only tells who had it.
                log.warning("the lease of %r is given back, but not in the journal: %s", scope, refused)
            finally:
                lock.release()

        return Lease(
            scope=scope, run=run, token=token, release=release, present=lambda: self._present(path.name)
        )  # fmt: skip

    def holder_of(self, scope: str) -> Holder | None:
        """Who holds `scope`, or held it when it died; None when the last one gave it back."""
        found = self._look(scope)
        # One that has just ended gave back its lock after its line was read: look again.
        return self._look(scope) if found and not found.alive else found

    def _look(self, scope: str) -> Holder | None:
        path = self._lock_of(scope)
        with self._database.reading(f"the lease of {scope!r}") as connection:
            row = connection.execute(sa.select(LEASE).where(LEASE.c.lock == path.name)).one_or_none()
            if row is None or row.released is not None:
                return None
            return Holder(row.run, {**json.loads(row.holder), "since": row.since}, filelock.taken(path))

    def _lock_of(self, scope: str) -> Path:
        """A file name that a person recognises, and that two scopes never share."""
        known = re.sub(r"[^A-Za-z0-9_.-]", "_", scope)[:60]
        exact = hashlib.sha256(scope.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        return self._folder / f"{known}-{exact}.lock"

    def _record(self, lock: str, scope: str, run: str, holder: Mapping[str, str]) -> int:
        """One transaction; the kernel's lock is held, so nobody else writes this scope's line."""
        row = {
            "lock": lock,
            "scope": scope.encode("utf-8", "backslashreplace").decode(),
            "run": run,
            "holder": content.canonical({name: redact(str(value)) for name, value in holder.items()}).decode(),
            "since": written(self._clock.now()),
            "released": None,
        }
        with self._database.writing(f"the lease of {scope!r}") as connection:
            connection.execute(COUNT_ONE, {"counter": TOKENS})
            token = int(connection.execute(COUNTED, {"counter": TOKENS}).scalar_one())
            connection.execute(sa.delete(LEASE).where(LEASE.c.lock == lock))
            connection.execute(sa.insert(LEASE), {**row, "token": token})
        return token

    def _record_end(self, token: int) -> None:
        with self._database.writing("the end of a lease") as connection:
            ended = sa.update(LEASE).where(LEASE.c.token == token).values(released=written(self._clock.now()))
            connection.execute(ended)

    def _present(self, lock: str) -> int:
        with self._database.reading("a lease") as connection:
            found = connection.execute(sa.select(LEASE.c.token).where(LEASE.c.lock == lock)).scalar_one_or_none()
        return int(found or 0)


def held(scope: str, holder: Holder | None) -> LeaseHeld:
    """The refusal, with what is known of the holder."""
    if holder is None:
        return LeaseHeld(f"{scope!r} is being taken by another process just now", hint="try again in a moment")
    who = {"user": "?", "host": "?", "pid": "?", "since": "?", **holder.holder}
    said = f"{who['user']} on {who['host']}, process {who['pid']}, since {who['since']}"
    return LeaseHeld(
        f"{scope!r} is held by run {holder.run!r} ({said})",
        hint=f"`cutover status {holder.run}` shows where it stands; wait for its end, or end process {who['pid']}",
    )
