"""The server of a team's journal is killed or restarted: nothing is done that is not intended, and nothing is lost."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from cutover.errors import ExitStatus, JournalNotWritable, LeaseLost
from cutover.journal.database import JournalNotReadable
from cutover.model.status import EventKind
from demo.embedded import NoBinaries, Server, binaries, free_port, run_as_server, start
from tests.crash.pictures import world
from tests.fixtures.forked import Started
from tests.fixtures.journals import Team
from tests.fixtures.postgres import required
from tests.fixtures.shop import Shop
from tests.unit.journal.worlds import ended, line_from, process

ONE_SHOT = "runbooks/one_shot.yaml"
ME = {"user": "ana", "host": "db1", "pid": str(os.getpid())}


@dataclass(slots=True)
class Mortal:
    """A server that may be killed: its own, so that nobody else's tests notice."""

    folder: Path
    password: str
    port: int
    server: Server

    def kill(self) -> None:
        """As a power failure would end it: at once, without a word to whoever is connected."""
        self._control("-m", "immediate", "-w", "stop")

    def restart(self) -> None:
        """As an administrator does it at an unlucky moment."""
        self._control("-m", "fast", "-w", "stop")
        self.begin()

    def begin(self) -> None:
        """Start it again, at the same place."""
        self.server = start(self.folder, password=self.password, port=self.port)

    def _control(self, *words: str) -> None:
        done = run_as_server(self.server.bin / "pg_ctl", ("-D", str(self.server.data), *words), cwd=self.server.data)
        assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def mortal() -> Iterator[Mortal]:
    try:
        binaries()
    except NoBinaries as missing:
        if required("postgresql"):
            pytest.fail(f"PostgreSQL is required here: {missing}")
        pytest.skip(f"no PostgreSQL to test with: {missing}")
    folder = Path(tempfile.mkdtemp(prefix="cutover-test-journal-"))
    folder.chmod(0o755)
    password, port = secrets.token_urlsafe(12), free_port()
    try:
        made = Mortal(folder, password, port, start(folder, password=password, port=port))
        try:
            yield made
        finally:
            made.server.stop()
    finally:
        shutil.rmtree(folder)


_numbers = count(1)


@pytest.fixture
def team(mortal: Mortal, tmp_path: Path) -> Iterator[Team]:
    """A fresh database for a journal on the server that may be killed."""
    if not mortal.server.running():
        mortal.begin()
    made = Team(url=mortal.server.create(f"journal_{next(_numbers)}"), folder=tmp_path)
    yield made
    for journal in made.opened:
        journal.close()


def test_an_event_is_refused_when_the_server_is_killed(team: Team, mortal: Mortal) -> None:
    journal = team.journal()
    journal.create_run("dev", {})
    lease = journal.acquire("dev", "dev-1", ME)
    mortal.kill()

    began = time.monotonic()
    with pytest.raises(JournalNotWritable, match=r"event step.started of run 'dev-1' cannot be written") as refused:
        journal.append("dev-1", EventKind.STEP_STARTED, step="copy")
    assert "is the server of the journal running" in refused.value.hint
    with pytest.raises(JournalNotReadable):
        lease.confirm()
    lease.release()
    assert time.monotonic() - began < 10

    mortal.begin()
    assert [event.seq for event in journal.events("dev-1")] == [1]
    assert journal.verify() == []


def test_a_restart_ends_the_lease_and_the_next_event_is_refused(team: Team, mortal: Mortal) -> None:
    """Somebody else may have taken it meanwhile, so nothing goes on by itself; `cutover resume` does."""
    journal = team.journal()
    journal.create_run("dev", {})
    lease = journal.acquire("dev", "dev-1", ME)
    mortal.restart()

    with pytest.raises(LeaseLost, match="run 'dev-1' does not hold 'dev' any longer"):
        journal.append("dev-1", EventKind.STEP_STARTED, step="copy")
    with pytest.raises(LeaseLost):
        lease.confirm()
    holder = journal.holder_of("dev")
    assert holder is not None
    assert (holder.run, holder.alive) == ("dev-1", False)

    again = team.journal("there").acquire("dev", "dev-1", ME)
    assert again.token > lease.token
    lease.release()
    again.confirm()


