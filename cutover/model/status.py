"""
The states of a run and of its steps: one table of data each, (status, event) -> status.

Nothing else in the package decides what may follow what. The tables are exhaustive: a pair
that is not in them is refused with a sentence, and tests walk every pair.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class StepStatus(StrEnum):
    """Where one step stands."""

    WAITING = "waiting"
    READY = "ready"
    RUNNING = "running"
    VERIFYING = "verifying"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"
    BLOCKED = "blocked"
    UNDOING = "undoing"
    UNDONE = "undone"
    UNDO_FAILED = "undo_failed"
    UNDO_SKIPPED = "undo_skipped"


class RunStatus(StrEnum):
    """Where a run stands."""

    DRAFT = "draft"
    ARMED = "armed"
    RUNNING = "running"
    PAUSED = "paused"
    ATTENTION = "attention"
    ROLLING_BACK = "rolling_back"
    COMPLETED = "completed"
    ROLLED_BACK = "rolled_back"
    ROLLBACK_STUCK = "rollback_stuck"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"


class EventKind(StrEnum):
    """What an event of the journal says. The value is `subject.what`, as auditors read it."""

    # the run
    RUN_CREATED = "run.created"
    RUN_ARMED = "run.armed"
    ATTEMPT_STARTED = "run.attempt_started"
    ATTEMPT_ENDED = "run.attempt_ended"
    RUN_PAUSED = "run.paused"
    RUN_NEEDS_ATTENTION = "run.needs_attention"
    RUN_COMPLETED = "run.completed"
    RUN_STOPPED = "run.stopped"
    RUN_INTERRUPTED = "run.interrupted"
    ROLLBACK_STARTED = "run.rollback_started"
    ROLLED_BACK = "run.rolled_back"
    ROLLBACK_STUCK = "run.rollback_stuck"
    POINT_OF_NO_RETURN = "run.point_of_no_return"
    # a step, forward
    STEP_READY = "step.ready"
    STEP_STARTED = "step.started"  # the intent: durable before the first effect
    STEP_VERIFYING = "step.verifying"
    STEP_DONE = "step.done"
    STEP_FAILED = "step.failed"
    STEP_RETRYING = "step.retrying"
    STEP_UNKNOWN = "step.unknown"
    STEP_WAITING = "step.waiting_for_person"
    STEP_HALTED = "step.halted"  # at a safe point, between two units of its work
    STEP_SKIPPED = "step.skipped"
    STEP_BLOCKED = "step.blocked"
    # a step, on the way back
    UNDO_STARTED = "step.undo_started"
    UNDO_DONE = "step.undone"
    UNDO_FAILED = "step.undo_failed"
    UNDO_SKIPPED = "step.undo_skipped"
    # a step, settled by a person who has looked
    SETTLED_DONE = "step.settled_done"
    SETTLED_READY = "step.settled_ready"
    SETTLED_SKIPPED = "step.settled_skipped"
    SETTLED_UNDONE = "step.settled_undone"
    # what is said on the way; changes no status
    REMEMBERED = "step.remembered"  # what undo or a repetition will need, durable before the effect
    FOUND = "step.found"  # a finding
    VOTED = "gate.voted"
    DECIDED = "gate.decided"
    REVIEWED = "gate.reviewed"  # by another person, after somebody opened it by break-glass
    REMINDED = "task.reminded"  # durable before the message goes out, so that it goes out once
    NOTIFIED = "run.notified"  # what people were told, or would have been, and whether it went out
    PROOF = "run.proof"  # fingerprints of the world, before the first effect and after a rollback
    PREFECT = "run.prefect"  # the flow run that shows this attempt, and whether its record is complete
    REQUESTED = "run.requested"  # by another process: pause, stop, rollback; the one that carries the run heeds it
    DEADLINE_WAIVED = "run.deadline_waived"  # a person goes on although a rollback would not end in time any more
    INJECTED = "step.injected"  # a fault, on purpose, in a rehearsal; said before it strikes
    NOTED = "run.noted"


#: (status of a step, event) -> status after it.
STEP_TABLE: Final[Mapping[tuple[StepStatus, EventKind], StepStatus]] = {
    (StepStatus.WAITING, EventKind.STEP_READY): StepStatus.READY,
    (StepStatus.WAITING, EventKind.STEP_SKIPPED): StepStatus.SKIPPED,
    (StepStatus.WAITING, EventKind.STEP_BLOCKED): StepStatus.BLOCKED,
    (StepStatus.READY, EventKind.STEP_STARTED): StepStatus.RUNNING,
    (StepStatus.READY, EventKind.STEP_SKIPPED): StepStatus.SKIPPED,
    (StepStatus.READY, EventKind.STEP_BLOCKED): StepStatus.BLOCKED,
    (StepStatus.BLOCKED, EventKind.STEP_READY): StepStatus.READY,
    (StepStatus.RUNNING, EventKind.STEP_VERIFYING): StepStatus.VERIFYING,
    (StepStatus.RUNNING, EventKind.STEP_FAILED): StepStatus.FAILED,
    (StepStatus.RUNNING, EventKind.STEP_RETRYING): StepStatus.READY,
    (StepStatus.RUNNING, EventKind.STEP_WAITING): StepStatus.READY,
    (StepStatus.RUNNING, EventKind.STEP_HALTED): StepStatus.READY,
    (StepStatus.RUNNING, EventKind.STEP_UNKNOWN): StepStatus.UNKNOWN,
    (StepStatus.VERIFYING, EventKind.STEP_DONE): StepStatus.DONE,
    (StepStatus.VERIFYING, EventKind.STEP_FAILED): StepStatus.FAILED,
    (StepStatus.VERIFYING, EventKind.STEP_RETRYING): StepStatus.READY,
    (StepStatus.VERIFYING, EventKind.STEP_HALTED): StepStatus.READY,
    (StepStatus.VERIFYING, EventKind.STEP_UNKNOWN): StepStatus.UNKNOWN,
    (StepStatus.UNKNOWN, EventKind.STEP_READY): StepStatus.READY,
    (StepStatus.UNKNOWN, EventKind.STEP_DONE): StepStatus.DONE,
    (StepStatus.UNKNOWN, EventKind.STEP_FAILED): StepStatus.FAILED,
    (StepStatus.FAILED, EventKind.STEP_READY): StepStatus.READY,
    (StepStatus.FAILED, EventKind.STEP_SKIPPED): StepStatus.SKIPPED,
    # a person who has looked says how it stands, with a reason
    (StepStatus.READY, EventKind.SETTLED_DONE): StepStatus.DONE,
    (StepStatus.READY, EventKind.SETTLED_SKIPPED): StepStatus.SKIPPED,
    (StepStatus.FAILED, EventKind.SETTLED_DONE): StepStatus.DONE,
    (StepStatus.FAILED, EventKind.SETTLED_READY): StepStatus.READY,
    (StepStatus.FAILED, EventKind.SETTLED_SKIPPED): StepStatus.SKIPPED,
    (StepStatus.UNKNOWN, EventKind.SETTLED_DONE): StepStatus.DONE,
    (StepStatus.UNKNOWN, EventKind.SETTLED_READY): StepStatus.READY,
    (StepStatus.UNKNOWN, EventKind.SETTLED_SKIPPED): StepStatus.SKIPPED,
    (StepStatus.UNDOING, EventKind.SETTLED_UNDONE): StepStatus.UNDONE,
    (StepStatus.UNDO_FAILED, EventKind.SETTLED_UNDONE): StepStatus.UNDONE,
    # the way back: whatever has begun may have effects
    (StepStatus.DONE, EventKind.UNDO_STARTED): StepStatus.UNDOING,
    (StepStatus.FAILED, EventKind.UNDO_STARTED): StepStatus.UNDOING,
    (StepStatus.UNKNOWN, EventKind.UNDO_STARTED): StepStatus.UNDOING,
    (StepStatus.READY, EventKind.UNDO_STARTED): StepStatus.UNDOING,
    (StepStatus.UNDOING, EventKind.UNDO_DONE): StepStatus.UNDONE,
    (StepStatus.UNDOING, EventKind.UNDO_FAILED): StepStatus.UNDO_FAILED,
    (StepStatus.UNDOING, EventKind.UNDO_STARTED): StepStatus.UNDOING,  # resumed after a crash
    (StepStatus.UNDO_FAILED, EventKind.UNDO_STARTED): StepStatus.UNDOING,
    (StepStatus.UNDO_FAILED, EventKind.UNDO_SKIPPED): StepStatus.UNDO_SKIPPED,
    (StepStatus.DONE, EventKind.UNDO_SKIPPED): StepStatus.UNDO_SKIPPED,
    (StepStatus.FAILED, EventKind.UNDO_SKIPPED): StepStatus.UNDO_SKIPPED,
    (StepStatus.READY, EventKind.UNDO_SKIPPED): StepStatus.UNDO_SKIPPED,
    (StepStatus.UNKNOWN, EventKind.UNDO_SKIPPED): StepStatus.UNDO_SKIPPED,
}

#: (status of a run, event) -> status after it.
RUN_TABLE: Final[Mapping[tuple[RunStatus, EventKind], RunStatus]] = {
    (RunStatus.DRAFT, EventKind.RUN_ARMED): RunStatus.ARMED,
    (RunStatus.DRAFT, EventKind.RUN_STOPPED): RunStatus.STOPPED,
    (RunStatus.ARMED, EventKind.ATTEMPT_STARTED): RunStatus.RUNNING,
    (RunStatus.ARMED, EventKind.RUN_STOPPED): RunStatus.STOPPED,
    (RunStatus.RUNNING, EventKind.RUN_PAUSED): RunStatus.PAUSED,
    (RunStatus.RUNNING, EventKind.RUN_NEEDS_ATTENTION): RunStatus.ATTENTION,
    (RunStatus.RUNNING, EventKind.RUN_COMPLETED): RunStatus.COMPLETED,
    (RunStatus.RUNNING, EventKind.RUN_STOPPED): RunStatus.STOPPED,
    (RunStatus.RUNNING, EventKind.RUN_INTERRUPTED): RunStatus.INTERRUPTED,
    (RunStatus.RUNNING, EventKind.ROLLBACK_STARTED): RunStatus.ROLLING_BACK,
    (RunStatus.PAUSED, EventKind.ATTEMPT_STARTED): RunStatus.RUNNING,
    (RunStatus.PAUSED, EventKind.RUN_STOPPED): RunStatus.STOPPED,
    (RunStatus.PAUSED, EventKind.ROLLBACK_STARTED): RunStatus.ROLLING_BACK,
    (RunStatus.ATTENTION, EventKind.ATTEMPT_STARTED): RunStatus.RUNNING,
    (RunStatus.ATTENTION, EventKind.RUN_STOPPED): RunStatus.STOPPED,
    (RunStatus.ATTENTION, EventKind.ROLLBACK_STARTED): RunStatus.ROLLING_BACK,
    (RunStatus.INTERRUPTED, EventKind.ATTEMPT_STARTED): RunStatus.RUNNING,
    (RunStatus.INTERRUPTED, EventKind.RUN_STOPPED): RunStatus.STOPPED,
    (RunStatus.INTERRUPTED, EventKind.ROLLBACK_STARTED): RunStatus.ROLLING_BACK,
    # A rehearsal that has ended well may be put back, so that its environment can be rehearsed in again.
    (RunStatus.COMPLETED, EventKind.ROLLBACK_STARTED): RunStatus.ROLLING_BACK,
    # A process that only takes the run back is an attempt, too.
    (RunStatus.COMPLETED, EventKind.ATTEMPT_STARTED): RunStatus.COMPLETED,
    (RunStatus.ROLLING_BACK, EventKind.ATTEMPT_STARTED): RunStatus.ROLLING_BACK,
    (RunStatus.ROLLBACK_STUCK, EventKind.ATTEMPT_STARTED): RunStatus.ROLLBACK_STUCK,
    (RunStatus.ROLLING_BACK, EventKind.ROLLED_BACK): RunStatus.ROLLED_BACK,
    (RunStatus.ROLLING_BACK, EventKind.ROLLBACK_STUCK): RunStatus.ROLLBACK_STUCK,
    (RunStatus.ROLLING_BACK, EventKind.ROLLBACK_STARTED): RunStatus.ROLLING_BACK,  # resumed after a crash
    (RunStatus.ROLLBACK_STUCK, EventKind.ROLLBACK_STARTED): RunStatus.ROLLING_BACK,
    # Stopping wins from every state: effects stay in place, and are listed.
    (RunStatus.ROLLING_BACK, EventKind.RUN_STOPPED): RunStatus.STOPPED,
    (RunStatus.ROLLBACK_STUCK, EventKind.RUN_STOPPED): RunStatus.STOPPED,
    # On the way back a person may ask for a pause, too.
    (RunStatus.ROLLING_BACK, EventKind.RUN_PAUSED): RunStatus.ROLLING_BACK,
}

#: What a person says of a step that he has looked at.
SETTLED: Final = frozenset(
    {EventKind.SETTLED_DONE, EventKind.SETTLED_READY, EventKind.SETTLED_SKIPPED, EventKind.SETTLED_UNDONE}
)
#: A run in one of these has come to its end: nothing of it is left to resume, and its environment is free for the next.
ENDED: Final = frozenset({RunStatus.COMPLETED, RunStatus.ROLLED_BACK, RunStatus.STOPPED})
