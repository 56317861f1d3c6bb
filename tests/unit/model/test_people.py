"""Who may be asked, and whether anybody is."""

from __future__ import annotations

import pytest

from cutover.errors import StepFailed
from cutover.model.people import asks_nobody, check_roles, may_vote, those_asked
from cutover.model.project import Environment, Mode, People

ROLES = {"owner": ("olivia", "oscar"), "dba": ("dana", "olivia"), "empty": ()}
REQUIRED = Environment(name="production", databases={}, roles=ROLES)
SIMULATED = Environment(name="dev", databases={}, people=People.SIMULATED)


def test_people_are_asked_unless_the_environment_simulates_them() -> None:
    assert asks_nobody(SIMULATED, Mode.REHEARSAL)
    assert not asks_nobody(REQUIRED, Mode.REHEARSAL)
    assert not asks_nobody(REQUIRED, Mode.LIVE)


def test_a_live_run_is_never_simulated() -> None:
    with pytest.raises(StepFailed, match="people are simulated in environment 'dev', and this run is live"):
        asks_nobody(SIMULATED, Mode.LIVE)


@pytest.mark.parametrize(
    ("person", "role", "counts"),
    [("dana", "dba", True), ("dana", "owner", False), ("oscar", "owner", True), ("oscar", "empty", False)],
)
def test_a_vote_counts_in_an_asked_role_that_the_person_has(person: str, role: str, counts: bool) -> None:
    assert may_vote(REQUIRED, ("owner", "dba"), person, role) is counts


def test_a_role_that_is_not_asked_has_no_vote() -> None:
    assert not may_vote(REQUIRED, ("owner",), "dana", "dba")


@pytest.mark.parametrize("role", ["empty", "nobody"])
def test_a_role_without_people_is_refused(role: str) -> None:
    with pytest.raises(StepFailed, match=f"nobody has the role {role!r} in environment 'production'"):
        check_roles(REQUIRED, ("owner", role), 1)


def test_one_person_with_two_roles_is_one_person() -> None:
    check_roles(REQUIRED, ("owner", "dba"), 3)
    with pytest.raises(StepFailed, match="4 different people must agree, and the roles asked have 3"):
        check_roles(REQUIRED, ("owner", "dba"), 4)


def test_those_who_have_spoken_are_not_asked_again() -> None:
    assert those_asked(REQUIRED, ("owner", "dba"), but={"olivia"}) == "owner (oscar); dba (dana)"
    assert those_asked(REQUIRED, ("owner",), but={"olivia", "oscar"}) == "nobody who is left"
