"""What `cutover lint` and `cutover init` print, in numbers that agree with their nouns."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover.cli.main import run
from cutover.cli.options import Server
from tests.unit.app.small import edit, small


def no_server() -> Server:
    raise AssertionError("lint needs no server")


def linted(root: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    status = run(["--project", str(root), "lint"], server=no_server)
    return status, capsys.readouterr().out.splitlines()[-1]


def test_nothing_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small(tmp_path)

    assert linted(tmp_path, capsys) == (0, "nothing wrong")


def test_one_error_is_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(small(tmp_path), "migrations/small.yaml", "source: items", "source: items\n    chunk_rows: none")

    assert linted(tmp_path, capsys) == (2, "1 error, 0 warnings")


def test_init_counts_what_it_wrote(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", str(tmp_path / "new")], server=no_server) == 0
    assert capsys.readouterr().out.startswith("wrote 1")


def test_init_empty_says_what_to_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "--empty", str(tmp_path / "new")], server=no_server) == 0

    said = capsys.readouterr().out
    assert said.startswith("wrote 9 files into")
    assert said.splitlines()[-1].endswith("cutover lint && cutover read runbooks/go.yaml")
    assert (tmp_path / "new" / "runbooks" / "go.yaml").is_file()
