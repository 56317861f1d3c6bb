"""How outcomes look as Prefect states: pure decisions, in words that need no Prefect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cutover.contract import RunResult
from cutover.errors import CutoverError, ExitStatus
from cutover.model.outcome import Fate, Outcome
from cutover.model.status import RunStatus
from cutover.redact import redact


class Kind(StrEnum):
    """The types of Prefect's states that end something."""

    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Shown:
    """A state of Prefect: its type, its name, and a message without secrets."""

    kind: Kind
    name: str
    message: str


_FATES: Final[Mapping[Fate, tuple[Kind, str]]] = {
    Fate.DONE: (Kind.COMPLETED, "Completed"),
    Fate.WAITING: (Kind.COMPLETED, "Waiting"),  # nothing failed; Prefect's own Paused would expire into a failure
    Fate.HALTED: (Kind.CANCELLED, "Halted"),
    Fate.TRY_AGAIN: (Kind.FAILED, "TryAgain"),
    Fate.FAILED: (Kind.FAILED, "Failed"),
    Fate.UNKNOWN: (Kind.FAILED, "OutcomeUnknown"),
}

_NAMES: Final[Mapping[RunStatus, str]] = {
    RunStatus.COMPLETED: "Completed",
    RunStatus.ROLLED_BACK: "RolledBack",
    RunStatus.ROLLBACK_STUCK: "RollbackStuck",
    RunStatus.PAUSED: "Waiting",
    RunStatus.INTERRUPTED: "Interrupted",
    RunStatus.STOPPED: "Stopped",
    RunStatus.ATTENTION: "NeedsAttention",
}

ALREADY_DONE: Final = Shown(Kind.COMPLETED, "AlreadyDone", "done in an earlier attempt")


def outcome(ended: Outcome) -> Shown:
    """The end of one attempt at one step."""
    kind, name = _FATES[ended.fate]
    message = " — ".join(part for part in (" ".join(filter(None, (ended.code, ended.detail))), ended.hint) if part)
    return Shown(kind, name, redact(message))


def result(ended: RunResult) -> Shown:
    """The end of an attempt of a run. A drill that came back is a success; a go-live that came back is not."""
    if ended.status is RunStatus.INTERRUPTED:
        kind = Kind.CANCELLED
    elif ended.exit_status in (ExitStatus.DONE, ExitStatus.WAITING_FOR_PERSON):
        kind = Kind.COMPLETED
    else:
        kind = Kind.FAILED
    return Shown(kind, _NAMES.get(ended.status, "Ended"), redact(ended.says))


def error(raised: BaseException) -> Shown:
    """An attempt that ended in an exception: refused, interrupted, or a defect."""
    if isinstance(raised, KeyboardInterrupt):
        return Shown(Kind.CANCELLED, "Interrupted", "interrupted; nothing was undone")
    if isinstance(raised, CutoverError):
        said = f"{raised.code} {raised}" + (f" — {raised.hint}" if raised.hint else "")
        return Shown(Kind.FAILED, "Refused", redact(said))
    return Shown(Kind.FAILED, "Defect", redact(f"{type(raised).__name__}: {raised}"))
