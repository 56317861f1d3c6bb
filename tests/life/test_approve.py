"""The life of a gate: it waits, one no-go closes it, and what was decided stays decided."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cutover.errors import GateClosed, StepFailed, WaitingForPerson
from cutover.model.project import Environment, Mode, People
from cutover.steps.approve import POINTS, Approve
from tests.life.world import World, spec_of, vote

STEP = Approve(by=("owner", "dba"), question="Shall the new system take over?", needs=2)
SPEC = spec_of("go-no-go", "approve")
ROLES = {"owner": ("olivia", "oscar"), "dba": ("dana", "olivia")}
PRODUCTION = Environment(name="production", databases={}, live=True, roles=ROLES)
OLIVIA, DANA = vote("olivia", "owner"), vote("dana", "dba", reason="fingerprints agree")
VETO = vote("oscar", "owner", go=False, reason="phones are down")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A live run of an environment where people are asked; nobody has voted."""
    return World(tmp_path, {}, run="production-1", environment=PRODUCTION, mode=Mode.LIVE)


def decisions(world: World) -> list[str]:
    return [one["decision"] for one in world.decisions(SPEC)]


def test_it_waits_and_says_for_whom_and_what_to_type(world: World) -> None:
    with pytest.raises(WaitingForPerson) as told:
        world.attempt(STEP, SPEC)

    assert str(told.value) == (
        "gate 'go-no-go' waits for 2 go votes of owner (olivia, oscar); dba (dana, olivia): "
        "Shall the new system take over?"
    )
    assert told.value.hint == 'cutover approve production-1 go-no-go --go --reason "…"'
    assert decisions(world) == []


def test_where_names_are_believed_the_command_asks_for_one(world: World) -> None:
    with pytest.raises(WaitingForPerson) as told:
        replace(world, environment=replace(PRODUCTION, declared_names=True)).attempt(STEP, SPEC)

    assert told.value.hint == 'cutover approve production-1 go-no-go --go --as NAME --reason "…"'


def test_half_of_the_votes_are_not_enough(world: World) -> None:
    with pytest.raises(WaitingForPerson, match=r"1 go vote of owner \(oscar\); dba \(dana\) \(olivia said go\)"):
        replace(world, votes=(OLIVIA,)).attempt(STEP, SPEC)


def test_enough_people_open_it(world: World) -> None:
    facts, _ = replace(world, votes=(OLIVIA, DANA)).attempt(STEP, SPEC)

    assert facts == {
        "decision": "go",
        "role": "owner, dba",
        "question": "Shall the new system take over?",
        "votes": [
            {
                "person": person,
                "system_user": person,
                "role": role,
                "go": True,
                "reason": reason,
                "at": "2026-11-02T22:00:00+00:00",
            }
            for person, role, reason in (("olivia", "owner", "looked at it"), ("dana", "dba", "fingerprints agree"))
        ],
    }
    assert decisions(world) == ["go"]


@pytest.mark.parametrize("votes", [(VETO,), (OLIVIA, DANA, VETO), (VETO, OLIVIA, DANA)])
def test_one_no_go_closes_it_for_good(votes: tuple[Any, ...], world: World) -> None:
    world = replace(world, votes=votes)

    for _ in range(2):
        with pytest.raises(GateClosed, match=r"'oscar' \(owner\) said no-go: phones are down") as told:
            world.attempt(STEP, SPEC)

    assert told.value.hint == "votes never change: roll back, mend what was said, and begin a new run"
    assert decisions(world) == ["no-go"]


@pytest.mark.parametrize(
    "second",
    [vote("olivia", "dba"), vote("dana", "owner"), vote("mallory", "dba"), vote("dana", "key user")],
    ids=["same person twice", "role of somebody else", "stranger", "role that is not asked"],
)
def test_case_53_a_vote_that_does_not_count_opens_nothing(second: Any, world: World) -> None:
    with pytest.raises(WaitingForPerson):
        replace(world, votes=(OLIVIA, second)).attempt(STEP, SPEC)


