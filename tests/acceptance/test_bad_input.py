"""Wrong input of every sort: a clear sentence, a next step, the right exit status, nothing half-done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.fixtures.shop import Shop

RUNBOOK = "runbooks/one_shot.yaml"


def refused(shop: Shop, *words: str, status: int) -> str:
    """Run it, expect that status, and give back what was said; a refusal always names the next step."""
    ran = shop.cutover(*words)
    said = ran.out + ran.err
    assert ran.status == status, said
    assert "Traceback" not in said
    return said


def test_unknown_key(shop: Shop) -> None:
    shop.edit(RUNBOOK, "owner: owner", "ownr: owner")

    said = refused(shop, "rehearse", RUNBOOK, "--env", "dev", status=2)
    assert "runbooks/one_shot.yaml:3" in said and "owner" in said


def test_wrong_type(shop: Shop) -> None:
    shop.edit("migrations/shop.yaml", "chunk_rows: 400", "chunk_rows: many")

    assert "migrations/shop.yaml:" in refused(shop, "lint", status=2)


def test_cycle(shop: Shop) -> None:
    shop.edit(
        RUNBOOK,
        "validate: {tables: [customer, order]}",
        "validate: {tables: [customer, order]}\n        after: [reconcile-all]",
    )

    said = refused(shop, "lint", status=2)
    assert "validate-all" in said and "reconcile-all" in said


def test_missing_undo_before_the_point_of_no_return(shop: Shop) -> None:
    shop.edit(RUNBOOK, ", undo: migrations/drop_schema.sql", "")

    assert "create-schema" in refused(shop, "rehearse", RUNBOOK, "--env", "dev", status=2)


def test_environment_without_database(shop: Shop) -> None:
    shop.edit("cutover.yaml", "      old: sqlite:///test/old.db\n", "")

    said = refused(shop, "rehearse", RUNBOOK, "--env", "test", status=2)
    assert "'old'" in said and "test" in said


def test_unknown_environment(shop: Shop) -> None:
    said = refused(shop, "rehearse", RUNBOOK, "--env", "prodction", status=2)
    assert "production" in said


def test_unreachable_database(shop: Shop) -> None:
    shop.edit("cutover.yaml", f":{shop.server.port}/{shop.databases['dev']}", f":1/{shop.databases['dev']}")

    said = refused(shop, "rehearse", RUNBOOK, "--env", "dev", status=3)
    assert "new" in said and "next:" in said
    assert shop.cutover("status", "--json").json["runs"] == []


def test_case_58_a_wrong_password_is_said_and_never_shown(shop: Shop) -> None:
    shop.environ["SHOP_PASSWORD"] = "canary-7f3a91"  # type: ignore[index]

    said = refused(shop, "rehearse", RUNBOOK, "--env", "dev", status=3)
    assert "password" in said
    assert "canary-7f3a91" not in said
    kept = b"".join(path.read_bytes() for path in shop.root.rglob("*") if path.is_file())
    assert b"canary-7f3a91" not in kept


def test_case_58_the_right_password_is_nowhere_either(shop: Shop) -> None:
    ran = shop.cutover("rehearse", RUNBOOK, "--env", "dev")
    shop.cutover("report", "dev-1")

    kept = b"".join(path.read_bytes() for path in shop.root.rglob("*") if path.is_file())
    assert ran.status == 0
    assert shop.server.password.encode() not in kept
    assert shop.server.password not in ran.out + ran.err


def test_unknown_table(shop: Shop) -> None:
    shop.edit("migrations/shop.yaml", "source: orders", "source: ordrs")

    said = refused(shop, "rehearse", RUNBOOK, "--env", "dev", status=8)
    assert "ordrs" in said


def test_unknown_column(shop: Shop) -> None:
    shop.edit("migrations/shop.yaml", "placed_on: placed", "placed_on: plced")

    said = refused(shop, "rehearse", RUNBOOK, "--env", "dev", status=8)
    assert "plced" in said


def test_a_validator_that_does_not_import(shop: Shop) -> None:
    shop.edit("validators/shop.py", "import polars as pl", "import polarrs as pl")

    said = refused(shop, "rehearse", RUNBOOK, "--env", "dev", status=2)
    assert "shop.py" in said and "polarrs" in said


def test_resume_of_a_finished_run(shop: Shop) -> None:
    shop.cutover("rehearse", RUNBOOK, "--env", "dev")

    assert "dev-1" in refused(shop, "resume", "dev-1", status=2)


def test_unknown_run(shop: Shop) -> None:
    assert "dev-9" in refused(shop, "status", "dev-9", status=2)


def test_second_run_in_the_same_environment(shop: Shop) -> None:
    """Another run waits at its gate: the environment is taken, and the sentence says by whom."""
    shop.rehearse_all()
    shop.cutover("go-live", RUNBOOK, "--env", "production")

    said = refused(shop, "go-live", RUNBOOK, "--env", "production", status=6)
    assert "production-1" in said


def test_second_run_while_the_first_is_at_work(shop: Shop) -> None:
    first = subprocess.Popen(
        [sys.executable, "-m", "cutover", "rehearse", RUNBOOK, "--env", "dev"],
        cwd=shop.root,
        env=dict(shop.environ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            runs = shop.cutover("status", "--json").json["runs"]
            if runs and runs[0]["status"] == "running":
                break
        os.kill(first.pid, signal.SIGSTOP)
        said = refused(shop, "rehearse", RUNBOOK, "--env", "dev", status=6)
    finally:
        os.kill(first.pid, signal.SIGCONT)
        first.wait(60)

    assert "dev-1" in said


def test_a_rehearsal_in_a_live_environment(shop: Shop) -> None:
    assert "go-live" in refused(shop, "rehearse", RUNBOOK, "--env", "production", status=2)


def test_going_live_in_a_rehearsal_environment(shop: Shop) -> None:
    assert "rehearse" in refused(shop, "go-live", RUNBOOK, "--env", "dev", status=2)


def test_resume_after_the_runbook_changed(shop: Shop) -> None:
    shop.rehearse_all()
    shop.cutover("go-live", RUNBOOK, "--env", "production")
    shop.edit(RUNBOOK, "May the shop go live?", "May the shop go live today?")

    said = refused(shop, "resume", "production-1", status=2)
    assert RUNBOOK in said


def test_a_vote_by_somebody_without_the_role(shop: Shop) -> None:
    shop.rehearse_all()
    shop.cutover("go-live", RUNBOOK, "--env", "production")

    said = refused(shop, "approve", "production-1", "go-no-go", "--go", "--reason", "yes", "--as", "mallory", status=2)
    assert "mallory" in said


def test_case_53_a_second_vote_by_the_same_person(shop: Shop) -> None:
    shop.edit(RUNBOOK, "approve: {by: [owner]", "approve: {by: [owner], needs: 2")
    shop.rehearse_all()
    shop.cutover("go-live", RUNBOOK, "--env", "production")
    vote = ("approve", "production-1", "go-no-go", "--go", "--reason", "yes", "--as", "olivia")
    assert shop.cutover(*vote).status == 0

    assert "olivia" in refused(shop, *vote, status=2)


@pytest.mark.parametrize("words", [("rehearse", "runbooks/nope.yaml", "--env", "dev"), ("read", "runbooks/nope.yaml")])
def test_a_runbook_that_is_not_there(shop: Shop, words: tuple[str, ...]) -> None:
    assert "nope.yaml" in refused(shop, *words, status=2)


def test_outside_a_project(shop: Shop, tmp_path: object) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "cutover", "lint"],
        cwd=str(tmp_path),
        env=dict(shop.environ),
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 2
    assert "cutover.yaml" in ran.stderr and "cutover init" in ran.stderr


def test_errors_are_json_when_json_is_asked_for(shop: Shop) -> None:
    error = shop.cutover("go-live", RUNBOOK, "--env", "production", "--json").json["error"]

    assert error["exit_status"] == 4 and error["hint"]


def test_a_vote_that_says_neither_go_nor_no_go_is_none(shop: Shop) -> None:
    shop.rehearse_all()
    shop.cutover("go-live", RUNBOOK, "--env", "production")

    said = refused(shop, "approve", "production-1", "go-no-go", "--reason", "totals agree", "--as", "olivia", status=2)

    assert "--go or --no-go" in said
    assert shop.cutover("status", "production-1", "--json").json["steps"][7]["votes"] == []
