"""The life of what a person does: the run waits for their word, forward and on the way back."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cutover.errors import StepFailed, WaitingForPerson
from cutover.model.project import Environment, Mode, People
from cutover.steps.manual import POINTS, Manual
from tests.life.world import World, spec_of, vote

STEP = Manual.model_validate({"do": "Stop the nightly jobs", "role": "dba", "undo": "Start the nightly jobs"})
FOR_GOOD = Manual(do="Open the shop", role="dba")
PROVED = Manual(do="Order the new certificate", role="dba", evidence="required")
SPEC = spec_of("stop-jobs", "manual")
PRODUCTION = Environment(name="production", databases={}, live=True, roles={"dba": ("dana", "dirk")})
DONE = vote("dana", "dba", reason="stopped", evidence="ticket 4711")
NOT_DONE = vote("dana", "dba", go=False, reason="no access")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A live run of an environment where people are asked; nobody has said anything."""
    return World(tmp_path, {}, run="production-1", environment=PRODUCTION, mode=Mode.LIVE)


@pytest.fixture
def simulated(world: World) -> World:
    return replace(world, mode=Mode.REHEARSAL, environment=replace(PRODUCTION, people=People.SIMULATED))


def decisions(world: World) -> list[str]:
    return [one["decision"] for one in world.decisions(SPEC)]


def test_it_waits_and_says_for_whom_and_what_to_type(world: World) -> None:
    with pytest.raises(WaitingForPerson) as told:
        world.attempt(STEP, SPEC)

    assert str(told.value) == "manual step 'stop-jobs' waits for dba (dana, dirk): Stop the nightly jobs"
    assert told.value.hint == 'cutover approve production-1 stop-jobs --go --reason "…"'


def test_where_names_are_believed_the_command_asks_for_one(world: World) -> None:
    with pytest.raises(WaitingForPerson) as told:
        replace(world, environment=replace(PRODUCTION, declared_names=True)).attempt(STEP, SPEC)

    assert told.value.hint == 'cutover approve production-1 stop-jobs --go --as NAME --reason "…"'


def test_done(world: World) -> None:
    facts, _ = replace(world, votes=(DONE,)).attempt(STEP, SPEC)

    assert facts == {
        "decision": "done",
        "role": "dba",
        "do": "Stop the nightly jobs",
        "votes": [
            {
                "person": "dana",
                "system_user": "dana",
                "role": "dba",
                "go": True,
                "reason": "stopped",
                "at": "2026-11-02T22:00:00+00:00",
                "evidence": "ticket 4711",
            }
        ],
        "evidence": "ticket 4711",
    }
    assert decisions(world) == ["done"]


@pytest.mark.parametrize("votes", [(NOT_DONE,), (vote("dirk", "dba"), NOT_DONE)])
def test_what_could_not_be_done_fails_with_the_reason(votes: tuple[Any, ...], world: World) -> None:
    with pytest.raises(StepFailed, match=r"'stop-jobs' could not be done: 'dana' \(dba\): no access"):
        replace(world, votes=votes).attempt(STEP, SPEC)

    assert decisions(world) == ["not done"]


@pytest.mark.parametrize("stranger", [vote("mallory", "dba"), vote("dana", "owner")])
def test_the_word_of_others_does_not_count(stranger: Any, world: World) -> None:
    with pytest.raises(WaitingForPerson):
        replace(world, votes=(stranger,)).attempt(STEP, SPEC)


def test_where_evidence_is_required_a_word_is_not_enough(world: World) -> None:
    with pytest.raises(WaitingForPerson, match=r"waits for dba \(dirk\) \(dana gave no evidence\): Order") as told:
        replace(world, votes=(vote("dana", "dba"),)).attempt(PROVED, SPEC)

    assert told.value.hint == 'cutover approve production-1 stop-jobs --go --reason "…" --evidence "…"'
    bare, proved = vote("dana", "dba"), vote("dirk", "dba", evidence="CERT-1")
    assert replace(world, votes=(bare, proved)).attempt(PROVED, SPEC)[0]["evidence"] == "CERT-1"


def test_twice_is_once(world: World) -> None:
    world = replace(world, votes=(DONE,))

    assert world.attempt(STEP, SPEC)[0] == world.attempt(STEP, SPEC)[0]
    assert decisions(world) == ["done"]


