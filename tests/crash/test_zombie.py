"""
A process that sleeps while another takes its run over is refused when it wakes up: everywhere, and without a word.

Two real processes. The kernel's lock is taken from the sleeper as it is lost for real: its file is replaced, as on a
network's file system after a change of server.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import pytest

from cutover.errors import ExitStatus
from tests.crash.amount import some
from tests.crash.pictures import world
from tests.fixtures.mortal import sleeper, wake
from tests.fixtures.shop import Shop

ONE_SHOT = "runbooks/one_shot.yaml"


def lose_locks(shop: Shop) -> None:
    """The sleeper's lock is on a file that nobody finds any more."""
    for lock in (shop.root / ".cutover").glob("*.leases/*.lock"):
        lock.unlink()


def written(shop: Shop) -> list[tuple[object, ...]]:
    """Everything that the journal holds, the quarantine included."""
    with sqlite3.connect(shop.root / ".cutover/journal.db") as journal:
        tables = [name for (name,) in journal.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return [(name, *row) for name in sorted(tables) for row in journal.execute(f'SELECT * FROM "{name}"')]


@pytest.fixture(scope="module")
def undisturbed(make_shop: Callable[[], Shop]) -> dict[str, object]:
    shop = make_shop()
    assert shop.cutover("rehearse", ONE_SHOT, "--env", "dev").status == 0
    return world(shop)


#: Between two transactions, in the middle of one, which holds its locks, and with a file made and not yet in place.
ASLEEP = (
    "copy.chunk.committed#3",
    "copy.chunk.before_commit#3",
    "copy.chunk.quarantined#5",
    "switch.written",
    "step.intent#6",
    "sql.before_commit",
)


@pytest.mark.parametrize("point", some(ASLEEP, ("copy.chunk.before_commit#3", "switch.written")))
def test_a_sleeper_is_refused_when_it_wakes_up(
    point: str, make_shop: Callable[[], Shop], undisturbed: dict[str, object]
) -> None:
    shop = make_shop()
    with sleeper(shop, "rehearse", ONE_SHOT, "--env", "dev", at=point) as process:
        lose_locks(shop)
        successor = shop.cutover("resume", "dev-1")
        assert successor.status == 0, successor.out + successor.err
        after = written(shop)

        ended = wake(process)

    assert ended.status == ExitStatus.LEASE_HELD, ended.out + ended.err
    assert "CUT-616" in ended.err and "taken over" in ended.err
    assert written(shop) == after, "the sleeper has written to the journal"
    assert world(shop) == undisturbed


def test_a_sleeper_brings_nothing_back_after_a_rollback(make_shop: Callable[[], Shop]) -> None:
    """Neither a row, nor a line in quarantine, nor the switch of the application."""
    shop = make_shop()
    before = world(shop)
    with sleeper(shop, "rehearse", ONE_SHOT, "--env", "dev", at="copy.chunk.committed#4") as process:
        lose_locks(shop)
        back = shop.cutover("rollback", "dev-1", "--reason", "it does not answer")
        assert back.status == 0, back.out + back.err
        after = written(shop)

        ended = wake(process)

    assert ended.status == ExitStatus.LEASE_HELD, ended.out + ended.err
    assert written(shop) == after
    assert world(shop) == before


def test_a_sleeper_on_the_way_back_is_refused(make_shop: Callable[[], Shop]) -> None:
    shop = make_shop()
    before = world(shop)
    with sleeper(shop, "rehearse", ONE_SHOT, "--env", "dev", "--drill", at="copy.undo.before_commit") as process:
        lose_locks(shop)
        successor = shop.cutover("resume", "dev-1")
        assert successor.status == 0, successor.out + successor.err
        after = written(shop)

        ended = wake(process)

    assert ended.status == ExitStatus.LEASE_HELD, ended.out + ended.err
    assert written(shop) == after
    assert world(shop) == before


def test_two_projects_in_one_database_do_not_keep_each_other_out(make_shop: Callable[[], Shop]) -> None:
    """Each has a journal of its own, and counts from one."""
    first, second = make_shop(), make_shop()
    for shop in (first, second):
        shop.edit("cutover.yaml", f'/{shop.databases["dev"]}"', f'/{first.databases["dev"]}"')

    for shop in (first, second, first, second):
        run = shop.cutover("rehearse", ONE_SHOT, "--env", "dev", "--drill")
        assert run.status == 0, run.out + run.err

    assert first.new("dev", "SELECT count(*) FROM cutover.fence") == [(2,)]


def test_what_is_only_read_is_never_written_to(shop: Shop) -> None:
    assert shop.cutover("rehearse", ONE_SHOT, "--env", "dev").status == 0

    assert shop.old("dev", "SELECT name FROM sqlite_schema WHERE name LIKE 'cutover%'") == []
    assert shop.new("dev", "SELECT count(*) FROM cutover.fence") == [(1,)]


def test_an_older_journal_is_refused_and_told_what_to_do(shop: Shop) -> None:
    """Its tokens are those of yesterday; which of the two journals is right only a person knows."""
    assert shop.cutover("rehearse", ONE_SHOT, "--env", "dev", kill_at="copy.chunk.committed#2").status == -9
    shop.new("dev", "UPDATE cutover.fence SET token = token + 1000")

    refused = shop.cutover("resume", "dev-1")

    assert refused.status == ExitStatus.LEASE_HELD
    assert "older journal" in refused.out + refused.err
    shop.new("dev", "DELETE FROM cutover.fence")
    assert shop.cutover("resume", "dev-1").status == 0
