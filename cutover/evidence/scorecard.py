"""
What a rehearsal has shown, point by point: what was proved, what was only simulated, and what it went through.

Works on the other sections of the report, so that the card can never say anything that they do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cutover.evidence.data_sections import Plain
from cutover.evidence.reading import Reading
from cutover.evidence.words import duration
from cutover.model.injection import Fault, Injection
from cutover.model.status import EventKind, RunStatus, StepStatus
from cutover.words import counted

#: What a fault is followed by when the run has got over it.
_OVER: Mapping[Fault, str] = {
    Fault.KILL: "the process was killed behind the step's effects; resumed, the step was done, once",
    Fault.LOSE: "the step's answer was lost; the world was asked, and the step was done",
    Fault.LOCK: "a lock was in the way; it was tried again, and the step was done",
    Fault.SLOW: "the step took longer; the run went on",
    Fault.FAIL: "the step failed behind its effects; everything came back",
    Fault.DENY: "somebody said no-go; nothing went past the gate",
}


def card(told: Reading, sections: Mapping[str, Any]) -> list[Plain]:
    """
    `[{what, says, tone}]`, best first within each point; tone is good, warn or bad. Empty for a live run.

    `sections`: those of the report.
    """
    if told.live:
        return []
    points = [
        *_end(told),
        *_reconciled(sections),
        *_backups(sections),
        *_back(told, sections),
        *_people(sections),
        *_volume(sections),
        *_faults(told),
        *_by_hand(told),
    ]
    return [{"what": what, "says": says, "tone": tone} for what, says, tone in points]


Point = tuple[str, str, str]


def _end(told: Reading) -> Iterator[Point]:
    passed = sum(step.status in (StepStatus.DONE, StepStatus.SKIPPED, StepStatus.UNDONE) for _, step in told.steps())
    of = f"{passed} of {counted(len(told.heads), 'step')}"
    if told.state.status is RunStatus.COMPLETED:
        yield "Steps", f"{of} done", "good"
    elif told.drilled and told.proved_back:
        yield "Steps", "a drill: up to the point of no return, and all the way back", "good"
    else:
        yield "Steps", f"{of} done; the run is {told.state.status.replace('_', ' ')}", "bad"


def _reconciled(sections: Mapping[str, Any]) -> Iterator[Point]:
    tables, totals = sections["fingerprints"], sections["totals"]
    if not tables and not totals:
        yield "Reconciliation", "no step has compared source and target", "warn"
        return
    wrong = sum(not row["equal"] for row in (*tables, *totals))
    says = f"{counted(len(tables), 'table')} by fingerprint, {counted(len(totals), 'control total')}"
    yield "Reconciliation", f"{says}: {'all equal' if not wrong else f'{wrong} differ'}", "bad" if wrong else "good"


def _backups(sections: Mapping[str, Any]) -> Iterator[Point]:
    backups = sections["backups"]
    proved = sum(bool(row["proved"]) for row in backups)
    if not backups:
        yield "Backups", "none was taken", "warn"
    else:
        says = f"{proved} of {counted(len(backups), 'backup')} proved by restoring it elsewhere"
        yield "Backups", says, "good" if proved == len(backups) else "warn"


def _back(told: Reading, sections: Mapping[str, Any]) -> Iterator[Point]:
    rollback = sections["rollback"]
    undone = any(
        (event.data.get("facts") or {}).get("nothing_to_do") is not True for event in told.of(EventKind.UNDO_DONE)
    )
    if rollback is None:
        yield "Way back", "not rehearsed in this run", "warn"
    elif told.proved_back and undone:
        yield "Way back", f"gone and proved by fingerprints, in {duration(rollback['took_ms'])}", "good"
    elif told.proved_back:
        yield "Way back", "nothing was there to be taken back, so it proves nothing", "warn"
    else:
        yield "Way back", "begun and not proved", "bad"


def _people(sections: Mapping[str, Any]) -> Iterator[Point]:
    simulated = [gate["step"] for gate in sections["gates"] if gate["decision"] == "simulated"]
    asked = [gate["step"] for gate in sections["gates"] if gate["decision"] and gate["decision"] != "simulated"]
    if asked:
        yield "People", f"decided at {', '.join(asked)}", "good"
    if simulated:
        yield "Simulated", f"nobody was asked at {', '.join(simulated)}", "warn"


def _volume(sections: Mapping[str, Any]) -> Iterator[Point]:
    rows = sections["identity"]["extracted"]
    if not rows:
        yield "Volume", "no row was moved", "warn"
        return
    how = "`cutover plan` of the environment to come says what share of its rows that is"
    yield "Volume", f"{counted(rows, 'row')} read from the source; {how}", "good"


def _faults(told: Reading) -> Iterator[Point]:
    for data in told.created.get("injections", ()):
        fault = Injection.of(data)
        if fault.step not in told.state.injected:
            yield str(fault), "did not strike: the step was not reached", "warn"
        elif _got_over(told, fault):
            yield str(fault), _OVER[fault.fault], "good"
        else:
            yield (
                str(fault),
                f"struck, and the run has not got over it: it is {told.state.status.replace('_', ' ')}",
                "bad",
            )


def _got_over(told: Reading, fault: Injection) -> bool:
    step = told.state.steps[fault.step]
    if fault.fault is Fault.FAIL:
        return told.proved_back
    if fault.fault is Fault.DENY:
        return step.status is not StepStatus.DONE and not told.state.past_point_of_no_return
    return step.status in (StepStatus.DONE, StepStatus.UNDONE)


def _by_hand(told: Reading) -> Iterator[Point]:
    settled = [step.id for _, step in told.steps() if step.settled]
    if settled:
        yield "By hand", f"{', '.join(settled)}: settled by a person, so this run counts for nothing", "bad"
