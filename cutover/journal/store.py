"""
Events of runs: appended, read in order, never changed.

`Journal` is what everybody above asks for; `SqlJournal` keeps it in a file of SQLite or on a server of PostgreSQL and
mirrors it (`mirror`), `memory.MemoryJournal` keeps it for tests of others. All pass the same contract suite.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import sqlalchemy as sa

from cutover import points
from cutover.clock import Clock
from cutover.errors import JournalNotWritable, WrongInput
from cutover.journal import chain, checking
from cutover.journal.chain import Head, Line
from cutover.journal.database import JournalDatabase, JournalNotReadable
from cutover.journal.lease import Holder, Lease, SqlLeases
from cutover.journal.mirror import Mirror, Tail
from cutover.journal.sqlite_database import SqliteDatabase
from cutover.journal.tables import (
    ADD_EVENT,
    ALL_RUNS,
    COUNT_ONE,
    COUNTED,
    COUNTED_ALONE,
    EVENT,
    LINES,
    MOVE_HEAD,
    ONE_RUN,
    RUN,
    SUMMARY,
)
from cutover.model.event import Event
from cutover.model.status import EventKind

#: Where a test may kill the process that appends; the world is the journal's own file and its mirror.
POINTS: Final = ("journal.event.written", "journal.event.committed", "journal.event.mirrored")


class Summary(NamedTuple):
    """What somebody worked out from the events of a run up to the one of that digest: plain values, kept for lists."""

    digest: str
    made_by: str  # what worked it out; another version of it may come to something else
    data: Mapping[str, Any]


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
        Raises WrongInput for an unknown run, NotPlain for data that have no canonical JSON, JournalNotWritable, and of
        those LeaseLost when this process took the run's lease and has lost it.
        """

    def events(self, run: str, *, kinds: Collection[EventKind] | None = None, last: bool = False) -> tuple[Event, ...]:
        """
        The events of a run in order, of these kinds only when they are named; WrongInput for an unknown run.

        With `last` also the run's last event, of whatever kind.
        """

    def runs(self) -> tuple[str, ...]:
        """All runs in order of creation."""

    def heads(self) -> tuple[Head, ...]:
        """The last event of every run, in order of creation, without reading any event."""

    def summaries(self) -> Mapping[str, Summary]:
        """By run, what was kept of it. No truth: whoever decides something folds the events."""

    def summarise(self, run: str, summary: Summary) -> None:
        """Keep that of a run instead of what was kept before; WrongInput for an unknown run, JournalNotWritable."""

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
    The journal in `where`, or in a file of SQLite at that path. May be used by several threads.

    Opening it repairs what a killed process left: a mirror that is a line short. See `Journal`.
    """

    def __init__(self, where: JournalDatabase | Path, *, clock: Clock) -> None:
        self._database = SqliteDatabase(where) if isinstance(where, Path) else where
        self._clock = clock
        self._mirror = Mirror(self._database.mirror)
        self._trusted: Tail | None = None  # an end of the mirror that was compared with the database
        self._behind = True  # the mirror may lack lines
        self._leases = SqlLeases(self._database, clock)
        self._read: tuple[Event, ...] = ()  # of the run that was read last
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
            self._leases.guard(connection, run)
            event = chain.follow(chain.expected(self._head(connection, run), after), new, self._clock.now())
            line = chain.line_of(event)
            end = {"of_run": run, "to_seq": line.seq, "to_at": line.at, "to_digest": line.digest}
            connection.execute(MOVE_HEAD, end)
            self._insert(connection, lines + 1, line)
        self._into_mirror(lines + 1, line)
        return event

    def events(self, run: str, *, kinds: Collection[EventKind] | None = None, last: bool = False) -> tuple[Event, ...]:
        with self._database.reading(f"run {run!r}") as connection:
            head = self._head(connection, run)
            if kinds is None:
                return self._all_events(connection, head)
            wanted = EVENT.c.kind.in_(sorted(map(str, kinds)))
            found = _OF_RUN.where(wanted | (EVENT.c.seq == head.seq) if last else wanted)
            return _events(connection, found, run, 0)

    def _all_events(self, connection: sa.Connection, head: Head) -> tuple[Event, ...]:
        """
        All events of a run. Of the run that was read last only the new ones are read, if they continue what was read.

        A process that carries a run looks every half second whether others have written something.
        """
        known = self._read
        if known and known[0].run == head.run and known[-1].seq <= head.seq:
            new = _events(connection, _OF_RUN, head.run, known[-1].seq)
            before = new[0].prev if new else head.digest
            if before == known[-1].digest:
                self._read = known + new if new else known
                return self._read
        self._read = _events(connection, _OF_RUN, head.run, 0)
        return self._read

    def runs(self) -> tuple[str, ...]:
        return tuple(head.run for head in self.heads())

    def heads(self) -> tuple[Head, ...]:
        with self._database.reading("the runs") as connection:
            return tuple(_head(row) for row in connection.execute(ALL_RUNS))

    def summaries(self) -> Mapping[str, Summary]:
        with self._database.reading("the summaries of runs") as connection:
            return {row.run: _summary(row) for row in connection.execute(sa.select(SUMMARY))}

    def summarise(self, run: str, summary: Summary) -> None:
        row = {"run": run, "digest": summary.digest, "made_by": summary.made_by, "data": json.dumps(dict(summary.data))}
        with self._database.writing(f"the summary of run {run!r}") as connection:
            self._head(connection, run)
            connection.execute(sa.delete(SUMMARY).where(SUMMARY.c.run == run))
            connection.execute(sa.insert(SUMMARY), row)

    def verify_chain(self, run: str) -> list[str]:
        # The mirror first: whatever it has by then, the database has had before.
        mirrored = checking.read_mirror(self._mirror)
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
        """Close it; the end of the process does it, too."""
        self._database.close()

    def _head(self, connection: sa.Connection, run: str) -> Head:
        row = connection.execute(ONE_RUN, {"of_run": run}).one_or_none() if _may_be_stored(run) else None
        if row is None:
            raise unknown_run(run, connection.execute(sa.select(RUN.c.run)).scalars().all())
        return _head(row)

    def _insert(self, connection: sa.Connection, number: int, line: Line) -> None:
        connection.execute(ADD_EVENT, {"line": number, **line._asdict()})
        connection.execute(COUNT_ONE, {"counter": LINES})
        points.reach("journal.event.written")

    # the mirror

    def _lines(self, connection: sa.Connection, counted: sa.Select[Any] = COUNTED_ALONE) -> int:
        """
        How many lines the journal has, and nobody adds one before the transaction ends.

        JournalNotWritable when the mirror is that of another journal.
        """
        tail = self._mirror.tail()  # first: whatever it has by then, the database has had before
        lines = int(connection.execute(counted, {"counter": LINES}).scalar_one())
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
        with self._database.translated(said, JournalNotWritable, place=str(self._mirror.path)):
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
            lines = self._lines(connection, COUNTED)
        said = "the mirror cannot be filled up"
        with self._database.translated(said, JournalNotWritable, place=str(self._mirror.path)):
            self._mirror.bring_to(lines, self._after)
        self._behind = False

    def _repair(self) -> None:
        try:
            self._catch_up()
        except JournalNotWritable:
            # Whoever may only read can read. The next event tries again, and then says why it cannot be written.
            self._behind = True


_LINE: Final = tuple(EVENT.c[name] for name in Line._fields)
_OF_RUN: Final = (
    sa.select(*_LINE)
    .where(EVENT.c.run == sa.bindparam("of_run"), EVENT.c.seq > sa.bindparam("behind"))
    .order_by(EVENT.c.seq)
)


def unknown_run(run: str, known: Collection[str]) -> WrongInput:
    """The refusal of a run that is not there, with the nearest that are."""
    near = difflib.get_close_matches(run, known, n=3, cutoff=0.5)
    others = ", ".join(repr(name) for name in near or list(known)[-3:])
    hint = f"did you mean {others}? `cutover status` lists all runs" if near else f"known runs: {others or 'none'}"
    return WrongInput(f"run {run!r} is not in the journal", hint=hint)


def _may_be_stored(text: str) -> bool:
    """Whether a text that somebody typed can be asked for: no database has half a surrogate pair, and not all a NUL."""
    return "\0" not in text and text.encode("utf-8", "ignore").decode() == text


def _summary(row: Any) -> Summary:
    """What was kept; nothing, of no event, when it cannot be read."""
    try:
        data = json.loads(row.data)
    except (TypeError, ValueError):
        data = None
    return Summary(row.digest, row.made_by, data) if isinstance(data, dict) else Summary("", "", {})


def _head(row: Any) -> Head:
    try:
        at = datetime.fromisoformat(row.at)
    except (TypeError, ValueError) as wrong:
        raise JournalNotReadable(
            f"run {row.run!r} ends at no time that can be read: {wrong}", hint="somebody changed it: verify the journal"
        ) from None
    return Head(run=row.run, environment=row.environment, seq=row.seq, at=at, digest=row.digest)


def _events(connection: sa.Connection, found: sa.Select[Any], run: str, behind: int) -> tuple[Event, ...]:
    """The events that are found, in order, behind that number."""
    rows: Any = connection.execute(found, {"of_run": run, "behind": behind}).all()
    return tuple([_event(row) for row in rows])


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