@pytest.mark.parametrize("seed", range(3))
def test_what_was_said_to_be_written_is_there_after_the_server_was_killed(
    team: Team, mortal: Mortal, seed: int
) -> None:
    team.journal().create_run("dev", {})
    code = """
    from cutover.errors import JournalNotWritable
    journal = opened()
    journal.acquire("dev", "dev-1", {})
    try:
        while True:
            print(journal.append("dev-1", EventKind.NOTED).seq, flush=True)
    except JournalNotWritable as refused:
        assert refused.hint, refused
    """
    writer = process(team.mirror("there"), code, environ=team.environ())
    while int(line_from(writer)) < 20 + 7 * seed:
        pass
    mortal.kill()
    _, out = ended(writer)
    said = int(out.splitlines()[-1]) if out else 20 + 7 * seed
    mortal.begin()

    there = team.journal("there")
    assert there.heads()[0].seq in (said, said + 1)  # one more: the answer to its COMMIT did not come
    assert there.verify() == []
    assert there.append("dev-1", EventKind.NOTED).seq == there.heads()[0].seq


# a whole run


@pytest.fixture(scope="module")
def undisturbed(make_shop: Callable[[], Shop]) -> dict[str, object]:
    shop = make_shop()
    assert shop.cutover("rehearse", ONE_SHOT, "--env", "dev").status == 0
    return world(shop)


@pytest.fixture
def shop(make_shop: Callable[[], Shop], team: Team, mortal: Mortal) -> Shop:
    """A shop whose journal is on the server that may be killed."""
    made = make_shop()
    url = mortal.server.url_without_password(team.url.rsplit("/", 1)[1])
    place = f'project: shop\njournal: {{url: "{url}", password: "file:journal-password", schema: journal_of_shop}}\n'
    made.edit("cutover.yaml", "project: shop\n", place)
    (made.root / "journal-password").write_text(mortal.password)
    return made


def done(shop: Shop, effect: str) -> bool:
    """Whether that effect is in the world."""
    if effect == "backup":
        return any((shop.root / ".cutover").rglob("backups/*"))
    return (shop.root / "dev/application.json").read_text() != '{"default": "old"}\n'


def asleep(started: Started) -> None:
    until = time.monotonic() + 60
    while Path(f"/proc/{started.pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        assert time.monotonic() < until, "the process did not come to the point where it sleeps"
        time.sleep(0.02)


def test_a_project_keeps_its_journal_on_a_server(shop: Shop, mortal: Mortal, undisturbed: dict[str, object]) -> None:
    run = shop.cutover("rehearse", ONE_SHOT, "--env", "dev")
    assert run.status == 0, run.out + run.err
    assert world(shop) == undisturbed
    assert done(shop, "backup") and done(shop, "switch")

    status = shop.cutover("status", "--json").json
    assert [(row["run"], row["status"]) for row in status["runs"]] == [("dev-1", "completed")]
    assert (shop.root / ".cutover/journal.jsonl").is_file()
    assert not (shop.root / ".cutover/journal.db").exists()
    kept = b"".join(file.read_bytes() for file in (shop.root / ".cutover").rglob("*") if file.is_file())
    assert mortal.password.encode() not in kept + (run.out + run.err).encode()


@pytest.mark.parametrize("how", ["killed", "restarted"])
@pytest.mark.parametrize(
    ("point", "next_effect"),
    [
        ("step.intent#2", "backup"),  # its intent is in the journal, so that effect may come; no backup does
        ("step.done#2", "backup"),
        ("copy.chunk.committed#2", "switch"),  # the copy was intended, the switch to the new system not yet
        ("step.intent#9", ""),  # the switch itself: done or not, the next process finds out
    ],
)
def test_a_run_stops_before_its_next_effect_and_goes_on_when_the_server_is_back(
    shop: Shop, mortal: Mortal, undisturbed: dict[str, object], how: str, point: str, next_effect: str
) -> None:
    started = shop.start("rehearse", ONE_SHOT, "--env", "dev", freeze_at=point)
    asleep(started)
    if how == "killed":
        mortal.kill()
    else:
        mortal.restart()
    os.kill(started.pid, signal.SIGCONT)
    stopped = started.wait(60)

    assert stopped.status in (ExitStatus.DEFECT, ExitStatus.LEASE_HELD), stopped.out + stopped.err
    assert "CUT-61" in stopped.err + stopped.out
    assert mortal.password not in stopped.err + stopped.out
    if next_effect:
        assert not done(shop, next_effect)

    if how == "killed":
        mortal.begin()
    resumed = shop.cutover("resume", "dev-1")
    assert resumed.status == 0, resumed.out + resumed.err
    assert world(shop) == undisturbed
