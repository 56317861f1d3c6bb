"""The life of a backup: taken once or again, killed at each of its points, kept on the way back; never half a file."""

from __future__ import annotations

import json
import signal
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cutover.backup import CannotBackUp, NoBackup, ToolFailed, ToolsMissing, ToolsTooOld
from cutover.dataplane.database import Database, DatabaseBusy
from cutover.dataplane.fingerprint import fingerprint_database
from cutover.steps.backup import POINTS, Backup
from tests.fixtures.databases import ask, fill
from tests.fixtures.postgres import Server
from tests.life.world import DEV, World, spec_of

STEP = Backup(database="new")
SPEC = spec_of("back-up-new", "backup")
KINDS = ("sqlite", "postgresql")
SCRIPT = """
CREATE TABLE city (code text PRIMARY KEY, name text);
CREATE TABLE nothing_yet (a integer);
INSERT INTO city VALUES ('B', 'Berlin'), ('K', 'Köln'), ('X', NULL);
"""


@pytest.fixture
def make_world(
    tmp_path: Path, make_database: Callable[..., Database], request: pytest.FixtureRequest
) -> Callable[[str], World]:
    """`make_world("sqlite")`: one database with two tables, and the programs for it."""

    def make(kind: str) -> World:
        database = fill(make_database(kind), SCRIPT)
        tools = {"postgresql": request.getfixturevalue("postgres").bin} if kind == "postgresql" else {}
        url = database.engine.url.render_as_string(hide_password=False)
        return World(tmp_path, {"new": url}, environment=replace(DEV, tools=tools))

    return make


@pytest.fixture(params=KINDS)
def world(request: pytest.FixtureRequest, make_world: Callable[[str], World]) -> World:
    return make_world(request.param)


def new(world: World) -> Database:
    return world.context(SPEC).database("new")


def fingerprints(world: World) -> dict[str, Any]:
    with new(world).connect() as connection:
        found = fingerprint_database(connection, new(world).dialect)
    return {name: {"rows": print_.rows, "digest": print_.digest} for name, print_ in found.items()}


def files(world: World) -> list[str]:
    return sorted(path.name for path in (world.root / "backups").rglob("*"))


def file_of(facts: Any, world: World) -> Path:
    return world.root / facts["file"]


def test_a_backup_says_what_is_in_it(world: World) -> None:
    facts, ctx = world.attempt(STEP, SPEC)

    file = file_of(facts, world)
    assert facts["database"] == "new"
    assert facts["bytes"] == file.stat().st_size > 0
    assert facts["tables"] == fingerprints(world)
    assert facts["tables"][next(name for name in facts["tables"] if name.endswith("city"))]["rows"] == 3
    assert facts["file"].startswith("backups/back-up-new-new.")
    assert ctx.logged == [
        f"new: 3 rows of 2 tables backed up to {facts['file']} ({facts['bytes']} bytes, {facts['sha256']})"
    ]
    assert ctx.told


def test_only_its_owner_can_read_it(world: World) -> None:
    file = file_of(world.attempt(STEP, SPEC)[0], world)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_note_beside_it_says_the_same(world: World) -> None:
    facts, _ = world.attempt(STEP, SPEC)

    note = json.loads(Path(f"{file_of(facts, world)}.json").read_text())
    assert note == {**facts, "file": file_of(facts, world).name}


def test_again_is_a_backup_of_now(world: World) -> None:
    world.attempt(STEP, SPEC)
    fill(new(world), "INSERT INTO city VALUES ('M', 'Madrid')")

    second, _ = world.attempt(STEP, SPEC)

    assert second["tables"] == fingerprints(world)
    assert len(files(world)) == 2


