"""
Events of runs: appended, read in order, never changed.

`Journal` is what everybody above asks for; `SqlJournal` keeps it in a file of SQLite and mirrors it (`mirror`),
`memory.MemoryJournal` keeps it for tests of others. Both pass the same contract suite.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

import sqlalchemy as sa

from cutover import points
from cutover.clock import Clock
from cutover.errors import JournalNotWritable, WrongInput
from cutover.journal import chain, checking
from cutover.journal.chain import Head, Line
from cutover.journal.database import JournalDatabase, JournalNotReadable, translated
from cutover.journal.lease import Holder, Lease, SqlLeases
from cutover.journal.mirror import Mirror, Tail
from cutover.journal.tables import ADD_EVENT, ALL_RUNS, COUNT_ONE, COUNTED, EVENT, LINES, MOVE_HEAD, ONE_RUN, RUN
from cutover.model.event import Event
from cutover.model.status import EventKind

#: Where a test may kill the process that appends; the world is the journal's own file and its mirror.
POINTS: Final = ("journal.event.written", "journal.event.committed", "journal.event.mirrored")


class Journal(Protocol):
    """The only truth about a run. An event is durable when the call that wrote it returns."""

    def create_run(self, environment: str, data: Mapping[str, Any]) -> str:
        """Write the first event of a new run and return its id: environment and next number, `production-2`."""

    def append(
        self,
        run: str,
        kind: EventKind,
        *,
        step: str = "",
        attempt: int = 0,
        data: Mapping[str, Any] | None = None,
        after: int | None = None,
    ) -> Event:
        """
        Write an event and return it as everybody will read it: without secrets, lists for tuples.

        With `after` only if the run's last event has that number; Overtaken when somebody has written since.
        Raises WrongInput for an unknown run, NotPlain for data that have no canonical JSON, JournalNotWritable.
        """

    def events(self, run: str, *, kinds: Collection[EventKind] | None = None) -> tuple[Event, ...]:
        """The events of a run in order, of these kinds only when they are named; WrongInput for an unknown run."""

    def runs(self) -> tuple[str, ...]:
        """All runs in order of creation."""

    def heads(self) -> tuple[Head, ...]:
        """The last event of every run, in order of creation, without reading any event."""

    def verify_chain(self, run: str) -> list[str]:
        """What is wrong with the record of a run, as sentences; none when all is well. WrongInput: no such run."""

    def verify(self) -> list[str]:
        """What is wrong with the journal as a whole, every run of it included."""

    def acquire(self, scope: str, run: str, holder: Mapping[str, str]) -> Lease:
        """Take the lease of `scope` for a run; LeaseHeld, naming who has it. `holder`: `user`, `host`, `pid`."""

    def holder_of(self, scope: str) -> Holder | None:
        """Who holds the lease of `scope`, or held it when it died; None when nobody does."""


class SqlJournal:
    """
    The journal in a file of SQLite at `path`, made when it is not there. May be used by several threads.

    Opening it repairs what a killed process left: a mirror that is a line short. See `Journal`.
    """

    def __init__(self, path: Path, *, clock: Clock) -> None:
        self._database = JournalDatabase(path)
        self._clock = clock
        self._mirror = Mirror(self._database.mirror)
        self._trusted: Tail | None = None  # an end of the mirror that was compared with the database
        self._behind = True  # the mirror may lack lines
        self._leases = SqlLeases(self._database, clock)
        self._repair()

    def create_run(self, environment: str, data: Mapping[str, Any]) -> str:
        new = chain.entry(EventKind.RUN_CREATED, data=data)
        if self._behind:
            self._catch_up()
        with self._database.writing(f"a new run in {environment!r}") as connection:
            lines = self._lines(connection)
            of_environment = sa.select(sa.func.max(RUN.c.number)).where(RUN.c.environment == environment)
            number = (connection.execute(of_environment).scalar_one() or 0) + 1
            event = chain.follow(chain.beginning(environment, number), new, self._clock.now())
            line = chain.line_of(event)
            first = {"environment": environment, "number": number, "created": lines + 1}
            end = {"run": line.run, "seq": line.seq, "at": line.at, "digest": line.digest}
            connection.execute(sa.insert(RUN), {**first, **end})
            self._insert(connection, lines + 1, line)
        self._into_mirror(lines + 1, line)
        return event.run

    def append(
        self,
        run: str,
        kind: EventKind,
        *,
        step: str = "",
        attempt: int = 0,
        data: Mapping[str, Any] | None = None,
        after: int | None = None,
    ) -> Event:
        new = chain.entry(kind, step=step, attempt=attempt, data=data)
        if self._behind:
            self._catch_up()
        with self._database.writing(f"event {kind} of run {run!r}") as connection:
            lines = self._lines(connection)
            event = chain.follow(chain.expected(self._head(connection, run), after), new, self._clock.now())
            line = chain.line_of(event)
            end = {"of_run": run, "to_seq": line.seq, "to_at": line.at, "to_digest": line.digest}
            connection.execute(MOVE_HEAD, end)
            self._insert(connection, lines + 1, line)
        self._into_mirror(lines + 1, line)
        return event

    def events(self, run: str, *, kinds: Collection[EventKind] | None = None) -> tuple[Event, ...]:
        found = sa.select(*_LINE).where(EVENT.c.run == run).order_by(EVENT.c.seq)
        if kinds is not None:
            found = found.where(EVENT.c.kind.in_([str(kind) for kind in kinds]))
        with self._database.reading(f"run {run!r}") as connection:
            self._head(connection, run)
            return tuple(_event(Line(*row)) for row in connection.execute(found))

    def runs(self) -> tuple[str, ...]:
        return tuple(head.run for head in self.heads())

    def heads(self) -> tuple[Head, ...]:
        with self._database.reading("the runs") as connection:
            return tuple(_head(row) for row in connection.execute(ALL_RUNS))

    def verify_chain(self, run: str) -> list[str]:
        # The mirror first: whatever it has by then, the database has had before.
        mirrored = checking.read_mirror(self._mirror, run)
        with self._database.reading(f"run {run!r}") as connection:
            if run not in mirrored.runs:
                self._head(connection, run)
            return checking.flaws_of_run(connection, run, mirrored)

    def verify(self) -> list[str]:
        mirrored = checking.read_mirror(self._mirror)
        with self._database.reading("the journal") as connection:
            return checking.flaws_of_journal(connection, mirrored)

    def acquire(self, scope: str, run: str, holder: Mapping[str, str]) -> Lease:
        return self._leases.acquire(scope, run, holder)

    def holder_of(self, scope: str) -> Holder | None:
        return self._leases.holder_of(scope)

    def close(self) -> None:
        """Close the file; the end of the process does it, too."""
        self._database.close()

    def _head(self, connection: sa.Connection, run: str) -> Head:
        row = connection.execute(ONE_RUN, {"of_run": run}).one_or_none()
        if row is None:
            raise unknown_run(run, connection.execute(sa.select(RUN.c.run)).scalars().all())
        return _head(row)

    def _insert(self, connection: sa.Connection, number: int, line: Line) -> None:
        connection.execute(ADD_EVENT, {"line": number, **line._asdict()})
        connection.execute(COUNT_ONE, {"counter": LINES})
        points.reach("journal.event.written")

    # the mirror

    def _lines(self, connection: sa.Connection) -> int:
        """How many lines the journal has; JournalNotWritable when the mirror beside it is that of another one."""
        tail = self._mirror.tail()  # first: whatever it has by then, the database has had before
        lines = int(connection.execute(COUNTED, {"counter": LINES}).scalar_one())
        if not 0 <= tail.number <= lines:
            raise self._not_mine(f"its last line is number {tail.number}, that of the journal number {lines}")
        if tail != self._trusted:
            if tail.text and tail.text != next(_mirror_lines(connection, tail.number - 1, 1), None):
                raise self._not_mine(f"line {tail.number} is another event")
            self._trusted = tail
        return lines

    def _not_mine(self, why: str) -> JournalNotWritable:
        return JournalNotWritable(
            f"the mirror {str(self._mirror.path)!r} is not that of the journal: {why}",
            hint="was an older journal put back? put the two back together; or move the mirror away, and keep it",
        )

    def _into_mirror(self, number: int, line: Line) -> None:
        points.reach("journal.event.committed")
        said = f"event {line.seq} of run {line.run!r} is in the journal, but cannot be mirrored"
        text = chain.mirrored(number, line)
        with translated(self._mirror.path, said, JournalNotWritable):
            self._behind = True
            tail = self._mirror.bring_to(number, lambda after: [text] if after == number - 1 else self._after(after))
            self._behind = False
        if tail.text == text:
            self._trusted = tail
        points.reach("journal.event.mirrored")

    def _after(self, number: int) -> Iterator[bytes]:
        with self._database.reading("the events that the mirror has not") as connection:
            yield from _mirror_lines(connection, number)

    def _catch_up(self) -> None:
        """Fill up the mirror before anything is added to the journal that it cannot take."""
        with self._database.reading("the journal") as connection:
            lines = self._lines(connection)
        with translated(self._mirror.path, "the mirror cannot be filled up", JournalNotWritable):
            self._mirror.bring_to(lines, self._after)
        self._behind = False

    def _repair(self) -> None:
        try:
            self._catch_up()
        except JournalNotWritable:
            # Whoever may only read can read. The next event tries again, and then says why it cannot be written.
            self._behind = True


_LINE: Final = tuple(EVENT.c[name] for name in Line._fields)


def unknown_run(run: str, known: Collection[str]) -> WrongInput:
    """The refusal of a run that is not there, with the nearest that are."""
    near = difflib.get_close_matches(run, known, n=3, cutoff=0.5)
    others = ", ".join(repr(name) for name in near or list(known)[-3:])
    hint = f"did you mean {others}? `cutover status` lists all runs" if near else f"known runs: {others or 'none'}"
    return WrongInput(f"run {run!r} is not in the journal", hint=hint)


def _head(row: Any) -> Head:
    try:
        at = datetime.fromisoformat(row.at)
    except (TypeError, ValueError) as wrong:
        raise JournalNotReadable(
            f"run {row.run!r} ends at no time that can be read: {wrong}", hint="somebody changed it: verify the journal"
        ) from None
    return Head(run=row.run, environment=row.environment, seq=row.seq, at=at, digest=row.digest)


def _event(line: Line) -> Event:
    try:
        return chain.event_of(line)
    except (TypeError, ValueError) as wrong:
        raise JournalNotReadable(
            f"event {line.seq} of run {line.run!r} is none that this version knows: {wrong}",
            hint="a newer cutover wrote it, or somebody changed it: verify the journal",
        ) from None


def _mirror_lines(connection: sa.Connection, after: int, most: int | None = None) -> Iterator[bytes]:
    """Lines after number `after` as they stand in the mirror."""
    found = sa.select(EVENT.c.line, *_LINE).where(EVENT.c.line > after).order_by(EVENT.c.line).limit(most)
    for number, *line in connection.execute(found):
        try:
            text = chain.mirrored(number, Line(*line))
        except (TypeError, ValueError) as wrong:
            raise JournalNotReadable(
                f"line {number} of the journal is no event: {wrong}", hint="somebody changed it: verify the journal"
            ) from None
        yield text
