"""Runs as Prefect shows them, through the command line: flow runs, task runs, their lines, artifacts, the dead."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from cutover.flow import server, settings
from tests.fixtures.prefect import LEAN, PrefectServer, fill_home, free_port
from tests.fixtures.shop import Ran, Shop

pytestmark = [pytest.mark.prefect, pytest.mark.xdist_group("prefect")]

RUNBOOK = "runbooks/one_shot.yaml"
FORWARD = [
    *("source-ready", "create-schema", "back-up-old", "prove-backup", "copy-all", "validate-all", "reconcile-all"),
    *("go-no-go", "switch-to-new", "smoke-test"),
]
BACK = ["switch-to-new", "copy-all", "prove-backup", "create-schema"]

#: What `python flows/rehearse.py` would do for a worker, without waiting for one: the flow of the file, called.
CALL_THE_FLOW = """
import importlib.util, os, sys
spec = importlib.util.spec_from_file_location("rehearse", "flows/rehearse.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
state = module.rehearse("runbooks/one_shot.yaml", "test", project=os.getcwd(), return_state=True)
print(state.name)
"""


def with_prefect(shop: Shop, use: str) -> Shop:
    """The same shop, shown in a Prefect server of its own."""
    shop.edit("cutover.yaml", 'prefect: {use: "off"}', f"prefect: {{use: {use}, port: {free_port()}}}")
    shop.environ.update(LEAN)  # type: ignore[attr-defined]
    return shop


@dataclass(frozen=True, slots=True)
class Night:
    """Three runs on one server: a drill, a rehearsal that was killed and resumed, one that a flow's file began."""

    shop: Shop
    prefect: PrefectServer
    drill: Ran
    killed: Ran
    resumed: Ran
    called: subprocess.CompletedProcess[str]

    def report(self, run: str) -> Any:
        """The report of a run as data."""
        return self.shop.cutover("report", run, "--json").json

    def found(self, what: str, flow_run: str) -> list[dict[str, Any]]:
        """Artifacts or logs of a flow run."""
        return list(self.prefect.post(f"/{what}/filter", {what: {"flow_run_id": {"any_": [flow_run]}}}))


@pytest.fixture(scope="module")
def night(make_shop: Callable[[], Shop]) -> Iterator[Night]:
    shop = with_prefect(make_shop(), "required")
    state = shop.root / ".cutover"
    fill_home(state)
    try:
        drill = shop.cutover("rehearse", RUNBOOK, "--env", "test", "--drill")
        killed = shop.cutover("rehearse", RUNBOOK, "--env", "dev", kill_at="validate.table_done")
        resumed = shop.cutover("resume", "dev-1")
        url = server.server_url(state)
        assert url is not None, drill.out + drill.err
        called = subprocess.run(
            [sys.executable, "-c", CALL_THE_FLOW],
            cwd=shop.root,
            env={**shop.environ, **settings.client_environment(url, server.home_of(state))},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        yield Night(shop, PrefectServer(state, 0, url), drill, killed, resumed, called)
    finally:
        server.stop_server(state)


def test_a_rehearsal_is_a_flow_run_with_its_name_and_tags(night: Night) -> None:
    (shown,) = night.prefect.flow_runs("test-1")

    assert shown["name"] == "Shop in one shot · test · rehearsal #1"
    assert sorted(shown["tags"]) == ["attempt:1", "env:test", "rehearsal", "run:test-1"]


def test_every_attempt_at_a_step_is_a_task_run(night: Night) -> None:
    (shown,) = night.prefect.flow_runs("test-1")

    tasks = night.prefect.task_runs(shown["id"])
    assert set(tasks) == {*(f"{step} #1" for step in FORWARD), *(f"undo {step}" for step in BACK)}
    assert {kind for kind, _, _ in tasks.values()} == {"COMPLETED"}


def test_a_drill_ends_green_as_rolled_back(night: Night) -> None:
    (shown,) = night.prefect.flow_runs("test-1")

    assert night.drill.status == 0, night.drill.out + night.drill.err
    assert (shown["state_type"], shown["state_name"]) == ("COMPLETED", "RolledBack")
    assert "fingerprints are as before" in shown["state"]["message"]


def test_lines_stand_under_their_step(night: Night) -> None:
    (shown,) = night.prefect.flow_runs("test-1")
    tasks = night.prefect.post("/task_runs/filter", {"flow_runs": {"id": {"any_": [shown["id"]]}}})
    names = {task["id"]: task["name"] for task in tasks}

    lines = {(names.get(line["task_run_id"], ""), line["message"]) for line in night.found("logs", shown["id"])}
    assert ("source-ready #1", "customers: 300") in lines
    assert ("undo copy-all", "order: 1,995 rows deleted") in lines
    assert any(step == "reconcile-all #1" and "0 findings" in said for step, said in lines)


def test_plan_decision_validation_and_reconciliation_are_artifacts(night: Night) -> None:
    (shown,) = night.prefect.flow_runs("test-1")

    artifacts = {artifact["key"]: artifact["data"] for artifact in night.found("artifacts", shown["id"])}
    assert "11 steps in `test`" in artifacts["plan"]
    assert "simulated" in artifacts["gate-go-no-go"]
    assert [row["table"] for row in json.loads(artifacts["validate-all-tables"])] == ["customer", "order"]
    assert [row["missing"] for row in json.loads(artifacts["reconcile-all-tables"])] == ["0", "0"]


def test_the_flow_run_of_a_killed_attempt_is_marked_as_crashed(night: Night) -> None:
    first, second = night.prefect.flow_runs("dev-1")

    assert (night.killed.status, night.resumed.status) == (-9, 0), night.resumed.out + night.resumed.err
    assert first["state_type"] == "CRASHED" and "killed" in first["state"]["message"]
    assert (second["name"], second["state_type"]) == ("Shop in one shot · dev · rehearsal #2", "COMPLETED")


def test_the_next_attempt_shows_what_was_done_before_and_goes_on(night: Night) -> None:
    _, second = night.prefect.flow_runs("dev-1")

    tasks = night.prefect.task_runs(second["id"])
    before = [name for name, (_, state, _) in tasks.items() if state == "AlreadyDone"]
    assert sorted(before) == sorted(FORWARD[: FORWARD.index("validate-all")])
    assert tasks["validate-all #2"][:2] == tasks["smoke-test #1"][:2] == ("COMPLETED", "Completed")


@pytest.mark.parametrize(("run", "last"), [("test-1", 0), ("dev-1", 1), ("test-2", 0)])
def test_the_report_names_the_flow_run(night: Night, run: str, last: int) -> None:
    told = night.report(run)["prefect"]

    shown = night.prefect.flow_runs(run)[last]
    assert told["runs"][-1]["flow_run_id"] == shown["id"]
    assert told["runs"][-1]["url"].endswith(shown["id"])


def test_a_flow_that_prefect_starts_makes_a_run_and_names_its_flow_run(night: Night) -> None:
    assert night.called.stdout.endswith("Completed\n"), night.called.stdout + night.called.stderr

    (shown,) = night.prefect.flow_runs("test-2")
    assert shown["name"] == "Shop in one shot · test · rehearsal #1"
    assert (shown["state_type"], shown["state_name"]) == ("COMPLETED", "Completed")
    assert night.report("test-2")["status"] == "completed"


def test_case_58_no_password_in_anything_that_prefect_keeps(night: Night) -> None:
    kept = {file: file.read_bytes() for file in server.home_of(night.prefect.state).rglob("*") if file.is_file()}

    assert any(b"source-ready" in content for content in kept.values())
    assert [str(file) for file, content in kept.items() if night.shop.server.password.encode() in content] == []


def test_the_page_can_be_had_and_the_server_stopped(make_shop: Callable[[], Shop]) -> None:
    shop = with_prefect(make_shop(), "best-effort")
    state = shop.root / ".cutover"
    fill_home(state)
    try:
        opened = shop.cutover("ui", "--no-browser")
        assert opened.out.startswith("http://127.0.0.1:") and opened.out.endswith("/runs\n"), opened.err
        assert shop.cutover("ui", "--no-browser", "--json").json == {"url": opened.out.strip()}

        assert shop.cutover("ui", "--stop").out == "stopped the Prefect server\n"
        assert server.server_url(state) is None
        assert shop.cutover("ui", "--stop", "--json").json == {"stopped": False}
    finally:
        server.stop_server(state)


def unusable(shop: Shop) -> None:
    """A file where the server wants its folder."""
    (shop.root / ".cutover").mkdir()
    (shop.root / ".cutover" / "prefect").write_text("in the way")


def test_without_a_server_that_is_required_nothing_happens(make_shop: Callable[[], Shop]) -> None:
    shop = with_prefect(make_shop(), "required")
    unusable(shop)

    ran = shop.cutover("rehearse", RUNBOOK, "--env", "dev")

    assert ran.status == 2, ran.out + ran.err
    assert "CUT-160" in ran.err and "best-effort" in ran.err
    assert shop.new("dev", "SELECT to_regclass('customer') IS NULL") == [(True,)]
    status = shop.cutover("status", "dev-1", "--json").json
    assert {step["status"] for step in status["steps"]} == {"waiting"}

    (shop.root / ".cutover" / "prefect").unlink()
    shop.edit("cutover.yaml", "use: required", 'use: "off"')
    assert shop.cutover("resume", "dev-1").status == 0


def test_without_a_server_best_effort_goes_on_and_says_so(make_shop: Callable[[], Shop]) -> None:
    shop = with_prefect(make_shop(), "best-effort")
    unusable(shop)

    ran = shop.cutover("rehearse", RUNBOOK, "--env", "dev")

    assert ran.status == 0, ran.out + ran.err
    told = shop.cutover("report", "dev-1", "--json").json["prefect"]
    assert [shown["complete"] for shown in told["runs"]] == [False]
    assert "no prefect record" in json.dumps(told)
