"""What waits for whom, and that every reminder, escalation and overrun is told once, whoever looks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cutover.app import tasks
from cutover.app.approval import Ballot, approve
from cutover.app.workspace import Workspace, open_workspace
from cutover.errors import WrongInput
from cutover.model.people import Duty
from cutover.model.status import EventKind
from tests.fixtures.clock import FakeClock
from tests.fixtures.outside import Heard
from tests.unit.app.small import STEPS, carried, prepared, small, write

CLOCKS = STEPS.replace(
    'needs: 2, question: "Go?"',
    'needs: 2, question: "Go?", expires: 8 h, remind: 30 min, escalate: {after: 2 h, to: boss}',
)
PEOPLE = """\
contacts: {olivia: {mail: olivia@example.org, phone: "+49 1"}, berta: {mail: berta@example.org}}
sla: {gate: 4 h, task: 1 h}
channels: {test: "env:OUTSIDE", team: "env:OUTSIDE"}
"""


@pytest.fixture
def workspace(tmp_path: Path, fake_clock: FakeClock, web: Heard, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """The small project with clocks and a channel, on a day when nothing moves by itself."""
    monkeypatch.setenv("OUTSIDE", web.url())
    small(tmp_path)
    write(tmp_path, "runbooks/go.yaml", CLOCKS)
    text = (tmp_path / "cutover.yaml").read_text().replace("both]}", "both], boss: [berta]}", 1)
    write(tmp_path, "cutover.yaml", PEOPLE + text.replace("  test:\n", "  test:\n    comms: on\n", 1))
    return open_workspace(tmp_path, clock=fake_clock)


@pytest.fixture
def run(workspace: Workspace) -> str:
    """It waits at its gate."""
    run = prepared(workspace, "test")
    carried(workspace, run)
    return run


def reminded(workspace: Workspace, run: str) -> list[tuple[str, int]]:
    events = workspace.journal.events(run, kinds={EventKind.REMINDED})
    return [(str(event.data["what"]), int(event.data["number"])) for event in events]


def test_what_waits_says_who_since_when_and_what_to_type(workspace: Workspace, run: str, fake_clock: FakeClock) -> None:
    fake_clock.sleep(600)
    approve(workspace, run, Ballot(step="gate", reason="fine", person="oscar"))

    (task,) = tasks.waiting_tasks(workspace)
    plain = task.plain(workspace.clock.now())
    assert json.loads(json.dumps(plain)) == plain
    assert (task.run, task.step, task.duty, task.what) == (run, "gate", Duty.GATE, "Go?")
    assert task.people == ("both", "dana", "olivia")
    assert 600_000 <= plain["waited_ms"] < 601_000
    assert plain["until"][:13] == "2026-11-24T18"  # the SLA of 4 h comes before the gate expires
    assert plain["commands"] == [f'cutover approve {run} gate --go --as NAME --reason "…"']
    assert [contact["phone"] for contact in plain["contacts"]] == ["+49 1"]


@pytest.mark.parametrize(
    ("role", "environment", "found"),
    [("owner", "", 1), ("dba", "test", 1), ("key user", "", 0), ("", "dev", 0), ("", "test", 1)],
)
def test_only_what_is_asked_for(workspace: Workspace, run: str, role: str, environment: str, found: int) -> None:
    assert len(tasks.waiting_tasks(workspace, role=role, environment=environment)) == found


def test_an_environment_that_is_not_there(workspace: Workspace) -> None:
    with pytest.raises(WrongInput, match="'tset' is not in cutover"):
        tasks.waiting_tasks(workspace, environment="tset")


def test_nothing_is_due_at_first(workspace: Workspace, run: str) -> None:
    assert tasks.remind(workspace) == []


def test_a_reminder_goes_out_once_an_interval_whoever_looks(
    workspace: Workspace, run: str, fake_clock: FakeClock, web: Heard
) -> None:
    before = len(web.titles)
    fake_clock.sleep(31 * 60)

    assert tasks.remind(workspace) == [f"reminder: gate of {run} still waits"]
    assert tasks.remind(open_workspace(workspace.project.root, clock=fake_clock)) == []
    fake_clock.sleep(30 * 60)
    tasks.remind(workspace)

    assert reminded(workspace, run) == [("reminder", 1), ("reminder", 2)]
    assert web.titles[before:] == [f"{run}: gate still waits (reminder)"] * 2


def test_reminders_that_nobody_sent_are_sent_as_one(workspace: Workspace, run: str, fake_clock: FakeClock) -> None:
    fake_clock.sleep(100 * 60)
    tasks.remind(workspace)

    assert reminded(workspace, run) == [("reminder", 3)]


def test_escalation_and_sla_once_each(workspace: Workspace, run: str, fake_clock: FakeClock, web: Heard) -> None:
    fake_clock.sleep(5 * 3600)
    for _ in range(3):
        tasks.remind(workspace)

    assert reminded(workspace, run) == [("reminder", 10), ("escalation", 1), ("overdue", 1)]
    assert f"{run}: gate nobody has answered (escalation)" in web.titles
    (told,) = [body for body in web.bodies if "(escalation)" in body["title"]]
    assert "asked: both, dana, olivia, oscar" in told["message"]
    assert tasks.waiting_tasks(workspace)[0].overdue(workspace.clock.now())


def test_a_reminder_whose_sender_died_goes_out_again(workspace: Workspace, run: str, fake_clock: FakeClock) -> None:
    """Promised in the journal, and nothing was heard of it: a process was killed in between."""
    fake_clock.sleep(3600 * 2 + 1)
    data = {"what": "escalation", "number": 1, "to": "boss", "says": "nobody has answered"}
    workspace.journal.append(run, EventKind.REMINDED, step="gate", data=data)
    tasks.remind(workspace)
    assert reminded(workspace, run).count(("escalation", 1)) == 1

    fake_clock.sleep(11 * 60)
    tasks.remind(workspace)
    tasks.remind(workspace)
    assert reminded(workspace, run).count(("escalation", 1)) == 2


def test_what_was_answered_is_no_task_any_more(workspace: Workspace, run: str) -> None:
    for person in ("olivia", "oscar"):
        approve(workspace, run, Ballot(step="gate", reason="fine", person=person))
    carried(workspace, run)

    (task,) = tasks.waiting_tasks(workspace)
    assert (task.step, task.duty, task.what, task.roles) == ("notices", Duty.TASK, "Put up the notices", ("dba",))


def test_case_53_an_expired_gate_takes_no_vote(workspace: Workspace, run: str, fake_clock: FakeClock) -> None:
    fake_clock.sleep(8 * 3600 + 1)

    with pytest.raises(WrongInput, match="expired at 2026-11-24 22:00 UTC: it is a no-go"):
        approve(workspace, run, Ballot(step="gate", reason="fine", person="olivia"))
    carried(workspace, run)
    assert not [task for task in tasks.waiting_tasks(workspace) if task.step == "gate"]


def test_a_run_that_needs_attention_waits_for_its_owner(workspace: Workspace, tmp_path: Path) -> None:
    write(tmp_path, "migrations/schema.sql", "CREATE TABLE nonsense (;\n")
    text = CLOCKS.replace("undo: migrations/drop.sql}", "undo: migrations/drop.sql}\n        if_it_fails: stop")
    write(tmp_path, "runbooks/go.yaml", text)
    run = prepared(workspace, "test")
    carried(workspace, run)

    (task,) = tasks.waiting_tasks(workspace)
    assert (task.run, task.step, task.duty, task.roles) == (run, "", Duty.ATTENTION, ("owner",))
    assert task.commands == (f"cutover status {run}",)