@pytest.mark.crash
@pytest.mark.parametrize("people", [People.REQUIRED, People.SIMULATED])
@pytest.mark.parametrize("point", POINTS)
def test_killed_and_run_again(point: str, people: People, world: World) -> None:
    world = replace(world, votes=(DONE,), environment=replace(PRODUCTION, people=people), mode=Mode.REHEARSAL)

    assert world.killed_at(point, STEP, SPEC) == -signal.SIGKILL
    facts, _ = world.attempt(STEP, SPEC)

    assert decisions(world) == [facts["decision"]]


def test_nobody_is_asked_where_people_are_simulated(simulated: World) -> None:
    facts, ctx = simulated.attempt(STEP, SPEC)

    assert (facts["decision"], facts["votes"], facts["evidence"]) == ("simulated", [], "")
    assert ctx.logged == ["nobody was asked: Stop the nightly jobs"]
    assert [action.says for action in STEP.plan(ctx)] == ["go on without asking dba: people are simulated here"]


def test_a_live_run_asks_somebody(simulated: World) -> None:
    for moment in (STEP.check, STEP.run, STEP.undo):
        with pytest.raises(StepFailed, match="this run is live: somebody must be asked"):
            moment(replace(simulated, mode=Mode.LIVE).context(SPEC))


def test_a_role_without_people_is_known_at_check(world: World) -> None:
    with pytest.raises(StepFailed, match="nobody has the role 'key user'"):
        Manual(do="Look", role="key user").check(world.context(SPEC))


# the way back


def test_the_way_back_asks_again(world: World) -> None:
    """The word from the way forward says nothing about the way back."""
    world = replace(world, votes=(DONE,))
    world.attempt(STEP, SPEC)

    with pytest.raises(WaitingForPerson, match=r"dba \(dana, dirk\): \(if it was begun\) Start the nightly jobs"):
        world.undo(STEP, SPEC)

    assert replace(world, votes_back=(DONE,)).undo(STEP, SPEC)["do"] == "Start the nightly jobs"


@pytest.mark.crash
@pytest.mark.parametrize("point", POINTS)
def test_undo_of_a_half_run_asks_too(point: str, world: World) -> None:
    """Nobody here knows how far a person has come."""
    world = replace(world, votes=(DONE,))
    assert world.killed_at(point, STEP, SPEC) == -signal.SIGKILL

    with pytest.raises(WaitingForPerson):
        world.undo(STEP, SPEC)
    back = replace(world, votes_back=(DONE,))
    assert back.undo(STEP, SPEC) == back.undo(STEP, SPEC)


def test_what_cannot_be_taken_back_is_said(world: World) -> None:
    with pytest.raises(StepFailed, match="'stop-jobs' could not be done: 'dana'"):
        replace(world, votes_back=(NOT_DONE,)).undo(STEP, SPEC)


def test_without_a_way_back_it_cannot_be_undone(world: World) -> None:
    assert STEP.undoable()
    assert not FOR_GOOD.undoable()
    with pytest.raises(StepFailed, match="does not say how it is taken back: Open the shop"):
        world.undo(FOR_GOOD, SPEC)


@pytest.mark.parametrize("step", [STEP, FOR_GOOD])
def test_what_nobody_did_needs_no_way_back(step: Manual, simulated: World) -> None:
    simulated.attempt(step, SPEC)

    assert simulated.undo(step, SPEC) == {"decision": "simulated", "nothing_to_do": True}


def test_what_it_says(world: World) -> None:
    assert STEP.says() == "dba by hand: Stop the nightly jobs; to take it back: Start the nightly jobs"
    assert FOR_GOOD.says() == "dba by hand: Open the shop"
    assert STEP.asks() == ("dba",)
    (action,) = STEP.plan(world.context(SPEC))
    assert (action.says, action.undo) == (
        "wait until dba has done by hand: Stop the nightly jobs",
        "Start the nightly jobs",
    )
    assert STEP.effects


@pytest.mark.parametrize("fields", [{"do": ""}, {"role": ""}, {"evidence": "maybe"}, {"undo": ""}])
def test_fields_that_say_nothing_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Manual.model_validate({"do": "x", "role": "dba", **fields})
