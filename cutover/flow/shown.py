"""
One attempt inside one flow run: the flow runs of the command line and those that a deployment has made.

Called by `execute` and `entry`, imported late (it imports Prefect). What the attempt came to is kept beside Prefect
and returned or raised after it: Prefect's flow returns a state that only shows it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from prefect import Flow
from prefect.client.schemas.objects import FlowRun, State
from prefect.context import FlowRunContext
from prefect.exceptions import TerminationSignal
from prefect.flow_engine import run_flow_sync
from prefect.settings import PREFECT_API_URL, PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

from cutover.contract import Observer, RunResult
from cutover.errors import CutoverError
from cutover.flow import api, log_lines, server, shown_as
from cutover.flow.observer import PrefectObserver, in_time, state_of
from cutover.flow.record import AttemptTitle, PrefectRecord
from cutover.flow.stopping import stopping_pauses
from cutover.redact import redact

Work = Callable[[Observer], RunResult]
Note = Callable[[PrefectRecord], None]

_SETTLE_SECONDS = 10.0
_LOG = logging.getLogger("cutover.flow")


def run_shown(title: AttemptTitle, work: Work, *, url: str, note: Note) -> RunResult:
    """
    Run `work` in a flow run of its own on the server at `url`; return or raise what it returned or raised.

    PrefectUnavailable when `work` was not begun because Prefect could not make or start the flow run.
    """
    # Without the heartbeat: it costs a second at the end of each flow, and the lease tells the dead from the living.
    with temporary_settings({PREFECT_API_URL: url, PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}), _quiet():
        attempt = _Attempt(title, work, url=url, note=note)
        flow: Flow[Any, Any] = Flow(
            fn=attempt.body, name=title.flow, retries=0, persist_result=False, log_prints=False,
            validate_parameters=False,
        )  # fmt: skip
        try:
            attempt.flow_run = api.create_flow_run(flow, title)
            run_flow_sync(flow, flow_run=attempt.flow_run, return_type="state")
        except (KeyboardInterrupt, SystemExit, TerminationSignal) as exc:
            if not attempt.begun:  # stopped by somebody, not by Prefect: the work must not begin by another road
                attempt.give_up()
                raise KeyboardInterrupt from exc
        except BaseException as exc:  # noqa: BLE001 — Prefect's trouble, before or after the work: `attempt` knows ours
            attempt.trouble = redact(f"{type(exc).__name__}: {exc}")
        if not attempt.begun:
            attempt.give_up()
            raise server.PrefectUnavailable(
                f"prefect at {url} did not start the flow run: {attempt.trouble or 'it gave no reason'}",
                hint="`cutover ui --stop`, then again",
            )
        attempt.finish(shown=attempt.shown)
        return attempt.result()


def run_inside(title: AttemptTitle, work: Work, *, note: Note) -> State[Any]:
    """Run `work` in the flow run that is around us (a deployment's), and return the state that it should end in."""
    context = FlowRunContext.get()
    assert context is not None
    assert context.flow_run is not None
    attempt = _Attempt(title, work, url=str(PREFECT_API_URL.value()), note=note)
    attempt.flow_run = context.flow_run
    try:
        api.name_flow_run(attempt.flow_run.id, title)
    except Exception as exc:  # noqa: BLE001 — a flow run under another name is still the flow run
        _LOG.warning("the flow run keeps the name it was given: %s", redact(str(exc)))
    state = attempt.body()
    attempt.finish(shown=None)
    return state


def refusal(exc: CutoverError) -> State[Any]:
    """The state of a flow run whose run was refused before it began."""
    return state_of(shown_as.error(exc))


class _Attempt:
    """The work of one attempt: what it came to, and what Prefect has of it."""

    def __init__(self, title: AttemptTitle, work: Work, *, url: str, note: Note) -> None:
        self.flow_run: FlowRun | None = None
        self.shown: State[Any] | None = None
        self.trouble = ""
        self._title = title
        self._work = work
        self._url = url
        self._note = note
        self._observer: PrefectObserver | None = None
        self._result: RunResult | None = None
        self._raised: BaseException | None = None
        self._noted = False

    @property
    def begun(self) -> bool:
        return self._observer is not None

    def body(self) -> State[Any]:
        """The flow's function: never raises for our failures, so that Prefect has nothing to print."""
        assert self.flow_run is not None
        log_lines.keep_secrets_out()
        log_lines.let_through()
        self._observer = PrefectObserver(self.flow_run, url=self._url, first=self._first)
        try:
            with stopping_pauses():
                self._result = self._work(self._observer)
            shown = shown_as.result(self._result)
        except BaseException as exc:  # noqa: BLE001 — kept, and raised to our caller by `result`
            self._raised = exc
            shown = shown_as.error(exc)
        self.shown = state_of(shown)
        return self.shown

    def result(self) -> RunResult:
        """What the work came to."""
        if self._raised is not None:
            raise self._raised
        assert self._result is not None
        return self._result

    def finish(self, *, shown: State[Any] | None) -> None:
        """
        Compare what the server has with what it should have, and note it.

        `shown` is the state the flow run should have ended in; None while it still runs around us.
        """
        assert self._observer is not None
        try:
            have = self._settled(self._observer.tasks, shown)
        except KeyboardInterrupt:  # the run is over; only our waiting is interrupted
            have = None
        if self._noted:
            self._note(self._record(have))

    def give_up(self) -> None:
        """The work was never begun: let the flow run not stand there as Pending for ever."""
        if self.flow_run is not None:
            flow_run_id = self.flow_run.id
            with suppress(Exception):
                in_time(lambda: api.mark_dead([flow_run_id]), seconds=5)

    def _first(self) -> None:
        """The first step begins, so the run's lease is ours: note the flow run, and bury the ones before it."""
        assert self.flow_run is not None
        flow_run_id = self.flow_run.id
        self._noted = True
        self._note(PrefectRecord(flow_run_id=str(flow_run_id), url=self._page(), complete=False, says="begun"))

        def bury() -> None:
            api.mark_dead(api.left_running(self._title.run, but=flow_run_id))

        try:
            in_time(bury, seconds=5)
        except Exception as exc:  # noqa: BLE001 — how old flow runs look must not stop a step
            _LOG.warning("earlier flow runs of %s may still look alive: %s", self._title.run, redact(str(exc)))

    def _settled(self, expected: int, shown: State[Any] | None) -> int | None:
        """Wait ten seconds at most until the server has everything; how many task runs it has, None when it is gone."""
        assert self.flow_run is not None
        flow_run_id, deadline = self.flow_run.id, time.monotonic() + _SETTLE_SECONDS
        if not server.answers(self._url):
            return None
        with suppress(Exception):  # a server that is going away is gone
            if shown is not None and not api.has_ended(flow_run_id):
                api.end(flow_run_id, shown)
            while (have := api.ended_tasks(flow_run_id)) < expected and time.monotonic() < deadline:
                time.sleep(0.1)
            return have
        return None

    def _record(self, have: int | None) -> PrefectRecord:
        assert self._observer is not None
        assert self.flow_run is not None
        expected, troubles = self._observer.tasks, [*self._observer.troubles, *filter(None, [self.trouble])]
        counted = "the server was not there to be asked for" if have is None else f"the server has {have} of"
        says = f"{counted} {expected} task runs" + (f"; {troubles[0]}" if troubles else "")
        complete = have == expected and not troubles
        return PrefectRecord(flow_run_id=str(self.flow_run.id), url=self._page(), complete=complete, says=says)

    def _page(self) -> str:
        assert self.flow_run is not None
        return f"{server.page(self._url)}/runs/flow-run/{self.flow_run.id}"


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what the log sender has to say about a lost server off the terminal."""
    before = logging.raiseExceptions
    logging.raiseExceptions = False
    try:
        yield
    finally:
        logging.raiseExceptions = before
