"""Leases on a server: held by a connection, lost with it, and noticed by who lost them."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator

import pytest

from cutover import points
from cutover.errors import LeaseHeld, LeaseLost
from cutover.journal.store import SqlJournal
from cutover.model.status import EventKind
from tests.fixtures.journals import Team
from tests.unit.journal.worlds import ended, line_from, process

ME = {"user": "ana", "host": "db1", "pid": str(os.getpid())}

HOLD = """
lease = opened().acquire("dev", "dev-1", {"user": "eve", "host": "db2", "pid": str(os.getpid())})
print(lease.token, flush=True)
"""

END_LEASES = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE application_name = 'cutover journal lease' AND datname = current_database()"
)


@pytest.fixture
def journal(team: Team) -> SqlJournal:
    made = team.journal()
    made.create_run("dev", {})
    return made


@pytest.fixture
def elsewhere(team: Team, journal: SqlJournal) -> Iterator[subprocess.Popen[str]]:
    """Another machine's process that holds the lease of `dev` until its input ends."""
    started = process(team.mirror("there"), HOLD + "sys.stdin.read()", environ=team.environ())
    assert int(line_from(started)) > 0
    yield started
    started.kill()
    started.communicate()


def test_a_holder_on_another_machine_shows_in_the_refusal(
    journal: SqlJournal, elsewhere: subprocess.Popen[str]
) -> None:
    with pytest.raises(LeaseHeld, match=rf"run 'dev-1' \(eve on db2, process {elsewhere.pid}, since 20") as refused:
        journal.acquire("dev", "dev-2", ME)

    assert "end its process on 'db2'" in refused.value.hint
    assert (journal.holder_of("dev") or [None])[2] is True


def test_a_killed_holder_is_told_apart_and_its_lease_is_free_at_once(
    journal: SqlJournal, elsewhere: subprocess.Popen[str]
) -> None:
    elsewhere.send_signal(signal.SIGKILL)
    elsewhere.wait(10)

    lease = journal.acquire("dev", "dev-1", ME)
    assert lease.token > 1
    lease.confirm()


def test_a_killed_holder_is_told(team: Team, journal: SqlJournal, elsewhere: subprocess.Popen[str]) -> None:
    elsewhere.send_signal(signal.SIGKILL)
    elsewhere.wait(10)

    until = time.monotonic() + 5  # the server hears of it a moment later
    while (found := journal.holder_of("dev")) is not None and found.alive and time.monotonic() < until:
        time.sleep(0.01)
    assert found is not None
    assert (found.run, found.alive, found.holder["host"]) == ("dev-1", False, "db2")


def test_a_stopped_holder_still_holds(journal: SqlJournal, elsewhere: subprocess.Popen[str]) -> None:
    """A process that hangs may wake up: only its death, or that of its link, frees the lease."""
    elsewhere.send_signal(signal.SIGSTOP)

    with pytest.raises(LeaseHeld):
        journal.acquire("dev", "dev-2", ME)


FORKED = """
import multiprocessing
worker = multiprocessing.get_context("fork").Process(target=time.sleep, args=[60])
worker.start()
other = worker.pid
"""


@pytest.mark.parametrize(
    "child",
    [
        "import subprocess; other = subprocess.Popen(['sleep', '60'], start_new_session=True).pid",
        "other = os.fork()\nif other == 0: time.sleep(60)",
        FORKED,
    ],
    ids=["subprocess", "fork", "multiprocessing"],
)
def test_children_that_live_on_do_not_keep_the_lease(team: Team, journal: SqlJournal, child: str) -> None:
    code = HOLD + child + "\nprint(other, flush=True)\nos.kill(os.getpid(), 9)"
    started = process(team.mirror("there"), code, environ=team.environ())
    line_from(started)
    other = int(line_from(started))
    started.wait(10)

    try:
        os.kill(other, 0)  # it lives
        assert journal.acquire("dev", "dev-2", ME).run == "dev-2"
    finally:
        os.kill(other, signal.SIGKILL)
        started.communicate()


def test_a_child_that_ends_does_not_end_the_lease(team: Team, journal: SqlJournal) -> None:
    """It has a copy of the connection, and must not say goodbye on it."""
    code = (
        HOLD
        + """
    import gc
    child = os.fork()
    if child == 0:
        del lease
        gc.collect()
        sys.exit(0)
    os.waitpid(child, 0)
    lease.confirm()
    journal = opened()
    print(journal.append("dev-1", EventKind.NOTED).seq, flush=True)
    sys.stdin.read()
    """.replace("\n    ", "\n")
    )
    started = process(team.mirror("there"), code, environ=team.environ())
    assert int(line_from(started)) > 0
    assert line_from(started) == "2"
    with pytest.raises(LeaseHeld):
        journal.acquire("dev", "dev-2", ME)
    ended(started)


