"""The life of an SQL file: once, twice, killed at each of its points, taken back, and taken back half-done."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from cutover.dataplane.database import Database
from cutover.dataplane.dialects import NotSql
from cutover.dataplane.scripts import ScriptChanged
from cutover.errors import StepFailed
from cutover.steps.sql import POINTS, Sql
from tests.fixtures.databases import ask
from tests.life.world import World, spec_of

STEP = Sql.model_validate({"file": "migrations/up.sql", "in": "new", "undo": "migrations/down.sql"})
SPEC = spec_of("create", "sql")


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path, make_database: Callable[..., Database]) -> World:
    database = make_database(request.param)
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations/up.sql").write_text("CREATE TABLE t (a INTEGER);\nINSERT INTO t VALUES (1);\n")
    (tmp_path / "migrations/down.sql").write_text("DROP TABLE t;")
    return World(tmp_path, {"new": database.engine.url.render_as_string(hide_password=False)})


def new(world: World) -> Database:
    return world.context(SPEC).database("new")


def tables(world: World) -> tuple[str, ...]:
    with new(world).connect() as connection:
        return new(world).dialect.tables(connection)


def test_a_file_runs(world: World) -> None:
    facts, ctx = world.attempt(STEP, SPEC)

    assert (facts["file"], facts["statements"]) == ("migrations/up.sql", 2)
    assert facts["sha256"].startswith("sha256:")
    assert ask(new(world), "SELECT a FROM t") == [(1,)]
    assert ctx.logged == ["migrations/up.sql: 2 statements in new"]


def test_twice_is_once(world: World) -> None:
    first, _ = world.attempt(STEP, SPEC)
    second, _ = world.attempt(STEP, SPEC)

    assert second == first
    assert ask(new(world), "SELECT count(*) FROM t") == [(1,)]


def test_another_step_may_run_the_same_file(world: World) -> None:
    world.attempt(STEP, SPEC)
    (world.root / "migrations/up.sql").write_text("INSERT INTO t VALUES (1);")

    world.attempt(STEP, spec_of("again", "sql"))

    assert ask(new(world), "SELECT count(*) FROM t") == [(2,)]


@pytest.mark.crash
@pytest.mark.parametrize("point", [point for point in POINTS if "undo" not in point])
def test_killed_and_run_again(point: str, world: World) -> None:
    assert world.killed_at(point, STEP, SPEC) == -signal.SIGKILL

    world.attempt(STEP, SPEC)

    assert ask(new(world), "SELECT count(*) FROM t") == [(1,)]


def test_undo_runs_the_other_file(world: World) -> None:
    world.attempt(STEP, SPEC)

    assert world.undo(STEP, SPEC) == {"file": "migrations/down.sql", "statements": 1, "nothing_to_do": False}
    assert tables(world) == ()


def test_undo_twice_is_once(world: World) -> None:
    """The second time there is no table to drop, and that is known; it says what the first one did."""
    world.attempt(STEP, SPEC)
    facts = world.undo(STEP, SPEC)

    assert world.undo(STEP, SPEC) == facts


@pytest.mark.crash
@pytest.mark.parametrize("point", [point for point in POINTS if "undo" not in point])
def test_undo_of_a_half_run(point: str, world: World) -> None:
    world.killed_at(point, STEP, SPEC)

    facts = world.undo(STEP, SPEC)

    assert facts["nothing_to_do"] == (point == "sql.before_commit")
    assert tables(world) == ()


@pytest.mark.crash
@pytest.mark.parametrize("point", [point for point in POINTS if "undo" in point])
def test_killed_on_the_way_back_and_undone_again(point: str, world: World) -> None:
    world.attempt(STEP, SPEC)

    assert world.killed_at(point, STEP, SPEC, undo=True) == -signal.SIGKILL
    world.undo(STEP, SPEC)

    assert tables(world) == ()


def test_it_can_run_again_after_an_undo(world: World) -> None:
    world.attempt(STEP, SPEC)
    world.undo(STEP, SPEC)

    world.attempt(STEP, SPEC)

    assert tables(world) == ("t",)


def test_a_file_that_breaks_leaves_nothing(world: World) -> None:
    (world.root / "migrations/up.sql").write_text("CREATE TABLE t (a INTEGER);\n\nINSERT INTO u VALUES (1);\n")

    with pytest.raises(NotSql, match=r"^migrations/up\.sql: line 3: "):
        world.attempt(STEP, SPEC)

    assert tables(world) == ()
    assert world.undo(STEP, SPEC)["nothing_to_do"]


def test_an_undo_that_breaks_leaves_everything(world: World) -> None:
    (world.root / "migrations/down.sql").write_text("DROP TABLE t; DROP TABLE u;")
    world.attempt(STEP, SPEC)

    with pytest.raises(NotSql, match=r"migrations/down\.sql"):
        world.undo(STEP, SPEC)

    assert tables(world) == ("t",)
    STEP.verify(world.context(SPEC))


def test_a_file_that_would_commit_is_refused(world: World) -> None:
    (world.root / "migrations/up.sql").write_text("CREATE TABLE t (a INTEGER);\nCOMMIT;\n")

    with pytest.raises(NotSql, match="line 2: COMMIT cannot stand"):
        world.attempt(STEP, SPEC)

    assert tables(world) == ()


def test_a_changed_file_is_not_run_again(world: World) -> None:
    world.attempt(STEP, SPEC)
    (world.root / "migrations/up.sql").write_text("DROP TABLE t;")

    with pytest.raises(ScriptChanged, match="was changed after it ran"):
        world.attempt(STEP, SPEC)


def test_verify_asks_the_database(world: World) -> None:
    with pytest.raises(StepFailed, match=r"does not know that migrations/up\.sql ran"):
        STEP.verify(world.context(SPEC))


@pytest.mark.parametrize("name", ["up", "down"])
def test_a_missing_file_is_known_at_check(name: str, world: World) -> None:
    (world.root / f"migrations/{name}.sql").unlink()

    with pytest.raises(StepFailed, match=f"file migrations/{name}.sql cannot be read"):
        STEP.check(world.context(SPEC))


def test_without_an_undo_file_there_is_no_way_back(world: World) -> None:
    step = Sql.model_validate({"file": "migrations/up.sql", "in": "new"})
    world.attempt(step, SPEC)

    assert not step.undoable()
    with pytest.raises(StepFailed, match="has no undo file"):
        world.undo(step, SPEC)


def test_what_it_says() -> None:
    assert STEP.says() == "run migrations/up.sql in new, to be taken back by migrations/down.sql"
    assert STEP.references().files == ("migrations/up.sql", "migrations/down.sql")
    assert STEP.references().databases == ("new",)
