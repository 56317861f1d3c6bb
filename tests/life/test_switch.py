"""The life of a switch: one name in a file of somebody else's, changed and put back to the byte."""

from __future__ import annotations

import json
import os
import signal
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cutover.dataplane.connection_file import CannotReplace, NotAConnectionFile
from cutover.dataplane.database import Database, DatabaseBusy, DatabaseRefused
from cutover.errors import StepFailed
from cutover.steps.switch import POINTS, Switch
from tests.life.application import OLD, application_world, file_of, names, text, write
from tests.life.world import DEV, World, spec_of

STEP = Switch(to="new")
FOR_DE = Switch.model_validate({"to": "new", "for": "de"})
SPEC = spec_of("switch-to-new", "switch")
FORWARD = [point for point in POINTS if "undo" not in point]
BACK = [point for point in POINTS if "undo" in point]

#: As people write such a file: a mark of the byte order, numbers that a program would spell anew, keys of their own.
THEIRS = '\ufeff{\r\n  "pool": 1.10, "limit": 1e400,\r\n  "default": "\\u006fld",\r\n  "password": "canary-5e1f"\r\n}'


@pytest.fixture
def world(tmp_path: Path, make_database: Callable[..., Database]) -> World:
    return application_world(tmp_path, make_database)


FACTS = {"file": "app/application.json", "before": "old", "after": "new"}


def test_the_application_uses_the_other_database(world: World) -> None:
    facts, ctx = world.attempt(STEP, SPEC)

    assert facts == FACTS
    assert text(world) == '{"default": "new"}\n'
    assert ctx.logged == ["the application uses new now, and used old before"]
    assert names(world) == ["application.json"]


def test_one_wave_uses_the_other_database(world: World) -> None:
    facts, _ = world.attempt(FOR_DE, SPEC)

    assert facts == FACTS
    assert text(world) == '{"default": "old", "waves": {"de": "new"}}\n'


def test_twice_is_once(world: World) -> None:
    first, _ = world.attempt(STEP, SPEC)

    assert world.attempt(STEP, SPEC)[0] == first
    assert text(world) == '{"default": "new"}\n'


def test_nothing_to_do_is_said(world: World) -> None:
    write(world, '{"default": "new"}')
    inode = file_of(world).stat().st_ino

    facts, ctx = world.attempt(STEP, SPEC)

    assert facts == {**FACTS, "before": "new"}
    assert ctx.logged == ["nothing to do: the application uses new already"]
    assert [action.says for action in STEP.plan(ctx)] == ["change nothing: the application uses new already"]
    assert file_of(world).stat().st_ino == inode
    assert world.undo(STEP, SPEC) == {"nothing_to_do": True}
    assert text(world) == '{"default": "new"}'


@pytest.mark.crash
@pytest.mark.parametrize("step", [STEP, FOR_DE], ids=["all", "wave"])
@pytest.mark.parametrize("point", FORWARD)
def test_killed_and_run_again(point: str, step: Switch, world: World) -> None:
    """The same file and the same facts as without the kill."""
    assert world.killed_at(point, step, SPEC) == -signal.SIGKILL
    assert text(world) in (OLD, step_done(step))

    facts, _ = world.attempt(step, SPEC)

    assert facts == FACTS
    assert text(world) == step_done(step)
    assert names(world) == ["application.json"]


def step_done(step: Switch) -> str:
    return '{"default": "new"}\n' if step is STEP else '{"default": "old", "waves": {"de": "new"}}\n'


# the way back


@pytest.mark.parametrize(
    "before", [OLD, THEIRS, '{"default":"old","waves":{ }}', '{"waves":{"de":"old"},"default":"old"}']
)
@pytest.mark.parametrize("step", [STEP, FOR_DE], ids=["all", "wave"])
def test_undo_is_to_the_byte(before: str, step: Switch, world: World) -> None:
    write(world, before)
    world.attempt(step, SPEC)
    assert text(world) != before

    facts = world.undo(step, SPEC)

    assert text(world) == before
    assert facts == {"file": "app/application.json", "after": "old", "same": True, "nothing_to_do": False}


def test_undo_twice_is_once(world: World) -> None:
    """Whoever was killed after it and asks again says what it did."""
    world.attempt(STEP, SPEC)
    facts = world.undo(STEP, SPEC)

    assert world.undo(STEP, SPEC) == facts
    assert text(world) == OLD


def test_undo_of_nothing(world: World) -> None:
    assert world.undo(STEP, SPEC) == {"nothing_to_do": True}
    assert text(world) == OLD


@pytest.mark.crash
@pytest.mark.parametrize("step", [STEP, FOR_DE], ids=["all", "wave"])
@pytest.mark.parametrize("point", FORWARD)
def test_undo_of_a_half_run(point: str, step: Switch, world: World) -> None:
    assert world.killed_at(point, step, SPEC) == -signal.SIGKILL

    world.undo(step, SPEC)

    assert text(world) == OLD
    assert names(world) == ["application.json"]


@pytest.mark.crash
@pytest.mark.parametrize("step", [STEP, FOR_DE], ids=["all", "wave"])
@pytest.mark.parametrize("point", BACK)
def test_killed_on_the_way_back_and_undone_again(point: str, step: Switch, world: World) -> None:
    world.attempt(step, SPEC)

    assert world.killed_at(point, step, SPEC, undo=True) == -signal.SIGKILL
    world.undo(step, SPEC)

    assert text(world) == OLD
    assert names(world) == ["application.json"]


