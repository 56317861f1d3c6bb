"""
The head of the report: what the run was, what became of it in one sentence, the figures that are looked at first.

Works on the other sections, so that the head can never say anything that they do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cutover.evidence import people
from cutover.evidence.data_sections import Plain
from cutover.evidence.reading import Reading
from cutover.evidence.record import person
from cutover.evidence.schedule import waited_ms, worked_ms
from cutover.evidence.way_back import accepted
from cutover.evidence.words import duration, iso, outcome
from cutover.model.status import ENDED, SETTLED, EventKind, RunStatus, StepStatus
from cutover.words import counted

_TONES: Mapping[RunStatus, str] = {
    RunStatus.RUNNING: "calm",
    RunStatus.PAUSED: "calm",
    RunStatus.COMPLETED: "good",
    RunStatus.ATTENTION: "bad",
    RunStatus.ROLLING_BACK: "warn",
    RunStatus.ROLLBACK_STUCK: "bad",
    RunStatus.STOPPED: "warn",
    RunStatus.INTERRUPTED: "warn",
}


def run(told: Reading, tables: Sequence[Plain]) -> Plain:
    """Who, what, where, when, and the outcome."""
    state, created = told.state, told.created
    began = told.of(EventKind.ATTEMPT_STARTED)
    names = ("runbook", "path", "strategy", "owner", "project")
    return {
        "id": state.run,
        "environment": state.environment,
        "mode": str(state.mode),
        "drill": state.drill,
        **{name: str(created.get(name) or "") for name in names},
        "version": str(created.get("version", "")),
        "outcome": outcome(state.status, live=told.live, drill=told.drilled),
        "tone": _tone(told),
        "says": _says(told),
        "created": iso(told.events[0].at),
        "started": iso(began[0].at) if began else "",
        "ended": iso(told.events[-1].at) if state.status in ENDED else "",
        "last_event": iso(told.events[-1].at),
        "started_by": person(created.get("by")),
        "past_point_of_no_return": state.past_point_of_no_return,
        "undone_copy": any(row["undone"] for row in tables),
    }


def strip(told: Reading, sections: Mapping[str, Any]) -> list[Plain]:
    """The figures under the head."""
    kinds = {head.id: head.kind for head in told.heads}
    figures = [
        _rows(sections["identity"], undone=any(row["undone"] for row in sections["tables"])),
        _left_out(sections["identity"]),
        _agrees(
            sections, failed=[row["step"] for row in sections["failed_proofs"] if kinds[row["step"]] == "reconcile"]
        ),
        _findings(sections["findings"]),
        _backups(sections["backups"]),
        _people(sections["gates"]),
        _time(told, sections["steps"]),
        _back(told, sections["proof"]),
    ]
    return [figure for figure in figures if figure is not None]


def alarms(told: Reading, sections: Mapping[str, Any]) -> list[str]:
    """What must not be overlooked: sentences shown before everything else. Empty for a run that is as it seems."""
    found = []
    if sections["journal"]["problems"]:
        found.append(
            "The chain of the journal is broken: this page cannot be trusted. What is wrong stands under “The record”."
        )
    if told.state.status is RunStatus.COMPLETED:
        found += _though_completed(sections)
    if told.state.status is RunStatus.ROLLED_BACK and not told.proved_back:
        answers = accepted(told)
        found.append(
            "The run says that it was rolled back, and no fingerprints prove that the old world is back."
            + (f" {answers['by']} answers for it: {answers['reason']}" if answers else "")
        )
    found += _by_hand(told)
    found += people.problems(sections["gates"])
    if told.live and told.state.status is not RunStatus.DRAFT and not sections["promotion"]["allowed"]:
        found.append("This live run began although the rule of cutover.yaml was not met.")
    return found


def _by_hand(told: Reading) -> list[str]:
    """What a person took upon himself instead of the engine."""
    settled = [event for event in told.events if event.kind in SETTLED]
    found = [
        f"Step {event.step!r} was settled by hand as {event.kind.partition('_')[2]}, "
        f"by {person(event.data.get('by'))}: {event.data.get('reason', '')}"
        for event in settled
    ]
    found += [
        f"{person(event.data.get('by'))} let the run go on although a rollback would not have ended "
        f"before the hard stop: {event.data.get('reason', '')}"
        for event in told.of(EventKind.DEADLINE_WAIVED)
    ]
    for event in told.of(EventKind.RUN_STOPPED):
        left = ", ".join(map(str, event.data.get("steps", ())))
        found.append(f"The run was stopped and nothing was undone. In place: {left or 'nothing'}.")
    return found


def _though_completed(sections: Mapping[str, Any]) -> list[str]:
    """A completed run whose own numbers say otherwise."""
    rows = [row for row in sections["tables"] if not row["balanced"]]
    waves = [row for row in sections["waves"] if not row["balanced"]]
    differ = [row for row in (*sections["fingerprints"], *sections["totals"]) if not row["equal"]]
    broken = [table for table in sections["rules"] if not all(rule["holds"] for rule in table["rules"])]
    checks = [check for check in sections["checks"] if not check["passed"]]
    said = (
        (rows, "rows of {} are not accounted for"),
        (waves, "waves and remainder of {} do not add up"),
        (differ, "{} in the target is not what the source held"),
        (broken, "rules of {} are broken"),
        (checks, "a check of {} did not pass"),
    )
    return [
        "The run completed, but " + says.format(", ".join(dict.fromkeys(repr(_name(row)) for row in wrong))) + "."
        for wrong, says in said
        if wrong
    ]


def _name(row: Mapping[str, Any]) -> str:
    return str(row.get("table") or row.get("step") or "")


def _tone(told: Reading) -> str:
    if told.state.status is not RunStatus.ROLLED_BACK:
        return _TONES.get(told.state.status, "")
    return ("good" if told.drilled else "back") if told.proved_back else "bad"


def _says(told: Reading) -> str:
    state = told.state
    if state.status is RunStatus.COMPLETED:
        done = _steps_done(told)
        what = "The new system is live" if told.live else "The rehearsal came to its end"
        return f"{what}: {done[:1].lower()}{done[1:]}."
    if state.status in (RunStatus.ROLLING_BACK, RunStatus.ROLLBACK_STUCK):
        where = "stuck" if state.status is RunStatus.ROLLBACK_STUCK else "not ended"
        return f"The rollback is {where}: {state.reason.rstrip('.') or 'no reason was noted'}."
    if state.status is RunStatus.ROLLED_BACK:
        return f"{_why_back(told)} {_proof_says(told)}"
    if state.status is RunStatus.DRAFT:
        return "The run was made and nothing has begun."
    if waiting := [head for head, step in told.steps() if step.waiting]:
        asked = "; ".join(f"{state.steps[head.id].detail or head.says} ({head.id})" for head in waiting)
        return f"{_steps_done(told)}. Waits for a person: {asked}."
    reason = state.reason.rstrip(".")
    return f"{_steps_done(told)}." + (f" {_upper(reason)}." if reason else "")


def _steps_done(told: Reading) -> str:
    done = sum(1 for _, step in told.steps() if step.status is StepStatus.DONE)
    skipped = sum(1 for _, step in told.steps() if step.status is StepStatus.SKIPPED)
    every = "All" if done == len(told.heads) else f"{done} of"
    says = f"{every} {counted(len(told.heads), 'step')} {'is' if len(told.heads) == 1 else 'are'} done"
    return says + (f", {skipped} skipped" if skipped else "")


def _why_back(told: Reading) -> str:
    reason = str(told.state.rollback.get("reason") or "no reason was given").rstrip(".")
    if told.drilled:
        return "The drill went forward and all the way back."
    if told.of(EventKind.RUN_COMPLETED):
        return f"It had completed, and was put back: {reason}."
    if told.state.rollback.get("automatic") is True:
        return f"It failed, and came back by itself: {reason}."
    return f"It was rolled back: {reason}."


def _proof_says(told: Reading) -> str:
    count = counted(len(told.state.proof_before or {}), "fingerprint")
    if told.proved_back:
        return f"The old world is back: {count} from before the first effect and from after the rollback are the same."
    return "That the old world is back is not proved."


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _figure(name: str, value: str, note: str, tone: str = "") -> Plain:
    return {"name": name, "value": value, "note": note, "tone": tone}


def _rows(total: Mapping[str, Any], *, undone: bool) -> Plain:
    if not total["tables"]:
        return _figure("Rows loaded", "–", "no copy has finished")
    note = f"of {total['extracted']:,} extracted; " + ("identity balanced" if total["balanced"] else "NOT balanced")
    tone = "bad" if not total["balanced"] else "back" if undone else "good"
    return _figure("Rows loaded, then undone" if undone else "Rows loaded", f"{total['loaded']:,}", note, tone)


def _left_out(total: Mapping[str, Any]) -> Plain | None:
    if not total["tables"]:
        return None
    note = f"{total['quarantined']:,} quarantined, {total['excluded']:,} excluded"
    tone = "warn" if total["quarantined"] else ""
    return _figure("Rows left out", f"{total['quarantined'] + total['excluded']:,}", note, tone)


def _agrees(sections: Mapping[str, Any], *, failed: Sequence[str]) -> Plain:
    tables, totals = sections["fingerprints"], sections["totals"]
    if failed:
        return _figure("Equal to source", "no", f"{failed[-1]} failed", "bad")
    if not tables:
        return _figure("Equal to source", "–", "nothing was reconciled")
    equal, agree = (sum(1 for row in rows if row["equal"]) for rows in (tables, totals))
    tone = "good" if equal == len(tables) and agree == len(totals) else "bad"
    what = "tables" if len({row["table"] for row in tables}) == len(tables) else "comparisons"
    note = f"{what}; " + (
        f"{agree} of {counted(len(totals), 'control total')} agree" if totals else "no control totals"
    )
    return _figure("Equal to source", f"{equal} of {len(tables)}", note, tone)


def _findings(rows: Sequence[Mapping[str, Any]]) -> Plain:
    counts = {name: sum(1 for row in rows if row["severity"] == name) for name in ("error", "warning", "info")}
    note = ", ".join(counted(count, name) for name, count in counts.items() if count and name != "info")
    tone = "bad" if counts["error"] else "warn" if counts["warning"] else "good"
    return _figure("Findings", f"{len(rows):,}", note or "no error, no warning", tone)


def _backups(rows: Sequence[Mapping[str, Any]]) -> Plain | None:
    if not rows:
        return None
    proved = sum(1 for row in rows if row["proved"])
    return _figure(
        "Backups proved",
        f"{proved} of {len(rows)}",
        "by a restore elsewhere",
        "good" if proved == len(rows) else "warn",
    )


def _people(rows: Sequence[Mapping[str, Any]]) -> Plain | None:
    if not rows:
        return None
    decided = sum(1 for row in rows if row["decision"])
    votes = sum(len(row["votes"]) + len(row["votes_back"]) for row in rows)
    simulated = sum(1 for row in rows if row["simulated"])
    closed = any(row["tone"] == "bad" for row in rows)
    reached = [row for row in rows if row["standing"] != "not reached"]
    if not reached:
        return _figure("Decisions", "–", "no gate was reached")
    note = f"{simulated} simulated: nobody was asked" if simulated else counted(votes, "vote")
    tone = "bad" if closed else "warn" if simulated or decided < len(reached) else "good"
    return _figure("Decisions", f"{decided} of {len(rows)}", note, tone)


def _time(told: Reading, steps: Sequence[Mapping[str, Any]]) -> Plain:
    planned = [step["planned_ms"] for step in steps if step["planned_ms"] is not None and step["tries"]]
    notes = [f"planned {duration(sum(planned))}"] if planned else []
    if waited := waited_ms(told.spans):
        notes.append(f"waited {duration(waited)} for people")
    return _figure(
        "Time of work", duration(worked_ms(told.spans)) if told.spans else "–", "; ".join(notes) or "no plan known"
    )


def _back(told: Reading, proof: Mapping[str, Any]) -> Plain | None:
    if not told.state.rollback:
        return None
    if proof["equal"] and told.state.status is RunStatus.ROLLED_BACK:
        note = f"{counted(len(proof['rows']), 'fingerprint')} the same, before and after"
        return _figure("Old world", "is back", note, "good")
    if told.state.status is RunStatus.ROLLING_BACK:
        return _figure("Old world", "on its way back", "the rollback has not ended", "warn")
    differing = sum(1 for row in proof["rows"] if not row["equal"])
    note = counted(differing, "fingerprint differs", "fingerprints differ") if proof["compared"] else "not compared"
    return _figure("Old world", "not proved", note, "bad")
