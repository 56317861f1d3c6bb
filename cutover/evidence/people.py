"""Gates and manual steps of a run: who was asked, who said what and why, and what was decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cutover.evidence.data_sections import Plain
from cutover.evidence.ledger import SIMULATED
from cutover.evidence.reading import Reading, StepHead
from cutover.evidence.words import iso
from cutover.model.run import StepState
from cutover.model.status import EventKind

#: Step kinds that ask people.
KINDS = frozenset({"approve", "manual"})

_TONES = {
    "go": "good",
    "done": "good",
    "no-go": "bad",
    "not done": "bad",
    "inconclusive": "bad",
    SIMULATED: "warn",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a look at a signature or at a kept file came to, when the report was made."""

    holds: bool
    says: str
    unknown: bool = False  # nobody could look: no reason to call it false


@dataclass(frozen=True, slots=True, kw_only=True)
class Proofs:
    """What was checked again for the report; what is not in it was not looked at."""

    words: Mapping[tuple[str, str, str], Checked] = field(
        default_factory=dict
    )  # (step, person, at) of a vote or review
    files: Mapping[tuple[str, str], Checked] = field(default_factory=dict)  # (step, place in the run's folder)


def gates(told: Reading, proofs: Proofs) -> list[Plain]:
    """One entry per step that asks people, or that people voted on, in running order; also those not reached yet."""
    decided = {event.step: iso(event.at) for event in told.of(EventKind.DECIDED)}
    reviews = {event.step: dict(event.data) for event in told.of(EventKind.REVIEWED)}
    return [
        _gate(head, step, decided.get(head.id, ""))
        | {
            "votes": _votes(head.id, step.votes, proofs),
            "votes_back": _votes(head.id, step.votes_back, proofs),
            "review": _review(head.id, reviews.get(head.id), proofs),
        }
        for head, step in told.steps()
        if head.kind in KINDS or step.votes or step.votes_back
    ]


def _gate(head: StepHead, step: StepState, at: str) -> Plain:
    decision = step.decision or str(step.facts.get("decision") or "")
    simulated = decision == SIMULATED
    standing = decision or ("waits" if step.waiting else "open" if step.started else "not reached")
    return {
        "step": head.id,
        "kind": head.kind,
        "wave": head.wave,
        "says": head.says or head.id,
        "asks": list(head.asks) or [role for role in [_text(step.facts.get("role"))] if role],
        "decision": decision,
        "standing": standing,
        "tone": _TONES.get(decision, "warn" if step.waiting else "calm" if step.started else ""),
        "at": at,
        "simulated": simulated,
        "waits_for": " ".join(part for part in (step.detail, step.hint) if part) if step.waiting else "",
        "facts": [_fact(fact) for fact in step.facts.get("facts") or ()],
        "break_glass": _text(step.facts.get("break_glass")) or _broken(step.votes),
        "evidence": _text(step.facts.get("evidence")),
    }


def problems(gates: Iterable[Plain]) -> list[str]:
    """What must not be overlooked about people's words, as sentences."""
    found = []
    for gate in gates:
        step = gate["step"]
        if gate["break_glass"]:
            review = gate["review"]
            after = f"reviewed by {review['person']}: {review['reason']}" if review else "nobody has reviewed that yet"
            found.append(f"{gate['break_glass']} opened {step!r} alone, by break-glass; {after}.")
        words = [*gate["votes"], *gate["votes_back"], *([gate["review"]] if gate["review"] else [])]
        found += [
            f"The word of {word['person']} at {step!r} is not what was signed: {word['signature']}."
            for word in words
            if word["signed"] == "broken"
        ]
        files = [file for vote in (*gate["votes"], *gate["votes_back"]) for file in vote["files"]]
        found += [f"Evidence of {step!r}, {file['name']}: {file['problem']}." for file in files if file["problem"]]
    return found


def notices(told: Reading) -> list[Plain]:
    """What people outside were told, or would have been, in order."""
    names = ("channel", "topic", "subject", "says")
    return [
        {
            "at": iso(event.at),
            "step": event.step,
            **{name: _text(event.data.get(name)) for name in names},
            "sent": event.data.get("sent") is True,
        }
        for event in told.of(EventKind.NOTIFIED)
    ]


def _broken(votes: Iterable[Mapping[str, Any]]) -> str:
    """Who broke the glass, also while the gate has not been decided."""
    return next((_text(vote.get("person")) for vote in votes if vote.get("break_glass") is True), "")


def _fact(fact: Mapping[str, Any]) -> Plain:
    verdict = _text(fact.get("verdict"))
    return {
        **{name: _text(fact.get(name)) for name in ("fact", "says", "read")},
        "verdict": verdict,
        "tone": "good" if verdict == "yes" else "bad",
    }


def _votes(step: str, votes: Iterable[Mapping[str, Any]], proofs: Proofs) -> list[Plain]:
    return [
        {
            **_word(step, vote, proofs),
            "evidence": _text(vote.get("evidence")),
            "go": vote.get("go") is True,
            "break_glass": vote.get("break_glass") is True,
            "files": [_file(step, file, proofs) for file in vote.get("files") or ()],
        }
        for vote in votes
    ]


def _review(step: str, review: Mapping[str, Any] | None, proofs: Proofs) -> Plain | None:
    return None if review is None else _word(step, review, proofs)


def _word(step: str, word: Mapping[str, Any], proofs: Proofs) -> Plain:
    """Who said it, and what became of the signature: `no`, `holds`, `broken`, or `unchecked`."""
    names = ("person", "system_user", "login", "role", "reason", "at", "key")
    plain: Plain = {name: _text(word.get(name)) for name in names}
    if not word.get("signature"):
        return {**plain, "signed": "no", "signature": ""}
    checked = proofs.words.get((step, plain["person"], plain["at"]))
    if checked is None or checked.unknown:
        return {**plain, "signed": "unchecked", "signature": checked.says if checked else "nobody looked"}
    return {**plain, "signed": "holds" if checked.holds else "broken", "signature": checked.says}


def _file(step: str, file: Mapping[str, Any], proofs: Proofs) -> Plain:
    checked = proofs.files.get((step, _text(file.get("kept"))))
    return {
        "name": _text(file.get("name")),
        "sha256": _text(file.get("sha256")),
        "bytes": int(file.get("bytes") or 0),
        "problem": "" if checked is None or checked.holds else checked.says,
        "checked": checked is not None,
    }


def _text(value: object) -> str:
    """Text, also of a list of roles or of an attached document's facts."""
    if isinstance(value, (list, tuple)):
        return ", ".join(_text(one) for one in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_text(one)}" for name, one in value.items())
    return "" if value is None else str(value)
