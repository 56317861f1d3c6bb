"""The quickstart, carried out: its files written, its commands typed, its output compared, line by line."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fixtures.forked import Forker
from tests.fixtures.postgres import Server

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "quickstart.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"(?:#|--) (?P<path>\S+\.\w+)(?P<appended>, at the end)?\n")
STATUS = re.compile(r"# status (\d)$")
COMMANDS = 14  # of `cutover` on the page: none may drop out unnoticed
LEFT_OUT = "…"
#: In PostgreSQL rights and comments have fingerprints, too (docs/proof.md).
IN_POSTGRESQL = re.compile(r"\b7(?= fingerprints are)|(?<=fingerprints of the world before: )7|(?<=world after: )7")
#: What differs from run to run: how long it took, the size of a backup, a digest.
VARYING = re.compile(r"\b(?:\d+(?:\.\d+)? (?:s|ms|kB)|[0-9a-f]{12})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """A command of the page with what the page says that it prints."""

    line: str
    status: int
    shown: Sequence[str]

    @property
    def words(self) -> list[str]:
        return shlex.split(self.line, comments=True)


@dataclass(slots=True, kw_only=True)
class Reader:
    """Somebody who does what the page says, in a folder of their own."""

    folder: Path
    environ: Mapping[str, str]
    forker: Forker
    new: str = ""  # URL of the new databases, with `ENVIRONMENT` in it; "" for what the page says

    def follow(self, page: str) -> int:
        """Carry out every block in the order of the page; the number of commands of `cutover`."""
        count = 0
        for language, body in BLOCK.findall(page):
            if language == "console":
                for typed in commands(body):
                    self.type(typed)
                    count += typed.words[0] == "cutover"
            elif named := NAMED.match(body):
                self.write(named["path"], body, appended=named["appended"] is not None)
        return count

    def write(self, path: str, body: str, *, appended: bool) -> None:
        file = self.folder / path
        if path == "cutover.yaml" and self.new:
            body, changed = re.subn(r"new: sqlite:///(\w+)/new\.db", lambda found: self._database(found[1]), body)
            assert changed == 2
        before = file.read_text(encoding="utf-8") if appended else ""
        file.write_text(before + body, encoding="utf-8")

    def type(self, typed: Typed) -> None:
        words = typed.words
        if words[0] == "cd":
            self.folder /= words[1]
            return
        status, printed = self._cutover(words[1:]) if words[0] == "cutover" else self._shell(typed.line)

        assert status == typed.status, f"{typed.line}\n{printed}"
        assert unlike(typed.shown, printed) == [], f"{typed.line}\n{printed}"

    def _cutover(self, words: Sequence[str]) -> tuple[int, str]:
        ended = self.forker.run(words, cwd=self.folder, environ=self.environ)
        return ended.status, ended.out + ended.err

    def _shell(self, line: str) -> tuple[int, str]:
        ended = subprocess.run(
            ["/bin/sh", "-c", line], cwd=self.folder, env=self.environ, text=True, capture_output=True, check=False
        )
        return ended.returncode, ended.stdout + ended.stderr

    def _database(self, environment: str) -> str:
        return f'new: {{url: "{self.new.replace("ENVIRONMENT", environment)}", password: "env:LIBRARY_PASSWORD"}}'


def commands(body: str) -> Iterator[Typed]:
    """The commands of a block: a line that begins with `$`, and what is shown below it."""
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        line, *shown = part.rstrip("\n").split("\n")
        status = STATUS.search(line)
        yield Typed(line=line, status=int(status[1]) if status else 0, shown=shown)


def unlike(shown: Sequence[str], printed: str) -> list[str]:
    """The lines that the page shows and the command did not print, in this order; `…` stands for any text."""
    there = iter([plain(line) for line in printed.splitlines()])
    missing = []
    for line in shown:
        if line.strip() == LEFT_OUT:
            continue
        wanted = plain(line)
        begun = wanted.removesuffix(f" {LEFT_OUT}") if wanted.endswith(f" {LEFT_OUT}") else ""
        if not any(said == wanted or (begun and said.startswith(begun)) for said in there):
            missing.append(line)
            there = iter([])
    return missing


def plain(line: str) -> str:
    """A line without what differs from run to run."""
    return " ".join(VARYING.sub("#", line).split())


@pytest.fixture
def environ() -> dict[str, str]:
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": programs, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "NO_COLOR": "1"}


def test_the_quickstart_as_it_stands(tmp_path: Path, forker: Forker, environ: dict[str, str]) -> None:
    reader = Reader(folder=tmp_path, environ=environ, forker=forker)

    assert reader.follow(PAGE) == COMMANDS


def test_the_quickstart_into_postgresql(
    tmp_path: Path, forker: Forker, environ: dict[str, str], postgres: Server
) -> None:
    for environment in ("test", "production"):
        postgres.create(f"library_{environment}")
    environ["LIBRARY_PASSWORD"] = postgres.password
    reader = Reader(folder=tmp_path, environ=environ, forker=forker)
    reader.new = postgres.url_without_password("library_ENVIRONMENT")
    page, more = IN_POSTGRESQL.subn("9", PAGE)

    try:
        assert more
        assert reader.follow(page) == COMMANDS
    finally:
        for environment in ("test", "production"):
            postgres.drop(f"library_{environment}")


def test_a_line_that_is_not_printed_is_noticed() -> None:
    printed = "  ✓ copy-all   0.3 s  599 rows\nrolled back\nCUT-410: closed: because\n"

    assert unlike(["  ✓ copy-all          0.0 s  599 rows", "…", "CUT-410: closed: …"], printed) == []
    assert unlike(["  ✓ copy-all          0.0 s  598 rows"], printed) == ["  ✓ copy-all          0.0 s  598 rows"]
    assert unlike(["rolled back", "  ✓ copy-all   0.3 s  599 rows"], printed) == ["  ✓ copy-all   0.3 s  599 rows"]
