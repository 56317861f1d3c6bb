"""What this project says of its own sources, checked: sizes, words, docstrings."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST_FILE, LONGEST_FUNCTION = 400, 50

#: Spelt in two parts, so that this file does not find itself.
NOTES_TO_SELF = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]) + r")\b")
DUMPING_GROUNDS = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}


def tracked(*endings: str) -> list[Path]:
    """The files of the repository (tracked or about to be), without what is ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = [ROOT / line for line in listed.stdout.splitlines() if line.endswith(endings)]
    return [path for path in found if path.is_file()]


def relative(paths: list[Path]) -> list[str]:
    return [path.relative_to(ROOT).as_posix() for path in paths]


PYTHON = relative(tracked(".py"))
INSTALLED = [path for path in PYTHON if path.startswith("cutover/")]


def functions(path: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end, without the docstring."""
    assert function.end_lineno is not None
    lines = function.end_lineno - function.lineno + 1
    first = function.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        assert first.end_lineno is not None
        lines -= first.end_lineno - first.lineno + 1
    return lines


def test_there_are_sources_to_look_at() -> None:
    assert len(INSTALLED) > 30


@pytest.mark.parametrize("path", PYTHON)
def test_no_file_is_longer_than_a_person_reads(path: str) -> None:
    assert len((ROOT / path).read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("path", PYTHON)
def test_no_function_is_longer_than_a_screen(path: str) -> None:
    long = [f"{function.name}: {code_lines(function)}" for function in functions(path)]
    assert [said for said in long if int(said.rsplit(" ", 1)[1]) > LONGEST_FUNCTION] == []


@pytest.mark.parametrize("path", INSTALLED)
def test_every_module_says_what_it_is(path: str) -> None:
    said = ast.get_docstring(ast.parse((ROOT / path).read_text(encoding="utf-8")))
    assert said and len(said) > 15


def test_nobody_left_notes_to_self() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked(".py", ".md", ".yaml", ".sql", ".toml", ".j2", ".css", ".js", "Makefile")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if NOTES_TO_SELF.search(line)
    ]
    assert found == []


def test_no_module_is_a_dumping_ground() -> None:
    assert [path for path in PYTHON if {*Path(path).with_suffix("").parts} & DUMPING_GROUNDS] == []


def test_only_dialects_ask_for_a_dialect() -> None:
    """A new database is one new file in `dataplane/dialects/`."""
    asks = re.compile(r"(dialect(\.name)?|drivername|backend_name)\s*(==|!=|in\b)\s*[\[\(\"']")
    found = [
        f"{path}:{number}"
        for path in INSTALLED
        if not path.startswith("cutover/dataplane/dialects/")
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), start=1)
        if asks.search(line)
    ]
    assert found == []
