"""What an attempt came to, and what a step says on the way: plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cutover.errors import ExitStatus

Facts = Mapping[str, Any]
"""Plain JSON values that a step returns for the evidence: text, whole numbers, lists, objects; no floats."""


class Fate(StrEnum):
    """How an attempt ended."""

    DONE = "done"
    TRY_AGAIN = "try again"
    FAILED = "failed"
    UNKNOWN = "unknown"
    WAITING = "waiting"  # a person must act; the run is saved
    HALTED = "halted"  # at a safe point, because the run was asked to pause or another step has failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The end of one attempt, as a value."""

    fate: Fate
    detail: str = ""
    code: str = ""
    hint: str = ""
    facts: Facts = field(default_factory=dict)
    exit_status: ExitStatus = ExitStatus.DONE  # of the error it ended in
    inconclusive: bool = False  # a check that came to no answer: never a pass, and never a reason to roll back


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing a step would do now; `run` carries out the same list that `plan` printed."""

    says: str
    undo: str = ""
    detail: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a long piece of work stands. Numbers only; the terminal, the log and Prefect each draw it their way."""

    step: str
    what: str  # "flight", "backup of old"
    done: int
    total: int | None  # None while it is not counted; never an invented total
    unit: str = "rows"
    waiting_for: str = ""


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something a check found, with a few samples as text."""

    check: str  # "reconcile fingerprint", "validate unique(…)"
    table: str
    says: str
    count: int
    severity: Severity = Severity.ERROR
    columns: tuple[str, ...] = ()  # heading of the samples
    samples: tuple[tuple[str, ...], ...] = ()  # at most 20 rows; masked columns redacted by the finder
    step: str = ""
