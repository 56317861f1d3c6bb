"""How the story is told: headings, sentences, tables, and commands that are run and must end as told."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

#: What the exit statuses mean that the story meets.
MEANS: Mapping[int, str] = {
    0: "done",
    4: "a gate is closed",
    5: "waiting for a person",
    8: "failed and rolled back",
}


class NotAsTold(Exception):
    """The world did something else than the story says. The demonstration fails loudly."""


class Teller:
    """Prints the story and runs its commands in the project's folder."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._out = Console(highlight=False, width=None if sys.stdout.isatty() else 110)
        self._began = time.monotonic()
        self._act = 0
        self._meanwhile: subprocess.Popen[bytes] | None = None

    def act(self, title: str) -> None:
        """Begin the next part."""
        self._act += 1
        self._out.print()
        self._out.rule(f"[bold cyan]{self._act} · {escape(title)}[/]  [dim]{self.seconds():.0f} s[/]", align="left")

    def say(self, text: str) -> None:
        """A sentence or two, with Rich markup."""
        self._out.print(text)

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A small table; numbers are aligned to the right."""
        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        for place, heading in enumerate(headings):
            numbers = all(row[place].replace(",", "").isdigit() for row in rows)
            table.add_column(heading, justify="right" if numbers else "left", overflow="fold")
        for row in rows:
            table.add_row(*(escape(cell) for cell in row))
        self._out.print(Padding(table, (0, 0, 0, 2)))

    def run(self, command: str, *, ends: int = 0) -> None:
        """Run `cutover …` for everybody to see; it must end with that exit status."""
        self._out.print(f"\n[bold green]$[/] [bold]{escape(command)}[/]")
        self._flush()
        # Nobody sits there: `cutover approve` would ask whoever watches.
        ended = subprocess.run(
            self._words(command), cwd=self._root, env=self._environment(), stdin=subprocess.DEVNULL, check=False
        )
        self._settle(command, ended.returncode, ends)

    def run_meanwhile(self, command: str) -> None:
        """Begin `cutover …` quietly while something else goes on; whatever needs it finds it or waits for it."""
        silent = subprocess.DEVNULL
        self._meanwhile = subprocess.Popen(
            self._words(command), cwd=self._root, env=self._environment(), stdin=silent, stdout=silent, stderr=silent
        )

    def ask(self, command: str) -> Any:
        """Run `cutover … --json` quietly and return its document."""
        words = [*self._words(command), "--json"]
        ended = subprocess.run(
            words, cwd=self._root, env=self._environment(), stdout=subprocess.PIPE, text=True, check=False
        )
        if ended.returncode != 0:
            raise NotAsTold(f"'{command} --json' ended with status {ended.returncode}")
        return json.loads(ended.stdout)

    def must(self, what: str, *, got: object, expected: object) -> None:
        """Check a fact and say it; raises NotAsTold when it is another one."""
        if got != expected:
            raise NotAsTold(f"{what}: got {got!r}, not {expected!r}")
        self._out.print(f"  [green]✓[/] {escape(what)}")

    def seconds(self) -> float:
        """Since the story began."""
        return time.monotonic() - self._began

    def _settle(self, command: str, status: int, expected: int) -> None:
        self._out.print(f"[dim]exit status {status}: {MEANS.get(status, 'not in this story')}[/]")
        if status != expected:
            raise NotAsTold(f"'{command}' ended with status {status}, not {expected} ({MEANS[expected]})")

    def _words(self, command: str) -> list[str]:
        name, *words = shlex.split(command)
        if name != "cutover":
            raise ValueError(f"the story runs 'cutover', not {name!r}")
        return [sys.executable, "-m", "cutover", *words]

    def _environment(self) -> dict[str, str]:
        colour = {"FORCE_COLOR": "1"} if sys.stdout.isatty() else {"COLUMNS": "110"}
        return {**os.environ, **colour}

    def _flush(self) -> None:
        self._out.file.flush()
