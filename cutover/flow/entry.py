"""
What the thin files in a project's `flows/` call: one road for the command line, one for Prefect's deployments.

From the command line a run is prepared first, and `carry` makes the flow run around its attempt. A deployment has made
the flow run already: `begin` prepares the run inside it. Both give the flow run the same name and tags and do the same
work, `app.runs`; neither decides anything.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from cutover.app.watch import Watcher
from cutover.app.workspace import Workspace, open_workspace
from cutover.contract import Observer, RunResult
from cutover.errors import CutoverError, WrongInput
from cutover.flow import server, settings
from cutover.flow.execute import execute_attempt
from cutover.flow.record import AttemptTitle, PrefectRecord
from cutover.model.project import Mode

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State

#: How the command line names a flow file's module when it loads one by path (`cli.running.load_flow`).
LOADED_BY_COMMAND_LINE = "cutover_project_flows_"

_Function = TypeVar("_Function", bound=Callable[..., Any])


class About(Protocol):
    """What a flow run's name and tags need to know of a run's next attempt."""

    @property
    def runbook(self) -> str:
        """The runbook's name, as people say it."""

    @property
    def environment(self) -> str:
        """The environment's name."""

    @property
    def mode(self) -> Mode:
        """Rehearsal or live."""

    @property
    def attempt(self) -> int:
        """The number of the attempt that begins now, from 1."""


class Prepared(Protocol):
    """A run that is in the journal and may begin."""

    @property
    def run(self) -> str:
        """Its id."""


class Asked(Protocol):
    """Why a rollback was asked for, and whether it may end with differences."""

    @property
    def because(self) -> str:
        """The reason, for the journal."""

    @property
    def accept_differences(self) -> bool:
        """Whether a person answers for a world that is not as before."""


class Runs(Protocol):
    """`cutover.app.runs` as the flows need it."""

    def prepare(
        self, workspace: Workspace, runbook: Path, environment: str, *, mode: Mode, drill: bool = False
    ) -> Prepared:
        """A new run, or the refusal to have one."""

    def about(self, workspace: Workspace, run: str) -> About:
        """What its next attempt will be."""

    def attempt(self, workspace: Workspace, run: str, *, observer: Observer, watcher: Watcher | None) -> RunResult:
        """Carry the run on from where the journal says it stands."""

    def roll_back(
        self, workspace: Workspace, run: str, undo: Asked, *, observer: Observer, watcher: Watcher | None
    ) -> RunResult:
        """Bring the old world back."""

    def note_prefect(self, workspace: Workspace, run: str, facts: Mapping[str, Any]) -> None:
        """Write into the journal what Prefect has of the attempt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """A rollback that somebody asked for."""

    because: str
    accept_differences: bool = False  # end it although the world is not as before, on that person's word


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a deployment asks for; `run` names a run to go on with instead of beginning one."""

    project: str
    runbook: str = ""
    environment: str = ""
    mode: Mode = Mode.REHEARSAL
    drill: bool = False
    run: str | None = None
    undo: Undo | None = None  # given: roll `run` back


def as_flow(*, name: str) -> Callable[[_Function], _Function]:
    """
    Make a function a Prefect flow without retries and stored results; `name` may hold its parameters in braces.

    The command line calls a file's `main` instead and gets the plain function, so that it need not wait for the
    import of Prefect where an environment does without.
    """

    def decorate(function: _Function) -> _Function:
        if function.__module__.startswith(LOADED_BY_COMMAND_LINE):
            return function
        from prefect import flow

        return cast(_Function, flow(flow_run_name=name, retries=0, persist_result=False, log_prints=False)(function))

    return decorate


def carry(
    root: Path, run: str, watcher: Watcher | None = None, *, undo: Undo | None = None, runs: Runs | None = None
) -> RunResult:
    """Make one attempt at a prepared run of the project in `root`, in a flow run of its own if that can be had."""
    doing = runs or _runs()
    workspace = open_workspace(root)
    title = _title(doing.about(workspace, run), run, rollback=undo is not None)
    return execute_attempt(
        title,
        _work(doing, workspace, run, watcher=watcher, undo=undo),
        use=workspace.environment(title.environment).prefect,
        state=workspace.project.state,
        port=workspace.project.prefect_port,
        note=_note(doing, workspace, run),
    )


def begin(order: Order, *, runs: Runs | None = None) -> State[Any]:
    """Do what a deployment asks for inside the flow run around us, and return the state it should end in."""
    from cutover.flow.shown import refusal, run_inside

    doing = runs or _runs()
    try:
        workspace = open_workspace(Path(order.project))
        run = order.run or _prepare(doing, workspace, order)
        title = _title(doing.about(workspace, run), run, rollback=order.undo is not None)
        if order.environment not in ("", title.environment):
            raise WrongInput(
                f"run {run!r} belongs to environment {title.environment!r}, not {order.environment!r}",
                hint="leave `run` out to begin a new one",
            )
    except CutoverError as exc:
        return refusal(exc)
    work = _work(doing, workspace, run, watcher=None, undo=order.undo)
    return run_inside(title, work, note=_note(doing, workspace, run))


def serve(flow: Any, file: str) -> None:
    """Serve a flow of the project that `file` (in its `flows/`) belongs to, one run at a time, until Ctrl-C."""
    workspace = open_workspace(Path(file).resolve().parents[1])
    url = server.ensure_server(workspace.project.state, workspace.project.prefect_port)
    settings.prepare_client(url, server.home_of(workspace.project.state))

    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: url}):
        flow.serve(name=workspace.project.name, limit=1, parameters={"project": str(workspace.project.root)})


def _prepare(runs: Runs, workspace: Workspace, order: Order) -> str:
    runbook = Path(order.runbook)
    return runs.prepare(workspace, runbook, order.environment, mode=order.mode, drill=order.drill).run


def _title(about: About, run: str, *, rollback: bool) -> AttemptTitle:
    return AttemptTitle(
        runbook=about.runbook,
        environment=about.environment,
        mode=about.mode,
        attempt=about.attempt,
        run=run,
        rollback=rollback,
    )


def _work(
    runs: Runs, workspace: Workspace, run: str, *, watcher: Watcher | None, undo: Undo | None
) -> Callable[[Observer], RunResult]:
    def work(observer: Observer) -> RunResult:
        if undo is not None:
            return runs.roll_back(workspace, run, undo, observer=observer, watcher=watcher)
        return runs.attempt(workspace, run, observer=observer, watcher=watcher)

    return work


def _note(runs: Runs, workspace: Workspace, run: str) -> Callable[[PrefectRecord], None]:
    return lambda record: runs.note_prefect(workspace, run, record.facts())


def _runs() -> Runs:
    return cast(Runs, importlib.import_module("cutover.app.runs"))
