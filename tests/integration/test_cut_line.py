"""A line that is cut around a COMMIT: what nobody can know is said to be unknown, and never that it may be repeated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa

from cutover.dataplane.database import AnswerLost, Database, DatabaseBusy, DatabaseRefused, open_database
from cutover.dataplane.fence import Fence
from cutover.errors import OutcomeUnknown, TryAgain
from cutover.redact import Secret
from tests.fixtures.databases import ask, fill
from tests.fixtures.postgres import Server
from tests.fixtures.proxy import Cut, Proxy


@pytest.fixture
def direct(new_database: Callable[[], str]) -> Database:
    return fill(
        open_database("new", Secret(new_database())), "CREATE TABLE t (a INTEGER UNIQUE DEFERRABLE INITIALLY DEFERRED)"
    )


@pytest.fixture
def proxy(postgres: Server, make_proxy: Callable[[int], Proxy]) -> Proxy:
    return make_proxy(postgres.port)


@pytest.fixture
def through(direct: Database, proxy: Proxy) -> Database:
    """The same database, through the line that can be cut."""
    url = direct.engine.url.set(port=proxy.port)
    return open_database("new", Secret(url.render_as_string(hide_password=False)))


def add(database: Database, *numbers: int) -> None:
    with database.begin() as connection:
        for number in numbers:
            connection.exec_driver_sql(f"INSERT INTO t VALUES ({number})")


def test_case_46_the_commit_took_effect_and_nobody_learnt_of_it(
    direct: Database, through: Database, proxy: Proxy
) -> None:
    proxy.cut_at(Cut.AFTER, "INSERT INTO t")

    with pytest.raises(AnswerLost, match="database 'new': the link was lost before the answer came") as told:
        add(through, 1)

    assert isinstance(told.value, OutcomeUnknown) and not isinstance(told.value, TryAgain)
    assert ask(direct, "SELECT a FROM t") == [(1,)]
    assert proxy.cuts == 1


def test_case_45_the_commit_never_arrived(direct: Database, through: Database, proxy: Proxy) -> None:
    """From here it looks the same."""
    proxy.cut_at(Cut.BEFORE, "INSERT INTO t")

    with pytest.raises(AnswerLost):
        add(through, 1)

    assert ask(direct, "SELECT count(*) FROM t") == [(0,)]


def test_a_line_cut_in_the_middle_of_a_transaction_may_be_tried_again(
    direct: Database, through: Database, proxy: Proxy
) -> None:
    """Without a COMMIT nothing took effect: that is known."""
    proxy.cut_at(Cut.AFTER, "INSERT INTO t VALUES (1)", command="INSERT INTO t VALUES (2)")

    with pytest.raises(DatabaseBusy):
        add(through, 1, 2)

    assert ask(direct, "SELECT count(*) FROM t") == [(0,)]


def test_a_line_cut_while_reading_may_be_tried_again(through: Database, proxy: Proxy) -> None:
    proxy.cut_at(Cut.AFTER, "", command="SELECT 17")

    with pytest.raises(DatabaseBusy), through.connect() as connection:
        connection.exec_driver_sql("SELECT 17")


@pytest.mark.parametrize("cut", Cut)
def test_a_statement_that_commits_by_itself_is_unknown_too(
    cut: Cut, direct: Database, through: Database, proxy: Proxy
) -> None:
    proxy.cut_at(cut, "", command="INSERT INTO t")

    with pytest.raises(AnswerLost), through.autocommit() as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")

    assert ask(direct, "SELECT count(*) FROM t") == [(int(cut is Cut.AFTER),)]


def test_a_refusal_at_the_commit_is_an_answer(direct: Database) -> None:
    """A rule that is only looked at then: nothing took effect, and everybody knows."""
    with pytest.raises(DatabaseRefused, match="duplicate key"):
        add(direct, 1, 1)

    assert ask(direct, "SELECT count(*) FROM t") == [(0,)]


def test_a_server_that_goes_down_at_the_commit_leaves_it_open(direct: Database, postgres: Server) -> None:
    """The session is ended between the last statement and its COMMIT; a server may have written it all the same."""

    def work() -> None:
        with direct.begin() as connection:
            connection.exec_driver_sql("INSERT INTO t VALUES (1)")
            pid = connection.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()
            with postgres.connect("postgres") as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))

    with pytest.raises(AnswerLost):
        work()

    assert ask(direct, "SELECT count(*) FROM t") == [(0,)]


def test_a_disk_that_fails_at_the_commit_leaves_it_open() -> None:
    from cutover.dataplane.dialects import dialect_of

    class Failed(Exception):
        sqlite_errorcode = 0x010A | 10

    class Full(Exception):
        sqlite_errorcode = 13

    assert dialect_of("sqlite").unknown_at_commit(Failed())
    assert not dialect_of("sqlite").unknown_at_commit(Full())


def test_a_takeover_through_a_cut_line_is_done_again(direct: Database, through: Database, proxy: Proxy) -> None:
    fenced = replace(through, fence=Fence(scope="dev", token=3))
    proxy.cut_at(Cut.AFTER, "INSERT INTO cutover.fence")

    with pytest.raises(DatabaseBusy):
        fenced.raise_fence()
    fenced.raise_fence()

    assert ask(direct, "SELECT token FROM cutover.fence") == [(3,)]
