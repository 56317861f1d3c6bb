"""What a step came to, in one line: its facts as a few words, or why it did not come to any."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cutover.evidence import data_sections
from cutover.evidence.data_sections import StepFacts
from cutover.evidence.reading import StepHead
from cutover.evidence.words import size
from cutover.model.run import StepState
from cutover.model.status import StepStatus
from cutover.words import counted

#: The way back has come to it: what it says last is of its undo.
_GONE_BACK = frozenset({StepStatus.UNDOING, StepStatus.UNDONE, StepStatus.UNDO_FAILED, StepStatus.UNDO_SKIPPED})
#: Statuses in which what the step returned counts.
_CAME_THROUGH = _GONE_BACK | {StepStatus.DONE}


def came_to(head: StepHead, step: StepState, *, failed: str = "") -> str:
    """One line; empty for a step that has nothing to say. `failed`: its last failure; an undo does not blot it out."""
    if step.status in _CAME_THROUGH and step.facts:
        return brief(StepFacts(step=head.id, kind=head.kind, wave=head.wave, facts=step.facts))
    if step.status in _GONE_BACK and failed:
        return failed
    return " ".join(part for part in (step.code, step.detail) if part)


def brief(step: StepFacts) -> str:
    """The facts of a step as a cutover lead reads them out; empty for facts nobody has words for."""
    said = _SAID.get(step.kind)
    return said(step) if said is not None else ""


def _copy(step: StepFacts) -> str:
    total = data_sections.identity(data_sections.copies([step]))
    says = [f"{counted(total['loaded'], 'row')} loaded"]
    says += [f"{total[part]:,} {part}" for part in ("quarantined", "excluded") if total[part]]
    if total["nulled"]:
        says.append(counted(total["nulled"], "value made NULL", "values made NULL"))
    return ", ".join(says)


def _validate(step: StepFacts) -> str:
    tables = data_sections.rules([step])
    broken = sum(1 for table in tables for rule in table["rules"] if not rule["holds"])
    rules = sum(len(table["rules"]) for table in tables)
    return f"{counted(rules, 'rule')} in {counted(len(tables), 'table')}" + (
        f", {broken} broken" if broken else " holds" if rules == 1 else " hold"
    )


def _reconcile(step: StepFacts) -> str:
    tables, totals = data_sections.fingerprints([step]), data_sections.totals([step])
    says = f"{sum(1 for row in tables if row['equal'])} of {counted(len(tables), 'table')} equal"
    if totals:
        says += f", {sum(1 for row in totals if row['equal'])} of {counted(len(totals), 'total')} agree"
    return says


def _backup(step: StepFacts) -> str:
    (row,) = data_sections.backups([step])
    return f"{row['database']}: {size(row['bytes'])}, {counted(len(row['tables']), 'fingerprint')} taken"


def _restore_check(step: StepFacts) -> str:
    tables: Mapping[str, Any] = step.facts.get("tables") or {}
    equal = sum(1 for row in tables.values() if row.get("equal") is True)
    return f"restored elsewhere: {equal} of {counted(len(tables), 'fingerprint')} equal"


def _checks(step: StepFacts) -> str:
    rows = data_sections.checks([step])
    return f"{sum(1 for row in rows if row['passed'])} of {counted(len(rows), 'check')} passed"


def _switch(step: StepFacts) -> str:
    return " → ".join(str(step.facts.get(side, "")) for side in ("before", "after"))


def _decision(step: StepFacts) -> str:
    votes = step.facts.get("votes") or ()
    return f"decision: {step.facts.get('decision', '')}" + (f", {counted(len(votes), 'vote')}" if votes else "")


def _sql(step: StepFacts) -> str:
    return f"{step.facts.get('file', '')}: {counted(int(step.facts.get('statements', 0)), 'statement')}"


_SAID: Mapping[str, Callable[[StepFacts], str]] = {
    "approve": _decision,
    "backup": _backup,
    "check": _checks,
    "copy": _copy,
    "manual": _decision,
    "reconcile": _reconcile,
    "restore_check": _restore_check,
    "smoke": _checks,
    "sql": _sql,
    "switch": _switch,
    "validate": _validate,
}
