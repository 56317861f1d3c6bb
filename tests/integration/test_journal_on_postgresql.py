"""A journal on a server that a team shares: made once, append-only, mirrored on each machine; refused when not ours."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from cutover.errors import ExitStatus, JournalNotWritable, WrongInput
from cutover.journal import schema
from cutover.journal.postgresql_database import PostgresqlDatabase
from cutover.journal.store import POINTS, SqlJournal
from cutover.model.status import EventKind
from cutover.points import KILL_AT
from cutover.redact import Secret
from demo.embedded import Server
from tests.fixtures.journals import SCHEMA, Team
from tests.unit.journal.clocks import MadeUpClock
from tests.unit.journal.worlds import ended, line_from, process, run_process

# opening


def test_processes_that_open_it_first_at_once(team: Team) -> None:
    code = """
    print("ready", flush=True)
    sys.stdin.readline()
    print(opened().create_run("dev", {}))
    """
    started = [process(team.mirror(f"m{number}"), code, environ=team.environ()) for number in range(4)]
    assert {line_from(one) for one in started} == {"ready"}
    for one in started:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()

    assert sorted(ended(one)[1] for one in started) == [f"dev-{number}" for number in range(1, 5)]
    assert team.journal().verify() == []


def test_it_is_opened_again_without_making_anything(team: Team) -> None:
    team.journal().create_run("dev", {})

    assert team.journal().runs() == ("dev-1",)
    assert team.by_hand("SELECT version, project FROM cutover_journal") == [(int(schema.CURRENT), "shop")]


def test_one_that_is_killed_while_it_is_made_leaves_nothing(team: Team) -> None:
    code = """
    from alembic import command
    real = command.upgrade
    def die(*arguments):
        real(*arguments)
        os.kill(os.getpid(), 9)
    command.upgrade = die
    opened()
    """
    assert run_process(team.mirror(), code, environ=team.environ())[0] == -9
    assert team.by_hand("SELECT count(*) FROM pg_namespace WHERE nspname = 'cutover_journal'") == [(0,)]

    assert team.journal().create_run("dev", {}) == "dev-1"


def test_a_schema_that_an_administrator_made_is_used(team: Team) -> None:
    team.by_hand(f"CREATE SCHEMA {SCHEMA}")

    assert team.journal().create_run("dev", {}) == "dev-1"


def test_somebody_elses_schema_is_refused_and_left_alone(team: Team) -> None:
    team.by_hand(f"CREATE SCHEMA {SCHEMA}", "CREATE TABLE customer (id int)")

    with pytest.raises(schema.NotAJournal, match=r"no journal of cutover .*'customer'") as refused:
        team.journal()
    assert refused.value.exit_status is ExitStatus.WRONG_INPUT
    assert team.by_hand("SELECT tablename FROM pg_tables WHERE schemaname = 'cutover_journal'") == [("customer",)]


def test_another_projects_journal_is_refused(team: Team) -> None:
    team.journal().create_run("dev", {})

    with pytest.raises(schema.NotAJournal, match="is that of project 'shop', not of 'bank'") as refused:
        team.place(project="bank")
    assert "schema" in refused.value.hint


def test_projects_share_a_database_in_schemas_of_their_own(team: Team) -> None:
    shop = team.journal()
    bank = SqlJournal(team.place("bank", project="bank", schema="journal_of_bank"), clock=MadeUpClock())

    assert (shop.create_run("dev", {}), bank.create_run("dev", {})) == ("dev-1", "dev-1")
    shop.acquire("environment:dev", "dev-1", {})
    assert bank.acquire("environment:dev", "dev-1", {}).token == 1
    assert len(bank.events("dev-1")) == 1
    bank.close()


def test_a_newer_journal_is_refused(team: Team) -> None:
    team.journal().close()
    team.by_hand("UPDATE cutover_journal_revision SET version_num = '0099'")

    with pytest.raises(schema.JournalTooNew, match=r"has version 0099, and this cutover .* knows"):
        team.journal()


def test_an_older_one_is_brought_forward(team: Team) -> None:
    team.journal().create_run("dev", {})
    team.by_hand("DROP TABLE summary", "UPDATE cutover_journal_revision SET version_num = '0001'")

    assert team.journal().runs() == ("dev-1",)
    assert team.by_hand("SELECT version_num FROM cutover_journal_revision") == [(schema.CURRENT,)]


# what cannot be reached


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        (lambda url: url.replace(re.search(r":([^:@]+)@", url)[1], "wrong-pw"), "password"),  # type: ignore[index]
        (lambda url: url.rsplit("/", 1)[0] + "/nowhere", "url"),
        (lambda url: re.sub(r"@127.0.0.1:\d+", "@127.0.0.1:1", url), "is the server of the journal running"),
    ],
    ids=["password", "database", "server"],
)
def test_a_refusal_says_what_to_do_and_no_password(
    team: Team, postgres: Server, change: Callable[[str], str], hint: str
) -> None:
    url = change(team.url)
    with pytest.raises(JournalNotWritable, match="the journal cannot be opened") as refused:
        PostgresqlDatabase(Secret(url), schema_name=SCHEMA, mirror=team.mirror(), project="shop")

    shown = f"{refused.value} {refused.value.hint}"
    assert hint in refused.value.hint
    assert postgres.password not in shown
    assert "wrong-pw" not in shown


@pytest.mark.parametrize("url", ["mysql://a@b/c", "sqlite:///a.db", "nothing", "postgresql+asyncpg://a@b/c"])
def test_what_is_no_url_of_postgresql_is_wrong_input(tmp_path: Path, url: str) -> None:
    with pytest.raises(WrongInput, match="the url of the journal is not understood"):
        PostgresqlDatabase(Secret(url, known=False), schema_name=SCHEMA, mirror=tmp_path / "m", project="shop")


def test_somebody_who_may_only_read_can_read(team: Team, postgres: Server) -> None:
    team.journal().create_run("dev", {})
    name = team.url.rsplit("/", 1)[1]
    with postgres.connect(name) as admin:
        admin.execute(f"CREATE ROLE reader_{name} LOGIN PASSWORD 'reader-pw'")
        admin.execute(f"GRANT USAGE ON SCHEMA {SCHEMA} TO reader_{name}")
        admin.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {SCHEMA} TO reader_{name}")
    try:
        url = f"postgresql://reader_{name}:reader-pw@127.0.0.1:{postgres.port}/{name}"
        place = PostgresqlDatabase(Secret(url), schema_name=SCHEMA, mirror=team.mirror("reader"), project="shop")
        reader = SqlJournal(place, clock=MadeUpClock())
        assert reader.runs() == ("dev-1",)
        with pytest.raises(JournalNotWritable, match="permission denied") as refused:
            reader.append("dev-1", EventKind.NOTED)
        assert "needs the right" in refused.value.hint
        reader.close()
    finally:
        with postgres.connect(name) as admin:
            admin.execute(f"DROP OWNED BY reader_{name}")
            admin.execute(f"DROP ROLE reader_{name}")


def test_an_honest_answer_is_asked_of_a_server_that_does_not_wait_for_its_disk(team: Team) -> None:
    """The server of the tests has synchronous_commit = off."""
    journal = team.journal()
    with journal._database.reading("settings") as connection:
        found = [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in ("synchronous_commit", "lock_timeout")]

    assert found == ["on", "10s"]


# append-only


REFUSED = (
    "UPDATE event SET data = '{}' WHERE seq = 3",
    "UPDATE event SET data = '{}' WHERE false",
    "DELETE FROM event WHERE seq = 5",
    "DELETE FROM event",
    "TRUNCATE event",
    "TRUNCATE event CASCADE",
    "INSERT INTO event SELECT * FROM event ON CONFLICT (line) DO UPDATE SET data = '{}'",
    "DELETE FROM run",
    "TRUNCATE run CASCADE",
    "UPDATE run SET seq = 1",
    "UPDATE run SET run = 'x'",
    "UPDATE run SET seq = seq + 1, created = 9",
    "UPDATE counter SET value = 0",
    "DELETE FROM counter",
    "TRUNCATE counter",
)


@pytest.mark.parametrize("role", ["origin", "replica"])
def test_the_server_itself_refuses(team: Team, role: str) -> None:
    """Also in a session that says it only replays what a replica was told."""
    journal = team.journal()
    journal.create_run("dev", {})
    for _ in range(4):
        journal.append("dev-1", EventKind.NOTED)

    for statement in REFUSED:
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match=r"never|only"):
            team.by_hand(f"SET session_replication_role = {role}", statement)
    assert journal.verify() == []


def test_an_edit_by_somebody_who_removed_the_guards_is_found(team: Team) -> None:
    journal = team.journal()
    journal.create_run("dev", {})
    for _ in range(4):
        journal.append("dev-1", EventKind.NOTED)
    team.by_hand("ALTER TABLE event DISABLE TRIGGER ALL", "UPDATE event SET data = '{\"a\":1}' WHERE seq = 3")

    found = journal.verify_chain("dev-1")
    assert "event 3 of run 'dev-1' was changed after it was written: its digest does not fit" in found
    assert "run 'dev-1': not the same in the journal and in its mirror: event 3" in found


# the mirror of each machine


def mirrored(file: Path) -> list[int]:
    return [json.loads(line)["line"] for line in file.read_text().splitlines()]


def test_each_machine_mirrors_what_it_wrote_and_what_it_saw(team: Team) -> None:
    here, there = team.journal("here"), team.journal("there")
    here.create_run("dev", {})
    there.append("dev-1", EventKind.RUN_ARMED)
    here.append("dev-1", EventKind.NOTED)

    assert mirrored(team.mirror("here")) == [1, 2, 3]
    assert mirrored(team.mirror("there")) == [1, 2]
    assert (here.verify(), there.verify()) == ([], [])  # what it has not seen is no flaw
    team.journal("there")
    assert team.mirror("there").read_bytes() == team.mirror("here").read_bytes()


def test_an_event_that_was_taken_away_is_in_the_mirror_of_who_saw_it(team: Team) -> None:
    here, there = team.journal("here"), team.journal("there")
    here.create_run("dev", {})
    here.append("dev-1", EventKind.NOTED)
    team.by_hand(
        "ALTER TABLE event DISABLE TRIGGER ALL",
        "ALTER TABLE run DISABLE TRIGGER ALL",
        "ALTER TABLE counter DISABLE TRIGGER ALL",
        "DELETE FROM event WHERE seq = 2",
        "UPDATE run SET (seq, digest) = (SELECT seq, digest FROM event WHERE event.run = run.run)",
        "UPDATE counter SET value = 1 WHERE name = 'lines'",
    )

    assert here.verify() == ["run 'dev-1': in the mirror, but not in the journal: event 2"]
    assert there.verify() == []
    with pytest.raises(JournalNotWritable, match="its last line is number 2, that of the journal number 1"):
        here.append("dev-1", EventKind.NOTED)


def test_a_database_that_was_made_anew_beside_a_mirror_is_not_begun_again(team: Team) -> None:
    team.journal().create_run("production", {})
    team.by_hand(f"DROP SCHEMA {SCHEMA} CASCADE")

    with pytest.raises(JournalNotWritable, match=r"empty or gone, but its mirror 'journal.jsonl' has events"):
        team.journal()


# several at once, and deaths


def test_machines_that_append_at_once_leave_one_order(team: Team) -> None:
    code = """
    journal = opened()
    print("ready", flush=True)
    sys.stdin.readline()
    mine = journal.create_run("dev", {})
    for number in range(20):
        journal.append("dev-1", EventKind.NOTED, data={"says": mine})
        journal.append(mine, EventKind.NOTED)
    """
    journal = team.journal()
    journal.create_run("dev", {})
    started = [process(team.mirror(f"m{number}"), code, environ=team.environ()) for number in range(3)]
    assert {line_from(one) for one in started} == {"ready"}
    for one in started:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    for one in started:
        ended(one)

    assert [event.seq for event in journal.events("dev-1")] == list(range(1, 62))
    assert journal.verify() == []
    team.journal()
    assert mirrored(team.mirror()) == list(range(1, 1 + 3 * 41 + 1))


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("nth", [1, 3])
def test_killed_while_appending(team: Team, point: str, nth: int) -> None:
    """What was said to be written is there; journal and mirror are the same; the next event follows."""
    team.journal().create_run("dev", {})
    code = "journal = opened()\nfor _ in range(3): print(journal.append('dev-1', EventKind.NOTED).seq, flush=True)"
    status, out = run_process(team.mirror(), code, environ={**team.environ(), KILL_AT: f"{point}#{nth}"})
    assert status == -9

    said = [1, *map(int, out.split())]
    after = team.journal()
    there = [event.seq for event in after.events("dev-1")]
    assert there[: len(said)] == said
    assert len(there) == 1 + nth - (point == "journal.event.written")
    assert mirrored(team.mirror()) == there
    assert after.append("dev-1", EventKind.NOTED).seq == len(there) + 1
    assert after.verify() == []


def test_a_process_that_sleeps_in_the_middle_of_an_event_does_not_keep_the_others_from_writing_for_ever(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.journal().create_run("dev", {})
    code = """
    from cutover.journal import postgresql
    postgresql._SETTINGS["idle_in_transaction_session_timeout"] = "500ms"
    from cutover import points
    journal = opened()
    def sleep(point):
        if point == "journal.event.written":
            print("asleep", flush=True)
            sys.stdin.readline()
    points.listen(sleep)
    try:
        journal.append("dev-1", EventKind.NOTED, data={"says": "too late"})
    except Exception as refused:
        print(type(refused).__name__, refused.hint, flush=True)
    """
    asleep = process(team.mirror("there"), code, environ=team.environ())
    assert line_from(asleep) == "asleep"

    assert team.journal().append("dev-1", EventKind.RUN_ARMED).seq == 2
    _, said = ended_after(asleep, "wake up\n")
    assert said.startswith("JournalNotWritable")
    assert "slept" in said or "resume" in said
    assert len(team.journal().events("dev-1")) == 2


def ended_after(started: object, line: str) -> tuple[int, str]:
    assert started.stdin is not None  # type: ignore[attr-defined]
    started.stdin.write(line)  # type: ignore[attr-defined]
    started.stdin.flush()  # type: ignore[attr-defined]
    return ended(started)  # type: ignore[arg-type]