def test_a_lost_connection_is_noticed_before_anything_is_written(team: Team, journal: SqlJournal) -> None:
    lease = journal.acquire("dev", "dev-1", ME)
    lease.confirm()
    assert team.by_hand(END_LEASES) == [(True,)]

    with pytest.raises(LeaseLost, match="run 'dev-1' does not hold 'dev' any longer"):
        lease.confirm()
    with pytest.raises(LeaseLost):
        journal.append("dev-1", EventKind.STEP_STARTED, step="copy")
    assert len(journal.events("dev-1")) == 1


def test_a_zombie_is_refused_after_the_takeover_and_its_end_leaves_the_new_holder_alone(
    team: Team, journal: SqlJournal
) -> None:
    zombie = journal.acquire("dev", "dev-1", ME)
    team.by_hand(END_LEASES)
    there = team.journal("there")
    present = there.acquire("dev", "dev-1", {**ME, "host": "db2"})

    assert present.token > zombie.token
    with pytest.raises(LeaseLost):
        zombie.confirm()
    with pytest.raises(LeaseLost):
        journal.append("dev-1", EventKind.NOTED)
    zombie.release()
    present.confirm()
    assert there.append("dev-1", EventKind.NOTED).seq == 2
    assert (journal.holder_of("dev") or [None, {}])[1]["host"] == "db2"


def test_nobody_takes_over_between_the_question_and_the_event(team: Team, journal: SqlJournal) -> None:
    """The link of the lease is lost when the event's transaction has just asked for it: the taker waits for its end."""
    journal.acquire("dev", "dev-1", ME)
    there = team.journal("there")
    taken: list[int] = []
    taker = threading.Thread(target=lambda: taken.append(there.acquire("dev", "dev-1", ME).token))

    def lose(point: str) -> None:
        if point == "journal.event.written":
            points.listen(None)
            team.by_hand(END_LEASES)
            taker.start()
            taker.join(0.5)
            assert taken == []

    points.listen(lose)
    try:
        assert journal.append("dev-1", EventKind.NOTED).seq == 2
    finally:
        points.listen(None)
    taker.join(10)
    assert taken == [2]
    assert [event.seq for event in there.events("dev-1")] == [1, 2]


def test_only_one_of_many_machines_gets_it(team: Team, journal: SqlJournal) -> None:
    code = """
    from cutover.errors import LeaseHeld
    journal = opened()
    print("ready", flush=True)
    sys.stdin.readline()
    try:
        journal.acquire("dev", "dev-1", {"user": "u", "host": "h", "pid": str(os.getpid())})
        print("mine", flush=True)
    except LeaseHeld:
        print("refused", flush=True)
    sys.stdin.read()
    """
    started = [process(team.mirror(f"m{number}"), code, environ=team.environ()) for number in range(4)]
    assert {line_from(one) for one in started} == {"ready"}
    for one in started:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()

    said = sorted(line_from(one) for one in started)
    for one in started:
        ended(one)
    assert said == ["mine", *["refused"] * 3]


def test_tokens_go_on_after_deaths_and_on_another_machine(team: Team, journal: SqlJournal) -> None:
    def token_of_a_killed(machine: str) -> int:
        code = HOLD + "os.kill(os.getpid(), 9)"
        status, out = ended(process(team.mirror(machine), code, environ=team.environ()))
        assert status == -9
        return int(out)

    tokens = [token_of_a_killed("m1"), token_of_a_killed("m2"), journal.acquire("dev", "dev-3", ME).token]
    assert tokens == sorted(set(tokens))


def test_asking_who_holds_never_makes_a_taker_fail(team: Team, journal: SqlJournal) -> None:
    code = "journal = opened(); print('looking', flush=True)\nwhile True: journal.holder_of('dev')"
    journal.acquire("dev", "dev-1", ME).release()
    team.by_hand("UPDATE lease SET released = NULL")
    looker = process(team.mirror("there"), code, environ=team.environ())
    assert line_from(looker) == "looking"

    try:
        for _ in range(20):
            journal.acquire("dev", "dev-1", ME).release()
    finally:
        looker.kill()
        looker.communicate()


def test_no_secret_stands_in_a_lease(team: Team, journal: SqlJournal) -> None:
    journal.acquire("dev", "dev-1", {**ME, "host": "postgresql://u:canary-lease@db"})

    assert "canary" not in str(team.by_hand("SELECT * FROM lease"))
