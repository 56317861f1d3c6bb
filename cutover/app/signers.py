"""Whose signatures a project believes, and who of its people could not sign. Reads files only."""

from __future__ import annotations

from typing import Any

from cutover.model.people import Votes, people_of
from cutover.model.project import Project
from cutover.signing import known_keys


def listed(project: Project) -> dict[str, Any]:
    """The list of signers, and the people of each environment with how their votes count, as plain values."""
    known = known_keys(project.signers)
    return {
        "file": str(project.signers.allowed),
        "revoked": str(project.signers.revoked) if project.signers.revoked.exists() else "",
        "keys": [
            {"people": list(one.people), "kind": one.kind, "options": one.options, "line": one.line} for one in known
        ],
        "environments": [
            {
                "environment": environment.name,
                "votes": str(environment.votes),
                "must_sign": environment.votes is Votes.SIGNED,
                "without_key": [
                    person
                    for person in people_of(environment, tuple(environment.roles))
                    if not any(one.of(person) for one in known)
                ],
            }
            for environment in project.environments.values()
        ],
    }
