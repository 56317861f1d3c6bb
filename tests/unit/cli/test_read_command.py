"""What `cutover read` prints, as it is written and as it is in an environment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cutover.cli.main import run
from cutover.cli.options import Server
from tests.unit.app.small import PROJECT, RUNBOOK, STEPS, small, write


def no_server() -> Server:
    raise AssertionError("reading needs no server")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    small(tmp_path)
    head = "owner: owner\nvariables: {site: {default: berlin}}\noverrides: {production: {gate: {approve: {needs: 3}}}}"
    write(tmp_path, str(RUNBOOK), STEPS.replace("owner: owner", head).replace('"Go?"', '"Go to {site}?"'))
    write(tmp_path, "cutover.yaml", PROJECT.replace("  dev:\n", "  dev:\n    variables: {site: leipzig}\n"))
    return tmp_path


def said(root: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    status = run(["--project", str(root), "read", str(root / RUNBOOK), *words], server=no_server)
    captured = capsys.readouterr()
    return status, captured.out + captured.err


def test_as_it_is_written(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, lines = said(root, capsys)

    assert status == 0 and "{site} stands for 'berlin'." in lines and "Go to berlin?" in lines


def test_as_it_is_in_an_environment(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "In dev {site} stands for 'leipzig'." in said(root, capsys, "--env", "dev")[1]
    status, text = said(root, capsys, "--env", "production", "--json")
    told = json.loads(text)

    assert status == 0 and told["environment"] == "production"
    assert "In production gate has approve.needs 3 instead of 2." in told["sentences"]


def test_an_environment_that_is_not_there(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, lines = said(root, capsys, "--env", "prod")

    assert status == 2 and "environment 'prod' is not in cutover.yaml" in lines