def test_a_switch_after_an_undo(world: World) -> None:
    world.attempt(STEP, SPEC)
    world.undo(STEP, SPEC)

    assert world.attempt(STEP, SPEC)[0] == FACTS


def test_waves_go_and_come_back_in_reverse(world: World) -> None:
    waves = [
        (Switch.model_validate({"to": "new", "for": one}), spec_of(f"switch-{one}", "switch"))
        for one in ("de", "fr", "it")
    ]
    texts = [text(world)]
    for step, spec in [*waves, (STEP, SPEC)]:
        world.attempt(step, spec)
        texts.append(text(world))
    assert json.loads(texts[3]) == {"default": "old", "waves": {"de": "new", "fr": "new", "it": "new"}}

    for before, (step, spec) in zip(reversed(texts[:-1]), [(STEP, SPEC), *reversed(waves)], strict=True):
        assert world.undo(step, spec)["same"] is True
        assert text(world) == before


# what belongs to a file


def test_rights_and_owner_stay(world: World) -> None:
    file_of(world).chmod(0o640)
    if os.geteuid() == 0:
        os.chown(file_of(world), 1234, 4321)
    before = file_of(world).stat()

    world.attempt(STEP, SPEC)
    world.undo(STEP, SPEC)

    after = file_of(world).stat()
    assert (stat.S_IMODE(after.st_mode), after.st_uid, after.st_gid) == (0o640, before.st_uid, before.st_gid)


@pytest.mark.crash
def test_a_link_stays_and_its_file_changes(world: World) -> None:
    link = world.root / "link.json"
    link.symlink_to("app/application.json")
    linked = replace(world, environment=replace(world.environment, application=link))

    assert linked.killed_at("switch.written", STEP, SPEC) == -signal.SIGKILL
    linked.attempt(STEP, SPEC)

    assert link.is_symlink()
    assert (world.root / "app/application.json").read_text() == '{"default": "new"}\n'
    assert names(world) == ["application.json"]
    linked.undo(STEP, SPEC)
    assert (world.root / "app/application.json").read_text() == OLD


def test_case_58_what_else_is_in_the_file_is_nowhere_else(world: World) -> None:
    """A connection file may hold a password: it is in the file, and not in what the step remembers or returns."""
    write(world, THEIRS)

    facts, ctx = world.attempt(STEP, SPEC)

    assert "canary-5e1f" in text(world)
    kept = b"".join(path.read_bytes() for path in world.root.rglob("*") if path.is_file() and path != file_of(world))
    assert b"canary-5e1f" not in kept
    assert "canary-5e1f" not in json.dumps([facts, ctx.logged])


# what is known before


def test_an_environment_without_an_application_is_refused(world: World) -> None:
    with pytest.raises(StepFailed, match="environment 'dev' names no connection file of the application"):
        STEP.check(replace(world, environment=DEV).context(SPEC))


@pytest.mark.parametrize("content", ["", "[]", '{"default": 5}', '{"default": "old", "default": "new"}'])
def test_a_file_that_says_nothing_clear_is_known_at_check(content: str, world: World) -> None:
    write(world, content)

    with pytest.raises(NotAConnectionFile):
        world.attempt(STEP, SPEC)

    assert text(world) == content


def test_a_missing_file_is_known_at_check(world: World) -> None:
    file_of(world).unlink()

    with pytest.raises(NotAConnectionFile, match="is not there"):
        world.attempt(STEP, SPEC)

    assert names(world) == []


def test_a_file_with_two_names_is_known_at_check(world: World) -> None:
    (world.root / "other.json").hardlink_to(file_of(world))

    with pytest.raises(CannotReplace, match="2 names"):
        world.attempt(STEP, SPEC)


def test_an_unknown_database_is_known_at_check(world: World) -> None:
    with pytest.raises(StepFailed, match="no database 'nwe'"):
        world.attempt(Switch(to="nwe"), SPEC)

    assert text(world) == OLD


@pytest.mark.parametrize("url", ["sqlite:////nowhere/new.db", "postgresql+psycopg://cutover@127.0.0.1:1/new"])
def test_a_database_that_does_not_answer_is_known_at_check(url: str, world: World) -> None:
    with pytest.raises((DatabaseRefused, DatabaseBusy)):
        replace(world, urls={**world.urls, "new": url}).attempt(STEP, SPEC)

    assert text(world) == OLD


# verify


def test_verify_reads_the_file_again(world: World) -> None:
    world.attempt(STEP, SPEC)
    write(world, OLD)

    with pytest.raises(StepFailed, match="the application uses 'old', not 'new'"):
        STEP.verify(world.context(SPEC))


def test_verify_asks_the_database_for_a_sign_of_life(world: World) -> None:
    world.attempt(STEP, SPEC)

    with pytest.raises(DatabaseRefused):
        STEP.verify(replace(world, urls={**world.urls, "new": "sqlite:////nowhere/new.db"}).context(SPEC))


def test_what_it_says(world: World) -> None:
    assert STEP.says() == "point the application at new"
    assert FOR_DE.says() == "point the application for 'de' at new"
    (action,) = FOR_DE.plan(world.context(SPEC))
    assert (action.says, action.undo) == (
        "point the application for 'de' at new instead of old",
        "point it at old again",
    )
    assert STEP.references().databases == ("new",)
    assert STEP.effects and STEP.undoable()


@pytest.mark.parametrize("fields", [{"to": ""}, {"to": "new", "for": ""}, {}])
def test_fields_that_say_nothing_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Switch.model_validate(fields)
