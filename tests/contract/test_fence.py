"""A database keeps out who was overtaken, whichever kind it is; and two scopes know nothing of each other."""

# ruff: noqa: F811 — pytest gives a fixture to the parameter of its name
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event, Thread

import pytest

from cutover.dataplane.database import Database, DatabaseBusy
from cutover.dataplane.fence import Fence
from cutover.dataplane.fingerprint import fingerprint_database
from cutover.errors import JournalNotWritable, LeaseLost, StepFailed, TryAgain
from tests.contract.things import TABLE, database, thing  # noqa: F401
from tests.fixtures.databases import ask, fill

SCOPE = "environment 'dev' of project 'shop' (journal 5f1c)"


def behind(database: Database, token: int, scope: str = SCOPE) -> Database:
    """The database as the holder of that token has it."""
    return replace(database, fence=Fence(scope=scope, token=token))


def add(database: Database, number: int) -> None:
    with database.begin() as connection:
        connection.exec_driver_sql(f"INSERT INTO t VALUES ({number})")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds that a database waits for others, but for the takeovers that must wait."""
    monkeypatch.setattr("cutover.dataplane.dialects.sqlite.LOCK_WAIT", 1)
    monkeypatch.setattr("cutover.dataplane.dialects.postgresql_fence.PATIENCE", 1)


@pytest.fixture
def target(database: Database) -> Database:
    return fill(database, "CREATE TABLE t (a INTEGER)")


def test_the_present_holder_writes(target: Database) -> None:
    holder = behind(target, 4)
    holder.raise_fence()
    holder.raise_fence()

    add(holder, 1)
    add(holder, 2)

    assert ask(target, "SELECT a FROM t ORDER BY a") == [(1,), (2,)]


def test_who_was_overtaken_writes_no_more(target: Database) -> None:
    zombie = behind(target, 4)
    zombie.raise_fence()
    add(zombie, 1)
    behind(target, 7).raise_fence()

    with pytest.raises(LeaseLost, match=r"'new': another process has taken over environment 'dev'.*7, ours is 4"):
        add(zombie, 2)

    assert ask(target, "SELECT a FROM t") == [(1,)]


def test_who_was_overtaken_cannot_put_up_his_fence_again(target: Database) -> None:
    behind(target, 7).raise_fence()

    with pytest.raises(LeaseLost, match="ours is 4") as told:
        behind(target, 4).raise_fence()

    assert "older journal" in told.value.hint
    add(behind(target, 7), 1)


def test_a_lost_lease_is_of_the_record_and_never_tried_again() -> None:
    """The engine ends the attempt at what is of the record, and writes nothing more."""
    assert issubclass(LeaseLost, JournalNotWritable)
    assert not issubclass(LeaseLost, (TryAgain, StepFailed))


def test_two_scopes_in_one_database_do_not_meet(target: Database) -> None:
    """Tokens are counted by a journal: 3 of one project is not less than 900 of another."""
    mine, theirs = behind(target, 3), behind(target, 900, "environment 'dev' of project 'bakery' (journal 77aa)")
    mine.raise_fence()
    theirs.raise_fence()

    add(mine, 1)
    add(theirs, 2)

    assert ask(target, "SELECT count(*) FROM t") == [(2,)]


def test_a_fence_that_was_lost_is_put_up_again(target: Database) -> None:
    """Somebody put an older state of the database back, or a script dropped cutover's tables."""
    holder = behind(target, 4)
    add(holder, 1)

    with pytest.raises(LeaseLost):
        add(behind(target, 3), 2)


def test_without_a_fence_nothing_is_asked_and_nothing_is_made(target: Database) -> None:
    target.raise_fence()
    target.confirm()
    add(target, 1)

    with target.connect() as connection:
        assert target.dialect.seen_token(connection, SCOPE) is None


def test_reading_leaves_nothing_behind(target: Database) -> None:
    with behind(target, 4).connect() as connection:
        assert target.dialect.count(connection, "t") == 0
    with behind(target, 4).autocommit() as connection:
        assert target.dialect.seen_token(connection, SCOPE) is None


def test_single_statements_are_refused_too(target: Database) -> None:
    behind(target, 7).raise_fence()

    with pytest.raises(LeaseLost), behind(target, 4).autocommit() as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")

    assert ask(target, "SELECT count(*) FROM t") == [(0,)]


def test_a_change_elsewhere_asks_the_lease(target: Database) -> None:
    def overtaken() -> None:
        raise LeaseLost("no more")

    fenced = replace(target, fence=Fence(scope=SCOPE, token=4, confirm=overtaken))

    with pytest.raises(LeaseLost):
        fenced.confirm()
    with pytest.raises(LeaseLost), fenced.autocommit():
        pass


def test_the_fence_is_not_the_users(thing: Database) -> None:
    """It is no table of theirs, and their world is the same with it and without."""
    with thing.connect() as connection:
        before = fingerprint_database(connection, thing.dialect, whole=True)

    behind(thing, 4).raise_fence()

    with thing.connect() as connection:
        assert thing.dialect.tables(connection) == ("thing",)
        assert fingerprint_database(connection, thing.dialect, whole=True) == before
        assert not thing.dialect.has_bookkeeping(connection)


def test_a_takeover_waits_for_the_transaction_under_way(target: Database) -> None:
    """What was begun before it is in before it; nothing comes after."""
    zombie = behind(target, 4)
    zombie.raise_fence()
    begun, end = Event(), Event()

    def work() -> None:
        with zombie.begin() as connection:
            connection.exec_driver_sql("INSERT INTO t VALUES (1)")
            begun.set()
            end.wait(10)

    writer = Thread(target=work)
    writer.start()
    assert begun.wait(10)
    with ThreadPoolExecutor(1) as pool:
        takeover = pool.submit(behind(target, 7).raise_fence)
        assert not end.wait(0.3) and not takeover.done()
        end.set()
        takeover.result(10)
    writer.join()

    assert ask(target, "SELECT a FROM t") == [(1,)]
    with pytest.raises(LeaseLost):
        add(zombie, 2)


def test_a_holder_that_does_not_end_is_ended_or_said(target: Database) -> None:
    """A sleeping process must not keep its successor waiting for hours. A lock of the kernel cannot be taken away."""
    zombie, successor = behind(target, 4), behind(target, 7)
    zombie.raise_fence()

    def sleep_through_it() -> None:
        with zombie.begin() as connection:
            connection.exec_driver_sql("INSERT INTO t VALUES (1)")
            successor.raise_fence()
            add(successor, 2)
            connection.exec_driver_sql("INSERT INTO t VALUES (3)")

    with pytest.raises(DatabaseBusy, match="locked" if target.dialect.name == "sqlite" else "terminating connection"):
        sleep_through_it()

    assert ask(target, "SELECT a FROM t") == ([] if target.dialect.name == "sqlite" else [(2,)])


def test_many_make_the_tables_at_once(target: Database) -> None:
    """Parallel steps begin on an empty database together."""

    def make(number: int) -> None:
        behind(target, number).raise_fence()
        with target.begin() as connection:
            target.dialect.create_bookkeeping(connection)

    with ThreadPoolExecutor(6) as pool:
        outcomes = [pool.submit(make, 5) for _ in range(6)]
    for outcome in outcomes:
        outcome.result()
    with target.connect() as connection:
        assert target.dialect.has_bookkeeping(connection)
        assert target.dialect.seen_token(connection, SCOPE) == 5
