"""Leases between real processes, ended by the real signal."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cutover.errors import LeaseHeld, LeaseLost
from cutover.journal.store import SqlJournal
from cutover.model.status import EventKind
from tests.unit.journal.clocks import MadeUpClock
from tests.unit.journal.worlds import by_hand, ended, line_from, process

ME = {"user": "ana", "host": "db1", "pid": str(os.getpid())}

HOLD = """
lease = opened().acquire("dev", "dev-1", {"user": "eve", "host": "db2", "pid": str(os.getpid())})
print(lease.token, flush=True)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[SqlJournal]:
    opened = SqlJournal(path, clock=MadeUpClock())
    yield opened
    opened.close()


@pytest.fixture
def elsewhere(path: Path, journal: SqlJournal) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lease of `dev` until its input ends."""
    started = process(path, HOLD + "sys.stdin.read()")
    assert int(line_from(started)) > 0
    yield started
    started.kill()
    started.communicate()


def test_another_process_is_refused(journal: SqlJournal, elsewhere: subprocess.Popen[str]) -> None:
    with pytest.raises(LeaseHeld, match=rf"run 'dev-1' \(eve on db2, process {elsewhere.pid}, since 20"):
        journal.acquire("dev", "dev-2", ME)

    assert (journal.holder_of("dev") or [None])[2] is True


def test_a_killed_holder_is_told_apart_and_its_lease_is_free_at_once(
    journal: SqlJournal, elsewhere: subprocess.Popen[str]
) -> None:
    elsewhere.send_signal(signal.SIGKILL)
    elsewhere.wait(10)

    holder = journal.holder_of("dev")
    assert holder is not None
    assert (holder.run, holder.alive) == ("dev-1", False)
    assert journal.acquire("dev", "dev-1", ME).token > 1


def test_a_stopped_holder_still_holds(journal: SqlJournal, elsewhere: subprocess.Popen[str]) -> None:
    """A process that hangs may wake up: only its death frees the lease."""
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
        "import subprocess; other = subprocess.Popen(['sleep', '60'], preexec_fn=lambda: None).pid",
        "other = os.fork()\nif other == 0: time.sleep(60)",
        FORKED,
    ],
    ids=["subprocess", "preexec", "fork", "multiprocessing"],
)
def test_children_that_live_on_do_not_keep_the_lease(path: Path, journal: SqlJournal, child: str) -> None:
    started = process(path, HOLD + child + "\nprint(other, flush=True)\nos.kill(os.getpid(), 9)")
    line_from(started)
    other = int(line_from(started))
    started.wait(10)

    try:
        os.kill(other, 0)  # it lives
        assert journal.acquire("dev", "dev-2", ME).run == "dev-2"
    finally:
        os.kill(other, signal.SIGKILL)
        started.communicate()


def test_tokens_go_on_after_a_kill_and_in_a_new_process(path: Path, journal: SqlJournal) -> None:
    def token_of_a_killed() -> int:
        status, out = ended(process(path, HOLD + "os.kill(os.getpid(), 9)"))
        assert status == -9
        return int(out)

    tokens = [token_of_a_killed(), token_of_a_killed(), journal.acquire("dev", "dev-3", ME).token]
    assert tokens == sorted(set(tokens))


def test_a_zombie_that_wakes_up_is_refused(path: Path, journal: SqlJournal) -> None:
    """Somebody removed the locks, so the kernel could not tell any more: the token still can."""
    lease = journal.acquire("dev", "dev-1", ME)
    for lock in path.with_name("journal.db.leases").iterdir():
        lock.unlink()
    journal.acquire("dev", "dev-2", ME).confirm()

    with pytest.raises(LeaseLost, match="run 'dev-1' does not hold 'dev' any longer"):
        lease.confirm()


def test_what_a_zombie_wants_to_say_is_refused(path: Path, journal: SqlJournal) -> None:
    """Checked in the transaction that writes the event, so no moment lies between the question and the deed."""
    run = journal.create_run("dev", {})
    zombie = journal.acquire("dev", run, ME)
    for lock in path.with_name("journal.db.leases").iterdir():
        lock.unlink()
    elsewhere = SqlJournal(path, clock=MadeUpClock())
    elsewhere.acquire("dev", run, ME)

    with pytest.raises(LeaseLost, match="its token was 1"):
        journal.append(run, EventKind.STEP_STARTED, step="copy")
    assert elsewhere.append(run, EventKind.RUN_ARMED).seq == 2
    zombie.release()
    assert elsewhere.append(run, EventKind.NOTED).seq == 3


def test_the_end_of_a_zombie_leaves_the_new_holder_alone(path: Path, journal: SqlJournal) -> None:
    zombie = journal.acquire("dev", "dev-1", ME)
    for lock in path.with_name("journal.db.leases").iterdir():
        lock.unlink()
    present = journal.acquire("dev", "dev-2", ME)
    zombie.release()

    present.confirm()
    assert (journal.holder_of("dev") or [None])[0] == "dev-2"


def test_only_one_of_many_processes_gets_it(path: Path, journal: SqlJournal) -> None:
    code = """
    from cutover.errors import LeaseHeld, LeaseLost
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
    started = [process(path, code) for _ in range(5)]
    assert {line_from(one) for one in started} == {"ready"}
    for one in started:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()

    said = sorted(line_from(one) for one in started)
    for one in started:
        ended(one)
    assert said == ["mine", *["refused"] * 4]


def test_asking_who_holds_never_makes_a_taker_fail(path: Path, journal: SqlJournal) -> None:
    journal.acquire("dev", "dev-1", ME).release()
    by_hand(path, "UPDATE lease SET released = NULL")  # as after a kill, so that every look touches the lock
    code = "journal = opened(); print('looking', flush=True)\nwhile True: journal.holder_of('dev')"
    lookers = [process(path, code) for _ in range(2)]
    assert {line_from(one) for one in lookers} == {"looking"}

    try:
        for _ in range(50):
            journal.acquire("dev", "dev-1", ME).release()
            by_hand(path, "UPDATE lease SET released = NULL")
    finally:
        for one in lookers:
            one.kill()
            one.communicate()


def test_a_lease_that_nobody_keeps_in_a_variable_is_held(path: Path, journal: SqlJournal) -> None:
    token = journal.acquire("dev", "dev-1", ME).token

    assert token
    with pytest.raises(LeaseHeld):
        journal.acquire("dev", "dev-2", ME)


def test_locks_can_be_opened_by_their_owner_only(path: Path, journal: SqlJournal) -> None:
    journal.acquire("dev", "dev-1", ME)
    folder = path.with_name("journal.db.leases")

    assert folder.stat().st_mode & 0o777 == 0o700
    assert [lock.stat().st_mode & 0o777 for lock in folder.iterdir()] == [0o600]


def test_no_secret_stands_in_a_lease(path: Path, journal: SqlJournal) -> None:
    journal.acquire("dev", "dev-1", {**ME, "host": "postgresql://u:canary-lease@db"})

    assert b"canary-lease" not in path.read_bytes() + path.with_name("journal.db-wal").read_bytes()
