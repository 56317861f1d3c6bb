"""
Who may be asked in an environment, and whether anybody is.

Used by the steps that need a person's word. Pure: environment in, answer or StepFailed out.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from cutover.errors import StepFailed
from cutover.model.project import Environment, Mode, People


def asks_nobody(environment: Environment, mode: Mode) -> bool:
    """Whether people are simulated; StepFailed when that would let a live run pass without anybody's word."""
    if environment.people is not People.SIMULATED:
        return False
    if mode is not Mode.REHEARSAL:
        raise StepFailed(
            f"people are simulated in environment {environment.name!r}, and this run is live: somebody must be asked",
            hint="write people: required, and roles, for the environment in cutover.yaml",
        )
    return True


def may_vote(environment: Environment, roles: Collection[str], person: str, role: str) -> bool:
    """Whether a vote of `person` as `role` counts where `roles` are asked."""
    return role in roles and person in environment.roles.get(role, ())


def check_roles(environment: Environment, roles: Sequence[str], needs: int) -> None:
    """StepFailed when a role is nobody's, or all of them together have fewer people than are needed."""
    nobodys = [role for role in roles if not environment.roles.get(role)]
    if nobodys:
        raise StepFailed(
            f"nobody has the role {nobodys[0]!r} in environment {environment.name!r}",
            hint=f"write people for it into roles: in cutover.yaml; it has: {', '.join(environment.roles) or 'none'}",
        )
    people = {person for role in roles for person in environment.roles[role]}
    if len(people) < needs:
        raise StepFailed(
            f"{needs} different people must agree, and the roles asked have {len(people)} "
            f"in environment {environment.name!r}: {', '.join(sorted(people))}",
            hint="name more people for these roles in cutover.yaml",
        )


def those_asked(environment: Environment, roles: Sequence[str], but: Collection[str] = ()) -> str:
    """Who can still vote, as text: `business owner (eve); dba (dan)`."""
    left = {role: [person for person in environment.roles.get(role, ()) if person not in but] for role in roles}
    return "; ".join(f"{role} ({', '.join(people)})" for role, people in left.items() if people) or "nobody who is left"
