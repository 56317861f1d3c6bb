"""
Leases: who may carry a run in a scope (an environment) now.

A lock of the kernel, or of the journal's server, says whether the holder lives, so a killed one frees its scope at once
and nobody waits for a heartbeat to run out. The journal says who it is, and counts: the token grows with every
acquisition and is never given twice, so a holder that was overtaken can be told from the present one wherever the token
is checked. The journal itself checks it with every event of a run that is carried here.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import sqlalchemy as sa

from cutover import content
from cutover.clock import Clock
from cutover.errors import JournalNotWritable, LeaseHeld, LeaseLost
from cutover.journal.chain import written
from cutover.journal.database import JournalDatabase, Lock
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
        """
        Raise LeaseLost when this lease is no more: given back, taken over, or its connection is gone.

        JournalNotReadable when the journal cannot be asked. Any thread may ask.
        """
        if self._release is None or self._present() != self.token:
            raise lost(self.scope, self.run, self.token)

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Carried:
    """A lease of this process."""

    scope: str
    run: str
    token: int
    name: str  # of its lock
    lock: Lock


class SqlLeases:
    """Leases of one journal."""

    def __init__(self, database: JournalDatabase, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._carried: dict[int, _Carried] = {}

    def acquire(self, scope: str, run: str, holder: Mapping[str, str]) -> Lease:
        """Take the lease of `scope`; LeaseHeld, naming the holder, when another process or this one has it."""
        name = _name_of(scope)
        with self._database.translated(f"the lease of {scope!r} cannot be taken", JournalNotWritable):
            lock = self._database.locks.take(name, wait=_GLANCE)
        if lock is None:
            raise held(scope, self.holder_of(scope))
        try:
            token = self._record(name, scope, run, holder)
        except BaseException:
            lock.release()
            raise
        mine = _Carried(scope=scope, run=run, token=token, name=name, lock=lock)
        for earlier in tuple(self._carried.values()):
            if (earlier.name, earlier.run) == (
                name,
                run,
            ):  # of this process, and lost: who took it anew goes on under the new one
                self._carried.pop(earlier.token, None)
        self._carried[token] = mine
        return Lease(
            scope=scope, run=run, token=token, release=lambda: self._release(mine), present=lambda: self._present(mine)
        )

    def holder_of(self, scope: str) -> Holder | None:
        """Who holds `scope`, or held it when it died; None when the last one gave it back."""
        found = self._look(scope)
        # One that has just ended gave back its lock after its line was read: look again.
        return self._look(scope) if found and not found.alive else found

    def guard(self, connection: sa.Connection, run: str) -> None:
        """
        Raise LeaseLost when this process carries `run` under a lease that is no more.

        Asked in the transaction that writes an event, and until its end nobody takes over: so what an overtaken process
        wants to say is refused, and its intent with it.
        """
        for mine in tuple(self._carried.values()):
            if mine.run == run and _token(connection, mine, _TOKEN_KEPT) != mine.token:
                raise lost(mine.scope, run, mine.token)

    def _release(self, mine: _Carried) -> None:
        self._carried.pop(mine.token, None)
        try:
            self._record_end(mine.token)
        except JournalNotWritable as refused:
            # The lock is what counts, and it goes now; the line only tells who had it.
            log.warning("the lease of %r is given back, but not in the journal: %s", mine.scope, refused)
        finally:
            mine.lock.release()

    def _look(self, scope: str) -> Holder | None:
        name = _name_of(scope)
        with self._database.reading(f"the lease of {scope!r}") as connection:
            row = connection.execute(sa.select(LEASE).where(LEASE.c.lock == name)).one_or_none()
            if row is None or row.released is not None:
                return None
            alive = self._database.locks.taken(name, connection)
            return Holder(row.run, {**json.loads(row.holder), "since": row.since}, alive)

    def _record(self, lock: str, scope: str, run: str, holder: Mapping[str, str]) -> int:
        """One transaction; the lock is held, so nobody else writes this scope's line."""
        row = {
            "lock": lock,
            "scope": scope.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode(),
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

    def _present(self, mine: _Carried) -> int:
        with self._database.reading("a lease") as connection:
            return _token(connection, mine, _TOKEN)


_TOKEN: Final = sa.select(LEASE.c.token).where(LEASE.c.lock == sa.bindparam("of_lock"))
#: The same, and nobody takes over until the transaction ends; SQLite has one writer anyway.
_TOKEN_KEPT: Final = _TOKEN.with_for_update(read=True)


def _token(connection: sa.Connection, mine: _Carried, asked: sa.Select[Any]) -> int:
    """The token of the scope's present holder; 0 when the lock that goes with ours is gone."""
    found = connection.execute(asked, {"of_lock": mine.name}).scalar_one_or_none()
    return int(found or 0) if mine.lock.is_held(connection) else 0


def _name_of(scope: str) -> str:
    """A name for a lock that a person recognises, fit for a file, and that two scopes never share."""
    known = re.sub(r"[^A-Za-z0-9_.-]", "_", scope)[:60]
    exact = hashlib.sha256(scope.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{known}-{exact}.lock"


def lost(scope: str, run: str, token: int) -> LeaseLost:
    """The refusal of a holder that is none any longer."""
    return LeaseLost(
        f"run {run!r} does not hold {scope!r} any longer (its token was {token})",
        hint=f"another process has taken over, or the journal's server ended the lease: `cutover status {run}`",
    )


def held(scope: str, holder: Holder | None) -> LeaseHeld:
    """The refusal, with what is known of the holder."""
    if holder is None:
        return LeaseHeld(f"{scope!r} is being taken by another process just now", hint="try again in a moment")
    who = {"user": "?", "host": "?", "pid": "?", "since": "?", **holder.holder}
    said = f"{who['user']} on {who['host']}, process {who['pid']}, since {who['since']}"
    return LeaseHeld(
        f"{scope!r} is held by run {holder.run!r} ({said})",
        hint=f"`cutover status {holder.run}` shows where it stands; wait for its end, or end its process on "
        f"{who['host']!r}",
    )
