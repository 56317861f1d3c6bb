"""The file by hand: what the triggers refuse, and what is found when somebody removes them first."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from cutover.errors import JournalNotWritable
from cutover.journal.database import JournalNotReadable
from cutover.journal.store import SqlJournal
from cutover.model.status import EventKind
from tests.unit.journal.clocks import MadeUpClock
from tests.unit.journal.worlds import by_hand


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[SqlJournal]:
    """Two runs of five events each, in turns."""
    opened = SqlJournal(path, clock=MadeUpClock())
    for environment in ("dev", "test"):
        opened.create_run(environment, {"environment": environment})
    for number in range(2, 6):
        for run in ("dev-1", "test-1"):
            opened.append(run, EventKind.NOTED, step="s", data={"says": f"event {number}"})
    yield opened
    opened.close()


def unguarded(path: Path, *statements: str) -> None:
    """Remove every trigger, as somebody would who wants to change what is written; then the statements."""
    triggers = by_hand(path, "SELECT name FROM sqlite_schema WHERE type = 'trigger'")
    by_hand(path, *(f"DROP TRIGGER {name}" for (name,) in triggers), "PRAGMA foreign_keys = OFF", *statements)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET data = '{}' WHERE seq = 3",
        "UPDATE OR REPLACE event SET seq = 9 WHERE run = 'dev-1' AND seq = 3",
        "DELETE FROM event WHERE seq = 5",
        "DELETE FROM event",
        "INSERT OR REPLACE INTO event SELECT line, run, seq, at, kind, step, attempt, '{}', prev, digest FROM event",
        "REPLACE INTO event SELECT 99, run, seq, at, kind, step, attempt, '{}', prev, digest FROM event",
        "DELETE FROM run",
        "UPDATE run SET seq = 1",
        "UPDATE run SET run = 'x'",
        "INSERT OR REPLACE INTO run SELECT run, environment, 7, created, 1, at, digest FROM run",
        "UPDATE counter SET value = 0",
        "DELETE FROM counter",
        "REPLACE INTO counter VALUES ('tokens', 0)",
    ],
)
def test_the_file_itself_refuses(path: Path, journal: SqlJournal, statement: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match=r"never|only"):
        by_hand(path, statement)

    assert journal.verify() == []


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE event SET data = '{\"says\":\"x\"}' WHERE run = 'dev-1' AND seq = 3", "event 3 .* was changed after"),
        ("UPDATE event SET data = 'no json' WHERE run = 'dev-1' AND seq = 3", "event 3 .* was changed after"),
        ("UPDATE event SET data = '{\"a\":1.5}' WHERE run = 'dev-1' AND seq = 3", "event 3 .* was changed after"),
        ("UPDATE event SET data = x'00ff' WHERE run = 'dev-1' AND seq = 3", "event 3 .* was changed after"),
        ("UPDATE event SET at = '2020-01-01' WHERE run = 'dev-1' AND seq = 3", "event 3 .* was changed after"),
        ("UPDATE event SET kind = 'step.done' WHERE run = 'dev-1' AND seq = 3", "event 3 .* was changed after"),
        ("UPDATE event SET kind = x'00' WHERE run = 'dev-1' AND seq = 3", "event 3 .* was changed after"),
        ("UPDATE event SET step = 't' WHERE run = 'dev-1' AND seq = 3", "event 3 .* was changed after"),
        ("UPDATE event SET attempt = 'x' WHERE run = 'dev-1' AND seq = 3", "event 3 .* was changed after"),
        ("UPDATE event SET digest = 'sha256:0' WHERE run = 'dev-1' AND seq = 3", "event 4 .* does not continue"),
        ("UPDATE event SET prev = '' WHERE run = 'dev-1' AND seq = 3", "event 3 .* does not continue"),
        ("UPDATE event SET seq = 'x' WHERE run = 'dev-1' AND seq = 3", "has the number 'x'"),
        ("UPDATE event SET seq = 9 WHERE run = 'dev-1' AND seq = 5", "events 5 to 8 .* are missing"),
        ("UPDATE event SET run = 'dev-1', seq = 6 WHERE run = 'test-1' AND seq = 5", "event 6 .* does not continue"),
        ("DELETE FROM event WHERE run = 'dev-1' AND seq = 3", "event 3 of run 'dev-1' is missing"),
        ("DELETE FROM event WHERE run = 'dev-1' AND seq IN (2, 3)", "events 2 to 3 of run 'dev-1' are missing"),
        ("DELETE FROM event WHERE run = 'dev-1' AND seq = 1", "event 1 of run 'dev-1' is missing"),
        ("DELETE FROM event WHERE run = 'dev-1' AND seq = 5", "run 'dev-1' ends with event 4, but had 5"),
        ("DELETE FROM event WHERE run = 'dev-1'", "run 'dev-1' ends with event 0, but had 5"),
        ("DELETE FROM run WHERE run = 'dev-1'", "run 'dev-1' was taken out of the list of runs"),
        ("UPDATE run SET digest = 'sha256:0' WHERE run = 'dev-1'", "'dev-1' does not end with the event that the list"),
        ("UPDATE run SET seq = 4 WHERE run = 'dev-1'", "'dev-1' does not end with the event that the list"),
        ("UPDATE run SET seq = 'x' WHERE run = 'dev-1'", "'dev-1' does not end with the event that the list"),
    ],
)
def test_an_edit_is_found(path: Path, journal: SqlJournal, statement: str, says: str) -> None:
    unguarded(path, statement)

    found = journal.verify_chain("dev-1")
    assert any(_matches(says, flaw) for flaw in found), found
    assert set(found) <= set(journal.verify())


def _matches(pattern: str, text: str) -> bool:
    return re.search(pattern, text) is not None


def test_other_runs_stay_whole(path: Path, journal: SqlJournal) -> None:
    unguarded(path, "UPDATE event SET data = '{}' WHERE run = 'dev-1' AND seq = 3")

    assert journal.verify_chain("test-1") == []


def test_a_last_event_taken_away_with_its_trace_is_in_the_mirror(path: Path, journal: SqlJournal) -> None:
    unguarded(
        path,
        "DELETE FROM event WHERE run = 'test-1' AND seq = 5",
        "UPDATE counter SET value = value - 1 WHERE name = 'lines'",
        "UPDATE run SET (seq, digest) = (SELECT seq, digest FROM event WHERE run = 'test-1' AND seq = 4)"
        " WHERE run = 'test-1'",
    )

    assert journal.verify_chain("test-1") == ["run 'test-1': in the mirror, but not in the journal: event 5"]
    with pytest.raises(JournalNotWritable, match="its last line is number 10, that of the journal number 9"):
        journal.append("dev-1", EventKind.NOTED)


def test_a_whole_run_taken_away_is_in_the_mirror(path: Path, journal: SqlJournal) -> None:
    unguarded(path, "DELETE FROM event WHERE run = 'dev-1'", "DELETE FROM run WHERE run = 'dev-1'")

    found = journal.verify_chain("dev-1")
    assert "run 'dev-1': in the mirror, but not in the journal: events 1, 2, 3, 4, 5" in found
    assert set(found) <= set(journal.verify())
    assert "line 1 of the journal is missing" in journal.verify()


def test_a_chain_that_was_written_anew_is_not_that_of_the_mirror(
    path: Path, journal: SqlJournal, tmp_path: Path
) -> None:
    forged = SqlJournal(tmp_path / "forged.db", clock=MadeUpClock())
    for environment in ("dev", "test"):
        forged.create_run(environment, {"environment": environment})
    for number in range(2, 6):
        for run in ("dev-1", "test-1"):
            forged.append(
                run, EventKind.NOTED, step="s", data={"says": "all was well" if number == 4 else f"event {number}"}
            )
    assert forged.verify() == []
    forged.close()
    journal.close()
    path.write_bytes((tmp_path / "forged.db").read_bytes())

    assert "run 'dev-1': not the same in the journal and in its mirror: events 4, 5" in SqlJournal(
        path, clock=MadeUpClock()
    ).verify_chain("dev-1")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda lines: [*lines[:2], *lines[3:]], "in the journal, but not in its mirror: event 2"),
        (lambda lines: [*lines[:2], lines[2].replace("event 2", "event two"), *lines[3:]], "not the same .*: event 2"),
        (lambda lines: [*lines, lines[2].replace("event 2", "event two")], "not the same .*: event 2"),
        (lambda lines: [*lines[:2], "no json", *lines[3:]], "in the journal, but not in its mirror: event 2"),
    ],
    ids=["removed", "changed", "doubled", "broken"],
)
def test_a_changed_mirror_is_found(path: Path, journal: SqlJournal, change: object, says: str) -> None:
    mirror = path.with_name("journal.db.jsonl")
    lines = mirror.read_text().splitlines()
    mirror.write_text("".join(f"{line}\n" for line in change(lines)))  # type: ignore[operator]

    assert any(_matches(f"run 'dev-1': {says}", flaw) for flaw in journal.verify_chain("dev-1"))


def test_many_events_are_counted_and_not_listed(path: Path, journal: SqlJournal) -> None:
    for _ in range(95):
        journal.append("dev-1", EventKind.NOTED)
    unguarded(path, "DELETE FROM event WHERE run = 'dev-1'")

    assert "run 'dev-1': in the mirror, but not in the journal: events 1, 2, 3, 4, 5 … (100 of them)" in (
        journal.verify_chain("dev-1")
    )


def test_what_is_no_event_is_not_read_as_one(path: Path, journal: SqlJournal) -> None:
    unguarded(path, "UPDATE event SET kind = 'step.teleported' WHERE run = 'dev-1' AND seq = 3")

    with pytest.raises(JournalNotReadable, match=r"event 3 of run 'dev-1' .*'step.teleported'"):
        journal.events("dev-1")


def test_a_head_without_a_time_is_not_believed(path: Path, journal: SqlJournal) -> None:
    unguarded(path, "UPDATE run SET at = 'soon' WHERE run = 'dev-1'")

    with pytest.raises(JournalNotReadable, match="'dev-1' ends at no time"):
        journal.append("dev-1", EventKind.NOTED)
    assert len(by_hand(path, "SELECT * FROM event WHERE run = 'dev-1'")) == 5


def test_a_counter_that_was_changed_stops_the_journal(path: Path, journal: SqlJournal) -> None:
    unguarded(path, "UPDATE counter SET value = 10 WHERE name = 'lines'", "DELETE FROM event WHERE line = 10")
    journal.close()

    with pytest.raises((JournalNotWritable, JournalNotReadable)):
        SqlJournal(path, clock=MadeUpClock()).append("dev-1", EventKind.NOTED)


def test_an_auditor_needs_no_cutover(path: Path, journal: SqlJournal) -> None:
    """The lines of Python in docs/journal.md, on this journal."""
    page = (Path(__file__).parents[3] / "docs" / "journal.md").read_text()
    program = page.split("```python\n")[1].split("```")[0].replace(".cutover/journal.db", str(path))
    whole: dict[str, object] = {}
    exec(compile(program, "docs/journal.md", "exec"), whole)
    assert whole["broken"] == []
    assert whole["counted"] == 10

    unguarded(path, "UPDATE event SET data = '{}' WHERE run = 'dev-1' AND seq = 3")
    edited: dict[str, object] = {}
    exec(compile(program, "docs/journal.md", "exec"), edited)
    assert edited["broken"] == [("dev-1", 3)]


def test_the_mirror_says_the_same_as_the_journal(path: Path, journal: SqlJournal) -> None:
    mirrored = [json.loads(line) for line in path.with_name("journal.db.jsonl").read_text().splitlines()]
    found = by_hand(path, "SELECT line, run, seq, at, kind, step, attempt, data, prev, digest FROM event ORDER BY line")

    names = ("line", "run", "seq", "at", "kind", "step", "attempt", "data", "prev", "digest")
    stored = [dict(zip(names, row, strict=True)) for row in found]
    assert mirrored == [{**row, "data": json.loads(row["data"])} for row in stored]
