"""
A run shown as a Prefect flow run: every attempt at a step is a task run with its lines and artifacts.

Made by `shown` inside a flow run; implements `contract.Observer`. The one promise that counts: the work of a step is
carried out exactly once, whatever Prefect does before, around or after it. Prefect's exceptions are never the
step's, and the step's exceptions never go through Prefect, which would print them with everything in them.
"""

from __future__ import annotations

import contextvars
import json
import logging
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactCreate
from prefect.client.schemas.objects import FlowRun, State
from prefect.context import TaskRunContext
from prefect.exceptions import TerminationSignal
from prefect.logging.loggers import flow_run_logger, get_run_logger
from prefect.states import Cancelled, Completed, Failed

from cutover.flow import server, shown_as
from cutover.flow.shown_as import Kind, Shown
from cutover.model.outcome import Outcome
from cutover.redact import redact

_ARTIFACT_SECONDS = 5.0
_KEY = re.compile(r"[^a-z0-9]+")
_STATES: Mapping[Kind, Callable[..., State[Any]]] = {
    Kind.COMPLETED: Completed,
    Kind.FAILED: Failed,
    Kind.CANCELLED: Cancelled,
}
_LOG = logging.getLogger("cutover.flow")


def state_of(shown: Shown) -> State[Any]:
    """The Prefect state; without data, so that nothing is stored beside it."""
    return _STATES[shown.kind](name=shown.name, message=shown.message)


class PrefectObserver:
    """
    Shows a run in one flow run of Prefect's.

    `first` is called once, before the first step: from then on the run is ours (its lease is held).
    `tasks` counts the task runs that the server should have in the end, `troubles` says what could not be shown.
    """

    def __init__(self, flow_run: FlowRun, *, url: str, first: Callable[[], None]) -> None:
        self.tasks = 0
        self.troubles: list[str] = []
        self._flow_run = flow_run
        self._url = url
        self._first: Callable[[], None] | None = first
        self._flow_log: _Logger = flow_run_logger(flow_run)
        self._interrupted = False
        self._lock = threading.Lock()  # steps are at work side by side, each in a thread of its own

    def step(self, step_id: str, *, moment: str, attempt: int, work: Callable[[], Outcome]) -> Outcome:
        """Carry out `work` exactly once as one task run, and return or raise what it returned or raised."""
        self._begin()
        name = f"{step_id} #{attempt}" if moment == "run" else f"{moment} {step_id}"
        once = _Once(work)
        self._show(step_id, name, lambda: self._attend(once), started=lambda: once.started)
        return once.outcome()

    def already_done(self, step_id: str) -> None:
        """Show a step that an earlier attempt has done, so that the page tells the whole run."""
        self._begin()
        # The state is made inside the task: the server drops one that is older than the task's Running.
        self._show(step_id, step_id, lambda: state_of(shown_as.ALREADY_DONE), started=lambda: True)

    def artifact(
        self, key: str, *, markdown: str = "", table: Sequence[Mapping[str, str]] = (), description: str = ""
    ) -> None:
        """Show a document, a table or both (the table's key then ends in `-table`). Best effort, never raises."""
        clean = _KEY.sub("-", key.lower()).strip("-") or "artifact"
        if markdown:
            self._create(clean, "markdown", redact(markdown), description)
        if table:
            rows = [{str(name): redact(str(value)) for name, value in row.items()} for row in table]
            text = json.dumps(rows, ensure_ascii=False)
            self._create(f"{clean}-table" if markdown else clean, "table", text, description)

    def log(self, line: str) -> None:
        """One line under the step that the calling thread works for, or under the run."""
        task = _TASK.get()
        (task.log if task else self._flow_log).info("%s", redact(line))

    def _begin(self) -> None:
        if self._interrupted:  # Ctrl-C came while Prefect was busy after a step: that outcome stood, now it counts
            self._interrupted = False
            raise KeyboardInterrupt
        with self._lock:
            if self._first is not None:
                first, self._first = self._first, None
                first()

    def _attend(self, once: _Once) -> State[Any]:
        context = TaskRunContext.get()
        before = _TASK.set(_Running(log=get_run_logger(), task_run=context.task_run.id if context else None))
        try:
            return state_of(once())
        finally:
            _TASK.reset(before)

    def _show(self, step_id: str, name: str, body: Callable[[], State[Any]], *, started: Callable[[], bool]) -> None:
        with self._lock:
            self.tasks += 1
        try:
            # No arguments: Prefect would walk through them, and infer edges between steps that share a number.
            Task(
                fn=body, name=step_id, task_run_name=name, retries=0, persist_result=False, cache_policy=NO_CACHE,
                log_prints=False,
            )(return_state=True)  # fmt: skip
        except (KeyboardInterrupt, SystemExit, TerminationSignal) as exc:
            if not started():
                raise KeyboardInterrupt from exc
            self._interrupted = True
        except BaseException as exc:  # noqa: BLE001 — whatever Prefect raises is its own trouble; `once` knows ours
            self._trouble(f"task run {name!r}", exc)

    def _create(self, key: str, kind: str, data: str, description: str) -> None:
        task = _TASK.get()
        content = ArtifactCreate(
            key=key,
            type=kind,
            data=data,
            description=redact(description),
            flow_run_id=self._flow_run.id,
            task_run_id=task.task_run if task else None,
        )

        def create() -> None:
            with get_client(sync_client=True) as client:
                client.create_artifact(content)

        if not server.answers(self._url):  # 2 ms; a client of Prefect's tries for seconds
            self._trouble(f"artifact {key!r}", ConnectionError("the server does not answer"))
            return
        try:
            in_time(create, seconds=_ARTIFACT_SECONDS)
        except Exception as exc:  # noqa: BLE001 — an artifact is a view; the journal has what it says
            self._trouble(f"artifact {key!r}", exc)

    def _trouble(self, what: str, exc: BaseException) -> None:
        said = redact(f"{what}: {type(exc).__name__}: {exc}")
        self.troubles.append(said)
        _LOG.warning("prefect does not show %s", said)


