"""
Where a run stands, from the journal alone.

Imports no data library: `cutover status` and `cutover approve` must answer at once, at night and on a slow machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from cutover.app.workspace import Workspace
from cutover.model.project import Environment, People
from cutover.model.run import TELLING, RunState, fold


def state_of(workspace: Workspace, run: str) -> RunState:
    """Where that run stands; WrongInput when there is no such run."""
    return fold(workspace.journal.events(run, kinds=TELLING, last=True))


def scope_of(environment: str) -> str:
    """The name of an environment's lease: one run at a time."""
    return f"environment:{environment}"


def carrier(workspace: Workspace, state: RunState) -> str:
    """Who carries this run now, as people say it; empty when no living process does."""
    holder = workspace.journal.holder_of(scope_of(state.environment))
    if holder is None or not holder.alive or holder.run != state.run:
        return ""
    who = {"user": "?", "host": "?", "pid": "?", **holder.holder}
    return f"process {who['pid']} of {who['user']} on {who['host']}"


def kinds_of(workspace: Workspace, run: str) -> Mapping[str, str]:
    """Step -> its kind, of that run."""
    return {str(step["id"]): str(step["kind"]) for step in state_of(workspace, run).created["steps"]}


def as_made(state: RunState, environment: Environment) -> Environment:
    """The environment as the run was made with it: people and the values of variables do not change under a run."""
    roles = {role: tuple(people) for role, people in state.created["roles"].items()}
    variables = dict(state.created.get("variables", {}))  # of runs that were made before there were any: none
    return replace(environment, roles=roles, people=People(state.created["people"]), variables=variables)
