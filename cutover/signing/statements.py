"""
What a person signs: an in-toto statement in canonical JSON, and whether a statement says what it should.

The subjects are what the word is about: everything that will run (the semantic digest), the places it will run in, the
run itself and the step. A statement is kept and compared to the byte, because the signature is over bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cutover.content import canonical, digest
from cutover.model.people import Vote

STATEMENT: Final = "https://in-toto.io/Statement/v1"
VOTE: Final = "urn:cutover:vote:v1"
REVIEW: Final = "urn:cutover:review:v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One step of one run, as its first event says it: what a word about it is bound to."""

    run: str
    step: str
    listed: Sequence[Mapping[str, Any]]  # in-toto's `subject`

    @property
    def digest(self) -> str:
        """One digest of all of it."""
        return digest([dict(one) for one in self.listed])


def bound_to(run: str, created: Mapping[str, Any], step: str) -> Subject:
    """What a word about that step is bound to. `created` is the data of the run's first event."""
    made: Mapping[str, Any] = next((one for one in created.get("steps", ()) if one.get("id") == step), {})
    itself = {"run": run, "lot": created.get("lot", ""), "environment": created.get("environment", "")}
    digests = (
        (str(created.get("path", "")), str((created.get("digests") or {}).get("semantic", ""))),
        ("places", digest(dict(created.get("places") or {}))),
        ("run", digest(itself)),
        (f"step {step}", str(made.get("digest", ""))),
    )
    listed = [{"name": name, "digest": {"sha256": value.removeprefix("sha256:")}} for name, value in digests]
    return Subject(run=run, step=step, listed=listed)


def of_vote(vote: Vote, subject: Subject) -> str:
    """The statement of a vote, whose own `statement` and `signature` do not count."""
    return _statement(VOTE, subject, _said(vote, subject))


def of_review(review: Mapping[str, Any], subject: Subject) -> str:
    """The statement of a review of a gate that was opened by break-glass."""
    names = ("person", "role", "reason", "at")
    said = {"run": subject.run, "gate": subject.step, **{name: str(review.get(name, "")) for name in names}}
    return _statement(REVIEW, subject, said)


def why_not(text: str, expected: str) -> str:
    """
    Why a signed text is not the statement that was expected; empty when it is, to the byte.

    Names what differs, so that a word for another run, gate or plan is told from one that was altered.
    """
    if text == expected:
        return ""
    try:
        said = json.loads(text)
        if not isinstance(said, dict) or canonical(said).decode() != text:
            return "it is no statement in canonical JSON"
    except (ValueError, TypeError, RecursionError):
        return "it is no statement in canonical JSON"
    wanted = json.loads(expected)
    for name in ("_type", "predicateType"):
        if said.get(name) != wanted[name]:
            return f"it is another kind of statement: {said.get(name)!r}"
    return _other_subject(said, wanted) or _other_word(said, wanted)


def _other_subject(said: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    predicate = said.get("predicate")
    for name, what in (("run", "run"), ("gate", "step")):
        there = predicate.get(name) if isinstance(predicate, dict) else None
        if there != wanted["predicate"][name]:
            return f"it is for another {what}: {there!r}"
    subjects = said.get("subject")
    if subjects == wanted["subject"]:
        return ""
    known = [one for one in subjects if isinstance(one, dict)] if isinstance(subjects, list) else []
    found = {str(one.get("name")): one for one in known}
    other = [str(one["name"]) for one in wanted["subject"] if found.get(str(one["name"])) != one]
    return f"it is bound to another digest of {', '.join(repr(name) for name in other) or 'something else'}"


def _other_word(said: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    there, word = said["predicate"], wanted["predicate"]
    other = sorted(name for name in {*there, *word} if there.get(name) != word.get(name))
    if other:
        return f"it says something else than the vote: {', '.join(other)}"
    return "it has more in it than a statement"


def _said(vote: Vote, subject: Subject) -> dict[str, Any]:
    return {
        "run": subject.run,
        "gate": subject.step,
        "go": vote.go,
        "back": vote.back,
        "break_glass": vote.break_glass,
        "reason": vote.reason,
        "role": vote.role,
        "person": vote.person,
        "at": vote.at,
        "evidence": vote.evidence,
        "files": [{"name": str(one["name"]), "sha256": str(one["sha256"])} for one in vote.files],
    }


def _statement(kind: str, subject: Subject, predicate: Mapping[str, Any]) -> str:
    whole = {
        "_type": STATEMENT,
        "subject": [dict(one) for one in subject.listed],
        "predicateType": kind,
        "predicate": dict(predicate),
    }
    return canonical(whole).decode()
