"""
Every error this package raises on purpose, and what the process exits with.

The three *fates* of an attempt stand here too (design of the engine): what is not
declared as `TryAgain` is never retried, and `OutcomeUnknown` is never guessed.
Modules add their own classes below these; each has a stable `code`, an exit status
and a `hint` with the next thing a person can do.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class ExitStatus(IntEnum):
    """What `cutover` exits with; schedulers and night shifts branch on these numbers."""

    DONE = 0
    DEFECT = 1
    WRONG_INPUT = 2
    STEP_FAILED = 3
    GATE_CLOSED = 4
    WAITING_FOR_PERSON = 5
    LEASE_HELD = 6
    OUTCOME_UNKNOWN = 7
    ROLLED_BACK = 8
    ROLLBACK_STUCK = 9


class CutoverError(Exception):
    """Base of every error this package raises on purpose."""

    code: ClassVar[str] = "CUT-000"
    exit_status: ClassVar[ExitStatus] = ExitStatus.DEFECT

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class WrongInput(CutoverError):
    """The project, a runbook, a migration or the arguments are wrong; nothing was touched."""

    code = "CUT-100"
    exit_status = ExitStatus.WRONG_INPUT


class TryAgain(CutoverError):
    """Fate 1: this attempt failed in a way that waiting may heal (lock timeout, lost link)."""

    code = "CUT-301"
    exit_status = ExitStatus.STEP_FAILED


class StepFailed(CutoverError):
    """Fate 2: this attempt failed in a way that repeating will not heal (bad rows, no rights)."""

    code = "CUT-300"
    exit_status = ExitStatus.STEP_FAILED


class OutcomeUnknown(CutoverError):
    """Fate 3: the link died after the command was sent: it may have taken effect, or not."""

    code = "CUT-302"
    exit_status = ExitStatus.OUTCOME_UNKNOWN


class Inconclusive(CutoverError):
    """A check could not be run to an answer: never a pass, and never a reason to roll back by itself."""

    code = "CUT-303"
    exit_status = ExitStatus.STEP_FAILED


class Halted(CutoverError):
    """A step stopped between two units of its work, because the run was asked to: it goes on where it stopped."""

    code = "CUT-304"
    exit_status = ExitStatus.WAITING_FOR_PERSON


class GateClosed(CutoverError):
    """A gate refused to let the run past it (a veto, an expired vote, a missing rehearsal)."""

    code = "CUT-400"
    exit_status = ExitStatus.GATE_CLOSED


class WaitingForPerson(CutoverError):
    """A person must act before the run can go on; the run is saved and no process has to live."""

    code = "CUT-500"
    exit_status = ExitStatus.WAITING_FOR_PERSON


class LeaseHeld(CutoverError):
    """Another run holds the lease of this environment."""

    code = "CUT-600"
    exit_status = ExitStatus.LEASE_HELD


class JournalNotWritable(CutoverError):
    """The journal refused an event; the run stops before the next effect."""

    code = "CUT-610"
    exit_status = ExitStatus.DEFECT


class LeaseLost(JournalNotWritable):
    """Another process has taken the run over: this one may write neither to the journal nor to a database."""

    code = "CUT-616"
    exit_status = ExitStatus.LEASE_HELD
