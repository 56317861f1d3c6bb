"""Opening: made once, cheaply, readable by the owner only; refused when it is not ours; and what cannot be written."""

from __future__ import annotations

import os
import resource
import sqlite3
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from shutil import rmtree

import pytest

from cutover.errors import ExitStatus, JournalNotWritable
from cutover.journal import schema, sqlite
from cutover.journal.database import JournalNotReadable
from cutover.journal.quarantine import QuarantinedRow, SqlQuarantine
from cutover.journal.store import SqlJournal
from cutover.model.status import EventKind
from tests.unit.journal.clocks import MadeUpClock
from tests.unit.journal.worlds import by_hand, ended, line_from, process, run_process


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def opened(path: Path) -> SqlJournal:
    return SqlJournal(path, clock=MadeUpClock())


def test_its_folder_is_made(tmp_path: Path) -> None:
    assert opened(tmp_path / "a" / "b" / "journal.db").create_run("dev", {}) == "dev-1"


@pytest.mark.parametrize("name", ["a b.db", "100%.db", "q?x=1#y.db", "ü.db", ":memory:", "\udc96.db"], ids=ascii)
def test_its_name_may_be_anything(tmp_path: Path, name: str) -> None:
    opened(tmp_path / name).create_run("dev", {})

    assert opened(tmp_path / name).runs() == ("dev-1",)
    assert (tmp_path / name).is_file()


def test_everything_is_for_the_owner_only(path: Path) -> None:
    before = os.umask(0)
    try:
        journal = opened(path)
        journal.create_run("dev", {})
        journal.acquire("dev", "dev-1", {})
        SqlQuarantine(path)
        files = [file for file in path.parent.rglob("*") if file.is_file()]
    finally:
        os.umask(before)

    assert len(files) >= 4
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_durability_is_asked_for(path: Path) -> None:
    journal = opened(path)
    with journal._database.reading("settings") as connection:
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]

    assert found == ["wal", 2]


def test_opening_is_cheap(path: Path) -> None:
    def seconds() -> float:
        began = time.perf_counter()
        opened(path).close()
        SqlQuarantine(path).close()
        return time.perf_counter() - began

    seconds()
    assert min(seconds() for _ in range(5)) < 0.05


def test_processes_that_open_it_first_at_once(path: Path) -> None:
    code = """
    print("ready", flush=True)
    sys.stdin.readline()
    print(opened().create_run("dev", {}))
    """
    started = [process(path, code) for _ in range(6)]
    assert {line_from(one) for one in started} == {"ready"}
    for one in started:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()

    assert sorted(ended(one)[1] for one in started) == [f"dev-{number}" for number in range(1, 7)]
    assert opened(path).verify() == []


@pytest.mark.parametrize("nth", range(3))
def test_one_that_died_while_it_was_made_is_finished(path: Path, nth: int) -> None:
    code = f"""
    from cutover.journal import schema, sqlite, database
    import cutover.durable
    def die(*_): os.kill(os.getpid(), 9)
    [lambda: setattr(sqlite, "use_log", die), lambda: setattr(schema, "bring_forward", die),
     lambda: setattr(cutover.durable, "sync_folder", die)][{nth}]()
    opened()
    """
    assert run_process(path, code)[0] == -9

    journal = opened(path)
    assert journal.create_run("dev", {}) == "dev-1"
    assert journal.verify() == []


# what is not ours


def test_somebody_elses_database_is_refused_and_left_alone(path: Path) -> None:
    by_hand(path, "CREATE TABLE customer (id)", "CREATE TABLE cutover_chunk (id)")
    before = path.read_bytes()

    for open_it in (opened, SqlQuarantine):
        with pytest.raises(schema.NotAJournal, match=r"no journal of cutover .*'customer'") as refused:
            open_it(path)
        assert refused.value.exit_status is ExitStatus.WRONG_INPUT
        assert "cutover.yaml" in refused.value.hint
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"runbook: no database\n" * 100, b"x"])
def test_another_file_is_refused_and_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    with pytest.raises(schema.NotAJournal, match="file is not a database"):
        opened(path)
    assert path.read_bytes() == content


def test_a_folder_is_refused(path: Path) -> None:
    path.mkdir()

    with pytest.raises(JournalNotWritable, match="cannot be opened"):
        opened(path)


def test_a_journal_that_is_gone_beside_its_mirror_is_not_begun_again(path: Path) -> None:
    opened(path).create_run("production", {})
    for file in path.parent.glob("journal.db*"):
        if file.name != "journal.db.jsonl" and file.is_file():
            file.unlink()

    for _ in range(2):
        with pytest.raises(JournalNotWritable, match=r"empty or gone, but its mirror 'journal.db.jsonl' has events"):
            opened(path)
    assert len(path.with_name("journal.db.jsonl").read_bytes().splitlines()) == 1


