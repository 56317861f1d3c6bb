"""Which programs are used, and what is made of what they say."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from cutover.backup.refusals import ToolBusy, ToolFailed, ToolsMissing, ToolsTooOld
from cutover.backup.tools import Login, find_tools, run, stream_from
from cutover.redact import Secret


def install(folder: Path, version: str, *programs: str) -> Path:
    """Programs of that version, as far as they say."""
    folder.mkdir()
    for program in programs or ("pg_dump", "pg_restore"):
        (folder / program).write_text(f"#!/bin/sh\necho '{program} (PostgreSQL) {version}'\n")
        (folder / program).chmod(0o755)
    return folder


def saying(words: str, status: int) -> list[str]:
    return [sys.executable, "-c", f"import sys; sys.stderr.write({words!r}); sys.exit({status})"]


@pytest.mark.parametrize(
    ("tools", "server"), [("18.4", "18.4"), ("18.4 (Debian 18.4-1)", "16.2"), ("19beta1", "18.4"), ("10.23", "9.6.24")]
)
def test_programs_as_new_as_the_server_are_taken(tools: str, server: str, tmp_path: Path) -> None:
    folder = install(tmp_path / "bin", tools)

    assert find_tools(folder, server=server, name="new").command("pg_dump", "-x") == [f"{folder}/pg_dump", "-x"]


def test_programs_older_than_the_server_are_refused(tmp_path: Path) -> None:
    folder = install(tmp_path / "bin", "16.2")

    with pytest.raises(ToolsTooOld, match=r"pg_dump 16\.2 in '.*' is too old for database 'new': .* wants pg_dump 18"):
        find_tools(folder, server="18.4", name="new")


def test_one_program_without_the_other_is_none(tmp_path: Path) -> None:
    folder = install(tmp_path / "bin", "18.4", "pg_dump")

    with pytest.raises(ToolsMissing, match=r"pg_dump and pg_restore are not in '.*/bin'"):
        find_tools(folder, server="18.4", name="new")


def test_only_the_named_folder_is_looked_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{install(tmp_path / 'good', '18.4')}{os.pathsep}{os.environ['PATH']}")

    with pytest.raises(ToolsMissing):
        find_tools(tmp_path / "named", server="18.4", name="new")


def test_without_a_named_folder_the_path_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = install(tmp_path / "good", "99.1")
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    assert find_tools(None, server="18.4", name="new").folder == folder


def test_case_58_a_password_goes_into_the_child_and_into_no_text() -> None:
    login = Login(words="host=127.0.0.1", password=Secret("canary-3b8e"))

    assert login.environ()["PGPASSWORD"] == "canary-3b8e"
    assert "canary-3b8e" not in f"{login!r}{login}"
    assert "PGPASSWORD" not in Login(words="", password=None).environ().keys() - os.environ.keys()


def test_a_program_that_says_no_is_quoted() -> None:
    with pytest.raises(ToolFailed, match="ended with status 2: no such thing"):
        run(saying("no\n  such   thing\n", 2), os.environ)


def test_a_program_that_says_nothing_is_said_to() -> None:
    with pytest.raises(ToolFailed, match="ended with status 1: it said nothing"):
        run(saying("", 1), os.environ)


def test_only_the_end_of_a_long_speech_is_kept() -> None:
    with pytest.raises(ToolFailed) as told:
        run(saying("x" * 100_000 + " the end", 1), os.environ)

    assert str(told.value).endswith("the end")
    assert len(str(told.value)) < 2100


def test_case_58_a_secret_in_what_a_program_says_is_taken_out() -> None:
    Secret("canary-90aa")

    with pytest.raises(ToolFailed) as told:
        run(saying("password canary-90aa was refused", 1), os.environ)

    assert "canary-90aa" not in str(told.value)


@pytest.mark.parametrize(
    "words", ["server closed the connection unexpectedly", "Connection refused", "canceling due to lock timeout"]
)
def test_what_waiting_may_heal_is_tried_again(words: str) -> None:
    with pytest.raises(ToolBusy):
        run(saying(words, 1), os.environ)


def test_what_a_program_writes_is_handed_on_block_by_block() -> None:
    blocks: list[bytes] = []

    stream_from([sys.executable, "-c", "print('x' * 3_000_000, end='')"], os.environ, blocks.append)

    assert b"".join(blocks) == b"x" * 3_000_000
    assert len(blocks) > 1


def test_a_program_dies_with_whoever_takes_what_it_writes() -> None:
    def full(block: bytes) -> None:
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        stream_from(
            [sys.executable, "-c", "import itertools; [print('x' * 99) for _ in itertools.count()]"], os.environ, full
        )
