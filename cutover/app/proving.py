"""Whether what people said and gave still is what it was: signatures verified and files compared, for the report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from cutover.app import evidence_files
from cutover.app.workspace import Workspace
from cutover.evidence.people import Checked, Proofs
from cutover.model.event import Event
from cutover.model.people import Signers, vote_of
from cutover.model.status import EventKind
from cutover.redact import redact
from cutover.signing import Subject, Verified, bound_to, of_review, of_vote, verify, why_not

_Word = tuple[tuple[str, str, str], Checked]


def proofs(workspace: Workspace, run: str, events: Sequence[Event]) -> Proofs:
    """Every signature of the run verified anew against the list of signers, and every file of evidence compared."""
    signers = workspace.project.signers
    files = {
        (event.step, str(file.get("kept", ""))): _file(workspace, run, file)
        for event in events
        if event.kind is EventKind.VOTED
        for file in event.data.get("files") or ()
    }
    return Proofs(words=dict(_words(events, signers)), files=files)


def _words(events: Sequence[Event], signers: Signers) -> Iterator[_Word]:
    for event in events:
        if event.kind in (EventKind.VOTED, EventKind.REVIEWED) and event.data.get("signature"):
            subject = bound_to(event.run, events[0].data, event.step)
            name = (event.step, str(event.data.get("person", "")), str(event.data.get("at", "")))
            yield name, _checked(event, subject, signers)


def _checked(event: Event, subject: Subject, signers: Signers) -> Checked:
    """At the time at which the journal took it, so that a key that has expired since still stands."""
    statement = str(event.data.get("statement", ""))
    vote = event.kind is EventKind.VOTED
    expected = of_vote(vote_of(event.data), subject) if vote else of_review(event.data, subject)
    other = why_not(statement, expected)
    if other:
        return Checked(holds=False, says=other)
    signature, person = str(event.data["signature"]), str(event.data.get("person", ""))
    found = verify(statement, signature, person=person, signers=signers, at=event.at)
    if not found.revoked:
        return _as_checked(found)
    without = Signers(allowed=signers.allowed, revoked=Path("/nonexistent/revoked_keys"))
    return _as_checked(
        verify(statement, signature, person=person, signers=without, at=event.at),
        more=", and its key was revoked since",
    )


def _as_checked(found: Verified, more: str = "") -> Checked:
    says = redact(found.why_not) if found.why_not else f"verified again{more}"
    return Checked(holds=found.holds, says=says, unknown=found.unknown)


def _file(workspace: Workspace, run: str, file: dict[str, object]) -> Checked:
    problem = evidence_files.problem_of(workspace, run, file)
    return Checked(holds=not problem, says=problem)
