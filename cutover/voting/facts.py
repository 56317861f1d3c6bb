"""
Facts that a gate rests on: small named questions to the run's own record, each with what was read and a sentence.

A fact holds, does not hold, or cannot be told. The last is never taken for the first: who asks for a proof and gets
none has no proof. Add a fact = one function and one line in `KNOWN`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from cutover.evidence import data_sections
from cutover.evidence.data_sections import StepFacts
from cutover.evidence.reading import Reading, read
from cutover.model.event import Event
from cutover.model.status import StepStatus
from cutover.words import counted


class Verdict(StrEnum):
    """What became of a question."""

    YES = "yes"
    NO = "no"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateFact:
    """A fact as it was looked at."""

    fact: str  # as the runbook asks for it
    verdict: Verdict
    says: str  # a sentence without a full stop
    read: str  # where that was read

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self), "verdict": str(self.verdict)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a question may look at."""

    told: Reading
    done: tuple[StepFacts, ...]  # of the steps that are done, in running order
    rollback_fits: Callable[[], str] | None  # why it does not; empty: it does; None: nobody here can tell
    bound: float = 0.0  # the number in the question


Question = Callable[[Look], tuple[Verdict, str, str]]

_COVERAGE = re.compile(r"coverage\s*(?:>=|≥)\s*([0-9]{1,3}(?:\.[0-9]+)?)\s*%")


def known(text: str) -> str:
    """The fact in that text, as it is; ValueError with the facts there are."""
    _question(text)
    return text


def look(
    texts: Sequence[str], events: Sequence[Event], *, rollback_fits: Callable[[], str] | None = None
) -> tuple[GateFact, ...]:
    """Each fact as the events of the run tell it now. Never raises for what stands in them."""
    return tuple(_look(text, events, rollback_fits) for text in texts)


def _look(text: str, events: Sequence[Event], rollback_fits: Callable[[], str] | None) -> GateFact:
    question, bound = _question(text)
    if not events:
        return GateFact(fact=text, verdict=Verdict.INCONCLUSIVE, says="the run has no record yet", read="nothing")
    told = read(events)
    done = tuple(facts for facts in told.facts() if told.state.step(facts.step).status is StepStatus.DONE)
    try:
        verdict, says, where = question(Look(told=told, done=done, rollback_fits=rollback_fits, bound=bound))
    except Exception as exc:  # noqa: BLE001 — what cannot be read is no yes, and a surprise here is no reason to die
        verdict, says, where = Verdict.INCONCLUSIVE, f"it could not be looked at: {type(exc).__name__}", "the record"
    return GateFact(fact=text, verdict=verdict, says=says, read=where)


def _question(text: str) -> tuple[Question, float]:
    words = " ".join(text.split())
    if words in KNOWN:
        return KNOWN[words], 0.0
    coverage = _COVERAGE.fullmatch(words)
    if coverage and float(coverage[1]) <= 100:
        return _covered, float(coverage[1])
    raise ValueError(f"no fact is called {text!r}; known are: {', '.join(KNOWN)}, coverage >= 95 %")


def _reconciled(look: Look) -> tuple[Verdict, str, str]:
    tables = data_sections.fingerprints(look.done)
    totals, waves = data_sections.totals(look.done), data_sections.waves(look.done)
    where = _named("reconcile", look)
    if not tables:
        return Verdict.INCONCLUSIVE, "nothing was reconciled before this gate", where
    differ = [row for row in (*tables, *totals) if not row["equal"]] + [row for row in waves if not row["balanced"]]
    if differ:
        names = ", ".join(dict.fromkeys(repr(row["table"]) for row in differ))
        return Verdict.NO, f"{names} in the target is not what the source held", where
    left = _not_reconciled(look)
    if left:
        return Verdict.INCONCLUSIVE, f"copied, and not reconciled since: {', '.join(left)}", where
    totalled = f", {counted(len(totals), 'control total')} agree" if totals else ""
    return Verdict.YES, f"{counted(len(tables), 'table')} equal to the source{totalled}", where


