"""The life of a check: it reads, and it says what it found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cutover.dataplane.database import Database
from cutover.errors import Inconclusive, StepFailed
from cutover.steps.check import Check
from tests.fixtures.databases import ask, fill
from tests.life.world import World, spec_of

SPEC = spec_of("ready", "check")


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request: pytest.FixtureRequest, tmp_path: Path, make_database: Callable[..., Database]) -> World:
    database = fill(
        make_database(request.param), "CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1); CREATE TABLE e (a INTEGER)"
    )
    return World(tmp_path, {"new": database.engine.url.render_as_string(hide_password=False)})


def check(*questions: tuple[str, str], **more: Any) -> Check:
    asked = [{"says": sql, "sql": f"SELECT {sql}", "expect": expect} for sql, expect in questions]
    return Check.model_validate({"in": "new", "checks": asked, **more})


def test_answers_that_are_right(world: World) -> None:
    step = check(("count(*) FROM t", "1"), ("NULL", "NULL"), ("'a b'", "a b"), empty=["e"])

    facts, _ = world.attempt(step, SPEC)

    assert facts["checks"][0] == {"says": "count(*) FROM t", "expected": "1", "got": "1", "passed": True}
    assert facts["checks"][3] == {"says": "table e is empty", "expected": "0", "got": "0", "passed": True}


def test_a_wrong_answer_says_what_was_expected(world: World) -> None:
    step = check(("1", "1"), ("count(*) FROM t", "2"), ("2", "3"))

    with pytest.raises(StepFailed, match=r"'new': count\(\*\) FROM t: expected '2', got '1', and 1 more checks failed"):
        world.attempt(step, SPEC)


def test_every_question_is_asked_before_it_fails(world: World) -> None:
    ctx = world.context(SPEC)

    with pytest.raises(StepFailed):
        check(("1", "0"), ("2", "2")).run(ctx)

    assert ctx.logged == ["1: 1, expected 0", "2: 2"]


def test_an_answer_is_compared_as_it_is_written(world: World) -> None:
    """`1` is not `1.0`, and a blank is a blank."""
    with pytest.raises(StepFailed, match=r"expected '1\.0', got '1'"):
        world.attempt(check(("1", "1.0")), SPEC)


def test_a_table_with_rows_is_not_empty(world: World) -> None:
    with pytest.raises(StepFailed, match="table t is empty: expected '0', got '1'"):
        world.attempt(check(empty=["t"]), SPEC)


@pytest.mark.parametrize("question", ["nothing FROM nowhere", "1, 2", "1 WHERE 1 = 0"])
def test_a_question_without_an_answer_is_inconclusive(question: str, world: World) -> None:
    with pytest.raises(Inconclusive):
        world.attempt(check((question, "1")), SPEC)


def test_a_check_cannot_change_anything(world: World) -> None:
    step = Check.model_validate({"in": "new", "checks": [{"says": "x", "sql": "DELETE FROM t", "expect": "1"}]})

    with pytest.raises(Inconclusive):
        world.attempt(step, SPEC)

    assert ask(world.context(SPEC).database("new"), "SELECT count(*) FROM t") == [(1,)]


def test_twice_and_undo_change_nothing(world: World) -> None:
    step = check(("count(*) FROM t", "1"))

    assert world.attempt(step, SPEC)[0] == world.attempt(step, SPEC)[0]
    assert world.undo(step, SPEC) == {}


def test_a_check_that_asks_nothing_is_refused() -> None:
    with pytest.raises(ValidationError, match="write 'checks' or 'empty'"):
        Check.model_validate({"in": "new"})


def test_what_it_says() -> None:
    step = check(("1", "1"), empty=["e"])

    assert step.says() == "check in new that 1; table e is empty"
    assert step.references().databases == ("new",)
    assert not step.effects
