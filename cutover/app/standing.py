"""
Where a run stands, from the journal alone.

Imports no data library: `cutover status` and `cutover approve` must answer at once, at night and on a slow machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from cutover.app.workspace import Workspace
from cutover.model.project import Environment, People
from cutover.model.run import RunState, fold


def state_of(workspace: Workspace, run: str) -> RunState:
    """Where that run stands; WrongInput when there is no such run."""
    return fold(workspace.journal.events(run))


def kinds_of(workspace: Workspace, run: str) -> Mapping[str, str]:
    """Step -> its kind, of that run."""
    return {str(step["id"]): str(step["kind"]) for step in state_of(workspace, run).created["steps"]}


def as_made(state: RunState, environment: Environment) -> Environment:
    """The environment with the people that the run was made with: who may vote does not change under a run."""
    roles = {role: tuple(people) for role, people in state.created["roles"].items()}
    return replace(environment, roles=roles, people=People(state.created["people"]))