def test_a_no_go_counts_whoever_said_it(world: World) -> None:
    with pytest.raises(GateClosed):
        replace(world, votes=(OLIVIA, DANA, vote("mallory", "guest", go=False))).attempt(STEP, SPEC)


def test_twice_is_once(world: World) -> None:
    world = replace(world, votes=(OLIVIA, DANA))

    assert world.attempt(STEP, SPEC)[0] == world.attempt(STEP, SPEC)[0]
    assert decisions(world) == ["go"]


@pytest.mark.crash
@pytest.mark.parametrize("people", [People.REQUIRED, People.SIMULATED])
@pytest.mark.parametrize("point", POINTS)
def test_killed_and_run_again(point: str, people: People, world: World) -> None:
    """The same decision, and it is written once."""
    here = replace(PRODUCTION, people=people)
    world = replace(world, votes=(OLIVIA, DANA), environment=here, mode=Mode.REHEARSAL)

    assert world.killed_at(point, STEP, SPEC) == -signal.SIGKILL
    facts, _ = world.attempt(STEP, SPEC)

    assert decisions(world) == [facts["decision"]]


@pytest.mark.crash
@pytest.mark.parametrize("point", POINTS)
def test_undo_of_a_half_run(point: str, world: World) -> None:
    world = replace(world, votes=(OLIVIA, DANA))
    assert world.killed_at(point, STEP, SPEC) == -signal.SIGKILL

    assert world.undo(STEP, SPEC) == {}


def test_a_veto_after_a_kill_still_closes_it(world: World) -> None:
    """Whoever says stop before the step is done is heard."""
    assert replace(world, votes=(OLIVIA, DANA)).killed_at("approve.decided", STEP, SPEC) == -signal.SIGKILL

    with pytest.raises(GateClosed):
        replace(world, votes=(OLIVIA, DANA, VETO)).attempt(STEP, SPEC)

    assert decisions(world) == ["go", "no-go"]


# where nobody is asked


def test_a_rehearsal_may_go_on_without_people_and_says_so(world: World) -> None:
    world = replace(
        world, mode=Mode.REHEARSAL, environment=Environment(name="dev", databases={}, people=People.SIMULATED)
    )

    facts, ctx = world.attempt(STEP, SPEC)

    assert facts == {"decision": "simulated", "role": "owner, dba", "question": STEP.question, "votes": []}
    assert ctx.logged == ["nobody was asked: Shall the new system take over?"]
    assert [action.says for action in STEP.plan(ctx)] == [
        "go on without asking owner, dba (2 must agree): people are simulated here"
    ]


def test_a_live_run_may_not(world: World) -> None:
    world = replace(world, environment=replace(PRODUCTION, people=People.SIMULATED))

    for moment in (STEP.check, STEP.run):
        with pytest.raises(StepFailed, match="this run is live: somebody must be asked"):
            moment(world.context(SPEC))

    assert decisions(world) == []


# what is known before


def test_a_role_without_people_is_known_at_check(world: World) -> None:
    step = Approve(by=("owner", "key user"), question="?")

    with pytest.raises(StepFailed, match="nobody has the role 'key user' in environment 'production'"):
        step.check(world.context(SPEC))


def test_too_few_people_are_known_at_check(world: World) -> None:
    with pytest.raises(StepFailed, match="4 different people must agree, and the roles asked have 3"):
        Approve(by=("owner", "dba"), question="?", needs=4).check(world.context(SPEC))


@pytest.mark.parametrize("fields", [{"by": []}, {"needs": 0}, {"question": ""}])
def test_a_gate_that_asks_nothing_of_nobody_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Approve.model_validate({"by": ["owner"], "question": "?", **fields})


def test_what_it_says(world: World) -> None:
    assert STEP.says() == "ask owner, dba (2 must agree): Shall the new system take over?"
    assert STEP.asks() == ("owner", "dba")
    assert [action.says for action in STEP.plan(world.context(SPEC))] == [STEP.says()]
    assert not STEP.effects
