"""
Steps and timeline of the report: planned against actual, as a table and as a chart ready to be drawn.

Takes the geometry from `gantt` and says in words what every bar is, so that the template draws and decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cutover.evidence.brief import came_to
from cutover.evidence.data_sections import Plain
from cutover.evidence.gantt import WIDTH, Bar, Chart, Row, chart
from cutover.evidence.reading import Reading, StepHead
from cutover.evidence.record import failures
from cutover.evidence.timeline import Span, SpanEnd, SpanKind
from cutover.evidence.words import duration, iso, tick
from cutover.model.rehearsal import PlannedStep, PlanSource
from cutover.model.run import StepState
from cutover.model.status import EventKind, StepStatus
from cutover.words import counted

#: A step is called late when it took longer than its P90, or this much longer than a plan without one …
LATE_TIMES = 1.5
#: … and at least this long over it: a second more on a step of two is nobody's business.
LATE_FROM_MS = 5_000

#: Plans of steps that are not timed.
_NO_LENGTH = frozenset({PlanSource.PEOPLE, PlanSource.NOTHING})

TONES: Mapping[StepStatus, str] = {
    StepStatus.DONE: "good",
    StepStatus.FAILED: "bad",
    StepStatus.UNKNOWN: "bad",
    StepStatus.BLOCKED: "bad",
    StepStatus.UNDO_FAILED: "bad",
    StepStatus.SKIPPED: "warn",
    StepStatus.RUNNING: "calm",
    StepStatus.VERIFYING: "calm",
    StepStatus.READY: "calm",
    StepStatus.UNDOING: "back",
    StepStatus.UNDONE: "back",
}

#: Statuses that are read more easily under another name; a step that waits for its turn waits for nobody.
_SHOWN = {StepStatus.WAITING: "not begun"}

#: What a stretch looks like: the class in the style sheet, and the words of the key.
_LOOKS = {
    "work": "work",
    "failed": "failed",
    "retried": "tried again",
    "unknown": "outcome unknown",
    "interrupted": "its process died",
    "waiting": "waiting for a person",
    "pause": "pause before the next try",
    "undo": "undone",
}
_FILLS = {
    "failed": "var(--fail)",
    "retried": "var(--retry)",
    "unknown": "var(--wait)",
    "interrupted": "var(--retry)",
    "waiting": "url(#hatch)",
    "pause": "none",
    "undo": "var(--undo)",
}
_ENDINGS = {SpanEnd.FAILED: "failed", SpanEnd.UNKNOWN: "unknown", SpanEnd.INTERRUPTED: "interrupted"}
_MARKS = {"failed": "✗", "unknown": "?", "interrupted": "†"}


def steps(told: Reading) -> list[Plain]:
    """One row per step, in running order."""
    first = _first_start(told)
    mine: dict[str, list[Span]] = {head.id: [] for head in told.heads}
    for span in told.spans:
        mine.setdefault(span.step, []).append(span)
    failed = {row["step"]: " ".join(filter(None, (row["code"], row["detail"]))) for row in failures(told)}
    return [
        {
            **_step(head, state, told.planned.get(head.id), failed=failed.get(head.id, "")),
            "began": first.get(head.id, ""),
            **_times(mine[head.id]),
        }
        for head, state in told.steps()
    ]


def timeline(told: Reading, rows: Sequence[Plain]) -> Plain:
    """The chart; without rows when nothing has begun."""
    drawn = chart([head.id for head in told.heads], told.spans, told.planned)
    looks = [look(span) for span in told.spans]
    return {
        "says": _says(told, rows),
        "unit": _unit(drawn),
        "rows": _rows(drawn, rows) if told.spans else [],
        "ticks": [_tick(x, ms, drawn.tick_ms) for x, ms in drawn.ticks],
        "cuts": [
            {
                "x": _percent(cut.x),
                "width": _percent(cut.width),
                "middle": _percent(cut.x + cut.width / 2),
                "label": duration(cut.ms),
                "says": f"not to scale: {duration(cut.ms)} in which nothing worked",
            }
            for cut in drawn.cuts
        ],
        "planned": any(row.planned for row in drawn.rows),
        "band": any(row.band for row in drawn.rows),
        "spans": [_plain(span) for span in told.spans],
        "key": [{"look": name, "fill": fill, "says": _LOOKS[name]} for name, fill in _FILLS.items() if name in looks],
    }


def _unit(drawn: Chart) -> str:
    """What the labels of the ticks count in."""
    last_ms = max((ms for _, ms in drawn.ticks), default=0)
    if drawn.tick_ms < 1_000:
        return "seconds after the start"
    if drawn.tick_ms >= 3_600_000:
        return "time after the start"
    return "h:min:sec after the start" if last_ms >= 3_600_000 else "min:sec after the start"


def look(span: Span) -> str:
    """What that stretch looks like."""
    if span.kind is SpanKind.WORK:
        return "retried" if span.end is SpanEnd.RETRIED else _ENDINGS.get(span.end, "work")
    return _ENDINGS.get(span.end, "undo") if span.kind is SpanKind.UNDO else str(span.kind)


def worked_ms(spans: Iterable[Span]) -> int:
    """Milliseconds of work on the way forward, with the pauses between tries."""
    return sum(span.ms for span in spans if span.kind in (SpanKind.WORK, SpanKind.PAUSE))


def waited_ms(spans: Iterable[Span]) -> int:
    """Milliseconds of waiting for people."""
    return sum(span.ms for span in spans if span.kind is SpanKind.WAITING)


def _plain(span: Span) -> Plain:
    return {
        "step": span.step,
        "kind": str(span.kind),
        "attempt": span.attempt,
        "start_ms": span.start_ms,
        "end_ms": span.end_ms,
        "end": str(span.end),
    }


def _step(head: StepHead, state: StepState, plan: PlannedStep | None, *, failed: str) -> Plain:
    tone = "warn" if state.waiting else TONES.get(state.status, "")
    return {
        "id": head.id,
        "kind": head.kind,
        "phase": head.phase,
        "wave": head.wave,
        "by": head.by,
        "planned_says": head.says,
        "point_of_no_return": head.point_of_no_return,
        "status": str(state.status),
        "shown": "waits for a person"
        if state.waiting
        else _SHOWN.get(state.status, str(state.status).replace("_", " ")),
        "tone": tone,
        "tries": state.attempts,
        "planned_ms": plan.ms if plan and plan.source not in _NO_LENGTH else None,
        "planned_p90_ms": plan.p90_ms if plan and plan.source not in _NO_LENGTH else None,
        "critical_permille": plan.critical_permille if plan and plan.source not in _NO_LENGTH else None,
        "planned_from": _planned_from(plan),
        "says": came_to(head, state, failed=failed),
        "hint": state.hint if tone in ("bad", "warn") else "",
    }


def _times(mine: Sequence[Span]) -> Plain:
    return {
        "worked_ms": worked_ms(mine) if mine else None,
        "waited_ms": waited_ms(mine),
        "undone_ms": sum(span.ms for span in mine if span.kind is SpanKind.UNDO),
    }


def _planned_from(plan: PlannedStep | None) -> str:
    if plan is None or plan.source is PlanSource.UNKNOWN:
        return ""
    if plan.source in _NO_LENGTH:
        return "people are not timed" if plan.source is PlanSource.PEOPLE else "left out"
    return f"from {counted(plan.n, 'rehearsal')}" if plan.source is PlanSource.REHEARSED else "as the runbook expects"


def _first_start(told: Reading) -> dict[str, str]:
    first: dict[str, str] = {}
    for event in told.of(EventKind.STEP_STARTED):
        first.setdefault(event.step, iso(event.at))
    return first


def _says(told: Reading, rows: Sequence[Plain]) -> str:
    if not told.spans:
        return "Planned against actual time of every step."
    says = f"Steps worked {duration(worked_ms(told.spans))}"
    known = _planned_says(told, rows)
    says += f"; planned for the whole runbook: {known}" if known else ""
    if waited := waited_ms(told.spans):
        says += f"; waited {duration(waited)} for people"
    back = sum(span.ms for span in told.spans if span.kind is SpanKind.UNDO)
    says += f"; the way back took {duration(back)}" if back else ""
    return says + (". The thin bar is the plan; its clock stands still while a run waits or is down." if known else ".")


def _planned_says(told: Reading, rows: Sequence[Plain]) -> str:
    """How long the whole was to take; a sum of steps where the run keeps no forecast."""
    forecast = told.created.get("forecast") or {}
    if "p90_end_ms" in forecast and any(row["planned_ms"] is not None for row in rows):
        hole = "at least " if forecast.get("unknown") else ""
        late = duration(forecast["p90_end_ms"])
        return f"{hole}{duration(forecast['p50_end_ms'])} (P50), {hole}{late} in nine of ten cases (P90)"
    known = [row["planned_ms"] for row in rows if row["planned_ms"] is not None]
    hole = "at least " if len(known) < len(rows) else ""
    return f"{hole}{duration(sum(known))}" if known else ""


def _rows(drawn: Chart, rows: Sequence[Plain]) -> list[Plain]:
    shown: list[Plain] = []
    phase = ""
    for row, step in zip(drawn.rows, rows, strict=True):
        here = " · ".join(part for part in (step["phase"], step["wave"]) if part)
        shown.append({**_row(row, step), "new_phase": here if here != phase else ""})
        phase = here
    return shown


def _row(row: Row, step: Plain) -> Plain:
    took, planned = step["worked_ms"], step["planned_ms"]
    return {
        "step": row.step,
        "kind": step["kind"],
        "point_of_no_return": step["point_of_no_return"],
        "planned": None
        if row.planned is None
        else {
            "pieces": [{"x": _percent(x), "width": _percent(width)} for x, width in row.pieces],
            "says": f"{row.step}: planned {duration(planned)} {step['planned_from']}".rstrip(),
        },
        "band": None if not row.band else _band(row, step),
        "bars": [_bar(bar) for bar in row.bars],
        "tone": _tone(step, took, planned),
        "took": duration(took),
        "plan": "" if planned is None else f"/ {duration(planned)}",
    }


def _tone(step: Plain, took: int | None, planned: int | None) -> str:
    if step["tone"] == "bad":
        return "bad"
    if took is None or planned is None:
        return ""
    late = took > (step["planned_p90_ms"] or planned * LATE_TIMES) and took - planned >= LATE_FROM_MS
    return "warn" if late else ""


def _band(row: Row, step: Plain) -> Plain:
    x, width = row.band[-1]
    says = f"{row.step}: takes at most {duration(step['planned_p90_ms'])} in nine of ten cases (P90)"
    critical = f", and lies on the longest path in {step['critical_permille'] / 10:.0f} % of them"
    return {
        "pieces": [{"x": _percent(left), "width": _percent(wide)} for left, wide in row.band],
        "end": _percent(x + width),
        "says": says + critical + "; the pale bar: between when it should end",
    }


def _bar(bar: Bar) -> Plain:
    looks = look(bar.span)
    return {
        "x": _percent(bar.x),
        "width": _percent(bar.width),
        "looks": looks,
        "fill": _FILLS.get(looks, ""),
        "says": _bar_says(bar.span, looks),
        "mark": _MARKS.get(looks, ""),
        "mark_x": _percent(bar.x + bar.width),
    }


def _bar_says(span: Span, looks: str) -> str:
    began = tick(span.start_ms, 1_000)
    what = f"{span.step}: {_LOOKS[looks]}" + (f", try {span.attempt}" if span.attempt > 1 else "")
    still = ", still going on at the last event" if span.end is SpanEnd.OPEN else ""
    return f"{what}, {duration(span.ms)} from {began}{still}"


def _tick(x: float, ms: int, distance_ms: int) -> Plain:
    anchor = "start" if x < WIDTH * 0.02 else "end" if x > WIDTH * 0.97 else "middle"
    return {"x": _percent(x), "anchor": anchor, "label": tick(ms, distance_ms)}


def _percent(per_mille: float) -> Any:
    return round(per_mille / 10, 2)
