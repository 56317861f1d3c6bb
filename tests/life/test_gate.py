"""The life of a gate that rests on facts, has a quorum by role, expires, or is opened by break-glass."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cutover.errors import GateClosed, Inconclusive, StepFailed, WaitingForPerson
from cutover.model.event import Event
from cutover.model.people import People, Votes
from cutover.model.project import Environment, Mode
from cutover.model.status import EventKind
from cutover.steps.approve import Approve
from cutover.voting.asking import asking_of
from tests.life.world import World, spec_of, vote
from tests.unit.evidence import facts
from tests.unit.evidence.runs import Tape, step

SPEC = spec_of("go-no-go", "approve")
ROLES = {"owner": ("olivia", "oscar"), "dba": ("dana", "dirk"), "incident manager": ("ines",)}
PRODUCTION = Environment(
    name="production", databases={}, live=True, roles=ROLES, separate_duties=True, break_glass=("incident manager",)
)
STEPS = [step("back-up", "backup"), step("prove", "restore_check"), step("go-no-go", "approve")]
GATE = Approve(by=("owner", "dba"), question="Shall it take over?", needs=2)
FACTS = Approve(question="Shall it take over?", facts=("restore proved",))
OLIVIA, DANA = vote("olivia", "owner"), vote("dana", "dba")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A live run; nobody has voted."""
    return World(tmp_path, {}, run="production-1", environment=PRODUCTION, mode=Mode.LIVE)


def record(*, proved: bool | None = None) -> Tape:
    """The run's own record: a backup, restored and equal, or not, or not looked at."""
    tape = Tape().created(STEPS, by={"user": "lead", "host": "h", "pid": "1"})
    tape.did("back-up", **facts.backup())
    if proved is not None:
        tape.did("prove", **{**facts.restored(equal=proved), "backup": "back-up"})
    return tape


def with_record(world: World, tape: Tape, **more: Any) -> World:
    return replace(world, events=tuple(tape.events), **more)


def decisions(world: World) -> list[str]:
    return [one["decision"] for one in world.decisions(SPEC)]


# facts


def test_a_gate_of_facts_alone_opens_by_itself(world: World) -> None:
    told, _ = with_record(world, record(proved=True)).attempt(FACTS, SPEC)

    assert (told["decision"], told["votes"]) == ("go", [])
    assert told["facts"] == [
        {
            "fact": "restore proved",
            "verdict": "yes",
            "says": "1 backup restored elsewhere and equal",
            "read": "facts of back-up, prove",
        }
    ]


def test_a_fact_that_does_not_hold_closes_it_whoever_said_go(world: World) -> None:
    gate = Approve(by=("owner",), question="?", facts=("restore proved",))
    world = with_record(world, record(proved=False), votes=(OLIVIA,))

    with pytest.raises(GateClosed, match="not so: restore proved: restored, and not the same: back-up"):
        world.attempt(gate, SPEC)
    assert decisions(world) == ["no-go"]


def test_a_fact_that_cannot_be_told_is_never_a_yes(world: World) -> None:
    world = with_record(world, record())

    with pytest.raises(Inconclusive, match="it cannot be told whether restore proved: never restored: back-up"):
        world.attempt(FACTS, SPEC)
    assert decisions(world) == ["inconclusive"]


def test_what_could_not_be_told_may_be_told_later(world: World) -> None:
    with pytest.raises(Inconclusive):
        with_record(world, record()).attempt(FACTS, SPEC)

    assert with_record(world, record(proved=True)).attempt(FACTS, SPEC)[0]["decision"] == "go"


def test_facts_are_asked_where_people_are_simulated_too(world: World) -> None:
    gate = Approve(by=("owner",), question="?", facts=("restore proved",))
    here = replace(world, environment=replace(PRODUCTION, people=People.SIMULATED), mode=Mode.REHEARSAL)

    with pytest.raises(GateClosed):
        with_record(here, record(proved=False)).attempt(gate, SPEC)
    assert with_record(here, record(proved=True)).attempt(gate, SPEC)[0]["decision"] == "simulated"


