"""What we ask of the server's API besides running a flow: make, name, count, and tell the dead from the living."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.states import Crashed, Pending

from cutover.flow.record import AttemptTitle

_LIVING = [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING]
_ENDED = [StateType.COMPLETED, StateType.FAILED, StateType.CANCELLED, StateType.CRASHED]


def create_flow_run(flow: Flow[Any, Any], title: AttemptTitle) -> FlowRun:
    """A flow run that waits for us to run it, with its name and tags from the first moment."""
    with get_client(sync_client=True) as client:
        return client.create_flow_run(flow, name=title.name, tags=title.tags, state=Pending())


def name_flow_run(flow_run_id: UUID, title: AttemptTitle) -> None:
    """Give a flow run that a deployment has made the name and the tags it would have had from the command line."""
    with get_client(sync_client=True) as client:
        known = client.read_flow_run(flow_run_id).tags
        client.update_flow_run(flow_run_id, name=title.name, tags=list(dict.fromkeys([*known, *title.tags])))


def left_running(run: str, *, but: UUID) -> list[UUID]:
    """The flow runs of this run of ours that Prefect believes to be alive, except one."""
    wanted = FlowRunFilter(
        tags=FlowRunFilterTags(all_=[f"run:{run}"]),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=_LIVING)),
        id=FlowRunFilterId(not_any_=[but]),
    )
    with get_client(sync_client=True) as client:
        return [found.id for found in client.read_flow_runs(flow_run_filter=wanted)]


def mark_dead(flow_run_ids: Iterable[UUID]) -> None:
    """
    Mark flow runs as Crashed whose process is gone.

    Only for whoever holds the lease of the run: then no other process can be working on it. Prefect itself would show
    them as Running for ever.
    """
    with get_client(sync_client=True) as client:
        for flow_run_id in flow_run_ids:
            state: State[Any] = Crashed(message="the process was killed; a later attempt went on")
            client.set_flow_run_state(flow_run_id, state, force=True)


def end(flow_run_id: UUID, state: State[Any]) -> None:
    """Give the flow run its last state when Prefect itself could not."""
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(flow_run_id, state, force=True)


def has_ended(flow_run_id: UUID) -> bool:
    """Whether the server knows how the flow run ended."""
    with get_client(sync_client=True) as client:
        state = client.read_flow_run(flow_run_id).state
    return state is not None and state.is_final()


def ended_tasks(flow_run_id: UUID) -> int:
    """How many task runs of the flow run the server knows with their end."""
    asked = {
        "flow_runs": {"id": {"any_": [str(flow_run_id)]}},
        "task_runs": {"state": {"type": {"any_": [kind.value for kind in _ENDED]}}},
    }
    with get_client(sync_client=True) as client:
        return int(client.request("POST", "/task_runs/count", json=asked).json())
