"""
The servers die, and not the run: the target, the source, and the disk under the journal.

Each time the process sleeps at a named point while that happens, so that it happens exactly there.
"""

from __future__ import annotations

import resource
from collections.abc import Callable

import psycopg
import pytest

from cutover.errors import ExitStatus
from tests.crash.amount import some
from tests.crash.pictures import picture, world
from tests.fixtures.forked import Ended, Started
from tests.fixtures.mortal import Mortal, sleeper, wake
from tests.fixtures.shop import Shop

ONE_SHOT = "runbooks/one_shot.yaml"
PATIENT = "        retry: {tries: 6, wait: 50 ms}\n"


@pytest.fixture(scope="module")
def undisturbed(make_shop: Callable[..., Shop]) -> dict[str, object]:
    shop = make_shop()
    before = world(shop)
    assert shop.cutover("rehearse", ONE_SHOT, "--env", "dev").status == 0
    return {"before": before, "after": world(shop)}


@pytest.fixture
def shop(make_shop: Callable[..., Shop], mortal: Mortal) -> Shop:
    """One whose new system lives on a server that can be killed."""
    return make_shop(mortal.server)


def patient(shop: Shop) -> None:
    """Every step that writes to the target may be tried again."""
    for step in ("create-schema", "copy-all"):
        shop.edit(ONE_SHOT, f"step: {step}\n", f"step: {step}\n{PATIENT}")


def refused(ended: Ended, status: ExitStatus) -> None:
    assert ended.status == status, f"{ended.status}: {ended.out}{ended.err}"


TARGET_DIES = ("sql.before_commit", "copy.chunk.before_commit#3", "copy.chunk.committed#3", "switch.renamed")


@pytest.mark.parametrize("point", some(TARGET_DIES, TARGET_DIES[1:2]))
def test_the_target_dies_and_comes_back(point: str, shop: Shop, mortal: Mortal, undisturbed: dict[str, object]) -> None:
    """A step with a rule to try again goes on by itself."""
    patient(shop)
    with sleeper(shop, "rehearse", ONE_SHOT, "--env", "dev", at=point) as process:
        mortal.kill()
        mortal.rise()
        ended = wake(process)

    assert ended.status == 0, ended.out + ended.err
    assert world(shop) == undisturbed["after"]


def test_the_target_stays_away_and_the_answer_to_a_commit_is_lost(
    shop: Shop, mortal: Mortal, undisturbed: dict[str, object]
) -> None:
    """Nobody knows, so nothing is rolled back; a person resumes when the server is there again."""
    with sleeper(shop, "rehearse", ONE_SHOT, "--env", "dev", at="copy.chunk.before_commit#3") as process:
        mortal.kill()
        try:
            ended = wake(process)
        finally:
            mortal.rise()

    refused(ended, ExitStatus.OUTCOME_UNKNOWN)
    assert shop.cutover("resume", "dev-1").status == 0
    assert world(shop) == undisturbed["after"]


BACK = ("copy.undo.before_commit", "rollback.started", "sql.undo.before_commit", "rollback.proved")


@pytest.mark.parametrize("point", some(BACK, BACK[:1]))
def test_the_target_dies_on_the_way_back(
    point: str, shop: Shop, mortal: Mortal, undisturbed: dict[str, object]
) -> None:
    """The rollback is stuck and says so; it goes on where it was."""
    with sleeper(shop, "rehearse", ONE_SHOT, "--env", "dev", "--drill", at=point) as process:
        mortal.kill()
        try:
            ended = wake(process)
        finally:
            mortal.rise()

    if ended.status != 0:  # after the proof nothing is asked of it any more
        refused(ended, ExitStatus.ROLLBACK_STUCK)
        again = shop.cutover("resume", "dev-1")
        assert again.status == 0, again.out + again.err
    assert world(shop) == undisturbed["before"]
    assert shop.cutover("report", "dev-1", "--json").json["status"] == "rolled_back"


# the source


@pytest.fixture
def from_server(make_shop: Callable[..., Shop], mortal: Mortal) -> Shop:
    """One whose old system lives on a server that can be killed, with the same rows."""
    shop = make_shop()
    name = f"{shop.databases['dev']}_old"
    mortal.server.create(name)
    with mortal.server.connect(name) as old:
        old.execute("CREATE TABLE customers (code text, name text, email text, country text)")
        old.execute(
            "CREATE TABLE orders (id bigint, customer text, placed text, amount numeric, state text, country text)"
        )
        for table in ("customers", "orders"):
            rows = shop.old("dev", f"SELECT * FROM {table}")
            with old.cursor().copy(f"COPY {table} FROM STDIN") as into:
                for row in rows:
                    into.write_row(row)
    url = f'{{url: "{mortal.server.url_without_password(name)}", password: "env:MORTAL"}}'
    shop.edit("cutover.yaml", "old: sqlite:///dev/old.db", f"old: {url}")
    text = (shop.root / ONE_SHOT).read_text()
    backup = text[text.index("      - step: back-up-old") : text.index("  - phase: Move")]
    shop.edit(ONE_SHOT, backup, "")
    shop.environ["MORTAL"] = mortal.server.password  # type: ignore[index]
    return shop


