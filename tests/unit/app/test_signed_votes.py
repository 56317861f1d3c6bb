"""Votes that are signed: with a key at hand, on another machine, or not at all. Refused ones leave nothing behind."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cutover.app.approval import Ballot, Cast, approve, statement_for
from cutover.app.signatures import Signed, read_signed
from cutover.app.standing import state_of
from cutover.app.workspace import Workspace, open_workspace
from cutover.errors import WrongInput
from cutover.model.people import vote_of
from cutover.model.status import RunStatus
from cutover.signing import bound_to, of_vote, sign
from tests.fixtures.signers import Keyring
from tests.unit.app.small import carried, prepared, small


@pytest.fixture
def workspace(tmp_path: Path, keyring: Keyring) -> Workspace:
    """The environment `test` wants signatures; olivia and both have keys in the list."""
    keyring.enrol("olivia", "both")
    small(tmp_path)
    text = (tmp_path / "cutover.yaml").read_text()
    lists = f"signers: {keyring.signers.allowed}\nrevoked_keys: {keyring.signers.revoked}\n"
    before = "    declared_names: true\n  strict:"
    assert before in text
    text = lists + text.replace(before, "    declared_names: true\n    votes: signed\n  strict:")
    (tmp_path / "cutover.yaml").write_text(text)
    return open_workspace(tmp_path)


@pytest.fixture
def run(workspace: Workspace) -> str:
    run = prepared(workspace, "test")
    assert carried(workspace, run).status is RunStatus.PAUSED
    return run


def ballot(**more: Any) -> Ballot:
    return Ballot(**{"step": "gate", "go": True, "reason": "totals agree", "person": "olivia", **more})


def refusal(workspace: Workspace, run: str, said: Ballot) -> str:
    before = workspace.journal.events(run)
    with pytest.raises(WrongInput) as told:
        approve(workspace, run, said)
    assert workspace.journal.events(run) == before
    return f"{told.value} · {told.value.hint}"


def signed(workspace: Workspace, run: str, keyring: Keyring, **more: Any) -> Signed:
    """As on another machine: the statement is written here and signed there."""
    text = statement_for(workspace, run, ballot(**more))
    return Signed(statement=text, signature=sign(text, keyring.key(str(more.get("person", "olivia")))))


def test_a_signed_vote_stands_in_the_journal_with_its_statement(
    workspace: Workspace, run: str, keyring: Keyring
) -> None:
    cast: Cast = approve(workspace, run, ballot(key=keyring.key("olivia")))

    (kept,) = state_of(workspace, run).step("gate").votes
    subject = bound_to(run, state_of(workspace, run).created, "gate")
    assert kept["statement"] == of_vote(vote_of(kept), subject)
    assert "BEGIN SSH SIGNATURE" in kept["signature"] and kept["key"].startswith("SHA256:")
    assert kept["bound"] == subject.digest
    assert cast.says.endswith(f"(signed with {kept['key']})")


def test_signed_votes_open_the_gate(workspace: Workspace, run: str, keyring: Keyring) -> None:
    for person in ("olivia", "both"):
        approve(workspace, run, ballot(person=person, key=keyring.key(person)))

    carried(workspace, run)
    assert state_of(workspace, run).step("gate").decision == "go"


def test_case_53_a_vote_without_a_key_is_refused_and_says_how(
    workspace: Workspace, run: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)

    assert "none of the keys of 'olivia' is at hand" in refusal(workspace, run, ballot())
    assert "has no key of 'oscar'" in refusal(workspace, run, ballot(person="oscar"))


def test_case_53_somebody_elses_key(workspace: Workspace, run: str, keyring: Keyring) -> None:
    said = refusal(workspace, run, ballot(key=keyring.key("both")))

    assert "the signature of 'olivia' is not believed: it is not of a key" in said


def test_case_53_a_revoked_key(workspace: Workspace, run: str, keyring: Keyring) -> None:
    keyring.revoke("olivia")

    assert "its key is revoked" in refusal(workspace, run, ballot(key=keyring.key("olivia")))


def test_a_vote_signed_on_another_machine(workspace: Workspace, run: str, keyring: Keyring) -> None:
    cast = approve(workspace, run, Ballot(step="gate", signed=signed(workspace, run, keyring)))

    assert (cast.vote.person, cast.vote.reason, cast.vote.go) == ("olivia", "totals agree", True)


def test_a_no_go_signed_on_another_machine(workspace: Workspace, run: str, keyring: Keyring) -> None:
    brought = signed(workspace, run, keyring, go=False, reason="phones are down")

    assert not approve(workspace, run, Ballot(step="gate", signed=brought)).vote.go


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ('"go":true', '"go":false', "the text was altered"),
        ('"person":"olivia"', '"person":"both"', "the text was altered"),
        ('"run":"test-1"', '"run":"test-2"', "it is for another run: 'test-2'"),
        ('"gate":"gate"', '"gate":"notices"', "it is for another step: 'notices'"),
        ('"sha256":"', '"sha256":"0', "it is bound to another digest"),
        ('"back":false', '"back":true', "was signed for the way back"),
        ('"predicateType"', '"predicateTyp"', "another kind of statement"),
    ],
)
def test_case_53_an_altered_statement(
    before: str, after: str, why: str, workspace: Workspace, run: str, keyring: Keyring
) -> None:
    good = signed(workspace, run, keyring)
    assert before in good.statement
    bad = replace(good, statement=good.statement.replace(before, after, 1))

    assert why in refusal(workspace, run, Ballot(step="gate", signed=bad))


def test_case_53_a_statement_for_another_run_of_the_same_name(
    workspace: Workspace, run: str, keyring: Keyring, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = small(tmp_path_factory.mktemp("elsewhere"))
    other = prepared(elsewhere, "test")
    carried(elsewhere, other)
    brought = signed(elsewhere, other, keyring)

    assert other == run
    assert "it is bound to another digest of" in refusal(workspace, run, Ballot(step="gate", signed=brought))


def test_case_53_a_signature_made_for_something_else(workspace: Workspace, run: str, keyring: Keyring) -> None:
    text = statement_for(workspace, run, ballot())
    words = ["ssh-keygen", "-Y", "sign", "-n", "file", "-f", str(keyring.key("olivia"))]
    made = subprocess.run(words, input=text, capture_output=True, text=True, check=True).stdout

    said = refusal(workspace, run, Ballot(step="gate", signed=Signed(statement=text, signature=made)))
    assert "it was made for something else than 'cutover-vote'" in said


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"predicate": 1}'])
def test_what_is_no_statement(text: str, workspace: Workspace, run: str) -> None:
    said = refusal(workspace, run, Ballot(step="gate", signed=Signed(statement=text, signature="x")))

    assert "no statement of a vote" in said


@pytest.mark.parametrize("at", ["2020-01-01T00:00:00+00:00", "2999-01-01T00:00:00+00:00", "yesterday", ""])
def test_a_statement_of_another_time(at: str, workspace: Workspace, run: str, keyring: Keyring) -> None:
    """Signed before anybody was asked, or by a clock that is wrong: an expired key could hide there."""
    good = signed(workspace, run, keyring)
    made = good.statement.split('"at":"')[1].split('"')[0]
    text = good.statement.replace(made, at)
    brought = Signed(statement=text, signature=sign(text, keyring.key("olivia")))

    assert "which is not since the step waits and until now" in refusal(
        workspace, run, Ballot(step="gate", signed=brought)
    )


def test_a_signed_vote_counts_once(workspace: Workspace, run: str, keyring: Keyring) -> None:
    brought = signed(workspace, run, keyring)
    approve(workspace, run, Ballot(step="gate", signed=brought))

    assert "has voted go at 'gate' already" in refusal(workspace, run, Ballot(step="gate", signed=brought))


def test_case_58_a_reason_that_reads_like_a_password_is_masked_before_it_is_signed(
    workspace: Workspace, run: str, keyring: Keyring
) -> None:
    cast = approve(workspace, run, ballot(key=keyring.key("olivia"), reason="password=canary-of-a-vote was changed"))

    assert "canary" not in cast.vote.statement
    carried(workspace, run)
    assert "does not count" not in state_of(workspace, run).step("gate").detail


def test_a_statement_is_read_with_its_signature(tmp_path: Path) -> None:
    with pytest.raises(WrongInput, match=r"vote\.json' cannot be read: no such file"):
        read_signed(tmp_path / "vote.json")
    (tmp_path / "vote.json").write_text("text")
    with pytest.raises(WrongInput, match=r"vote\.json\.sig' cannot be read"):
        read_signed(tmp_path / "vote.json")
    (tmp_path / "vote.json.sig").write_text("signature")
    assert read_signed(tmp_path / "vote.json") == Signed(statement="text", signature="signature")


def test_where_names_are_not_declared_a_signature_says_who_it_is(
    workspace: Workspace, run: str, keyring: Keyring
) -> None:
    """One account for everybody and a key for each; but one account still is one vote."""
    root = workspace.project.root
    text = (root / "cutover.yaml").read_text()
    (root / "cutover.yaml").write_text(text.replace("    declared_names: true\n    votes: signed", "    votes: signed"))
    there = open_workspace(root)
    approve(there, run, ballot(key=keyring.key("olivia")))

    said = refusal(there, run, ballot(person="both", key=keyring.key("both")))
    assert "has voted already, as 'olivia'" in said
