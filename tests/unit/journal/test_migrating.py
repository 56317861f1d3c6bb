"""The schema's revisions: an older journal is brought forward with everything in it, a newer one is refused."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from cutover.errors import JournalNotWritable
from cutover.journal import schema
from cutover.journal.quarantine import AmendedValue, QuarantinedRow, SqlQuarantine
from cutover.journal.store import SqlJournal
from tests.unit.journal.clocks import MadeUpClock
from tests.unit.journal.worlds import REPOSITORY, by_hand, ended, line_from, process, run_process

HERE = Path(__file__).parent


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def first(path: Path) -> Path:
    """A journal and its mirror as the first version of cutover wrote them, before there was Alembic."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript((HERE / "journal_of_version_1.sql").read_text())
    shutil.copy(HERE / "journal_of_version_1.jsonl", path.with_name("journal.db.jsonl"))
    return path


def opened(path: Path) -> SqlJournal:
    return SqlJournal(path, clock=MadeUpClock())


def version_of(path: Path) -> list[tuple[object, ...]]:
    there = by_hand(path, "SELECT name FROM sqlite_schema WHERE name = 'cutover_journal_revision'")
    stamped = by_hand(path, "SELECT version_num FROM cutover_journal_revision") if there else []
    return [*by_hand(path, "SELECT version FROM cutover_journal"), *stamped]


def test_the_code_knows_every_revision_in_their_order() -> None:
    config = Config()
    config.set_main_option("script_location", "cutover:journal")
    revisions = [one.revision for one in ScriptDirectory.from_config(config).walk_revisions()]

    assert tuple(reversed(revisions)) == schema.KNOWN


def test_a_new_journal_is_stamped(path: Path) -> None:
    opened(path)

    assert version_of(path) == [(int(schema.CURRENT),), (schema.CURRENT,)]


def test_a_journal_from_before_alembic_is_brought_forward_with_everything_in_it(first: Path) -> None:
    tables = ("event", "run", "counter", "lease", "quarantined_row", "amended_value")
    before = [by_hand(first, f"SELECT * FROM {table} ORDER BY 1, 2, 3" if table != "counter" else
              "SELECT * FROM counter ORDER BY 1") for table in tables]  # fmt: skip
    mirror = first.with_name("journal.db.jsonl").read_bytes()

    journal = opened(first)

    after = [by_hand(first, f"SELECT * FROM {table} ORDER BY 1, 2, 3" if table != "counter" else
             "SELECT * FROM counter ORDER BY 1") for table in tables]  # fmt: skip
    assert after == before
    assert first.with_name("journal.db.jsonl").read_bytes() == mirror
    assert version_of(first) == [(int(schema.CURRENT),), (schema.CURRENT,)]
    assert journal.runs() == ("dev-1", "production-1")
    assert journal.verify() == []
    assert journal.events("production-1")[1].data == {"says": "überall ß \x00 😀"}
    assert journal.create_run("dev", {}) == "dev-2"
    assert journal.acquire("environment:dev", "dev-2", {}).token == 2


def test_its_quarantine_is_there(first: Path) -> None:
    quarantine = SqlQuarantine(first)

    assert quarantine.rows("dev-1", "flight") == (
        QuarantinedRow(key="7", values={"a": "x\x00", "b": None}, reasons=("r1", "r2")),
    )
    assert quarantine.amended("dev-1", "flight") == (
        AmendedValue(key="8", column="tail", before="N7", reason="unknown plane"),
    )


def test_it_is_as_append_only_as_a_new_one(first: Path) -> None:
    opened(first)

    with pytest.raises(sqlite3.IntegrityError, match="never changed"):
        by_hand(first, "UPDATE event SET data = '{}'")


def test_a_revision_that_fails_leaves_the_version_before(first: Path) -> None:
    by_hand(first, "CREATE TABLE summary (id)")  # in the way of revision 2

    for _ in range(2):
        with pytest.raises(JournalNotWritable, match="table summary already exists"):
            opened(first)
        assert version_of(first) == [(1,)]
    by_hand(first, "DROP TABLE summary")

    assert opened(first).runs() == ("dev-1", "production-1")


def test_one_that_is_killed_while_it_brings_it_forward_leaves_the_version_before(first: Path) -> None:
    code = """
    from alembic import command
    command.upgrade = lambda *_: os.kill(os.getpid(), 9)
    opened()
    """
    assert run_process(first, code)[0] == -9
    assert version_of(first) == [(1,)]

    assert opened(first).verify() == []


def test_processes_that_bring_it_forward_at_once(first: Path) -> None:
    code = """
    print("ready", flush=True)
    sys.stdin.readline()
    print(opened().create_run("dev", {}))
    """
    started = [process(first, code) for _ in range(4)]
    assert {line_from(one) for one in started} == {"ready"}
    for one in started:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()

    assert sorted(ended(one)[1] for one in started) == ["dev-2", "dev-3", "dev-4", "dev-5"]
    assert opened(first).verify() == []


@pytest.mark.parametrize("stamped", [True, False])
def test_a_newer_journal_is_refused_and_left_alone(path: Path, stamped: bool) -> None:
    opened(path).close()
    newer = "UPDATE cutover_journal_revision SET version_num = '0099'"
    by_hand(
        path, newer if stamped else "DROP TABLE cutover_journal_revision", "UPDATE cutover_journal SET version = 99"
    )
    before = by_hand(path, "SELECT * FROM sqlite_schema")

    with pytest.raises(schema.JournalTooNew, match=r"has version (00)?99, and this cutover .* knows 0002 at most"):
        opened(path)
    assert by_hand(path, "SELECT * FROM sqlite_schema") == before


def test_the_first_cutover_refuses_what_it_does_not_understand(first: Path) -> None:
    """It looks at the number in `cutover_journal` and knows 1."""
    opened(first)

    assert by_hand(first, "SELECT version > 1 FROM cutover_journal") == [(1,)]


def test_alembic_is_imported_only_when_there_is_something_to_bring_forward(path: Path) -> None:
    opened(path).close()
    code = """
    import sys
    from pathlib import Path
    from cutover.clock import SystemClock
    from cutover.journal.store import SqlJournal
    SqlJournal(Path(sys.argv[1]), clock=SystemClock()).runs()
    print([name for name in sys.modules if name.partition(".")[0] in ("alembic", "mako", "psycopg")])
    """
    command = [sys.executable, "-c", "\n".join(line.strip() for line in code.splitlines()), str(path)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