def test_the_source_dies_and_comes_back(from_server: Shop, mortal: Mortal, undisturbed: dict[str, object]) -> None:
    """Its snapshot is gone; the copy reads what is left in a new one, and the proof holds."""
    patient(from_server)
    with sleeper(from_server, "rehearse", ONE_SHOT, "--env", "dev", at="copy.chunk.before_commit#4") as process:
        mortal.kill()
        mortal.rise()
        ended = wake(process)

    assert ended.status == 0, ended.out + ended.err
    found = world(from_server)
    assert (found["customers"], found["orders"]) == (undisturbed["after"]["customers"], undisturbed["after"]["orders"])  # type: ignore[index]


def test_case_48_what_changed_while_the_snapshot_was_lost_is_noticed(from_server: Shop, mortal: Mortal) -> None:
    """Rows of two moments never pass for one: the row is named, and the way back is taken."""
    patient(from_server)
    with sleeper(from_server, "rehearse", ONE_SHOT, "--env", "dev", at="copy.chunk.before_commit#6") as process:
        mortal.kill()
        mortal.rise()
        with psycopg.connect(mortal.server.url(f"{from_server.databases['dev']}_old").replace("+psycopg", "")) as old:
            old.execute("UPDATE orders SET state = 'S' WHERE id = 1")
        ended = wake(process)

    assert "1 row has other values in state, the first has order_id 1" in ended.out
    # Everything is undone, and what somebody did to the old system meanwhile is told and not taken for ours.
    refused(ended, ExitStatus.ROLLBACK_STUCK)
    assert "old.orders differ" in ended.out
    assert world(from_server)["orders"] is None


# the journal


def small_disk(process: Started, size: int = 16 << 10) -> None:
    """From now on no file that the process writes grows beyond so many bytes: its disk is full."""
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, size))


JOURNAL_STOPS = ("step.intent#5", "copy.chunk.committed#3", "journal.event.written#25", "switch.written")


@pytest.mark.parametrize("point", some(JOURNAL_STOPS, JOURNAL_STOPS[1:2]))
def test_the_journals_disk_is_full(point: str, make_shop: Callable[..., Shop], undisturbed: dict[str, object]) -> None:
    """Nothing happens that cannot be written down: the run stops before the next effect."""
    shop = make_shop()
    with sleeper(shop, "rehearse", ONE_SHOT, "--env", "dev", at=point) as process:
        ledger = shop.new("dev", "SELECT count(*) FROM cutover.chunk") if "copy" in point else []
        small_disk(process)
        ended = wake(process)
        if ledger:
            assert shop.new("dev", "SELECT count(*) FROM cutover.chunk") == ledger

    refused(ended, ExitStatus.DEFECT)
    assert "CUT-61" in ended.err
    again = shop.cutover("resume", "dev-1")
    assert again.status == 0, again.out + again.err
    assert world(shop) == undisturbed["after"]


def test_the_journals_disk_is_full_on_the_way_back(
    make_shop: Callable[..., Shop], undisturbed: dict[str, object]
) -> None:
    shop = make_shop()
    with sleeper(shop, "rehearse", ONE_SHOT, "--env", "dev", "--drill", at="copy.undo.committed") as process:
        small_disk(process)
        refused(wake(process), ExitStatus.DEFECT)

    assert shop.cutover("resume", "dev-1").status == 0
    assert world(shop) == undisturbed["before"]


@pytest.mark.parametrize(
    "point", some(("step.intent#5", "copy.chunk.committed#3", "switch.written"), ("step.intent#5",))
)
def test_the_journals_server_dies(
    point: str, make_shop: Callable[..., Shop], mortal: Mortal, undisturbed: dict[str, object]
) -> None:
    """With it goes the lease, though the server is back at once: another may have taken the run meanwhile."""
    shop = make_shop()
    name = f"{shop.root.name}_journal"
    mortal.server.create(name)
    url = mortal.server.url_without_password(name)
    shop.edit("cutover.yaml", "project: shop\n", f'project: shop\njournal: {{url: "{url}", password: "env:MORTAL"}}\n')
    shop.environ["MORTAL"] = mortal.server.password  # type: ignore[index]
    with sleeper(shop, "rehearse", ONE_SHOT, "--env", "dev", at=point) as process:
        before = world(shop)
        mortal.kill()
        mortal.rise()
        ended = wake(process)
        after = world(shop)

    assert ended.status in (ExitStatus.DEFECT, ExitStatus.LEASE_HELD), ended.out + ended.err
    assert "CUT-61" in ended.err
    assert after == {**before, "beside it": after["beside it"]}, "something was done that nobody could write down"
    again = shop.cutover("resume", "dev-1")
    assert again.status == 0, again.out + again.err
    assert world(shop) == undisturbed["after"]


def test_a_torn_line_of_the_mirror_is_mended(make_shop: Callable[..., Shop], undisturbed: dict[str, object]) -> None:
    """Case 48: half a line at the end of a local file is cut, and filled up from the journal."""
    shop = make_shop()
    assert shop.cutover("rehearse", ONE_SHOT, "--env", "dev", kill_at="copy.chunk.committed#3").status == -9
    (mirror,) = (shop.root / ".cutover").glob("*.jsonl")
    whole = mirror.read_bytes()
    mirror.write_bytes(whole[:-37])

    assert shop.cutover("resume", "dev-1").status == 0

    assert mirror.read_bytes().startswith(whole)
    assert picture(shop)["report"]["status"] == "completed"
    assert world(shop) == undisturbed["after"]