def test_a_veto_is_heard_before_any_fact(world: World) -> None:
    world = with_record(world, record(), votes=(vote("oscar", "owner", go=False, reason="phones are down"),))

    with pytest.raises(GateClosed, match="phones are down"):
        world.attempt(Approve(by=("owner",), question="?", facts=("restore proved",)), SPEC)


@pytest.mark.parametrize(
    ("why", "error"), [("", None), ("ends 7 min too late", GateClosed)], ids=["it fits", "it does not"]
)
def test_whether_the_rollback_fits_is_asked_of_the_forecast(why: str, error: Any, world: World) -> None:
    tape = Tape().created(STEPS, hard_stop="2026-11-24T23:00:00+00:00")
    world = with_record(world, tape, why_no_rollback=why)
    gate = Approve(question="?", facts=("rollback fits",))

    if error is None:
        assert world.attempt(gate, SPEC)[0]["decision"] == "go"
    else:
        with pytest.raises(error, match="ends 7 min too late"):
            world.attempt(gate, SPEC)


# quorum


def test_a_quorum_by_role_needs_each_role(world: World) -> None:
    gate = Approve(by=("owner", "dba"), question="?", quorum={"owner": 2, "dba": 1})
    two_of_one = (OLIVIA, vote("oscar", "owner"))

    with pytest.raises(WaitingForPerson, match=r"waits for 1 go vote \(1 of dba\) of dba \(dana, dirk\)"):
        replace(world, votes=two_of_one).attempt(gate, SPEC)
    assert replace(world, votes=(*two_of_one, DANA)).attempt(gate, SPEC)[0]["decision"] == "go"


def test_three_of_the_other_role_do_not_stand_in(world: World) -> None:
    gate = Approve(by=("owner", "dba"), question="?", quorum={"owner": 1, "dba": 1}, needs=2)

    with pytest.raises(WaitingForPerson, match=r"1 of owner"):
        replace(world, votes=(DANA, vote("dirk", "dba"))).attempt(gate, SPEC)


def test_a_quorum_that_nobody_can_fill_is_known_at_check(world: World) -> None:
    with pytest.raises(StepFailed, match="3 different people must agree, and the roles asked have 2"):
        Approve(by=("owner",), question="?", quorum={"owner": 3}).check(world.context(SPEC))


def test_an_escalation_to_nobody_is_known_at_check(world: World) -> None:
    gate = Approve.model_validate({"by": ["owner"], "question": "?", "escalate": {"after": "2 h", "to": "boss"}})

    with pytest.raises(StepFailed, match="nobody has the role 'boss'"):
        gate.check(world.context(SPEC))


# expiry


def waited(hours: float) -> tuple[Event, ...]:
    """It began to wait that long ago."""
    tape = record()
    tape.begin("go-no-go")
    tape.now = datetime.now(UTC) - timedelta(hours=hours, seconds=1)
    tape.say(EventKind.STEP_WAITING, "go-no-go", detail="waits", hint="")
    return tuple(tape.events)


EXPIRES = Approve(by=("owner", "dba"), question="?", needs=2, expires="2 h")


def test_case_53_no_answer_is_a_no_go(world: World) -> None:
    world = replace(world, events=waited(2), votes=(OLIVIA,))

    with pytest.raises(GateClosed, match="has expired: 1 go vote missing at") as told:
        world.attempt(EXPIRES, SPEC)
    assert "no answer is a no-go" in told.value.hint
    assert decisions(world) == ["no-go"]


def test_before_that_it_waits(world: World) -> None:
    with pytest.raises(WaitingForPerson):
        replace(world, events=waited(1.9), votes=(OLIVIA,)).attempt(EXPIRES, SPEC)


def test_votes_that_came_in_time_count_when_somebody_looks_later(world: World) -> None:
    in_time = (datetime.now(UTC) - timedelta(hours=5)).isoformat()
    votes = (replace(OLIVIA, at=in_time), replace(DANA, at=in_time))

    assert replace(world, events=waited(6), votes=votes).attempt(EXPIRES, SPEC)[0]["decision"] == "go"