def test_it_can_lie_elsewhere(world: World, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")

    inside, _ = world.attempt(Backup(database="new", folder="kept"), SPEC)
    outside, _ = world.attempt(Backup(database="new", folder=str(elsewhere)), SPEC)

    assert inside["file"].startswith("kept/dev-1/back-up-new-new.")
    assert outside["file"].startswith(f"{elsewhere}/dev-1/back-up-new-new.")


@pytest.mark.crash
@pytest.mark.parametrize("point", POINTS)
def test_killed_and_run_again(point: str, world: World) -> None:
    """Killed before it has its name there is no backup; afterwards there is one, and nothing beside it."""
    assert world.killed_at(point, STEP, SPEC) == -signal.SIGKILL
    named = [name for name in files(world) if not name.startswith(".")]
    assert len(named) == (0 if point == "backup.before_rename" else 2)

    facts, _ = world.attempt(STEP, SPEC)

    assert facts["tables"] == fingerprints(world)
    assert len(files(world)) == 2


@pytest.mark.crash
def test_killed_before_the_rename_an_earlier_backup_stays(world: World) -> None:
    earlier, _ = world.attempt(STEP, SPEC)
    fill(new(world), "INSERT INTO city VALUES ('M', 'Madrid')")

    assert world.killed_at("backup.before_rename", STEP, SPEC) == -signal.SIGKILL

    assert file_of(earlier, world).stat().st_size == earlier["bytes"]
    STEP.verify(world.context(SPEC))


def test_undo_keeps_the_file(world: World) -> None:
    """A way back is never thrown away."""
    facts, _ = world.attempt(STEP, SPEC)

    assert world.undo(STEP, SPEC) == {"kept": facts["file"]}
    STEP.verify(world.context(SPEC))


@pytest.mark.crash
@pytest.mark.parametrize("point", POINTS)
def test_undo_of_a_half_run_changes_no_database(point: str, world: World) -> None:
    before = fingerprints(world)
    assert world.killed_at(point, STEP, SPEC) == -signal.SIGKILL

    world.undo(STEP, SPEC)

    assert fingerprints(world) == before


# verify


def gone(file: Path) -> None:
    file.unlink()


def truncated(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def flipped(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def without_note(file: Path) -> None:
    Path(f"{file}.json").unlink()


def with_another_note(file: Path) -> None:
    Path(f"{file}.json").write_text("{}")


DAMAGES = [gone, truncated, flipped, without_note, with_another_note]


@pytest.mark.parametrize("damage", DAMAGES)
def test_case_51_a_backup_that_is_not_what_was_taken_is_seen(damage: Callable[[Path], None], world: World) -> None:
    facts, _ = world.attempt(STEP, SPEC)
    damage(file_of(facts, world))

    with pytest.raises(NoBackup):
        STEP.verify(world.context(SPEC))


def liar(folder: Path, dump: str) -> Path:
    """Programs that say they are PostgreSQL's, and do something else: `dump` is a shell command."""
    folder.mkdir(exist_ok=True)
    for program in ("pg_dump", "pg_restore"):
        file = folder / program
        file.write_text(f"#!/bin/sh\n[ \"$1\" = --version ] && echo '{program} (PostgreSQL) 99.0' && exit 0\n{dump}\n")
        file.chmod(0o755)
    return folder


@pytest.mark.parametrize("dump", ["exit 0", "echo nothing to see here"])
def test_case_51_a_program_that_says_yes_and_takes_nothing(dump: str, make_world: Callable[[str], World]) -> None:
    world = make_world("postgresql")
    programs = liar(world.root / "liar", dump)

    with pytest.raises(NoBackup, match="is not a backup that pg_dump wrote"):
        replace(world, environment=replace(DEV, tools={"postgresql": programs})).attempt(STEP, SPEC)


def test_a_program_that_says_no_leaves_nothing(make_world: Callable[[str], World]) -> None:
    world = make_world("postgresql")
    programs = liar(world.root / "liar", "printf PGDMP; echo disk on fire >&2; exit 3")

    with pytest.raises(ToolFailed, match="pg_dump ended with status 3: disk on fire"):
        replace(world, environment=replace(DEV, tools={"postgresql": programs})).attempt(STEP, SPEC)

    assert files(world) == []


def test_a_program_that_says_no_leaves_the_earlier_backup(make_world: Callable[[str], World]) -> None:
    world = make_world("postgresql")
    world.attempt(STEP, SPEC)
    programs = liar(world.root / "liar", "exit 3")

    with pytest.raises(ToolFailed):
        STEP.run(replace(world, environment=replace(DEV, tools={"postgresql": programs})).context(SPEC))

    STEP.verify(world.context(SPEC))


# what is known before


def test_programs_that_are_missing_are_known_at_check(make_world: Callable[[str], World]) -> None:
    world = make_world("postgresql")
    (world.root / "empty").mkdir()

    with pytest.raises(ToolsMissing, match=r"pg_dump and pg_restore are not in '.*/empty'"):
        STEP.check(replace(world, environment=replace(DEV, tools={"postgresql": Path("empty")})).context(SPEC))


def test_programs_that_are_too_old_are_known_at_check(make_world: Callable[[str], World]) -> None:
    world = make_world("postgresql")
    programs = liar(world.root / "liar", "exit 0")
    for program in programs.iterdir():
        program.write_text(program.read_text().replace("99.0", "9.6.24"))

    with pytest.raises(ToolsTooOld, match=r"pg_dump 9\.6\.24 in '.*/liar' is too old for database 'new'"):
        STEP.check(replace(world, environment=replace(DEV, tools={"postgresql": programs})).context(SPEC))


def test_a_folder_that_is_a_file_is_refused(world: World) -> None:
    (world.root / "kept").write_text("")

    with pytest.raises(CannotBackUp):
        world.attempt(Backup(database="new", folder="kept"), SPEC)


def test_a_database_that_does_not_answer_is_known_at_check(world: World) -> None:
    away = replace(world, urls={"new": "postgresql+psycopg://cutover@127.0.0.1:1/new"})

    with pytest.raises(DatabaseBusy):
        STEP.check(away.context(SPEC))


def test_case_58_the_password_is_in_no_file(make_world: Callable[[str], World], postgres: Server) -> None:
    world = make_world("postgresql")

    world.attempt(STEP, SPEC)

    kept = b"".join(path.read_bytes() for path in (world.root / "backups").rglob("*") if path.is_file())
    assert postgres.password.encode() not in kept


def test_others_may_write_meanwhile_and_the_backup_is_of_one_moment(
    make_world: Callable[[str], World], postgres: Server
) -> None:
    """The fingerprints are those of what is in the file: a row that comes in while it is written is in neither."""
    world = make_world("postgresql")
    before = fingerprints(world)
    insert = "INSERT INTO city VALUES ('M', 'Madrid')"
    meanwhile = (
        f"""for login; do :; done; "{postgres.bin}/psql" "$login" -qc "{insert}"; exec "{postgres.bin}/pg_dump" "$@" """
    )
    programs = liar(world.root / "busy", meanwhile)

    facts, _ = replace(world, environment=replace(DEV, tools={"postgresql": programs})).attempt(STEP, SPEC)

    assert ask(new(world), "SELECT count(*) FROM city") == [(4,)]
    assert facts["tables"] == before
