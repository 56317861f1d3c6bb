"""
One run, read once: what its events add up to, when its steps worked, what they returned.

Pure. Every section of the report starts from a `Reading`, so that no two of them can read the same
events in two ways. A journal that was edited is still read as far as it makes sense, because whoever
looks into it needs the page most; the reading then says where it had to stop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cutover.evidence.data_sections import StepFacts
from cutover.evidence.timeline import Span, spans
from cutover.model.event import Event
from cutover.model.project import Mode
from cutover.model.rehearsal import PlannedStep, PlanSource
from cutover.model.run import NotPossible, RunState, StepState, after, fold
from cutover.model.status import EventKind, RunStatus, StepStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class StepHead:
    """One step as it stood in the runbook when the run was made."""

    id: str
    kind: str = ""
    phase: str = ""
    wave: str = ""
    by: str = ""  # role
    says: str = ""
    asks: tuple[str, ...] = ()  # roles, of a gate or manual step
    point_of_no_return: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A run as its events tell it."""

    events: tuple[Event, ...]
    state: RunState
    problem: str  # why the events could not be followed to the end; empty: they could
    heads: tuple[StepHead, ...]  # in running order
    spans: tuple[Span, ...]
    planned: Mapping[str, PlannedStep]  # what was promised when the run began

    @property
    def created(self) -> Mapping[str, Any]:
        """The data of the first event."""
        return self.state.created

    @property
    def live(self) -> bool:
        """Whether it is the real thing."""
        return self.state.mode is Mode.LIVE

    @property
    def drilled(self) -> bool:
        """Whether its way back was meant from the start, and not the answer to a failure."""
        return self.state.rollback.get("drill") is True

    @property
    def proved_back(self) -> bool:
        """Whether it came all the way back, and the world is what it was, by fingerprints from before and after."""
        state = self.state
        return (
            state.status is RunStatus.ROLLED_BACK
            and bool(state.proof_before)
            and state.proof_before == state.proof_after
        )

    def steps(self) -> tuple[tuple[StepHead, StepState], ...]:
        """Every step with where it stands, in running order."""
        return tuple((head, self.state.steps[head.id]) for head in self.heads)

    def facts(self) -> tuple[StepFacts, ...]:
        """What the steps returned, in running order."""
        return tuple(
            StepFacts(
                step=head.id,
                kind=head.kind,
                wave=head.wave,
                undone=step.status is StepStatus.UNDONE,
                facts=step.facts,
            )
            for head, step in self.steps()
        )

    def of(self, *kinds: EventKind) -> tuple[Event, ...]:
        """The events of those kinds."""
        return tuple(event for event in self.events if event.kind in kinds)


def read(events: Sequence[Event]) -> Reading:
    """The events of one run, read; NotPossible when they do not begin with `run.created`."""
    state, problem = _followed(events)
    heads = tuple(_head(step) for step in state.created.get("steps", ()))
    planned = {str(step): _planned(one) for step, one in (state.created.get("planned") or {}).items()}
    return Reading(
        events=tuple(events), state=state, problem=problem, heads=heads, spans=spans(events), planned=planned
    )  # fmt: skip


def _followed(events: Sequence[Event]) -> tuple[RunState, str]:
    state = fold(events[:1])
    for event in events[1:]:
        try:
            state = after(state, event)
        except (NotPossible, LookupError) as exc:
            what = f"{event.kind} of step {event.step!r}" if event.step else str(event.kind)
            return state, f"event {event.seq} ({what}) cannot follow those before it: {exc}"
    return state, ""


def _head(step: Mapping[str, Any]) -> StepHead:
    texts = {name: str(step.get(name) or "") for name in ("kind", "phase", "wave", "by", "says")}
    asks = tuple(str(role) for role in step.get("asks") or ())
    return StepHead(id=str(step["id"]), asks=asks, point_of_no_return=step.get("point_of_no_return") is True, **texts)


def _planned(one: Mapping[str, Any]) -> PlannedStep:
    return PlannedStep(
        ms=one.get("ms"),
        source=PlanSource(one.get("source", PlanSource.UNKNOWN)),
        n=one.get("n", 0),
        start_ms=one.get("start_ms", 0),
        end_ms=one.get("end_ms", 0),
        p90_ms=one.get("p90_ms"),
        end_p90_ms=one.get("end_p90_ms"),
        critical_permille=one.get("critical_permille", 0),
    )
