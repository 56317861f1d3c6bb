"""
What is being approved, as a person should see it before they say a word: the question, the facts, the digests, what
changed since the last rehearsal, who wrote that, and who has voted. Reads the journal; writes nothing.
"""

from __future__ import annotations

from typing import Any

from cutover.app.approval import Asked, asked_at
from cutover.app.workspace import Workspace
from cutover.evidence.words import iso
from cutover.model.people import those_asked
from cutover.redact import redact
from cutover.voting import clocks, counting, facts
from cutover.voting.asking import Asking, asking_of
from cutover.voting.facts import GateFact


def ballot(workspace: Workspace, run: str, step: str) -> dict[str, Any]:
    """Everything about that step of that run, as plain values; WrongInput when it waits for nobody."""
    asked = asked_at(workspace, run, step)
    asking = asking_of(asked.made)
    created, since = asked.state.created, clocks.waits_since(asked.events, step)
    back = bool(asked.state.rollback)
    return {
        "run": run,
        "step": step,
        "kind": str(asked.made["kind"]),
        "environment": asked.environment.name,
        "mode": str(asked.state.mode),
        "runbook": str(created.get("runbook", "")),
        "back": back,
        "question": (asking.back if back and asking.back else asking.what),
        "asks": {role: list(asked.environment.roles.get(role, ())) for role in asked.asks},
        "needs": asking.needs,
        "still_asked": those_asked(asked.environment, asked.asks, but=[vote.person for vote in asked.votes]),
        "needs_evidence": asked.made["needs_evidence"] is True,
        "votes_are": str(asked.environment.votes),
        "separate_duties": asked.environment.separate_duties,
        "facts": [fact.plain() for fact in _facts(workspace, asked, asking)],
        "bound": asked.subject.digest,
        "subjects": [dict(one) for one in asked.subject.listed],
        "digest": str((created.get("digests") or {}).get("semantic", "")),
        "raw": str((created.get("digests") or {}).get("raw", "")),
        "places": dict(created.get("places") or {}),
        "since": dict(created.get("since") or {}),
        "authors": [dict(author) for author in created.get("authors") or ()],
        "promotion": [str(line.get("says", "")) for line in (created.get("promotion") or {}).get("lines", ())],
        "votes": _votes(workspace, asked),
        "waits_since": iso(since) if since else "",
        "until": iso(asked.until) if asked.until else "",
        "command": asked.step.hint,
    }


def _facts(workspace: Workspace, asked: Asked, asking: Asking) -> tuple[GateFact, ...]:
    run = asked.state.run

    def fits() -> str:
        from cutover.app.forecasting import rollback_fits  # brings NumPy, which nothing else here needs

        return rollback_fits(workspace, run)

    return facts.look(asking.facts, asked.events, rollback_fits=fits)


def _votes(workspace: Workspace, asked: Asked) -> list[dict[str, Any]]:
    """Every vote with whether it counts, and why not."""
    signers = workspace.project.signers
    rules = counting.ballot_of(
        asked.environment, asked.asks, asked.events, asked.step.id, signers=signers, until=asked.until
    )
    void = counting.count(rules, asked.votes).void
    return [
        {**vote.brief(), "counts": vote.person not in void or not vote.go, "why_not": redact(void.get(vote.person, ""))}
        for vote in asked.votes
    ]
