"""Folds, decides, journals: carries one run forward and, when it must, back. Knows steps only by their contract."""

from cutover.engine.ports import Assignment, Ports
from cutover.engine.running import Engine

#: The named points of the engine itself; every kind of step has its own.
POINTS = (
    "run.created",
    "run.armed",
    "run.files_copied",
    "run.attempt_started",
    "run.proof_kept",
    "step.intent",
    "step.point_of_no_return",
    "step.ran",
    "step.verified",
    "step.done",
    "run.before_completed",
    "rollback.started",
    "rollback.undo_intent",
    "rollback.undone",
    "rollback.proved",
    "rollback.before_end",
)

__all__ = ["POINTS", "Assignment", "Engine", "Ports"]