# what cannot be written


@pytest.fixture
def journal(path: Path) -> Iterator[SqlJournal]:
    made = opened(path)
    made.create_run("dev", {})
    yield made
    made.close()


def test_a_lock_that_does_not_go_stops_the_run(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "LOCK_WAIT", 0.1)
    journal = opened(path)
    journal.create_run("dev", {})
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(
            JournalNotWritable, match=r"event run.noted of run 'dev-1' cannot be written .*locked"
        ) as refused:
            journal.append("dev-1", EventKind.NOTED)
        assert "another process" in refused.value.hint
        assert len(journal.events("dev-1")) == 1
        other.execute("ROLLBACK")

    assert journal.append("dev-1", EventKind.NOTED).seq == 2


FULL = """
import resource
journal = opened()
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, resource.RLIM_INFINITY))
from cutover.errors import JournalNotWritable
done = 0
try:
    for _ in range(2000):
        journal.append("dev-1", EventKind.NOTED, data={{"says": "x" * 1000}})
        done += 1
except JournalNotWritable as refused:
    assert refused.hint, refused
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(done, len(journal.events("dev-1")), "mirrored" in str(refused), journal.verify())
    print(journal.append("dev-1", EventKind.NOTED).seq, journal.verify())
"""


@pytest.mark.parametrize("limit", [200_000, 123_457])
def test_a_full_disk_stops_the_run_and_leaves_nothing_half_written(path: Path, journal: SqlJournal, limit: int) -> None:
    """A limit on the size of files stands for the disk: writes are refused in the middle, as by a full one."""
    status, out = run_process(path, FULL.format(limit=limit))

    assert status == 0
    first, second = out.splitlines()
    done, there, only_the_mirror, *flaws = first.split()
    assert int(there) == 1 + int(done) + (only_the_mirror == "True")
    assert flaws == ["[]"]
    assert second == f"{int(there) + 1} []"


def test_a_full_disk_refuses_a_chunk_of_the_quarantine_as_a_whole(path: Path) -> None:
    quarantine = SqlQuarantine(path)
    rows = [QuarantinedRow(key=str(number), values={"a": "x" * 1000}, reasons=("r",)) for number in range(3000)]
    place = {"run": "dev-1", "step": "copy", "table": "flight", "chunk": 1}
    quarantine.replace_chunk(**place, rows=rows[:2], amended=[])  # type: ignore[arg-type]

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, before[1]))
    try:
        with pytest.raises(JournalNotWritable, match="quarantine of table 'flight', chunk 1, cannot be written"):
            quarantine.replace_chunk(**place, rows=rows, amended=[])  # type: ignore[arg-type]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert quarantine.count("dev-1", "flight") == 2


def test_a_corrupt_file_is_refused_with_what_to_do(path: Path) -> None:
    journal = opened(path)
    journal.create_run("dev", {})
    for _ in range(200):
        journal.append("dev-1", EventKind.NOTED, data={"says": "x" * 500})
    journal.close()
    content = bytearray(path.read_bytes())
    content[4096 * 2 :] = b"\xff" * (len(content) - 4096 * 2)
    path.write_bytes(content)

    with pytest.raises((JournalNotWritable, JournalNotReadable), match="malformed") as refused:
        opened(path).append("dev-1", EventKind.NOTED)
    assert "journal.db.jsonl" in refused.value.hint


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that another user may enter; the test's own is for its owner only."""
    folder = Path(tempfile.mkdtemp(prefix="cutover-journal-"))
    folder.chmod(0o755)
    yield folder
    rmtree(folder)


@pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can be somebody else; others are refused by their own rights below"
)
def test_somebody_without_rights_is_refused_with_what_to_do(open_folder: Path) -> None:
    path = open_folder / "journal.db"
    opened(path).create_run("dev", {})
    code = """
    from cutover.errors import CutoverError
    os.setgid(65534); os.setuid(65534)
    for work in (opened, lambda: SqlJournal(Path(sys.argv[1]).with_name("new.db"), clock=SystemClock())):
        try:
            work()
        except CutoverError as refused:
            print(type(refused).__name__, "must be allowed to write" in refused.hint)
    """

    assert run_process(path, code)[1].splitlines() == ["JournalNotWritable True"] * 2
    assert not path.with_name("new.db").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_rights_is_refused_with_what_to_do(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(JournalNotWritable) as refused:
            opened(tmp_path / "journal.db")
    finally:
        tmp_path.chmod(0o700)
    assert "must be allowed to write" in refused.value.hint
