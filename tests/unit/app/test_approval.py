"""Whose word counts, and which words are refused; what is refused leaves nothing in the journal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cutover.app.approval import Ballot, Cast, approve
from cutover.app.standing import state_of
from cutover.app.workspace import Workspace, who_am_i
from cutover.errors import WrongInput
from cutover.model.status import RunStatus
from cutover.redact import Secret
from tests.unit.app.small import carried, prepared, small, taken_back

ME = who_am_i()["user"]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return small(tmp_path)


def at_the_gate(workspace: Workspace, environment: str = "test") -> str:
    run = prepared(workspace, environment)
    assert carried(workspace, run).status is RunStatus.PAUSED
    return run


def vote(workspace: Workspace, run: str, person: str | None, **more: object) -> Cast:
    settings = {"step": "gate", "go": True, "reason": "totals agree", "person": person, **more}
    return approve(workspace, run, Ballot(**settings))  # type: ignore[arg-type]


def refusal(workspace: Workspace, run: str, person: str | None, **more: object) -> str:
    """What is said when the vote is refused; the journal is as before."""
    before = workspace.journal.events(run)
    with pytest.raises(WrongInput) as told:
        vote(workspace, run, person, **more)
    assert workspace.journal.events(run) == before
    return f"{told.value} · {told.value.hint}"


def test_a_person_of_a_role_that_is_asked_may_vote(workspace: Workspace) -> None:
    run = at_the_gate(workspace)

    cast = vote(workspace, run, "olivia")

    assert (cast.vote.person, cast.vote.role, cast.vote.go, cast.vote.system_user) == ("olivia", "owner", True, ME)
    assert cast.next == (f"cutover resume {run}",)
    (kept,) = state_of(workspace, run).step("gate").votes
    assert (kept["person"], kept["reason"]) == ("olivia", "totals agree")


def test_a_vote_is_plain_json(workspace: Workspace) -> None:
    plain = vote(workspace, at_the_gate(workspace), "olivia").plain()

    assert json.loads(json.dumps(plain)) == plain
    assert set(plain) == {"run", "step", "vote", "says", "next"}
    assert {"person", "system_user", "role", "go", "reason", "at", "evidence", "bound"} <= set(plain["vote"])


def test_a_person_without_a_role_may_not(workspace: Workspace) -> None:
    said = refusal(workspace, at_the_gate(workspace), "mallory")

    assert "'mallory' has none of the roles" in said and "owner: olivia, oscar, both" in said


def test_a_role_that_the_person_does_not_hold(workspace: Workspace) -> None:
    assert "'olivia' may not vote here as 'dba'" in refusal(workspace, at_the_gate(workspace), "olivia", role="dba")


@pytest.mark.parametrize(("wanted", "counted"), [(None, "owner"), ("dba", "dba")])
def test_a_person_of_two_roles_votes_in_the_first_or_in_the_one_they_name(
    workspace: Workspace, wanted: str | None, counted: str
) -> None:
    assert vote(workspace, at_the_gate(workspace), "both", role=wanted).vote.role == counted


def test_where_names_are_not_believed_the_system_user_votes(workspace: Workspace) -> None:
    assert vote(workspace, at_the_gate(workspace, "strict"), None).vote.person == ME


def test_where_names_are_not_believed_nobody_votes_as_another(workspace: Workspace) -> None:
    said = refusal(workspace, at_the_gate(workspace, "strict"), "olivia")

    assert f"does not believe declared names: you are '{ME}'" in said and "declared_names: true" in said


def test_ones_own_name_may_be_said_everywhere(workspace: Workspace) -> None:
    assert vote(workspace, at_the_gate(workspace, "strict"), ME).vote.person == ME


@pytest.mark.parametrize("go", [True, False])
def test_case_53_a_second_vote_is_refused_whatever_it_says(workspace: Workspace, go: bool) -> None:
    run = at_the_gate(workspace)
    vote(workspace, run, "olivia")

    assert "'olivia' has voted go at 'gate' already" in refusal(workspace, run, "olivia", go=go)


def test_another_person_of_the_role_may_still_vote(workspace: Workspace) -> None:
    run = at_the_gate(workspace)
    vote(workspace, run, "olivia")
    vote(workspace, run, "oscar")

    assert carried(workspace, run).status is RunStatus.PAUSED
    assert state_of(workspace, run).step("gate").decision == "go"


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_a_vote_without_a_reason(workspace: Workspace, reason: str) -> None:
    assert "a vote needs a reason" in refusal(workspace, at_the_gate(workspace), "olivia", reason=reason)


def test_case_58_a_secret_in_a_reason_is_not_kept(workspace: Workspace) -> None:
    Secret("canary-of-the-vote").reveal()
    run = at_the_gate(workspace)

    cast = vote(workspace, run, "olivia", reason="the password is canary-of-the-vote")
    assert "canary" not in cast.says
    assert b"canary" not in (workspace.project.state / "journal.db").read_bytes()


def test_a_step_that_is_done(workspace: Workspace) -> None:
    said = refusal(workspace, at_the_gate(workspace), "olivia", step="create")

    assert "'create'" in said and "it is done" in said and "it waits at: gate" in said


def test_a_step_whose_turn_has_not_come(workspace: Workspace) -> None:
    assert "does not wait for a vote" in refusal(workspace, at_the_gate(workspace), "dana", step="notices")


def test_a_step_that_is_not_there(workspace: Workspace) -> None:
    assert "has no step 'gaet'" in refusal(workspace, at_the_gate(workspace), "olivia", step="gaet")


def test_a_run_that_has_come_to_its_end(workspace: Workspace) -> None:
    run = prepared(workspace, "dev")
    carried(workspace, run)

    assert "is completed: nobody is asked any more" in refusal(workspace, run, "olivia")


def test_a_run_that_is_not_there(workspace: Workspace) -> None:
    with pytest.raises(WrongInput, match="test-9"):
        vote(workspace, "test-9", "olivia")


def at_the_notices(workspace: Workspace) -> str:
    run = at_the_gate(workspace)
    vote(workspace, run, "olivia")
    vote(workspace, run, "oscar")
    carried(workspace, run)
    return run


@pytest.mark.parametrize("evidence", ["", "  "])
def test_what_counts_only_with_evidence(workspace: Workspace, evidence: str) -> None:
    """Refused before it stands for ever, because a vote without its evidence could never be mended."""
    run = at_the_notices(workspace)

    said = refusal(workspace, run, "dana", step="notices", evidence=evidence)
    assert "counts only with evidence" in said and "--evidence" in said


def test_a_no_needs_no_evidence(workspace: Workspace) -> None:
    assert not vote(workspace, at_the_notices(workspace), "dana", step="notices", go=False).vote.go


def test_with_evidence_it_is_done(workspace: Workspace) -> None:
    run = at_the_notices(workspace)
    vote(workspace, run, "dana", step="notices", evidence=" photo 7 ")

    assert carried(workspace, run).status is RunStatus.COMPLETED
    assert state_of(workspace, run).step("notices").votes[0]["evidence"] == "photo 7"


def test_on_the_way_back_a_person_votes_again(workspace: Workspace) -> None:
    """Whoever put the notices up takes them down: another word, on another question."""
    run = at_the_notices(workspace)
    vote(workspace, run, "dana", step="notices", evidence="photo 7")
    carried(workspace, run)
    assert taken_back(workspace, run).status is RunStatus.ROLLBACK_STUCK

    vote(workspace, run, "dana", step="notices", evidence="photo 8")

    assert "already" in refusal(workspace, run, "dana", step="notices", evidence="photo 9")
    assert carried(workspace, run).status is RunStatus.ROLLED_BACK
    step = state_of(workspace, run).step("notices")
    assert [one["evidence"] for one in (*step.votes, *step.votes_back)] == ["photo 7", "photo 8"]


def test_on_the_way_back_gates_ask_nobody(workspace: Workspace) -> None:
    run = at_the_notices(workspace)
    taken_back(workspace, run)

    assert "does not wait for a vote" in refusal(workspace, run, "both", step="gate")
