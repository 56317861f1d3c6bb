"""Gates and manual steps of a run: who was asked, who said what and why, and what was decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cutover.evidence.data_sections import Plain
from cutover.evidence.ledger import SIMULATED
from cutover.evidence.reading import Reading, StepHead
from cutover.evidence.words import iso
from cutover.model.run import StepState
from cutover.model.status import EventKind

#: Step kinds that ask people.
KINDS = frozenset({"approve", "manual"})

_TONES = {"go": "good", "done": "good", "no-go": "bad", "not done": "bad", SIMULATED: "warn"}


def gates(told: Reading) -> list[Plain]:
    """One entry per step that asks people, or that people voted on, in running order; also those not reached yet."""
    decided = {event.step: iso(event.at) for event in told.of(EventKind.DECIDED)}
    return [
        _gate(head, step, decided.get(head.id, ""))
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
        "votes": _votes(step.votes),
        "votes_back": _votes(step.votes_back),
        "evidence": _text(step.facts.get("evidence")),
    }


def _votes(votes: Iterable[Mapping[str, Any]]) -> list[Plain]:
    names = ("person", "system_user", "role", "reason", "at", "evidence")
    return [{**{name: _text(vote.get(name)) for name in names}, "go": vote.get("go") is True} for vote in votes]


def _text(value: object) -> str:
    """Text, also of a list of roles or of an attached document's facts."""
    if isinstance(value, (list, tuple)):
        return ", ".join(_text(one) for one in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_text(one)}" for name, one in value.items())
    return "" if value is None else str(value)