def test_case_53_a_vote_after_that_does_not_count(world: World) -> None:
    late = replace(DANA, at=datetime.now(UTC).isoformat())
    in_time = replace(OLIVIA, at=(datetime.now(UTC) - timedelta(hours=5)).isoformat())

    with pytest.raises(GateClosed, match="has expired"):
        replace(world, events=waited(6), votes=(in_time, late)).attempt(EXPIRES, SPEC)


# duties and break-glass


def test_case_53_the_vote_of_whoever_runs_it_does_not_count_and_is_told(world: World) -> None:
    tape = Tape().created(STEPS, by={"user": "olivia", "host": "h", "pid": "1"})

    with pytest.raises(WaitingForPerson) as told:
        with_record(world, tape, votes=(OLIVIA, DANA)).attempt(GATE, SPEC)
    assert "the go of 'olivia' does not count: 'olivia' made this run" in str(told.value)
    assert "owner (oscar); dba (dirk)" in str(told.value)


def test_break_glass_opens_for_one_person_alone_and_is_marked(world: World) -> None:
    glass = vote("ines", "incident manager", reason="the phones melt", break_glass=True)

    told, _ = with_record(world, record(), votes=(glass,)).attempt(GATE, SPEC)
    assert (told["decision"], told["break_glass"]) == ("go", "ines")


def test_break_glass_breaks_no_fact_and_no_veto(world: World) -> None:
    glass = vote("ines", "incident manager", break_glass=True)
    gate = Approve(by=("owner",), question="?", facts=("restore proved",))

    with pytest.raises(GateClosed, match="not so: restore proved"):
        with_record(world, record(proved=False), votes=(glass,)).attempt(gate, SPEC)
    with pytest.raises(GateClosed, match="said no-go"):
        with_record(world, record(), votes=(glass, vote("oscar", "owner", go=False))).attempt(GATE, SPEC)


def test_where_nobody_may_break_it_the_glass_holds(world: World) -> None:
    glass = vote("ines", "incident manager", break_glass=True)
    world = replace(world, environment=replace(PRODUCTION, break_glass=()), votes=(glass,))

    with pytest.raises(WaitingForPerson, match="'ines' may not break the glass"):
        with_record(world, record()).attempt(GATE, SPEC)


def test_glass_that_was_not_needed_is_not_called_broken(world: World) -> None:
    glass = vote("ines", "incident manager", break_glass=True)

    told, _ = with_record(world, record(), votes=(OLIVIA, DANA, glass)).attempt(GATE, SPEC)
    assert "break_glass" not in told


def test_unsigned_votes_open_nothing_where_they_must_be_signed(world: World) -> None:
    world = replace(world, environment=replace(PRODUCTION, votes=Votes.SIGNED), votes=(OLIVIA, DANA))

    with pytest.raises(WaitingForPerson, match="the go of 'dana' does not count: it is not signed"):
        GATE.run(with_record(world, record()).context(SPEC))


# as written


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "a gate asks people"),
        ({"facts": ["reconcilied"]}, "known are: reconciled"),
        ({"by": ["owner"], "quorum": {"dba": 1}}, "role 'dba' is not among by"),
        ({"by": ["owner"], "quorum": {"owner": 0}}, "greater than or equal to 1"),
        ({"by": ["owner"], "expires": "2 hours"}, "must be a duration like"),
        ({"by": ["owner"], "remind": "soon"}, "remind"),
        ({"by": ["owner"], "escalate": {"after": "2 h"}}, "escalate.to"),
    ],
)
def test_what_makes_no_sense_is_refused(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Approve.model_validate({"question": "?", **fields})


def test_what_the_run_keeps_of_its_clocks_comes_back_as_it_was() -> None:
    gate = Approve.model_validate(
        {
            "question": "?",
            "by": ["owner"],
            "facts": ["reconciled"],
            "expires": "2 h",
            "remind": "30 min",
            "escalate": {"after": "1 h", "to": "cutover lead"},
        }
    )

    asking = gate.asking()
    assert (asking.expires_ms, asking.remind_ms, asking.escalate_ms) == (7_200_000, 1_800_000, 3_600_000)
    assert asking_of({"asking": asking.plain()}) == asking
    assert gate.model_validate(gate.model_dump(by_alias=True)) == gate
