"""A switch when somebody else writes to the connection file, too: theirs is kept, and never overwritten."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from cutover.dataplane.connection_file import ChangedMeanwhile, NotAConnectionFile
from cutover.dataplane.database import Database
from cutover.steps.switch import PointsElsewhere, Switch
from tests.life.application import OLD, application_world, file_of, names, text, write
from tests.life.world import World, spec_of

STEP = Switch(to="new")
FOR_DE = Switch.model_validate({"to": "new", "for": "de"})
SPEC = spec_of("switch-to-new", "switch")


@pytest.fixture
def world(tmp_path: Path, make_database: Callable[..., Database]) -> World:
    return application_world(tmp_path, make_database)


def test_undo_keeps_what_others_have_written_since(world: World) -> None:
    world.attempt(STEP, SPEC)
    write(world, '{"pool": 5, "default": "new", "waves": {"it": "other"}}')
    ctx = world.context(SPEC)

    facts = STEP.undo(ctx)

    assert text(world) == '{"pool": 5, "default": "old", "waves": {"it": "other"}}'
    assert facts["same"] is False
    assert ctx.logged == ["app/application.json was changed by others, too: only our own entry was taken back"]


def test_undo_of_one_wave_keeps_the_others(world: World) -> None:
    """Also when the first wave is taken back while later ones stay."""
    fr = Switch.model_validate({"to": "new", "for": "fr"})
    world.attempt(FOR_DE, SPEC)
    world.attempt(fr, spec_of("switch-fr", "switch"))

    world.undo(FOR_DE, SPEC)

    assert json.loads(text(world)) == {"default": "old", "waves": {"fr": "new"}}


@pytest.mark.parametrize("content", ['{"default": "third"}', '{"default": "third", "waves": {"de": "third"}}'])
@pytest.mark.parametrize("step", [STEP, FOR_DE], ids=["all", "wave"])
def test_undo_never_overwrites_another_decision(step: Switch, content: str, world: World) -> None:
    world.attempt(step, SPEC)
    write(world, content)

    if step.wave and "waves" not in content:  # somebody has taken our entry away; the default is not ours
        assert world.undo(step, SPEC)["nothing_to_do"] is True
    else:
        with pytest.raises(PointsElsewhere, match="uses 'third', and it was 'old' before this step"):
            world.undo(step, SPEC)
    assert text(world) == content


def test_a_repetition_never_overwrites_another_decision(world: World) -> None:
    assert world.killed_at("switch.remembered", STEP, SPEC) == -signal.SIGKILL
    write(world, '{"default": "third"}')

    with pytest.raises(PointsElsewhere, match="uses 'third'"):
        world.attempt(STEP, SPEC)

    assert text(world) == '{"default": "third"}'


def test_an_entry_that_was_taken_away_is_another_decision(world: World) -> None:
    write(world, '{"default": "old", "waves": {"de": "old"}}')
    assert world.killed_at("switch.remembered", FOR_DE, SPEC) == -signal.SIGKILL
    write(world, OLD)

    with pytest.raises(PointsElsewhere):
        world.attempt(FOR_DE, SPEC)


def test_a_repetition_keeps_what_others_have_written_since(world: World) -> None:
    assert world.killed_at("switch.written", STEP, SPEC) == -signal.SIGKILL
    write(world, '{"default": "old", "pool": 5}')

    world.attempt(STEP, SPEC)

    assert text(world) == '{"default": "new", "pool": 5}'
    world.undo(STEP, SPEC)
    assert text(world) == '{"default": "old", "pool": 5}'


def test_what_is_written_at_the_very_moment_is_not_lost(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ctx = world.context(SPEC)
    monkeypatch.setattr(
        "cutover.steps.switch.points.reach",
        lambda point: write(world, '{"default": "old", "pool": 5}') if point == "switch.written" else None,
    )

    with pytest.raises(ChangedMeanwhile):
        STEP.run(ctx)

    assert text(world) == '{"default": "old", "pool": 5}'
    assert names(world) == ["application.json"]


def test_a_file_that_is_gone_is_not_made_anew(world: World) -> None:
    world.attempt(STEP, SPEC)
    file_of(world).unlink()

    for moment in (STEP.verify, STEP.undo):
        with pytest.raises(NotAConnectionFile, match="is not there"):
            moment(world.context(SPEC))

    assert names(world) == []
