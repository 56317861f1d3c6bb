"""Case 53: whose go counts. Own work, own run, administrators, second accounts, other plans, late votes, signatures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cutover.errors import StepFailed
from cutover.model.event import Event
from cutover.model.people import Signers, Vote, Votes
from cutover.model.project import Environment
from cutover.model.status import EventKind
from cutover.signing import bound_to, of_vote, sign
from cutover.voting.counting import ballot_of, check_keys, count
from tests.fixtures.signers import Keyring
from tests.life.world import vote
from tests.unit.evidence.runs import Tape, step

ROLES = {"owner": ("olivia", "oscar"), "dba": ("dana", "olivia"), "incident manager": ("ines",)}
LIVE = Environment(name="production", databases={}, live=True, roles=ROLES, separate_duties=True)
ASKS = ("owner", "dba")
AT = "2026-11-24T14:30:00+00:00"


def events(user: str = "lead", login: str = "", **created: Any) -> list[Event]:
    by = {"user": user, "host": "h", "pid": "1", **({"login": login} if login else {})}
    return Tape().created([step("gate", "approve")], **{"by": by, **created}).events


def void(
    environment: Environment, *votes: Vote, keyring: Keyring | None = None, record: list[Event] | None = None
) -> dict[str, str]:
    signers = keyring.signers if keyring else _nobody()
    ballot = ballot_of(environment, ASKS, record or events(), "gate", signers=signers)
    return dict(count(ballot, votes).void)


def test_who_neither_wrote_nor_runs_it_counts() -> None:
    assert void(LIVE, vote("olivia", "owner"), vote("dana", "dba")) == {}


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (events("olivia"), "'olivia' made this run"),
        (events("root", login="olivia"), "'olivia' made this run"),
        (events(authors=[{"person": "olivia", "files": ["runbooks/go.yaml"]}]), "'olivia' wrote runbooks/go.yaml"),
        (events(authors=[{"person": "x", "name": "olivia", "files": []}]), "'olivia' wrote what runs"),
    ],
    ids=["made it", "made it as root", "wrote it", "wrote it under a full name"],
)
def test_case_53_nobody_approves_what_they_wrote_or_run(record: list[Event], why: str) -> None:
    assert void(LIVE, vote("olivia", "owner"), record=record) == {"olivia": f"{why}, and duties are separate here"}


def test_case_53_whoever_carries_an_attempt_after_voting_has_run_it() -> None:
    tape = Tape().created([step("gate", "approve")], by={"user": "lead"})
    tape.say(EventKind.RUN_PAUSED, reason="waits")
    tape.say(EventKind.ATTEMPT_STARTED, number=2, by={"user": "olivia", "host": "h", "pid": "2"}, token=2)

    assert "'olivia' carries this run" in void(LIVE, vote("olivia", "owner"), record=tape.events)["olivia"]


@pytest.mark.parametrize("how", [{"system_user": "lead"}, {"system_user": "root", "login": "lead"}])
def test_case_53_administrators_and_borrowed_accounts_are_no_way_around(how: dict[str, str]) -> None:
    """`sudo -u olivia cutover approve` by the lead, and a root shell of the lead."""
    found = void(LIVE, vote("olivia", "owner", **how))

    assert found["olivia"].startswith("'olivia' (account 'lead') ")


def test_with_declared_names_the_shared_account_says_nothing() -> None:
    shared = replace(LIVE, declared_names=True)

    assert void(shared, vote("olivia", "owner", system_user="lead"), vote("dana", "dba", system_user="lead")) == {}
    assert "made this run" in void(shared, vote("olivia", "owner"), record=events("olivia"))["olivia"]


def test_where_duties_are_not_separate_everybody_counts() -> None:
    assert void(replace(LIVE, separate_duties=False), vote("olivia", "owner"), record=events("olivia")) == {}


def test_case_53_several_names_under_one_account_are_one() -> None:
    found = void(LIVE, vote("olivia", "owner", system_user="ops"), vote("dana", "dba", system_user="ops"))

    assert found == {"dana": "account 'ops' has voted already, as 'olivia'"}


def test_case_53_a_vote_on_another_plan_is_void() -> None:
    bound = bound_to("production-1", events()[0].data, "gate").digest

    assert void(LIVE, vote("olivia", "owner", bound=bound)) == {}
    assert void(LIVE, vote("olivia", "owner", bound="sha256:other")) == {
        "olivia": "it was cast on another plan, or on other places"
    }


# signed


def signed(keyring: Keyring, person: str, role: str, record: list[Event], **more: Any) -> Vote:
    subject = bound_to(record[0].run, record[0].data, "gate")
    cast = vote(person, role, at=AT, bound=subject.digest, **more)
    text = of_vote(cast, subject)
    return replace(cast, statement=text, signature=sign(text, keyring.key(person)), key="SHA256:…")


SIGNED = replace(LIVE, votes=Votes.SIGNED)


def test_case_53_what_is_not_signed_does_not_count_where_it_must_be(keyring: Keyring) -> None:
    keyring.enrol("olivia", "dana")
    record = events()

    assert void(SIGNED, signed(keyring, "olivia", "owner", record), keyring=keyring, record=record) == {}
    assert void(SIGNED, vote("olivia", "owner"), keyring=keyring) == {"olivia": "it is not signed"}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"reason": "other"}, "it says something else than the vote: reason"),
        ({"person": "oscar", "system_user": "oscar"}, "it says something else than the vote: person"),
        ({"signature": "nonsense"}, "it is no signature"),
    ],
)
@pytest.mark.parametrize("environment", [SIGNED, LIVE], ids=["signed", "declared"])
def test_case_53_an_edited_vote_never_counts(
    environment: Environment, change: dict[str, str], why: str, keyring: Keyring
) -> None:
    """Also where votes need not be signed: a wrong signature is worse than none."""
    keyring.enrol("olivia", "oscar")
    record = events()
    edited = replace(signed(keyring, "olivia", "owner", record), **change)  # type: ignore[arg-type]

    (found,) = void(environment, edited, keyring=keyring, record=record).values()
    assert found.startswith(why)


def test_case_53_a_vote_of_another_run_does_not_count_here(keyring: Keyring) -> None:
    keyring.enrol("olivia")
    there, here = events(lot="aaaa"), events(lot="bbbb")
    brought = signed(keyring, "olivia", "owner", there)

    found = void(SIGNED, replace(brought, bound=""), keyring=keyring, record=here)
    assert found == {"olivia": "it is bound to another digest of 'run'"}


def test_a_key_revoked_after_the_vote_opens_nothing_more(keyring: Keyring) -> None:
    keyring.enrol("olivia")
    record = events()
    cast = signed(keyring, "olivia", "owner", record)
    keyring.revoke("olivia")

    assert void(SIGNED, cast, keyring=keyring, record=record) == {"olivia": "its key is revoked"}


def test_a_no_go_needs_nothing_to_be_heard() -> None:
    ballot = ballot_of(SIGNED, ASKS, events("olivia"), "gate", signers=_nobody())

    assert len(count(ballot, [vote("olivia", "owner", go=False)]).against) == 1


def _nobody() -> Signers:
    return Signers(allowed=Path("/nowhere/allowed"), revoked=Path("/nowhere/revoked"))


# break-glass


GLASS = replace(LIVE, break_glass=("incident manager",))


def test_break_glass_is_for_the_roles_that_are_named_for_it() -> None:
    ballot = ballot_of(GLASS, ASKS, events("ines"), "gate", signers=_nobody())

    alone = count(ballot, [vote("ines", "incident manager", break_glass=True)])
    assert alone.glass is not None and alone.glass.person == "ines" and not alone.counted

    other = count(ballot, [vote("olivia", "owner", break_glass=True)])
    assert other.glass is None
    assert other.void == {"olivia": "'olivia' may not break the glass as 'owner'"}


def test_break_glass_is_signed_where_votes_are() -> None:
    ballot = ballot_of(replace(GLASS, votes=Votes.SIGNED), ASKS, events(), "gate", signers=_nobody())

    assert count(ballot, [vote("ines", "incident manager", break_glass=True)]).void == {"ines": "it is not signed"}


# before anybody is asked


def test_a_list_without_those_asked_is_known_before(keyring: Keyring) -> None:
    keyring.enrol("olivia")

    check_keys(SIGNED, keyring.signers, ASKS, 1)
    with pytest.raises(StepFailed, match=r"has keys of 1 of those asked \(dana, olivia, oscar\); 2 must sign"):
        check_keys(SIGNED, keyring.signers, ASKS, 2)
    check_keys(LIVE, keyring.signers, ASKS, 2)
