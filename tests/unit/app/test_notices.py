"""Case 54: people are told what happens; whether they could be told never changes how a run ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cutover.app import notices
from cutover.app.approval import Ballot, approve
from cutover.app.workspace import Workspace, open_workspace
from cutover.model.status import EventKind, RunStatus
from cutover.notify import Postman
from tests.fixtures.outside import Heard
from tests.unit.app.small import carried, prepared, small, taken_back, write

CONTACTS = """\
contacts: {olivia: {mail: olivia@example.org}, dana: {mail: dana@example.org}}
"""


def project(root: Path, channels: str, comms: str) -> Workspace:
    small(root)
    text = (root / "cutover.yaml").read_text().replace("  test:\n", f"  test:\n    comms: {comms}\n", 1)
    write(root, "cutover.yaml", f"{CONTACTS}channels: {channels}\n{text}")
    return open_workspace(root)


def at_the_gate(workspace: Workspace) -> str:
    run = prepared(workspace, "test")
    assert carried(workspace, run).status is RunStatus.PAUSED
    return run


def notified(workspace: Workspace, run: str) -> list[dict[str, Any]]:
    return [dict(event.data) for event in workspace.journal.events(run, kinds={EventKind.NOTIFIED})]


def test_people_are_told_and_the_journal_says_so(tmp_path: Path, web: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEAM", web.url())
    workspace = project(tmp_path, '{team: "env:TEAM"}', "on")

    run = at_the_gate(workspace)

    assert sorted(web.titles) == [f"{run}: a rehearsal has begun", f"{run}: gate waits for you"]
    told = {one["subject"]: one for one in notified(workspace, run)}
    (asked,) = [one for subject, one in told.items() if "waits" in subject]
    assert (asked["sent"], asked["channel"], asked["topic"]) == (True, "team", "asked")
    assert "cutover approve" in asked["text"]


def test_a_whole_run_is_told(tmp_path: Path, web: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEAM", web.url())
    workspace = project(tmp_path, '{team: "env:TEAM"}', "on")
    run = at_the_gate(workspace)
    for person in ("olivia", "oscar"):
        approve(workspace, run, Ballot(step="gate", reason="fine", person=person))
    carried(workspace, run)
    approve(workspace, run, Ballot(step="notices", reason="up", person="dana", evidence="photo"))
    assert carried(workspace, run).status is RunStatus.COMPLETED

    said = [title.removeprefix(f"{run}: ") for title in web.titles]
    assert {"gate: go", "notices waits for you", "notices: done", "has completed"} <= set(said)
    assert said.count("a rehearsal has begun") == 1


def test_mail_goes_to_those_who_are_asked(tmp_path: Path, mail: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL", mail.mailto)
    workspace = project(tmp_path, '{mail: {url: "env:MAIL", hears: asked, to_people: true}}', "on")

    run = at_the_gate(workspace)

    assert sorted(one for recipients, _ in mail.mails for one in recipients) == [
        "dana@example.org", "olivia@example.org",
    ]  # fmt: skip
    (sent,) = notified(workspace, run)
    assert (sent["sent"], sent["says"]) == (True, "to dana@example.org, olivia@example.org")


def test_comms_test_sends_everything_to_the_test_channel_marked(
    tmp_path: Path, web: Heard, mail: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST", web.url())
    monkeypatch.setenv("MAIL", mail.mailto)
    channels = '{test: {url: "env:TEST", hears: trouble}, mail: {url: "env:MAIL", to_people: true}}'
    workspace = project(tmp_path, channels, "test")

    run = at_the_gate(workspace)

    assert sorted(web.titles) == [f"TEST {run}: a rehearsal has begun", f"TEST {run}: gate waits for you"]
    assert all(body["message"].startswith("This is a test.") for body in web.bodies)
    assert mail.mails == []


def test_comms_off_only_says_what_would_have_been_said(
    tmp_path: Path, web: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAM", web.url())
    workspace = project(tmp_path, '{team: "env:TEAM"}', "off")

    run = at_the_gate(workspace)

    assert web.bodies == []
    assert [(one["sent"], one["says"]) for one in notified(workspace, run)] == [
        (False, "comms: off in test: nobody was told")
    ] * 2


def test_a_project_without_channels_writes_nothing(tmp_path: Path) -> None:
    workspace = small(tmp_path)

    assert notified(workspace, at_the_gate(workspace)) == []


def shape(workspace: Workspace, run: str) -> list[tuple[str, str]]:
    """The events of a run that are not about telling people."""
    return [(str(one.kind), one.step) for one in workspace.journal.events(run) if one.kind is not EventKind.NOTIFIED]


@pytest.mark.parametrize("how", ["refuses", "is not there", "is no url", "is not set"])
def test_case_54_what_cannot_be_sent_is_noted_and_changes_nothing(
    how: str, tmp_path: Path, web: Heard, nobody: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TEAM", raising=False)
    if how != "is not set":
        urls = {"refuses": web.url(), "is not there": f"json://127.0.0.1:{nobody}", "is no url": "canaryOfTheUrl9"}
        monkeypatch.setenv("TEAM", urls[how])
    web.refuses = how == "refuses"
    quiet = small(tmp_path / "quiet") if (tmp_path / "quiet").mkdir() is None else None
    assert quiet is not None
    workspace = project(tmp_path, '{team: "env:TEAM"}', "on")

    run, other = at_the_gate(workspace), at_the_gate(quiet)

    assert shape(workspace, run) == shape(quiet, other)
    found = notified(workspace, run)
    assert len(found) == 2 and not any(one["sent"] for one in found)
    assert all(one["says"] and "canary" not in one["says"] for one in found)
    assert b"canaryOfTheUrl9" not in (workspace.project.state / "journal.db").read_bytes()


def test_case_54_a_failed_run_stays_failed_when_everybody_was_told(
    tmp_path: Path, web: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message on the way of failure never turns a run green."""
    monkeypatch.setenv("TEAM", web.url())
    workspace = project(tmp_path, '{team: "env:TEAM"}', "on")
    run = at_the_gate(workspace)
    approve(workspace, run, Ballot(step="gate", go=False, reason="phones are down", person="olivia"))

    result = carried(workspace, run)

    assert result.status is RunStatus.ATTENTION and int(result.exit_status) == 4
    said = [title.removeprefix(f"{run}: ") for title in web.titles]
    assert {"gate: no-go", "needs attention"} <= set(said)


def test_case_54_a_channel_that_hangs_holds_nobody_for_long(
    tmp_path: Path, web: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAM", web.url())
    monkeypatch.setattr(notices, "Postman", lambda: Postman(answer_seconds=0.3))
    web.silent.set()
    workspace = project(tmp_path, '{team: "env:TEAM"}', "on")

    run = at_the_gate(workspace)

    assert {one["says"] for one in notified(workspace, run)} == {"no answer within 0.3 s"}


def test_a_drill_and_a_rollback_that_was_asked_for_are_told_apart(
    tmp_path: Path, web: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAM", web.url())
    workspace = project(tmp_path, '{team: "env:TEAM"}', "on")
    run = at_the_gate(workspace)
    taken_back(workspace, run)

    assert f"{run}: goes back because somebody asked for it" in web.titles


def test_a_watcher_that_breaks_down_is_no_reason_to_tell_nobody(
    tmp_path: Path, web: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAM", web.url())
    workspace = project(tmp_path, '{team: "env:TEAM"}', "on")
    monkeypatch.setattr(notices, "compose", lambda *_: 1 / 0)

    assert notified(workspace, at_the_gate(workspace)) == []