def _not_reconciled(look: Look) -> list[str]:
    """Tables that a copy brought and that no reconciliation has looked at since, by wave."""
    began = {step.id: step.started for step in look.told.state.steps.values()}
    proved = [(row["table"], row["wave"], began[row["step"]]) for row in data_sections.fingerprints(look.done)]
    return [
        repr(row["table"]) + (f" of wave {row['wave']}" if row["wave"] else "")
        for row in data_sections.copies(look.done)
        if not any(
            table == row["table"] and wave in ("", row["wave"]) and at > began[row["step"]]
            for table, wave, at in proved
        )
    ]


def _restore_proved(look: Look) -> tuple[Verdict, str, str]:
    backups = data_sections.backups(look.done)
    where = _named("backup", look, "restore_check")
    if not backups:
        return Verdict.INCONCLUSIVE, "no backup was taken before this gate", where
    without = [row["step"] for row in backups if not row["restore"]]
    failed = [row["step"] for row in backups if row["restore"] and not row["proved"]]
    if failed:
        return Verdict.NO, f"restored, and not the same: {', '.join(failed)}", where
    if without:
        return Verdict.INCONCLUSIVE, f"never restored: {', '.join(without)}", where
    return Verdict.YES, f"{counted(len(backups), 'backup')} restored elsewhere and equal", where


def _covered(look: Look) -> tuple[Verdict, str, str]:
    judged: dict[str, Mapping[str, Any]] = {}
    for step in look.done:
        if step.kind == "validate":
            judged |= {str(table.get("table")): table for table in step.facts.get("tables", ())}
    where = _named("validate", look)
    copied = list(dict.fromkeys(row["table"] for row in data_sections.copies(look.done)))
    missing = [repr(table) for table in copied or [""] if "columns" not in judged.get(table, {})]
    if missing or not judged:
        what = f"copied, and not validated: {', '.join(missing)}" if copied else "nothing was copied before this gate"
        return Verdict.INCONCLUSIVE, what, where
    columns = sum(int(judged[table]["columns"]) for table in copied)
    covered = columns - sum(len(judged[table].get("uncovered", ())) for table in copied)
    if not columns:
        return Verdict.INCONCLUSIVE, "the tables that were copied have no columns", where
    says = f"{covered} of {counted(columns, 'target column')} stand in a validator ({covered * 100 // columns} %)"
    holds = covered * 100 >= look.bound * columns
    bare = [f"{table}.{name}" for table in copied for name in judged[table].get("uncovered", ())]
    more = "" if holds else f"; not judged: {', '.join(bare[:8])}" + (" …" if len(bare) > 8 else "")
    return Verdict.YES if holds else Verdict.NO, says + more, where


def _rollback_fits(look: Look) -> tuple[Verdict, str, str]:
    where = "the forecast of the way back, and the hard stop"
    if not look.told.created.get("hard_stop"):
        return Verdict.INCONCLUSIVE, "the runbook has no hard stop to be back by", where
    if look.rollback_fits is None:
        return Verdict.INCONCLUSIVE, "only the process that carries the run can tell", where
    why_not = look.rollback_fits()
    return (Verdict.NO, why_not, where) if why_not else (Verdict.YES, "a rollback from here would end in time", where)


def _named(kind: str, look: Look, *more: str) -> str:
    """The steps that were read, by name."""
    steps = [step.step for step in look.done if step.kind in (kind, *more)]
    return "facts of " + ", ".join(steps) if steps else f"no step of kind {kind} that is done"


#: Name of a fact -> the question. `coverage >= N %` carries a number and is matched by its own expression.
KNOWN: Mapping[str, Question] = {
    "reconciled": _reconciled,
    "rollback fits": _rollback_fits,
    "restore proved": _restore_proved,
}