_Logger = logging.Logger | logging.LoggerAdapter[logging.Logger]


@dataclass(frozen=True, slots=True)
class _Running:
    """The task run that a thread works for."""

    log: _Logger
    task_run: UUID | None


#: Threads that a step starts for itself have it, too, when they are started with its context.
_TASK: contextvars.ContextVar[_Running | None] = contextvars.ContextVar("cutover_task", default=None)


class _Once:
    """The work of a step, which is begun at most once, and what came of it."""

    def __init__(self, work: Callable[[], Outcome]) -> None:
        self._work = work
        self._outcome: Outcome | None = None
        self._raised: BaseException | None = None
        self.started = False

    def __call__(self) -> Shown:
        """Do it, keep what it returned or raised, and say how that looks."""
        if self.started:
            raise RuntimeError("the work of a step is begun once")
        self.started = True
        try:
            self._outcome = self._work()
        except BaseException as exc:  # noqa: BLE001 — kept, and raised to the engine by `outcome`
            self._raised = exc
            return shown_as.error(exc)
        return shown_as.outcome(self._outcome)

    def outcome(self) -> Outcome:
        """What came of it; done now, without Prefect, when Prefect did not come to it."""
        if not self.started:
            self()
        if self._raised is not None:
            raise self._raised
        assert self._outcome is not None
        return self._outcome


def in_time(work: Callable[[], None], *, seconds: float) -> None:
    """Do `work` with the caller's context, but wait for it `seconds` at most; TimeoutError after that."""
    raised: list[Exception] = []

    def guarded() -> None:
        try:
            work()
        except Exception as exc:  # noqa: BLE001 — handed over to the waiting thread
            raised.append(exc)

    thread = threading.Thread(target=contextvars.copy_context().run, args=(guarded,), daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise TimeoutError(f"no answer within {seconds:g} s")
    if raised:
        raise raised[0]
