"""
Holds the journal to its own word: the chain of every run, the ends of the chains, the numbers of the lines, the mirror.

Read-only. Whatever is found is a sentence for an auditor, never a repair.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from cutover.journal import chain
from cutover.journal.chain import Line
from cutover.journal.mirror import Mirror, parsed
from cutover.journal.tables import ALL_RUNS, COUNTED, EVENT, LINES, ONE_RUN

#: Numbers of events that a sentence names before it only counts.
_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirrored:
    """What the mirror has: by run, its lines with the numbers that they bear."""

    runs: Mapping[str, Sequence[tuple[int, bytes]]]
    last: int  # the highest number of all


def read_mirror(mirror: Mirror) -> Mirrored:
    """
    Read the mirror through, or take what was read of the same file before. What is no event belongs to no run.

    Who checks one run after the other would otherwise read all of it each time.
    """
    state = mirror.state()
    known = _read.get(mirror)
    if known is None or known[0] != state:
        known = _read[mirror] = (state, _parsed(mirror))
    return known[1]


_read: weakref.WeakKeyDictionary[Mirror, tuple[tuple[int, ...], Mirrored]] = weakref.WeakKeyDictionary()


def _parsed(mirror: Mirror) -> Mirrored:
    runs: dict[str, list[tuple[int, bytes]]] = {}
    last = 0
    for text in mirror.lines():
        found = parsed(text)
        number, of_run = found.get("line"), found.get("run")
        if isinstance(number, int) and isinstance(of_run, str):
            last = max(last, number)
            runs.setdefault(of_run, []).append((number, text))
    return Mirrored(runs=runs, last=last)


def flaws_of_run(connection: sa.Connection, run: str, mirrored: Mirrored) -> list[str]:
    """What is wrong with a run: in its chain, at its end, and where the mirror has something else."""
    found = sa.select(EVENT).where(EVENT.c.run == run).order_by(EVENT.c.seq)
    stored = {row.line: Line(*row[1:]) for row in connection.execute(found)}
    return [
        *chain.flaws(run, stored.values()),
        *_flaws_at_the_end(connection, run, list(stored.values())),
        *_flaws_in_the_mirror(run, stored, mirrored),
    ]


def flaws_of_journal(connection: sa.Connection, mirrored: Mirrored) -> list[str]:
    """Lines that are missing, and what is wrong with each run that anything knows of."""
    expected = connection.execute(COUNTED, {"counter": LINES}).scalar_one()
    there = connection.execute(sa.select(EVENT.c.line).order_by(EVENT.c.line)).scalars()
    found = list(_gaps(there, expected))
    listed = [row.run for row in connection.execute(ALL_RUNS)]
    with_events = connection.execute(sa.select(EVENT.c.run).distinct()).scalars()
    for run in dict.fromkeys([*listed, *with_events, *mirrored.runs]):
        found += flaws_of_run(connection, run, mirrored)
    return found


def _flaws_at_the_end(connection: sa.Connection, run: str, lines: Sequence[Line]) -> Iterator[str]:
    head = connection.execute(ONE_RUN, {"of_run": run}).one_or_none()
    last = max((line.seq for line in lines if isinstance(line.seq, int)), default=0)
    if head is None:
        yield f"run {run!r} was taken out of the list of runs"
    elif isinstance(head.seq, int) and last < head.seq:
        yield f"run {run!r} ends with event {last}, but had {head.seq}"
    elif (last, lines[-1].digest) != (head.seq, head.digest):
        yield f"run {run!r} does not end with the event that the list of runs names"


def _flaws_in_the_mirror(run: str, stored: Mapping[int, Line], mirrored: Mirrored) -> Iterator[str]:
    lines = mirrored.runs.get(run, ())
    there = {number for number, _ in lines}
    # What lies behind the mirror's end is not there yet: it is filled up with the next event.
    lacking = [line.seq for number, line in stored.items() if number <= mirrored.last and number not in there]
    if lacking:
        yield f"run {run!r}: in the journal, but not in its mirror: {_events(lacking)}"
    only = [parsed(text).get("seq") for number, text in lines if number not in stored]
    if only:
        yield f"run {run!r}: in the mirror, but not in the journal: {_events(only)}"
    both = [(stored[number], number, text) for number, text in lines if number in stored]
    other = [line.seq for line, number, text in both if text != _as_mirrored(number, line)]
    if other:
        yield f"run {run!r}: not the same in the journal and in its mirror: {_events(other)}"


def _events(numbers: Sequence[Any]) -> str:
    if len(numbers) == 1:
        return f"event {numbers[0]}"
    shown = ", ".join(str(number) for number in numbers[:_NAMED])
    return f"events {shown}" + (f" … ({len(numbers)} of them)" if len(numbers) > _NAMED else "")


def _as_mirrored(number: int, line: Line) -> bytes | None:
    try:
        return chain.mirrored(number, line)
    except (TypeError, ValueError):
        return None


def _gaps(there: sa.ScalarResult[int], expected: int) -> Iterator[str]:
    last = 0
    for number in there:
        if number > last + 1:
            yield _lines(last + 1, number - 1)
        last = number
    if last < expected:
        yield _lines(last + 1, expected)


def _lines(first: int, last: int) -> str:
    return f"line {first} of the journal is missing" if first == last else f"lines {first} to {last} are missing"
