"""The life of a smoke test: it looks where the application looks, and a wrong answer is a reason to go back."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cutover.dataplane.connection_file import NotAConnectionFile
from cutover.dataplane.database import Database
from cutover.errors import Inconclusive, StepFailed
from cutover.model.runbook import Wave
from cutover.steps.smoke import POINTS, Smoke
from tests.fixtures.databases import ask, fill
from tests.life.world import DEV, World, spec_of

SPEC = spec_of("smoke-test", "smoke")
WAVE = spec_of("smoke-test-de", "smoke", wave=Wave(name="germany", value="de"))


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path, make_database: Callable[..., Database]) -> World:
    """Two databases that say who they are; the application uses `new`, and for Germany `old`."""
    urls = {}
    for name in ("old", "new"):
        database = fill(
            make_database(request.param, name), f"CREATE TABLE me (name text); INSERT INTO me VALUES ('{name}')"
        )
        urls[name] = database.engine.url.render_as_string(hide_password=False)
    file = tmp_path / "application.json"
    file.write_text('{"default": "new", "waves": {"de": "old"}}')
    return World(tmp_path, urls, environment=replace(DEV, application=file))


def smoke(*questions: tuple[str, str], **more: Any) -> Smoke:
    asked = [{"says": sql, "sql": f"SELECT {sql}", "expect": expect} for sql, expect in questions]
    return Smoke.model_validate({"checks": asked, **more})


WHO = "name FROM me"


def test_it_asks_the_database_that_the_application_uses(world: World) -> None:
    facts, ctx = world.attempt(smoke((WHO, "new")), SPEC)

    assert facts == {
        "database": "new",
        "checks": [{"says": WHO, "expected": "new", "got": "new", "passed": True}],
    }
    assert ctx.logged == ["new: name FROM me: new"]


def test_in_a_wave_it_asks_the_database_of_that_wave(world: World) -> None:
    assert world.attempt(smoke((WHO, "old")), WAVE)[0]["database"] == "old"


def test_a_wave_without_an_entry_uses_the_default(world: World) -> None:
    fr = spec_of("smoke-test-fr", "smoke", wave=Wave(name="france", value="fr"))

    assert world.attempt(smoke((WHO, "new")), fr)[0]["database"] == "new"


def test_a_database_can_be_named(world: World) -> None:
    named = replace(world, environment=DEV)

    assert named.attempt(smoke((WHO, "old"), **{"in": "old"}), SPEC)[0]["database"] == "old"


def test_a_switch_that_did_not_arrive_is_seen(world: World) -> None:
    """It does not matter what the run believes: the file says `old`."""
    (world.root / "application.json").write_text('{"default": "old"}')

    with pytest.raises(StepFailed, match="in database 'old': name FROM me: expected 'new', got 'old'"):
        world.attempt(smoke((WHO, "new")), SPEC)


def test_every_question_is_asked_before_it_fails(world: World) -> None:
    ctx = world.context(SPEC)

    with pytest.raises(StepFailed, match="expected '0', got '1', and 1 more checks failed"):
        smoke(("1", "0"), ("2", "2"), ("3", "4")).run(ctx)

    assert ctx.logged == ["new: 1: 1, expected 0", "new: 2: 2", "new: 3: 3, expected 4"]


@pytest.mark.parametrize("question", ["nothing FROM nowhere", "1, 2", "1 WHERE 1 = 0"])
def test_a_question_without_an_answer_is_inconclusive(question: str, world: World) -> None:
    with pytest.raises(Inconclusive):
        world.attempt(smoke((question, "1"), ("1", "1")), SPEC)


def test_a_wrong_answer_counts_beside_one_that_did_not_come(world: World) -> None:
    with pytest.raises(StepFailed, match="expected '2', got '1'"):
        world.attempt(smoke(("nothing FROM nowhere", "1"), ("1", "2")), SPEC)


def test_it_cannot_change_anything(world: World) -> None:
    step = Smoke.model_validate({"checks": [{"says": "x", "sql": "DELETE FROM me", "expect": "1"}]})

    with pytest.raises(Inconclusive):
        world.attempt(step, SPEC)

    assert ask(world.context(SPEC).database("new"), "SELECT count(*) FROM me") == [(1,)]


def test_twice_and_undo_change_nothing(world: World) -> None:
    step = smoke((WHO, "new"))

    assert world.attempt(step, SPEC)[0] == world.attempt(step, SPEC)[0]
    assert world.undo(step, SPEC) == {}


@pytest.mark.crash
@pytest.mark.parametrize("point", POINTS)
def test_killed_and_run_again(point: str, world: World) -> None:
    step = smoke((WHO, "new"), ("1", "1"))

    assert world.killed_at(point, step, SPEC) == -signal.SIGKILL

    assert len(world.attempt(step, SPEC)[0]["checks"]) == 2
    assert world.undo(step, SPEC) == {}


def test_a_file_that_the_application_cannot_read_either_is_a_failure(world: World) -> None:
    (world.root / "application.json").write_text("{")

    with pytest.raises(NotAConnectionFile):
        world.attempt(smoke(("1", "1")), SPEC)


def test_a_database_that_the_environment_does_not_know(world: World) -> None:
    (world.root / "application.json").write_text('{"default": "third"}')

    with pytest.raises(StepFailed, match=r"the application uses 'third' .*no database 'third'"):
        world.attempt(smoke(("1", "1")), SPEC)


def test_an_environment_without_an_application_is_refused(world: World) -> None:
    with pytest.raises(StepFailed, match="names no connection file"):
        smoke(("1", "1")).check(replace(world, environment=DEV).context(SPEC))


def test_a_smoke_test_that_asks_nothing_is_refused() -> None:
    with pytest.raises(ValidationError):
        Smoke.model_validate({"checks": []})


def test_what_it_says(world: World) -> None:
    step = smoke(("1", "1"))

    assert step.says() == "smoke test in the database that the application uses that 1"
    assert step.references().databases == ()
    (action,) = step.plan(world.context(SPEC))
    assert action.says == "ask the database that the application uses then: 1"
    assert smoke(("1", "1"), **{"in": "new"}).references().databases == ("new",)
    assert not step.effects
