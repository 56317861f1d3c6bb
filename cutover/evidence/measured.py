"""
What a rehearsal measured: how long its steps and its way back really took, and how much went through them.

Pure; read from a run's events for the ledger. Waiting for people and the waits between tries are in none of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from cutover.evidence.data_sections import StepFacts
from cutover.evidence.reading import Reading
from cutover.evidence.timeline import SpanKind, offset_ms
from cutover.model.status import EventKind

#: What a step's tables call the rows that went through it; of the others, the rows of a backup's tables.
_ROWS: Final = {"copy": "extracted", "validate": "rows", "reconcile": "source_rows"}

_BACK: Final = (EventKind.UNDO_STARTED, EventKind.UNDO_DONE, EventKind.UNDO_SKIPPED)


def tries_ms(told: Reading) -> dict[str, tuple[int, ...]]:
    """Steps that were done by a process -> how long each of its tries was at work, in order."""
    done = {event.step: () for event in told.of(EventKind.STEP_DONE)}
    tries: dict[str, tuple[int, ...]] = dict(done)
    for span in told.spans:
        if span.step in done and span.kind is SpanKind.WORK:
            tries[span.step] = (*tries[span.step], span.ms)
    return tries


def undone_ms(told: Reading) -> dict[str, int]:
    """
    Steps that were done and then taken back -> how long that took; 0 when it had no effects.

    Taking back what had failed half-way says nothing about taking back the whole of it.
    """
    done = {event.step for event in told.of(EventKind.STEP_DONE)}
    begun = {event.step for event in told.of(EventKind.UNDO_STARTED)}
    undone = {event.step for event in told.of(EventKind.UNDO_DONE)} & begun
    free = {event.step for event in told.of(EventKind.UNDO_SKIPPED)} - begun
    took = dict.fromkeys((head.id for head in told.heads if head.id in (undone | free) & done), 0)
    for span in told.spans:
        if span.step in took and span.kind is SpanKind.UNDO:
            took[span.step] += span.ms
    return took


def proof_ms(told: Reading) -> int | None:
    """How long it took to prove that the old world was back, after the last undo; None when that was not proved."""
    if not told.proved_back:
        return None
    proved = [event for event in told.of(EventKind.PROOF) if event.data.get("moment") == "after"][-1]
    before = [event for event in told.of(*_BACK, EventKind.ATTEMPT_STARTED) if event.seq < proved.seq]
    return offset_ms(told.events, proved.at) - offset_ms(told.events, before[-1].at)


def rows(facts: Iterable[StepFacts]) -> dict[str, int]:
    """Steps driven by volume -> the rows that they moved or looked at."""
    return {step.step: sum(_counts(step).values()) for step in facts if _counts(step)}


def tables(facts: Iterable[StepFacts]) -> dict[str, tuple[str, ...]]:
    """Steps that go through target tables -> which."""
    return {step.step: tuple(_counts(step)) for step in facts if step.kind in _ROWS and _counts(step)}


def volumes(facts: Iterable[StepFacts]) -> dict[str, int]:
    """Target table -> the rows of its source, over all waves. Nothing when any copy has not said what it read."""
    copies = [step for step in facts if step.kind == "copy"]
    found: dict[str, int] = {}
    for step in copies:
        counts = _counts(step)
        if not counts:
            return {}
        for table, extracted in counts.items():
            found[table] = found.get(table, 0) + extracted
    return found


def coverage(facts: Sequence[StepFacts]) -> tuple[int, int] | None:
    """Columns of the copied tables that stand in a validator, of how many; None where a table was not validated."""
    judged = {str(one.get("table")): one for step in facts if step.kind == "validate" for one in _tables(step)}
    copied = {table for step in facts if step.kind == "copy" for table in _counts(step)}
    if not copied or any("columns" not in judged.get(table, {}) for table in copied):
        return None
    columns = sum(_whole(judged[table]["columns"]) for table in copied)
    return (columns - sum(len(judged[table].get("uncovered") or ()) for table in copied), columns) if columns else None


def disturbed(told: Reading) -> tuple[str, ...]:
    """Steps that a fault was injected into."""
    named = {event.step for event in told.of(EventKind.INJECTED)}
    return tuple(head.id for head in told.heads if head.id in named)


def _counts(step: StepFacts) -> dict[str, int]:
    found = step.facts.get("tables")
    if step.kind in _ROWS and isinstance(found, list):
        return {str(one.get("table", "")): _whole(one.get(_ROWS[step.kind])) for one in found}
    if step.kind in ("backup", "restore_check") and isinstance(found, Mapping):
        return {str(name): _whole(one.get("rows")) for name, one in found.items()}
    return {}


def _tables(step: StepFacts) -> list[Mapping[str, Any]]:
    found = step.facts.get("tables")
    return found if isinstance(found, list) else []


def _whole(value: Any) -> int:
    """Big counts are kept as text; what is no count counts nothing."""
    return int(value) if str(value).isdecimal() else 0
