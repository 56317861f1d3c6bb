"""
The forecast of a run that is to come, and of one that is under way; and whether its way back still fits.

What a run may expect is worked out once, when it is made, and kept in its first event. From then on a forecast needs
nothing but the run's own events and the time, so `cutover status` and the engine ask the same thing at any moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from cutover.app.standing import state_of
from cutover.app.workspace import Workspace
from cutover.errors import WrongInput
from cutover.evidence.timeline import SpanEnd, SpanKind, offset_ms, spans
from cutover.evidence.words import iso
from cutover.forecast import deadline as deadlines
from cutover.forecast.deadline import Situation
from cutover.forecast.expecting import expect
from cutover.forecast.graph import Graph, graph_of
from cutover.forecast.predicting import Progress, predict
from cutover.model.event import Event
from cutover.model.forecast import Deadline, Expectations, Fits, Forecast, LastStart, expectations_of
from cutover.model.project import Mode
from cutover.model.rehearsal import Rehearsal
from cutover.model.run import TELLING, RunState, fold
from cutover.model.status import ENDED, RunStatus, StepStatus
from cutover.model.window import HardStop

_PASSED: Final = frozenset({StepStatus.DONE, StepStatus.SKIPPED})
#: A step in one of these has left nothing behind, or nothing any more.
_NOT_IN_PLACE: Final = frozenset(
    {StepStatus.WAITING, StepStatus.BLOCKED, StepStatus.SKIPPED, StepStatus.UNDONE, StepStatus.UNDO_SKIPPED}
)
_UNKNOWN: Final = "the run keeps no forecast, so nobody knows whether its way back still fits before the hard stop"
_GOING_BACK: Final = frozenset({RunStatus.ROLLING_BACK, RunStatus.ROLLBACK_STUCK})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What is expected of a run before it begins."""

    graph: Graph
    expectations: Expectations
    forecast: Forecast
    deadline: Deadline | None = None
    zone: str = "UTC"  # in which moments are shown
    volumes: Mapping[str, float] = field(default_factory=dict)  # rehearsal -> its share of the rows here, where known

    def last_starts(self) -> tuple[LastStart, ...]:
        """Until when each step may begin; empty without a hard stop."""
        if self.deadline is None:
            return ()
        return deadlines.last_starts(self.graph, self.expectations, self.forecast, deadline=self.deadline)

    def recorded(self) -> dict[str, Any]:
        """For the run's first event: what was promised, and all that a forecast under way needs."""
        told = self.forecast.plain()
        del told["steps"]  # they stand in `planned`
        return {**told, "zone": self.zone, "expectations": self.expectations.plain()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """When a run is to begin and by when all must be over, if somebody says something else than now and the runbook."""

    begin: str = ""  # ISO 8601 with an offset
    hard_stop: str = ""  # the same, or `05:00 Europe/Berlin`
    floor_ms: int | None = None


def outlook(
    heads: Sequence[Mapping[str, Any]],
    rehearsals: Sequence[Rehearsal],
    volumes: Mapping[str, int],
    *,
    parallel: int,
    now: datetime,
    stop: HardStop | None,
) -> Outlook:
    """The outlook of a run made of these steps (as `run.created` tells them) and beginning now."""
    graph = graph_of(heads, parallel=parallel)
    known = expect(graph, rehearsals, volumes)
    limit = Deadline(hard_stop=stop.next_after(now), floor_ms=round(stop.floor_s * 1000)) if stop else None
    return Outlook(
        graph=graph,
        expectations=known,
        forecast=predict(graph, known, now=now, hard_stop=_latest(limit)),
        deadline=limit,
        zone=stop.zone if stop else "UTC",
        volumes={past.run: ratio for past in rehearsals if (ratio := past.volume_ratio(volumes)) is not None},
    )


def asked_for(there: Outlook, asked: Asked) -> Outlook:
    """The same outlook for another beginning or another hard stop; WrongInput when a moment is none."""
    begin = _moment(asked.begin, "--begin") if asked.begin else there.forecast.now
    limit, zone = there.deadline, there.zone
    if asked.hard_stop:
        at, zone = _hard_stop(asked.hard_stop, begin)
        limit = Deadline(hard_stop=at, floor_ms=limit.floor_ms if limit else 0)
    elif limit and limit.hard_stop <= begin:
        raise WrongInput(f"the hard stop {limit.hard_stop:%Y-%m-%d %H:%M} UTC lies before that", hint="name another")
    if limit and asked.floor_ms is not None:
        limit = replace(limit, floor_ms=asked.floor_ms)
    again = predict(there.graph, there.expectations, now=begin, hard_stop=_latest(limit))
    return replace(there, forecast=again, deadline=limit, zone=zone)


class Watch:
    """The forecast of one run under way. Made once from its first event; asked with where it stands and the time."""

    def __init__(self, state: RunState) -> None:
        """KeyError or ValueError when an older version made the run, and kept nothing that can be forecast from."""
        self._graph = graph_of(state.created["steps"], parallel=int(state.created.get("parallel", 1)))
        self._known = expectations_of(state.created["forecast"]["expectations"])
        self.deadline = deadline_of(state.created)

    def rollback_fits(self, state: RunState, now: datetime) -> Fits:
        """Whether taking back everything that is in place now would end before the hard stop."""
        return deadlines.rollback_fits(
            self._graph, self._known, situation=_situation(state, now), deadline=self.deadline
        )

    def may_begin(self, events: Sequence[Event], state: RunState, step: str, now: datetime) -> Fits:
        """Whether `step` may begin now, at the pace of this run, and could still be taken back after it."""
        one = predict(self._graph, self._known, now=now, progress=progress(events, state, now)).step(step)
        return deadlines.may_begin(
            self._graph,
            self._known,
            step,
            situation=_situation(state, now),
            deadline=self.deadline,
            p90_ms=one.p90_ms if one else 0,
        )

    def forecast(self, events: Sequence[Event], state: RunState, now: datetime, *, at_work: bool = True) -> Forecast:
        """
        What is still to come, at the pace of this run, when it goes on now: no answer is waited for any longer.

        `at_work`: whether a process carries it at this moment.
        """
        return predict(
            self._graph,
            self._known,
            now=now,
            hard_stop=_latest(self.deadline),
            progress=progress(events, state, now if at_work else None),
        )


def watch(state: RunState) -> Watch | None:
    """The forecast of that run; None when it was made by a version that kept none."""
    try:
        return Watch(state)
    except (KeyError, ValueError, TypeError, AttributeError):
        return None


def rollback_fits(workspace: Workspace, run: str) -> str:
    """
    Why a rollback of that run, begun now, would not end before its hard stop; empty when it would, or there is none.

    A rehearsal always may: the way back is what it is there to learn.
    """
    state = state_of(workspace, run)
    if not _counts(state):
        return ""
    watching = watch(state)
    if watching is None:
        return _UNKNOWN
    told = watching.rollback_fits(state, workspace.clock.now())
    return "" if told.fits else told.says


def may_begin(workspace: Workspace, run: str, step: str) -> str:
    """Why that step of the run should not begin now, by the rule of the rollback deadline; empty when it may."""
    events = workspace.journal.events(run, kinds=TELLING, last=True)
    state = fold(events)
    if not _counts(state):
        return ""
    watching = watch(state)
    if watching is None:
        return _UNKNOWN
    told = watching.may_begin(events, state, step, workspace.clock.now())
    return "" if told.fits else told.says


def live(events: Sequence[Event], state: RunState, now: datetime, *, at_work: bool) -> dict[str, Any] | None:
    """
    What `cutover status` shows of the time to come; None when nothing can be said, or the run is over.

    `state` is what the events add up to; `at_work`: whether a process carries the run at this moment. A rehearsal has
    no hard stop to keep.
    """
    watching = watch(state)
    if watching is None or state.status in ENDED:
        return None
    fits = watching.rollback_fits(state, now)
    limit = watching.deadline if state.mode is Mode.LIVE else None  # a rehearsal keeps no hard stop
    told: dict[str, Any] = {
        "now": iso(now),
        "zone": str(state.created["forecast"].get("zone") or "UTC"),
        "hard_stop": iso(limit.hard_stop) if limit else None,
        "floor_ms": limit.floor_ms if limit else 0,
        "rollback": {
            "fits": fits.fits,
            "minutes_left": fits.minutes_left,
            "p90_ms": fits.rollback_p90_ms,
            "says": fits.says,
        },
    }
    if state.rollback or state.status in _GOING_BACK:
        return told
    forecast = watching.forecast(events, state, now, at_work=at_work)
    if limit is None:
        forecast = replace(forecast, chance=None)
    plain = forecast.plain()
    steps = plain.pop("steps")
    return {**told, **plain, "p50_end": iso(forecast.p50_end), "p90_end": iso(forecast.p90_end), "steps": steps}


def progress(events: Sequence[Event], state: RunState, now: datetime | None) -> Progress:
    """
    How far a run has come: work only, without waits.

    What is at work goes on until `now`; None: no process carries the run, so nothing has gone on since its last event.
    """
    until_ms = offset_ms(events, now) if now else 0
    worked: dict[str, int] = {}
    for span in spans(events):
        if span.kind is SpanKind.WORK:
            end_ms = max(span.end_ms, until_ms) if span.end is SpanEnd.OPEN else span.end_ms
            worked[span.step] = worked.get(span.step, 0) + end_ms - span.start_ms
    passed = frozenset(step.id for step in state.steps.values() if step.status in _PASSED)
    done = {step.id for step in state.steps.values() if step.status is StepStatus.DONE and not step.settled}
    return Progress(
        done={step: ms for step, ms in worked.items() if step in done},
        passed=passed,
        going={step: ms for step, ms in worked.items() if step not in passed},
    )


def deadline_of(created: Mapping[str, Any]) -> Deadline | None:
    """The hard stop that a run was made with; None when it has none."""
    text = created.get("hard_stop")
    if not text:
        return None
    return Deadline(hard_stop=datetime.fromisoformat(str(text)), floor_ms=int(created.get("floor_ms") or 0))


def _counts(state: RunState) -> bool:
    """Whether there is a hard stop to be kept."""
    return state.mode is Mode.LIVE and deadline_of(state.created) is not None


def _situation(state: RunState, now: datetime) -> Situation:
    in_place = (step.id for step in state.steps.values() if step.started and step.status not in _NOT_IN_PLACE)
    return Situation(now=now, begun=frozenset(in_place), past_point_of_no_return=state.past_point_of_no_return)


def _latest(limit: Deadline | None) -> datetime | None:
    """The moment by which the steps must be through: what is kept back is not there to be used."""
    return limit.hard_stop - timedelta(milliseconds=limit.floor_ms) if limit else None


def _moment(text: str, option: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise WrongInput(
            f"{option} {text!r} is no moment with an offset", hint="write it like 2026-11-28T22:00+01:00"
        ) from None
    return at.astimezone(UTC)


def _hard_stop(text: str, begin: datetime) -> tuple[datetime, str]:
    """The moment and the zone to show it in: an ISO moment, or a time of the day in a zone after `begin`."""
    clock, _, zone = text.strip().partition(" ")
    if zone:
        try:
            return HardStop(at=time.fromisoformat(clock), zone=ZoneInfo(zone.strip()).key).next_after(
                begin
            ), zone.strip()
        except (ValueError, OSError, KeyError):
            raise WrongInput(
                f"--hard-stop {text!r} is no time of the day in a zone", hint="write it like '05:00 Europe/Berlin'"
            ) from None
    at = _moment(text, "--hard-stop")
    if at <= begin:
        raise WrongInput(f"--hard-stop {text!r} lies before the beginning", hint="name a later moment")
    return at, "UTC"
