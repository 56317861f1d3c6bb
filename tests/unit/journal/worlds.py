"""Journals as an outsider sees them: the file by plain sqlite3, and other processes that use it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[3]

BEGIN = """
import os, sys, time
from pathlib import Path
from cutover.clock import SystemClock
from cutover.journal.store import SqlJournal
from cutover.model.status import EventKind
def opened():
    place = Path(sys.argv[1])
    if "JOURNAL_URL" in os.environ:
        from cutover.journal.postgresql_database import PostgresqlDatabase
        from cutover.redact import Secret
        url = Secret(os.environ["JOURNAL_URL"])
        place = PostgresqlDatabase(url, schema_name="cutover_journal", mirror=place, project="shop")
    return SqlJournal(place, clock=SystemClock())
"""


def by_hand(path: Path, *statements: str) -> list[tuple[Any, ...]]:
    """Statements as somebody with the `sqlite3` program would enter them; the rows of the last one."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            found = connection.execute(statement).fetchall()
    return found


def process(path: Path, code: str, *, environ: dict[str, str] | None = None, **more: Any) -> subprocess.Popen[str]:
    """
    Another process that runs `code` with the journal's path as its argument.

    With JOURNAL_URL in `environ` the journal is there, and the path is that of the mirror.
    """
    return subprocess.Popen(
        [sys.executable, "-c", BEGIN + textwrap.dedent(code), str(path)],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **(environ or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


def ended(started: subprocess.Popen[str]) -> tuple[int, str]:
    """Its exit status and what it printed; a failing process shows why."""
    out, err = started.communicate(timeout=60)
    assert started.returncode <= 0, err
    return started.returncode, out.strip()


def run_process(path: Path, code: str, **more: Any) -> tuple[int, str]:
    """Another process, to its end."""
    return ended(process(path, code, **more))


def line_from(started: subprocess.Popen[str]) -> str:
    """The next line that the process prints."""
    assert started.stdout is not None
    return started.stdout.readline().strip()
