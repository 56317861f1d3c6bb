"""
How one event follows another, and how a reader finds out that somebody changed what was written.

Pure: both journals append through `follow` and are checked by `flaws`, so the chain is the same in each.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from cutover import content
from cutover.errors import CutoverError, ExitStatus
from cutover.model.event import Event
from cutover.model.status import EventKind
from cutover.redact import redact

#: Looked up a hundred thousand times when a long run is read; the enum's own way takes three times as long.
_KINDS = {str(kind): kind for kind in EventKind}
_decoded = json.JSONDecoder().decode  # what `json.loads` comes to for text


class NotPlain(CutoverError):
    """An event carries something that has no canonical JSON (a float, an object): a defect of whoever wrote it."""

    code = "CUT-611"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The end of a run's chain: its last event. `seq` is 0 and the digest empty before the first."""

    run: str
    environment: str
    seq: int
    at: datetime
    digest: str


class Line(NamedTuple):
    """An event as it is stored. Whoever edited the file may have put anything into it, so nothing is believed yet."""

    run: str
    seq: int | Any  # whatever stands there; an event's number when nobody touched it
    at: str  # ISO 8601, UTC, microseconds: 2026-11-24T22:01:07.000123+00:00
    kind: str
    step: str
    attempt: int
    data: str  # JSON
    prev: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is to be appended."""

    kind: EventKind
    step: str = ""
    attempt: int = 0
    data: Mapping[str, Any]


def entry(kind: EventKind, *, step: str = "", attempt: int = 0, data: Mapping[str, Any] | None = None) -> Entry:
    """
    An entry whose data are plain values without secrets, as they will be read back: lists for tuples, text for words.

    Raises NotPlain, naming the path, for what has no canonical JSON.
    """
    clean = _without_secrets(data or {})
    try:
        text = content.canonical(clean)
    except TypeError as wrong:
        place = f" of step {step!r}" if step else ""
        raise NotPlain(f"event {kind}{place} cannot be written: {wrong}", hint="this is a defect; report it") from None
    return Entry(kind=kind, step=step, attempt=attempt, data=json.loads(text))


class Overtaken(CutoverError):
    """Somebody else wrote an event since the one that was read: look again, then decide again."""

    code = "CUT-615"
    exit_status = ExitStatus.STEP_FAILED


def expected(head: Head, after: int | None) -> Head:
    """`head`; Overtaken unless it is the event of number `after` (None: whatever it is)."""
    if after is not None and head.seq != after:
        raise Overtaken(f"run {head.run!r} has gone on: its last event is number {head.seq}, not {after}")
    return head


def follow(head: Head, new: Entry, now: datetime) -> Event:
    """The event that comes after `head`. Its time never lies before that of the event before it."""
    at = max(head.at, now.astimezone(UTC))
    covered = _covered(
        Line(head.run, head.seq + 1, written(at), str(new.kind), new.step, new.attempt, "", head.digest, ""), new.data
    )
    return Event(
        run=head.run,
        seq=head.seq + 1,
        at=at,
        kind=new.kind,
        step=new.step,
        attempt=new.attempt,
        data=new.data,
        prev=head.digest,
        digest=content.digest(covered),
    )


def beginning(environment: str, number: int) -> Head:
    """The head of a run that has no event yet: the `number`-th of its environment."""
    before = datetime.min.replace(tzinfo=UTC)
    return Head(run=f"{environment}-{number}", environment=environment, seq=0, at=before, digest="")


def head_of(environment: str, event: Event) -> Head:
    """The head of a run whose last event this is."""
    return Head(run=event.run, environment=environment, seq=event.seq, at=event.at, digest=event.digest)


def line_of(event: Event) -> Line:
    """The event as it is stored."""
    return Line(
        run=event.run,
        seq=event.seq,
        at=written(event.at),
        kind=str(event.kind),
        step=event.step,
        attempt=event.attempt,
        data=content.canonical(event.data).decode(),
        prev=event.prev,
        digest=event.digest,
    )


def event_of(line: Line) -> Event:
    """The event that was stored; ValueError when the line holds none that this version knows."""
    run, seq, at, kind, step, attempt, data, prev, digest = line
    return Event(
        run=run,
        seq=seq,
        at=datetime.fromisoformat(at),
        kind=_KINDS.get(kind) or EventKind(kind),
        step=step,
        attempt=attempt,
        data=_decoded(data),
        prev=prev,
        digest=digest,
    )


def mirrored(number: int, line: Line) -> bytes:
    """The event as line `number` of the mirror, without the line feed; ValueError when its data are no JSON."""
    covered = _covered(line, json.loads(line.data))
    return content.canonical({**covered, "digest": line.digest, "line": number})


def written(at: datetime) -> str:
    """A time as it is stored and digested."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def flaws(run: str, lines: Iterable[Line]) -> list[str]:
    """Every place where the chain of a run is broken, as sentences; empty when it is whole."""
    found: list[str] = []
    seq, prev = 0, ""
    for line in lines:
        if not isinstance(line.seq, int):
            found.append(f"an event of run {run!r} has the number {line.seq!r}")
            continue
        if line.seq != seq + 1:
            found.append(_gap(run, seq, line.seq))
        elif line.prev != prev:
            found.append(f"event {line.seq} of run {run!r} does not continue the event before it")
        if not _unchanged(line):
            found.append(f"event {line.seq} of run {run!r} was changed after it was written: its digest does not fit")
        seq, prev = line.seq, line.digest
    return found


def _gap(run: str, seq: int, after: int) -> str:
    if after == seq + 2:
        return f"event {seq + 1} of run {run!r} is missing"
    return f"events {seq + 1} to {after - 1} of run {run!r} are missing"


def _unchanged(line: Line) -> bool:
    try:
        return content.digest(_covered(line, json.loads(line.data))) == line.digest
    except (TypeError, ValueError):  # no JSON, or JSON that was never canonical
        return False


def _covered(line: Line, data: Any) -> dict[str, Any]:
    """What the digest of an event covers."""
    return {
        "run": line.run,
        "seq": line.seq,
        "at": line.at,
        "kind": line.kind,
        "step": line.step,
        "attempt": line.attempt,
        "data": data,
        "prev": line.prev,
    }


def _without_secrets(value: Any) -> Any:
    if isinstance(value, str):
        return _writable(redact(value))
    if isinstance(value, Mapping):
        return {
            _without_secrets(key) if isinstance(key, str) else key: _without_secrets(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_without_secrets(item) for item in value]
    return value


def _writable(text: str) -> str:
    """Half a surrogate pair is in no UTF-8; it is written as its escape, so that a strange value never stops a run."""
    return text.encode("utf-8", "backslashreplace").decode()
