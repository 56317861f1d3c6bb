"""Case 55: what a person sees before they say a word, and that nothing is written before the answer."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cutover.app.approval import Ballot, approve
from cutover.app.workspace import Workspace
from tests.fixtures.signers import Keyring
from tests.unit.app.small import carried, prepared, small

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return small(tmp_path)


@pytest.fixture
def run(workspace: Workspace) -> str:
    run = prepared(workspace, "test")
    carried(workspace, run)
    return run


def environ(workspace: Workspace) -> dict[str, str]:
    root = str(workspace.project.root)
    return {**os.environ, "CUTOVER_PROJECT": root, "PYTHONPATH": str(REPOSITORY), "NO_COLOR": "1", "COLUMNS": "160"}


def cutover(workspace: Workspace, *words: str) -> subprocess.CompletedProcess[str]:
    """As a script calls it: nobody sits there."""
    command = [sys.executable, "-m", "cutover", *words]
    return subprocess.run(
        command,
        env=environ(workspace),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )


def typed(workspace: Workspace, answers: str, *words: str) -> tuple[int, str]:
    """As a person types it: exit status and what the terminal showed."""
    here, there = pty.openpty()
    command = [sys.executable, "-m", "cutover", *words]
    with subprocess.Popen(command, env=environ(workspace), stdin=there, stdout=there, stderr=there) as running:
        os.close(there)
        os.write(here, answers.encode())
        shown = b""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                block = os.read(here, 4096)
            except OSError:  # the other end was closed
                break
            if not block:
                break
            shown += block
        status = running.wait(10)
    os.close(here)
    return status, shown.decode().replace("\r\n", "\n")


def test_it_shows_what_is_being_approved_and_writes_nothing(workspace: Workspace, run: str) -> None:
    before = workspace.journal.events(run)

    shown = cutover(workspace, "approve", run, "gate", "--show")

    assert shown.returncode == 0, shown.stderr
    for said in ("Go?", "digest ", "this runbook was never rehearsed", "needs 2 go", "olivia, oscar, both"):
        assert said in shown.stdout
    assert workspace.journal.events(run) == before


def test_show_is_json_too(workspace: Workspace, run: str) -> None:
    approve(workspace, run, Ballot(step="gate", reason="fine", person="olivia"))

    document = json.loads(cutover(workspace, "approve", run, "gate", "--show", "--json").stdout)

    assert (document["question"], document["needs"], document["since"]["rehearsal"]) == ("Go?", 2, "")
    assert [(vote["person"], vote["counts"]) for vote in document["votes"]] == [("olivia", True)]
    assert document["bound"].startswith("sha256:") and set(document["places"]) == {"old", "new"}


def test_what_changed_since_the_last_rehearsal_is_shown(workspace: Workspace) -> None:
    carried(workspace, prepared(workspace, "dev"))
    file = workspace.project.root / "migrations" / "schema.sql"
    file.write_text(file.read_text().replace("name TEXT", "name TEXT NOT NULL"))
    again = prepared(workspace, "test")
    carried(workspace, again)

    shown = cutover(workspace, "approve", again, "gate", "--show").stdout
    assert "changed since dev-1: files migrations/schema.sql" in shown


@pytest.mark.parametrize("answer", ["n\n", "\n"])
def test_case_55_answered_no_with_the_flag_already_set(answer: str, workspace: Workspace, run: str) -> None:
    before = workspace.journal.events(run)

    status, shown = typed(
        workspace, answer, "approve", run, "gate", "--go", "--as", "olivia", "--reason", "fine"
    )  # fmt: skip

    assert status == 5
    assert "Go?" in shown and "It never changes" in shown and "nothing was written" in shown
    assert workspace.journal.events(run) == before


def test_case_55_answered_yes(workspace: Workspace, run: str) -> None:
    status, shown = typed(workspace, "y\n", "approve", run, "gate", "--go", "--as", "olivia", "--reason", "fine")

    assert status == 0, shown
    assert "olivia (owner) says go at gate" in shown


def test_case_55_asked_for_everything(workspace: Workspace, run: str) -> None:
    status, shown = typed(workspace, "no-go\nphones are down\ny\n", "approve", run, "gate", "--as", "olivia")

    assert status == 0, shown
    assert "olivia (owner) says no-go at gate" in shown


def test_case_55_nothing_is_an_answer(workspace: Workspace, run: str) -> None:
    before = workspace.journal.events(run)

    status, _ = typed(workspace, "\n", "approve", run, "gate", "--as", "olivia")

    assert status == 130
    assert workspace.journal.events(run) == before


def test_a_script_is_not_asked(workspace: Workspace, run: str) -> None:
    ended = cutover(workspace, "approve", run, "gate", "--go", "--as", "olivia", "--reason", "fine")

    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("words", [("--go",), ("--reason", "fine"), ()])
def test_a_script_that_does_not_say_it_all_is_refused(words: tuple[str, ...], workspace: Workspace, run: str) -> None:
    before = workspace.journal.events(run)

    assert cutover(workspace, "approve", run, "gate", *words).returncode == 2
    assert workspace.journal.events(run) == before


def test_a_statement_goes_to_another_machine_and_comes_back(
    workspace: Workspace, run: str, keyring: Keyring, tmp_path: Path
) -> None:
    keyring.enrol("olivia")
    config = workspace.project.root / "cutover.yaml"
    config.write_text(f"signers: {keyring.signers.allowed}\n{config.read_text()}")
    file = tmp_path / "vote.json"

    written = cutover(
        workspace, "approve", run, "gate", "--go", "--as", "olivia", "--reason", "fine", "--write", str(file)
    )  # fmt: skip
    assert written.returncode == 5 and f"--signed {file}" in written.stdout, written.stderr
    words = ["ssh-keygen", "-Y", "sign", "-n", "cutover-vote", "-f", str(keyring.key("olivia")), str(file)]
    subprocess.run(words, check=True, capture_output=True)
    cast = cutover(workspace, "approve", run, "gate", "--signed", str(file))

    assert cast.returncode == 0, cast.stderr
    assert "signed with SHA256:" in cast.stdout


def test_tasks(workspace: Workspace, run: str) -> None:
    ended = cutover(workspace, "tasks", "--role", "owner")
    assert f"{run} gate" in ended.stdout and "next: cutover approve" in ended.stdout

    document = json.loads(cutover(workspace, "tasks", "--json", "--env", "test").stdout)
    assert [task["step"] for task in document["tasks"]] == ["gate"]
    assert cutover(workspace, "tasks", "--role", "nobody").stdout == "nothing waits for anybody\n"
    assert cutover(workspace, "tasks", "--env", "tset").returncode == 2


def test_keys(workspace: Workspace, keyring: Keyring) -> None:
    keyring.enrol("olivia", options='valid-before="20300101"')
    config = workspace.project.root / "cutover.yaml"
    config.write_text(f"signers: {keyring.signers.allowed}\n{config.read_text()}")

    document = json.loads(cutover(workspace, "keys", "--json").stdout)
    assert [key["people"] for key in document["keys"]] == [["olivia"]]
    here = {one["environment"]: one for one in document["environments"]}
    assert here["test"]["without_key"] == ["both", "dana", "oscar"]
    shown = cutover(workspace, "keys").stdout
    assert "olivia  ssh-ed25519" in shown and "test: votes are declared" in shown


def test_a_review_of_what_was_not_broken_is_refused(workspace: Workspace, run: str) -> None:
    ended = cutover(workspace, "review", run, "gate", "--reason", "fine", "--as", "olivia")

    assert ended.returncode == 2 and "was not opened by break-glass" in ended.stderr
