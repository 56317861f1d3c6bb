"""The record of a run: the processes that carried it, what Prefect shows of it, why it was allowed, files, journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cutover.evidence.data_sections import Plain
from cutover.evidence.reading import Reading
from cutover.evidence.words import iso
from cutover.model.event import Event
from cutover.model.status import EventKind, RunStatus
from cutover.words import counted

#: What a flow run says of itself at its first step. One whose process died never says more.
_BEGUN = "begun"

_ENDED_TONES = {
    "completed": "good",
    "rolled_back": "back",
    "paused": "calm",
    "attention": "bad",
    "rollback_stuck": "bad",
    "stopped": "warn",
    "interrupted": "warn",
}


def person(by: object) -> str:
    """Who sat at which machine, as `user on host`; empty when that was not recorded."""
    if not isinstance(by, Mapping):
        return ""
    return " on ".join(str(by[part]) for part in ("user", "host") if by.get(part))


def attempts(told: Reading) -> list[Plain]:
    """
    One row per process that carried the run, in order, with the way it went: forward, back, or forward and back.

    One that never said how it ended has only its last event: it was killed, or its machine went down.
    """
    found: list[Plain] = []
    for event in told.events:
        if event.kind is EventKind.ATTEMPT_STARTED or _begins_with_rollback(event, found):
            _left_without_a_word(found)
            found.append(_attempt(len(found) + 1, event))
        elif found and event.kind is EventKind.ATTEMPT_ENDED:
            found[-1] |= _ended(event)
        elif found and event.kind is EventKind.PREFECT:
            found[-1] |= {"flow_run": f"attempt {found[-1]['number']}", "flow_run_url": _web(event.data.get("url"))}
        if found and not found[-1]["ended"]:
            found[-1] |= {"last_event": iso(event.at), "way": _way(found[-1]["way"], event)}
    if found and not found[-1]["ended"] and told.state.status not in (RunStatus.RUNNING, RunStatus.ROLLING_BACK):
        found[-1] |= {"how": str(told.state.status).replace("_", " "), "tone": _ENDED_TONES.get(told.state.status, "")}
    return found


def failures(told: Reading) -> list[Plain]:
    """Every step that failed or whose outcome nobody knew, try by try: a failed step returns no facts."""
    done = {event.step: event.seq for event in told.of(EventKind.STEP_DONE)}
    return [
        {
            "step": event.step,
            "at": iso(event.at),
            "outcome": "failed" if event.kind is EventKind.STEP_FAILED else "outcome unknown",
            "try": event.attempt,
            **{name: str(event.data.get(name) or "") for name in ("code", "detail", "hint")},
            "inconclusive": event.data.get("inconclusive") is True,
            "done_later": done.get(event.step, 0) > event.seq,
        }
        for event in told.of(EventKind.STEP_FAILED, EventKind.STEP_UNKNOWN)
    ]


def prefect(told: Reading) -> Plain:
    """The flow runs that show this run, and whether their record is complete. A view; the journal is the truth."""
    runs: dict[str, Plain] = {}
    for event in told.of(EventKind.PREFECT):
        key = str(event.data.get("flow_run_id", "")) or f"event {event.seq}"
        runs[key] = {
            "flow_run_id": str(event.data.get("flow_run_id", "")),
            "url": _web(event.data.get("url")),
            "complete": event.data.get("complete") is True,
            "says": str(event.data.get("says", "")),
        }
    shown = [{**run, "name": f"flow run {number}"} for number, run in enumerate(runs.values(), start=1)]
    return {"runs": shown, **_prefect_says(shown)}


def promotion(told: Reading) -> Plain:
    """The promotion rule as it stood when the run was made."""
    rule = told.created.get("promotion") or {}
    lines = [
        {
            "met": line.get("met") is True,
            "says": str(line.get("says", "")),
            "runs": [str(run) for run in line.get("runs", ())],
        }
        for line in rule.get("lines", ())
    ]
    says = "" if lines else f"cutover.yaml asks for no rehearsal before a live run in {told.state.environment}."
    return {
        "allowed": rule.get("allowed") is True and all(line["met"] for line in lines),
        "lines": lines,
        "says": says if told.live else "This is a rehearsal; nothing had to come before it.",
    }


def digests(told: Reading) -> Plain:
    """The digests of everything that ran: of its meaning, of its bytes, and file by file."""
    known = told.created.get("digests") or {}
    return {
        "semantic": str(known.get("semantic", "")),
        "raw": str(known.get("raw", "")),
        "files": [
            {"path": str(path), "raw": str(both[0]), "semantic": str(both[1])}
            for path, both in sorted((known.get("files") or {}).items())
        ],
    }


def journal(told: Reading, chain_problems: Sequence[str] | None) -> Plain:
    """How many events, and whether each is bound to the one before it; `verified` is None when nobody looked."""
    problems = [*(chain_problems or ()), *([told.problem] if told.problem else [])]
    return {
        "events": len(told.events),
        "verified": False if problems else None if chain_problems is None else True,
        "problems": problems,
        "first_digest": told.events[0].digest,
        "last_digest": told.events[-1].digest,
    }


def notes(told: Reading) -> list[Plain]:
    """What was noted on the way."""
    return [
        {"at": iso(event.at), "step": event.step, "says": str(event.data.get("says", ""))}
        for event in told.of(EventKind.NOTED)
    ]


def events(told: Reading) -> list[Plain]:
    """Every event as it stands in the journal."""
    return [
        {
            "seq": event.seq,
            "at": iso(event.at),
            "kind": str(event.kind),
            "step": event.step,
            "attempt": event.attempt,
            "data": dict(event.data),
            "digest": event.digest,
        }
        for event in told.events
    ]


def _begins_with_rollback(event: Event, found: Sequence[Plain]) -> bool:
    """Whether a process that said nothing else before begins here, with the way back."""
    return event.kind is EventKind.ROLLBACK_STARTED and (not found or bool(found[-1]["ended"]))


def _way(way: str, event: Event) -> str:
    if event.kind is EventKind.STEP_STARTED:
        return "forward"
    if event.kind is EventKind.ROLLBACK_STARTED:
        return "forward and back" if way.startswith("forward") else "back"
    return way


def _attempt(number: int, event: Event) -> Plain:
    return {
        "number": number,
        "began": iso(event.at),
        "ended": "",
        "last_event": iso(event.at),
        "how": "going on",
        "tone": "calm",
        "says": "",
        "exit_status": None,
        "by": person(event.data.get("by")),
        "way": "",
        "flow_run": "",
        "flow_run_url": "",
    }


def _ended(event: Event) -> Plain:
    status = str(event.data.get("status", ""))
    return {
        "ended": iso(event.at),
        "how": status.replace("_", " ") or "ended",
        "tone": _ENDED_TONES.get(status, ""),
        "says": str(event.data.get("says", "")),
        "exit_status": event.data.get("exit_status"),
    }


def _left_without_a_word(found: Sequence[Plain]) -> None:
    """The process before this one never said how it ended: it was killed, or its machine went down."""
    if found and not found[-1]["ended"]:
        found[-1].update(
            how="died",
            tone="bad",
            says="the process ended without a word; its last event is the last thing known of it",
        )


def _prefect_says(runs: Sequence[Mapping[str, Any]]) -> Plain:
    """Whether all are complete, in words. The end of the last one is noted after its attempt's page is written."""
    if not runs:
        return {"complete": True, "tone": "soft", "says": "not used, or never reached"}
    holes = [run for run in runs if not run["complete"]]
    if not holes:
        return {"complete": True, "tone": "soft", "says": f"{counted(len(runs), 'flow run')}, record complete"}
    first = holes[0]
    if first["says"] != _BEGUN:
        says = f"record of {first['name']} is not complete: {first['says'] or 'no reason was noted'}"
        return {"complete": False, "tone": "warn", "says": says}
    if first is runs[-1]:
        return {"complete": False, "tone": "soft", "says": f"{first['name']} has begun; its end is not noted yet"}
    return {"complete": False, "tone": "warn", "says": f"{first['name']} began, and its end was never noted"}


def _web(url: object) -> str:
    """An address that may be made a link; anything but http and https is none."""
    text = "" if url is None else str(url)
    return text if text.startswith(("http://", "https://")) else ""
