"""Long journals to measure with: made at once, chained and mirrored like any other, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from cutover.journal import chain
from cutover.journal.chain import Head
from cutover.journal.database import JournalDatabase
from cutover.journal.tables import COUNTER, EVENT, RUN
from cutover.model.event import Event
from cutover.model.status import EventKind as Kind

_BEGAN = datetime(2026, 1, 5, 20, 0, tzinfo=UTC)
_NOBODY = {"user": "bench", "host": "bench", "pid": "1"}
_ROWS = 5_000


class _Clock:
    """A second later each time."""

    def __init__(self) -> None:
        self._at = _BEGAN

    def now(self) -> datetime:
        self._at += timedelta(seconds=1)
        return self._at


class LongJournal:
    """Writes whole runs into an empty journal; `write` must be called once, at the end."""

    def __init__(self) -> None:
        self._clock = _Clock()
        self._events: list[Event] = []
        self._runs: list[dict[str, Any]] = []
        self._numbers: dict[str, int] = {}

    @property
    def events(self) -> int:
        """How many there are."""
        return len(self._events)

    def run(self, environment: str, told: Iterator[tuple[Kind, str, dict[str, Any]]]) -> str:
        """Add a run with these events; its id."""
        number = self._numbers[environment] = self._numbers.get(environment, 0) + 1
        head = chain.beginning(environment, number)
        first = len(self._events) + 1
        for kind, step, data in told:
            event = chain.follow(head, chain.entry(kind, step=step, attempt=1, data=data), self._clock.now())
            self._events.append(event)
            head = chain.head_of(environment, event)
        self._runs.append(_row(head, number, first))
        return head.run

    def write(self, database: JournalDatabase) -> None:
        """Put everything into the journal, which must be empty. The next opening mirrors it."""
        lines = [{"line": line, **chain.line_of(event)._asdict()} for line, event in enumerate(self._events, 1)]
        with database.writing("a long journal") as connection:
            connection.execute(sa.insert(RUN), self._runs)
            for begin in range(0, len(lines), _ROWS):
                connection.execute(sa.insert(EVENT), lines[begin : begin + _ROWS])
            _count(connection, len(lines))


def steps(count: int) -> list[dict[str, Any]]:
    """Steps as `run.created` names them."""
    return [
        {
            "id": f"step-{number}",
            "kind": "check",
            "phase": f"phase-{number // 10}",
            "wave": "",
            "by": "",
            "after": [f"step-{number - 1}"] if number else [],
            "says": f"check that part {number} of the old system is as it should be",
            "asks": "",
            "needs_evidence": "",
            "digest": f"sha256:{number:064x}",
            "point_of_no_return": False,
        }
        for number in range(count)
    ]


def created(environment: str, step_count: int) -> tuple[Kind, str, dict[str, Any]]:
    """The first event of a run."""
    data = {
        "environment": environment,
        "mode": "rehearsal",
        "drill": False,
        "runbook": "A long night",
        "path": "runbooks/long.yaml",
        "roles": {},
        "people": "simulated",
        "steps": steps(step_count),
        "planned": {},
        "by": _NOBODY,
    }
    return Kind.RUN_CREATED, "", data


def rehearsal(environment: str, step_count: int, findings: int) -> Iterator[tuple[Kind, str, dict[str, Any]]]:
    """A run that ended well: `step_count` steps, of which each found something `findings` times."""
    yield created(environment, step_count)
    yield Kind.RUN_ARMED, "", {}
    yield Kind.ATTEMPT_STARTED, "", {"number": 1, "by": _NOBODY, "token": 1}
    for number in range(step_count):
        yield from _step(number, findings)
    yield Kind.RUN_COMPLETED, "", {}
    yield Kind.ATTEMPT_ENDED, "", {"status": "completed", "exit_status": 0, "says": "completed"}


def long_run(environment: str, step_count: int, events: int) -> Iterator[tuple[Kind, str, dict[str, Any]]]:
    """A run of that many events which died in its last step: as many findings a step as there is room for."""
    yield created(environment, step_count)
    yield Kind.RUN_ARMED, "", {}
    yield Kind.ATTEMPT_STARTED, "", {"number": 1, "by": _NOBODY, "token": 1}
    findings = (events - 5) // step_count - 5
    for number in range(step_count - 1):
        yield from _step(number, findings)
    yield Kind.STEP_READY, f"step-{step_count - 1}", {}
    yield Kind.STEP_STARTED, f"step-{step_count - 1}", {}
    for number in range(events - 5 - (step_count - 1) * (5 + findings)):
        yield Kind.FOUND, f"step-{step_count - 1}", _finding(number)


def _step(number: int, findings: int) -> Iterator[tuple[Kind, str, dict[str, Any]]]:
    step = f"step-{number}"
    yield Kind.STEP_READY, step, {}
    yield Kind.STEP_STARTED, step, {}
    yield Kind.REMEMBERED, step, {"name": "place", "value": f"part {number}"}
    for one in range(findings):
        yield Kind.FOUND, step, _finding(one)
    yield Kind.STEP_VERIFYING, step, {}
    yield Kind.STEP_DONE, step, {"facts": {"checks": [{"says": "rows", "expected": "7", "got": "7", "passed": True}]}}


def _finding(number: int) -> dict[str, Any]:
    return {"check": "amount:ge(0)", "table": "order", "severity": "warn", "rows": number, "sample": f"order {number}"}


def _count(connection: sa.Connection, lines: int) -> None:
    """Set the counter of lines, which only grows by one: its guard steps aside for this once."""
    counted = sa.update(COUNTER).where(COUNTER.c.name == "lines").values(value=lines)
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("ALTER TABLE counter DISABLE TRIGGER counter_only_grows")
        connection.execute(counted)
        connection.exec_driver_sql("ALTER TABLE counter ENABLE ALWAYS TRIGGER counter_only_grows")
        return
    guard = connection.exec_driver_sql("SELECT sql FROM sqlite_schema WHERE name = 'counter_only_grows'").scalar_one()
    connection.exec_driver_sql("DROP TRIGGER counter_only_grows")
    connection.execute(counted)
    connection.exec_driver_sql(guard)


def _row(head: Head, number: int, first: int) -> dict[str, Any]:
    return {
        "run": head.run,
        "environment": head.environment,
        "number": number,
        "created": first,
        "seq": head.seq,
        "at": chain.written(head.at),
        "digest": head.digest,
    }
