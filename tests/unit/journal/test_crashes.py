"""Processes that die while they append, by the real signal; and what the next one finds."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cutover.errors import JournalNotWritable
from cutover.journal import filelock, mirror
from cutover.journal.store import POINTS, SqlJournal
from cutover.model.status import EventKind
from cutover.points import KILL_AT
from tests.unit.journal.clocks import MadeUpClock
from tests.unit.journal.worlds import ended, line_from, process, run_process


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def mirrored(path: Path) -> list[int]:
    """Numbers of the lines of the mirror; half a line is an error."""
    return [json.loads(line)["line"] for line in path.with_name("journal.db.jsonl").read_text().splitlines()]


@pytest.fixture
def journal(path: Path) -> Iterator[SqlJournal]:
    opened = SqlJournal(path, clock=MadeUpClock())
    opened.create_run("dev", {})
    yield opened
    opened.close()


APPEND = "journal = opened()\nfor _ in range(3): print(journal.append('dev-1', EventKind.NOTED).seq, flush=True)"


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("nth", [1, 3])
def test_killed_while_appending(path: Path, journal: SqlJournal, point: str, nth: int) -> None:
    """What was said to be written is there; journal and mirror are the same; the next event follows."""
    status, out = run_process(path, APPEND, environ={KILL_AT: f"{point}#{nth}"})
    assert status == -9

    said = [1, *map(int, out.split())]
    after = SqlJournal(path, clock=MadeUpClock())
    there = [event.seq for event in after.events("dev-1")]
    assert there[: len(said)] == said
    assert len(there) == 1 + nth - (point == "journal.event.written")
    assert mirrored(path) == there
    assert after.append("dev-1", EventKind.NOTED).seq == len(there) + 1
    assert after.verify() == []


@pytest.mark.parametrize("point", POINTS)
def test_killed_while_creating_a_run(path: Path, point: str) -> None:
    status, _ = run_process(path, "opened().create_run('dev', {})", environ={KILL_AT: point})
    assert status == -9

    after = SqlJournal(path, clock=MadeUpClock())
    there = point != "journal.event.written"
    assert after.runs() == (("dev-1",) if there else ())
    assert after.create_run("dev", {}) == ("dev-2" if there else "dev-1")
    assert after.verify() == []


@pytest.mark.parametrize("cut", [1, 20, 150])
def test_half_a_line_is_cut_and_written_again(path: Path, journal: SqlJournal, cut: int) -> None:
    journal.append("dev-1", EventKind.NOTED, data={"says": "x" * 100})
    file = path.with_name("journal.db.jsonl")
    file.write_bytes(file.read_bytes()[:-cut])
    assert journal.verify() == []  # not there yet is no flaw

    SqlJournal(path, clock=MadeUpClock())
    assert mirrored(path) == [1, 2]


def test_half_a_line_too_many_is_cut(path: Path, journal: SqlJournal) -> None:
    file = path.with_name("journal.db.jsonl")
    whole = file.read_bytes()
    file.write_bytes(whole + b"\0" * 4096)  # what a power failure leaves of a file that had grown

    journal.append("dev-1", EventKind.NOTED)
    assert file.read_bytes().startswith(whole + b"{")
    assert mirrored(path) == [1, 2]


@pytest.mark.parametrize("again", [True, False], ids=["opened again", "still open"])
def test_a_mirror_that_is_gone_is_written_again(path: Path, journal: SqlJournal, again: bool) -> None:
    for _ in range(5):
        journal.append("dev-1", EventKind.NOTED)
    path.with_name("journal.db.jsonl").unlink()

    later = SqlJournal(path, clock=MadeUpClock()) if again else journal
    later.append("dev-1", EventKind.NOTED)
    assert mirrored(path) == [1, 2, 3, 4, 5, 6, 7]
    assert path.with_name("journal.db.jsonl").stat().st_mode & 0o777 == 0o600
    assert later.verify() == []


def test_lines_longer_than_a_block_are_found_from_the_end(path: Path, journal: SqlJournal) -> None:
    for length in (10, 70_000, 200_000, 65_536 - 330, 65_536):
        journal.append("dev-1", EventKind.NOTED, data={"says": "x" * length})
        assert SqlJournal(path, clock=MadeUpClock()).verify() == []

    tail = mirror.Mirror(path.with_name("journal.db.jsonl")).tail()
    assert (tail.number, tail.whole) == (6, tail.size)


def test_processes_and_threads_that_append_at_once_leave_one_order(path: Path, journal: SqlJournal) -> None:
    code = """
    journal = opened()
    print("ready", flush=True)
    sys.stdin.readline()
    mine = journal.create_run("dev", {})
    for number in range(40):
        journal.append("dev-1", EventKind.NOTED, data={"says": mine})
        journal.append(mine, EventKind.NOTED)
    """
    started = [process(path, code) for _ in range(3)]
    assert {line_from(one) for one in started} == {"ready"}
    for one in started:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    threads = [
        threading.Thread(target=lambda: [journal.append("dev-1", EventKind.NOTED) for _ in range(40)]) for _ in "ab"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one in started:
        ended(one)

    assert [event.seq for event in journal.events("dev-1")] == list(range(1, 202))
    assert mirrored(path) == list(range(1, 1 + 3 * 81 + 1 + 80))
    assert journal.verify() == []


def test_reading_works_while_another_process_writes(path: Path, journal: SqlJournal) -> None:
    writer = process(
        path, "journal = opened(); print('go', flush=True)\nwhile True: journal.append('dev-1', EventKind.NOTED)"
    )
    assert line_from(writer) == "go"
    try:
        until = time.monotonic() + 30
        lengths = [1]
        while lengths[-1] < 20 and time.monotonic() < until:
            lengths.append(len(journal.events("dev-1")))
        flaws = [flaw for _ in range(10) for flaw in journal.verify()]
        opened = [SqlJournal(path, clock=MadeUpClock()).runs() for _ in range(10)]
    finally:
        writer.kill()
        writer.communicate()

    assert lengths == sorted(lengths)
    assert lengths[-1] >= 20
    assert flaws == []
    assert opened == [("dev-1",)] * 10


def test_a_mirror_that_another_process_keeps_is_waited_for_and_then_refused(
    path: Path, journal: SqlJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirror, "_WAIT", 0.05)
    lock = filelock.take(path.with_name("journal.db.jsonl"), wait=1)
    assert lock is not None

    with pytest.raises(JournalNotWritable, match="event 2 of run 'dev-1' is in the journal, but cannot be mirrored"):
        journal.append("dev-1", EventKind.NOTED)
    with pytest.raises(JournalNotWritable, match="the mirror cannot be filled up"):
        journal.append("dev-1", EventKind.NOTED)
    lock.release()

    assert journal.append("dev-1", EventKind.NOTED).seq == 3
    assert mirrored(path) == [1, 2, 3]
