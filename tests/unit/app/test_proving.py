"""The report looks again: at every signature, at every file of evidence, and says what it found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cutover.app import reports
from cutover.app.approval import Ballot, approve
from cutover.app.glass import Review, review
from cutover.app.workspace import Workspace, open_workspace
from cutover.evidence.ledger import rehearsal
from cutover.evidence.report import render
from cutover.model.status import RunStatus
from tests.fixtures.signers import Keyring
from tests.unit.app.small import carried, prepared, small, write


@pytest.fixture
def workspace(tmp_path: Path, keyring: Keyring) -> Workspace:
    """In `test` votes are signed, and ines may break the glass."""
    keyring.enrol("olivia", "both", "dana", "ines")
    small(tmp_path)
    text = (tmp_path / "cutover.yaml").read_text().replace("both]}", "both], incident manager: [ines]}", 1)
    more = "    declared_names: true\n    votes: signed\n    break_glass: incident manager\n  strict:"
    text = text.replace("    declared_names: true\n  strict:", more)
    lists = f"signers: {keyring.signers.allowed}\nrevoked_keys: {keyring.signers.revoked}\n"
    write(tmp_path, "cutover.yaml", lists + text)
    return open_workspace(tmp_path)


@pytest.fixture
def run(workspace: Workspace, keyring: Keyring, tmp_path: Path) -> str:
    """Two signed votes at the gate, and a manual step with a file."""
    run = prepared(workspace, "test")
    carried(workspace, run)
    for person in ("olivia", "both"):
        approve(workspace, run, Ballot(step="gate", reason="fine", person=person, key=keyring.key(person)))
    carried(workspace, run)
    (tmp_path / "photo.jpg").write_bytes(b"notices")
    said = Ballot(
        step="notices", reason="up", person="dana", key=keyring.key("dana"), files=(tmp_path / "photo.jpg",)
    )  # fmt: skip
    approve(workspace, run, said)
    assert carried(workspace, run).status is RunStatus.COMPLETED
    return run


def gates(workspace: Workspace, run: str) -> dict[str, Any]:
    return {gate["step"]: gate for gate in reports.as_data(workspace, run)["gates"]}


def signatures(workspace: Workspace, run: str) -> list[tuple[str, str]]:
    return [(vote["signed"], vote["signature"]) for vote in gates(workspace, run)["gate"]["votes"]]


def test_signatures_that_hold_are_verified_again(workspace: Workspace, run: str) -> None:
    document = reports.as_data(workspace, run)

    assert signatures(workspace, run) == [("holds", "verified again")] * 2
    assert document["alarms"] == []
    page = render(document)
    assert "signed with <code>SHA256:" in page and "photo.jpg" in page and "as it was given" in page


def test_a_key_that_was_revoked_since_is_said_and_is_no_alarm(workspace: Workspace, run: str, keyring: Keyring) -> None:
    keyring.revoke("olivia")

    assert signatures(workspace, run)[0] == ("holds", "verified again, and its key was revoked since")
    assert reports.as_data(workspace, run)["alarms"] == []


def test_a_list_that_is_gone_makes_nothing_false(workspace: Workspace, run: str, keyring: Keyring) -> None:
    keyring.signers.allowed.unlink()

    assert {one for one, _ in signatures(workspace, run)} == {"unchecked"}
    assert "and not checked again" in render(reports.as_data(workspace, run))


def test_case_53_a_list_with_another_key_is_an_alarm(workspace: Workspace, run: str, keyring: Keyring) -> None:
    keyring.signers.allowed.write_text(f"olivia,both,dana {keyring.public('mallory')}\n")

    document = reports.as_data(workspace, run)
    assert [said for said in document["alarms"] if said.startswith("The word of olivia at 'gate'")]
    assert "the signature does not hold" in render(document)


def test_a_file_that_was_edited_is_an_alarm(workspace: Workspace, run: str) -> None:
    (kept,) = (workspace.project.state / "runs" / run / "evidence").iterdir()
    kept.write_bytes(b"other")

    document = reports.as_data(workspace, run)
    assert document["alarms"] == [
        "Evidence of 'notices', photo.jpg: the run's copy is not what was given: its digest differs."
    ]
    assert "its digest differs" in render(document)


def test_broken_glass_is_an_alarm_until_and_after_its_review(workspace: Workspace, keyring: Keyring) -> None:
    run = prepared(workspace, "test")
    carried(workspace, run)
    said = Ballot(step="gate", reason="phones melt", person="ines", break_glass=True, key=keyring.key("ines"))
    approve(workspace, run, said)
    carried(workspace, run)

    (alarm,) = reports.as_data(workspace, run)["alarms"]
    assert alarm == "ines opened 'gate' alone, by break-glass; nobody has reviewed that yet."
    assert "Nobody has reviewed that yet" in render(reports.as_data(workspace, run))

    review(workspace, run, Review(step="gate", reason="it was right", person="olivia", key=keyring.key("olivia")))
    document = reports.as_data(workspace, run)
    assert document["alarms"] == ["ines opened 'gate' alone, by break-glass; reviewed by olivia: it was right."]
    (gate,) = [one for one in document["gates"] if one["step"] == "gate"]
    assert gate["review"]["signed"] == "holds"


def test_the_ledger_remembers_broken_glass(workspace: Workspace, keyring: Keyring) -> None:
    run = prepared(workspace, "test")
    carried(workspace, run)
    said = Ballot(step="gate", reason="phones melt", person="ines", break_glass=True, key=keyring.key("ines"))
    approve(workspace, run, said)
    carried(workspace, run)
    approve(workspace, run, Ballot(step="notices", reason="up", person="dana", evidence="x", key=keyring.key("dana")))
    assert carried(workspace, run).status is RunStatus.COMPLETED

    past = rehearsal(workspace.journal.events(run))
    assert past is not None and past.broken_glass == ("gate",)
