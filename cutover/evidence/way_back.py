"""The rollback of a run, if there was one, and the proof that the old world is back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cutover.evidence.data_sections import Plain
from cutover.evidence.reading import Reading
from cutover.evidence.record import person
from cutover.evidence.schedule import TONES
from cutover.evidence.timeline import SpanKind, offset_ms
from cutover.evidence.words import iso
from cutover.model.event import Event
from cutover.model.run import StepState
from cutover.model.status import EventKind, RunStatus, StepStatus
from cutover.words import counted

#: Entries of one fact of an undo that are written out; more are counted.
SHOWN = 6

_UNDO = (EventKind.UNDO_STARTED, EventKind.UNDO_DONE, EventKind.UNDO_FAILED, EventKind.UNDO_SKIPPED)
#: Begun and not yet settled by the rollback.
_NOT_YET = frozenset({StepStatus.DONE, StepStatus.FAILED, StepStatus.UNKNOWN, StepStatus.READY})
#: A fingerprint as `run.proof` writes it: rows, then the digest.
_FINGERPRINT = re.compile(r"(?P<rows>\d+) rows (?P<digest>\S+)")


def rollback(told: Reading) -> Plain | None:
    """What the way back was and what its steps came to, in the order they were undone; None: there was none."""
    begun = told.of(EventKind.ROLLBACK_STARTED)
    if not begun:
        return None
    ended = told.of(EventKind.ROLLED_BACK, EventKind.ROLLBACK_STUCK)[-1:]
    first = begun[0]
    return {
        "says": _headline(told),
        "tone": _tone(told),
        "why": _why(first),
        "reason": str(first.data.get("reason", "")),
        "automatic": first.data.get("automatic") is True,
        "drill": told.drilled,
        "by": person(first.data.get("by")),
        "tries": len(begun),
        "began": iso(first.at),
        "ended": iso(ended[0].at) if ended else "",
        "took_ms": offset_ms(told.events, ended[0].at) - offset_ms(told.events, first.at) if ended else None,
        "steps": _steps(told),
        "differences": [str(name) for name in ended[0].data.get("differences", ())] if ended else [],
        "accepted": accepted(told),
    }


def accepted(told: Reading) -> Plain | None:
    """Who answers for a world that is not as before, and why; None when nobody had to."""
    for event in told.of(EventKind.ROLLED_BACK):
        if event.data.get("accepted"):
            by = person(event.data.get("by")) or "somebody who was not recorded"
            return {"by": by, "reason": str(event.data["accepted"])}
    return None


def none_because(told: Reading) -> str:
    """Why there is no rollback to tell of."""
    if told.state.past_point_of_no_return:
        return "There was no rollback; the run is past the point of no return, so from here on only forward."
    return "There was no rollback."


def proof(told: Reading) -> Plain:
    """
    The fingerprints of the world before the first effect and after the rollback, as `run.proof` holds them.

    `before` and `after` are name -> text, None when that was not taken; `rows` is the comparison, name by name.
    """
    before, after = told.state.proof_before, told.state.proof_after
    compared = before is not None and after is not None
    return {
        "before": None if before is None else dict(before),
        "after": None if after is None else dict(after),
        "compared": compared,
        "equal": compared and bool(before) and before == after,
        "rows": _compared(before or {}, after or {}) if compared else [],
        "says": _not_compared(told),
    }


def _headline(told: Reading) -> str:
    status = told.state.status
    if status is RunStatus.ROLLBACK_STUCK:
        return "The rollback is stuck: the old world is not back"
    if status is RunStatus.ROLLING_BACK:
        return "The rollback has not ended"
    if not told.proved_back:
        return "Rolled back, and not proved by fingerprints"
    return "The drill came all the way back" if told.drilled else "Rolled back: the old world is back"


def _tone(told: Reading) -> str:
    if told.state.status is RunStatus.ROLLING_BACK:
        return "warn"
    return ("good" if told.drilled else "back") if told.proved_back else "bad"


def _why(first: Event) -> str:
    reason = str(first.data.get("reason") or "no reason was given")
    if first.data.get("drill") is True:
        return reason[:1].upper() + reason[1:]
    if first.data.get("automatic") is True:
        return f"By itself, because of a failure: {reason}"
    return f"Asked for by {person(first.data.get('by')) or 'somebody who was not recorded'}: {reason}"


def _steps(told: Reading) -> list[Plain]:
    kinds = {head.id: head.kind for head in told.heads}
    began: dict[str, str] = {}
    for event in told.of(*_UNDO):
        began.setdefault(event.step, iso(event.at))
    took: dict[str, int] = {}
    for span in told.spans:
        if span.kind is SpanKind.UNDO:
            took[span.step] = took.get(span.step, 0) + span.ms
    undone = [told.state.steps[step] for step in began if step in told.state.steps]
    skipped, failed = (
        {event.step for event in told.of(kind)} for kind in (EventKind.UNDO_SKIPPED, EventKind.UNDO_FAILED)
    )
    given_up = skipped & failed  # settled by hand, on the record: not put back
    over = told.state.status is RunStatus.ROLLED_BACK
    left = (
        [] if over else [one for one in reversed(told.state.begun()) if one.status in _NOT_YET and one.id not in began]
    )
    return [
        {
            "id": step.id,
            "kind": kinds[step.id],
            "outcome": "not yet undone" if step.status in _NOT_YET else str(step.status).replace("_", " "),
            "tone": "warn" if step.status in _NOT_YET or step.id in given_up else TONES.get(step.status, ""),
            "began": began.get(step.id, ""),
            "took_ms": took.get(step.id),
            "says": _undo_says(step),
            "hint": step.hint if step.status is StepStatus.UNDO_FAILED else "",
        }
        for step in (*undone, *left)
    ]


def _undo_says(step: StepState) -> str:
    if step.status is StepStatus.UNDONE:
        said = (_fact(name.replace("_", " "), value) for name, value in step.undo_facts.items() if value is not False)
        return ", ".join(said)
    if step.status is StepStatus.UNDO_FAILED:
        return " ".join(part for part in (step.code, step.detail) if part)
    return step.detail if step.status is StepStatus.UNDO_SKIPPED else ""


def _fact(name: str, value: Any) -> str:
    return name if value is True else f"{name}: {_few(value)}"


def _few(value: Any) -> str:
    """A fact of an undo in a few words; long lists and tables are counted."""
    if isinstance(value, (Mapping, list, tuple)) and len(value) > SHOWN:
        return counted(len(value), "entry", "entries")
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_few(one)}" for name, one in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(_few(one) for one in value)
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _compared(before: Mapping[str, str], after: Mapping[str, str]) -> list[Plain]:
    return [_pair(name, before.get(name), after.get(name)) for name in sorted({*before, *after})]


def _pair(name: str, before: str | None, after: str | None) -> Plain:
    database, dot, table = name.partition(".")
    (rows_before, was), (rows_after, now) = _split(before), _split(after)
    return {
        "name": name,
        "database": database if dot else "",
        "table": table if dot else name,
        "rows_before": rows_before,
        "rows_after": rows_after,
        "before": was,
        "after": now,
        "equal": before is not None and before == after,
    }


def _split(text: str | None) -> tuple[str, str]:
    """Rows and digest of a fingerprint; what is no table (the connection file) has a digest only."""
    if text is None:
        return "–", "not there"
    found = _FINGERPRINT.fullmatch(text)
    return (found["rows"], found["digest"]) if found else ("–", text)


def _not_compared(told: Reading) -> str:
    before, after = told.state.proof_before, told.state.proof_after
    if before is None:
        return "No fingerprints were taken before the first effect, so nothing can be proved."
    if after is None:
        taken = counted(len(before), "fingerprint")
        return f"{taken} of the old world taken before the first effect; a rollback is measured by them."
    return "" if before else "The fingerprints from before the first effect are empty: they prove nothing."
