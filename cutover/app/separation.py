"""Who has approved a run does not carry it on: the other half of the separation of duties (`voting.duties`)."""

from __future__ import annotations

from cutover.app.standing import as_made
from cutover.app.workspace import Workspace, who_am_i
from cutover.errors import WrongInput
from cutover.model.people import vote_of
from cutover.model.run import RunState
from cutover.model.status import StepStatus


def refuse_voter(workspace: Workspace, state: RunState) -> None:
    """Raise WrongInput when whoever would carry the run on has said go at a gate of it that is still open."""
    environment = as_made(state, workspace.environment(state.environment))
    if not environment.separate_duties or state.rollback:
        return
    who = who_am_i()
    mine = {who["user"], who.get("login", "")} - {""}
    gates = {str(step["id"]) for step in state.created["steps"] if step["kind"] == "approve"}
    for step in state.steps.values():
        if step.id not in gates or step.status is StepStatus.DONE:
            continue
        for vote in map(vote_of, step.votes):
            accounts = set() if environment.declared_names else {vote.system_user, vote.login}
            if vote.go and not vote.break_glass and mine & {vote.person, *accounts}:
                raise WrongInput(
                    f"{vote.person!r} has said go at {step.id!r}: whoever approves a run does not carry it on",
                    hint=f"another person types `cutover resume {state.run}`; so the vote keeps counting",
                )
