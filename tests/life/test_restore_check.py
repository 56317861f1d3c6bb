"""The life of a proof: a backup is restored elsewhere and compared, and that place is gone afterwards."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cutover.backup import CannotRestoreHere, NoBackup, NotProved, ToolFailed
from cutover.dataplane.database import Database
from cutover.errors import StepFailed
from cutover.model.outcome import Severity
from cutover.model.project import DatabaseRef
from cutover.steps.backup import Backup
from cutover.steps.restore_check import POINTS, RestoreCheck
from tests.fixtures.databases import ask, fill
from tests.fixtures.postgres import Server
from tests.life.test_backup import SCRIPT, flipped, gone, liar, truncated
from tests.life.world import DEV, World, spec_of

TAKE = Backup(database="new")
TAKEN = spec_of("back-up-new", "backup")
STEP = RestoreCheck(backup="back-up-new")
SPEC = spec_of("prove-backup", "restore_check")
MORE = "INSERT INTO city VALUES ('M', 'Madrid')"


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path, make_database: Callable[..., Database]) -> World:
    """A database, the programs for it, and a backup that was taken of it."""
    database = fill(make_database(request.param), SCRIPT)
    tools = {"postgresql": request.getfixturevalue("postgres").bin} if request.param == "postgresql" else {}
    url = database.engine.url.render_as_string(hide_password=False)
    world = World(tmp_path, {"new": url}, environment=replace(DEV, tools=tools))
    world.attempt(TAKE, TAKEN)
    return world


on_postgresql = pytest.mark.parametrize("world", ["postgresql"], indirect=True)


def is_postgresql(world: World) -> bool:
    return world.urls["new"].startswith("postgresql")


def new(world: World) -> Database:
    return world.context(SPEC).database("new")


def file_of(world: World) -> Path:
    return world.root / str(world.facts["back-up-new"]["file"])


def scratches(world: World) -> list[str]:
    """Places where something was restored, and that are still there."""
    if is_postgresql(world):
        rows = ask(new(world), "SELECT datname FROM pg_database WHERE datname LIKE 'cutover_restore_dev_1_%'")
        return [str(row[0]) for row in rows]
    folder = world.root / "restored"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@pytest.fixture(autouse=True)
def nothing_is_left(world: World) -> Any:
    """Other tests share the server."""
    before = scratches(world)
    yield
    world.undo(STEP, SPEC)
    assert scratches(world) == before == []


def test_a_backup_that_holds_what_was_there_is_proved(world: World) -> None:
    facts, ctx = world.attempt(STEP, SPEC)

    taken = world.facts["back-up-new"]["tables"]
    assert facts["backup"] == "back-up-new"
    assert facts["equal"] is True
    assert {name: one["rows"] for name, one in facts["tables"].items()} == {
        name: one["rows"] for name, one in taken.items()
    }
    tables = [name for name in taken if not name.startswith("(")]
    assert len(tables) == 2
    assert [facts["tables"][name] for name in tables] == [{**taken[name], "equal": True} for name in tables]
    assert [finding.severity for finding in ctx.found if finding.severity is Severity.ERROR] == []
    assert scratches(world) == []


def test_what_happened_since_does_not_count(world: World) -> None:
    """It is compared with the moment it was taken in, not with the database of now."""
    fill(new(world), MORE)

    assert world.attempt(STEP, SPEC)[0]["equal"] is True


def test_the_database_itself_is_not_touched(world: World) -> None:
    before = ask(new(world), "SELECT * FROM city ORDER BY code")

    world.attempt(STEP, SPEC)
    world.undo(STEP, SPEC)

    assert ask(new(world), "SELECT * FROM city ORDER BY code") == before


def test_twice_is_once(world: World) -> None:
    first, _ = world.attempt(STEP, SPEC)

    assert world.attempt(STEP, SPEC)[0] == first
    assert scratches(world) == []


@pytest.mark.crash
@pytest.mark.parametrize("point", POINTS)
def test_killed_and_run_again(point: str, world: World) -> None:
    assert world.killed_at(point, STEP, SPEC) == -signal.SIGKILL
    assert len(scratches(world)) == (0 if point == "restore_check.dropped" else 1)

    assert world.attempt(STEP, SPEC)[0]["equal"] is True

    assert scratches(world) == []


@pytest.mark.crash
@pytest.mark.parametrize("point", POINTS)
def test_undo_of_a_half_run_drops_what_was_restored(point: str, world: World) -> None:
    assert world.killed_at(point, STEP, SPEC) == -signal.SIGKILL

    facts = world.undo(STEP, SPEC)

    assert facts["dropped"] is (point != "restore_check.dropped")
    assert scratches(world) == []
    assert world.undo(STEP, SPEC) == {**facts, "dropped": False}


def test_undo_of_nothing(world: World) -> None:
    assert world.undo(STEP, SPEC) == {"nothing_to_do": True}


def test_undo_after_a_whole_run(world: World) -> None:
    world.attempt(STEP, SPEC)

    assert world.undo(STEP, SPEC)["dropped"] is False


# a backup that was switched on, and silently not taken (case 51)


def test_case_51_a_backup_that_was_not_taken(world: World) -> None:
    world.facts.clear()

    with pytest.raises(NoBackup, match="step 'back-up-new' has taken no backup in this run"):
        world.attempt(STEP, SPEC)


@pytest.mark.parametrize(
    ("damage", "says"),
    [(gone, "is not there"), (truncated, "bytes were written|were written"), (flipped, "its SHA-256 is another")],
)
def test_case_51_a_backup_that_is_not_the_one_that_was_taken(
    damage: Callable[[Path], None], says: str, world: World
) -> None:
    damage(file_of(world))

    for moment in (STEP.check, STEP.run):
        with pytest.raises(NoBackup, match=says):
            moment(world.context(SPEC))
    assert scratches(world) == []


def test_case_51_a_whole_backup_of_another_moment(world: World) -> None:
    """The file is intact and can be restored; only what comes out is not what was there."""
    honest = world.facts["back-up-new"]
    fill(new(world), MORE)
    later, _ = world.attempt(TAKE, TAKEN)
    world.facts["back-up-new"] = {**later, "tables": honest["tables"]}
    ctx = world.context(SPEC)

    with pytest.raises(NotProved, match=r"the backup of 'new' by 'back-up-new' is not what was backed up: '.*city'"):
        STEP.run(ctx)

    (finding,) = [finding for finding in ctx.found if finding.severity is Severity.ERROR]
    assert (finding.check, finding.count) == ("restore_check fingerprint", 1)
    assert [sample[:2] for sample in finding.samples] == [("in the database", "3"), ("restored", "4")]
    assert scratches(world) == []


def test_case_51_a_table_that_is_missing_from_the_backup(world: World) -> None:
    honest = world.facts["back-up-new"]
    fill(new(world), "DROP TABLE nothing_yet")
    later, _ = world.attempt(TAKE, TAKEN)
    world.facts["back-up-new"] = {**later, "tables": honest["tables"]}

    with pytest.raises(NotProved, match="nothing_yet"):
        world.attempt(STEP, SPEC)


@on_postgresql
def test_case_51_a_dump_that_was_cut_off_by_the_program_itself(world: World, postgres: Server) -> None:
    """The program said yes, and size and SHA-256 are those of what it wrote: only restoring it tells."""
    programs = liar(world.root / "liar", f'"{postgres.bin}/pg_dump" "$@" | head -c -40')
    replace(world, environment=replace(DEV, tools={"postgresql": programs})).attempt(TAKE, TAKEN)

    with pytest.raises(ToolFailed, match="cannot be restored: pg_restore ended with status 1"):
        world.attempt(STEP, SPEC)

    assert scratches(world) == []


@on_postgresql
def test_case_51_programs_that_restore_nothing(world: World) -> None:
    programs = liar(world.root / "liar", "exit 0")

    with pytest.raises(NotProved):
        replace(world, environment=replace(DEV, tools={"postgresql": programs})).attempt(STEP, SPEC)

    assert scratches(world) == []


# verify, and where it is restored


@pytest.mark.parametrize("damage", [gone, truncated, flipped])
def test_verify_looks_at_the_file_again(damage: Callable[[Path], None], world: World) -> None:
    world.attempt(STEP, SPEC)
    damage(file_of(world))

    with pytest.raises(NoBackup):
        STEP.verify(world.context(SPEC))


@pytest.mark.crash
def test_verify_refuses_what_is_left(world: World) -> None:
    assert world.killed_at("restore_check.restored", STEP, SPEC) == -signal.SIGKILL

    with pytest.raises(StepFailed, match=r"'cutover_restore_dev_1_[0-9a-f]{8}' is still there"):
        STEP.verify(world.context(SPEC))


@on_postgresql
def test_it_is_restored_on_the_server_named_scratch(world: World, postgres: Server) -> None:
    url = postgres.url("postgres")
    there = {"scratch": DatabaseRef(name="scratch", url=url)}
    world.urls["scratch"] = url

    replace(world, environment=replace(world.environment, databases=there)).attempt(STEP, SPEC)

    assert world.context(SPEC).remembered("scratch")["server"] == "scratch"


@on_postgresql
def test_a_user_who_may_not_make_databases_is_known_at_check(world: World) -> None:
    role = "CREATE ROLE reader_of_backups LOGIN PASSWORD 'reader-7c1d'"
    fill(new(world), role)
    try:
        url = new(world).engine.url.set(username="reader_of_backups", password="reader-7c1d")
        reader = replace(world, urls={"new": url.render_as_string(hide_password=False)})

        with pytest.raises(CannotRestoreHere, match="the user of database 'new' may not create databases"):
            STEP.check(reader.context(SPEC))
    finally:
        fill(new(world), "DROP ROLE reader_of_backups")


def test_what_it_says(world: World) -> None:
    assert STEP.says() == "prove the backup of back-up-new by restoring it elsewhere and comparing every table"
    assert STEP.references().steps == ("back-up-new",)
    (action,) = STEP.plan(world.context(SPEC))
    assert action.undo == "drop that database if it is still there"
    assert STEP.effects and STEP.undoable()
