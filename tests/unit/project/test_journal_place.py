"""`journal:` of `cutover.yaml`: a file, or a schema on a server; and no secret in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover.model.project import DatabaseRef, JournalServer, Project
from cutover.project.loading_project import load_project
from cutover.project.problems import WrongFile
from cutover.redact import redact
from tests.unit.project.made_up import write

REST = "environments:\n  dev:\n    databases: {old: 'sqlite:///old.db'}\n"


def loaded(root: Path, journal: str) -> Project:
    write(root, "cutover.yaml", f"project: p\njournal: {journal}\n{REST}")
    return load_project(root, {})


@pytest.mark.parametrize("text", ["night/journal.db", "{path: night/journal.db}"])
def test_a_path_is_a_file_of_sqlite(tmp_path: Path, text: str) -> None:
    project = loaded(tmp_path, text)

    assert (project.journal, project.journal_server) == (tmp_path / "night/journal.db", None)


@pytest.mark.parametrize(
    ("text", "url", "password", "schema"),
    [
        ("postgresql+psycopg://ana@db1/team", "postgresql+psycopg://ana@db1/team", None, "cutover_journal"),
        ("env:JOURNAL_URL", "env:JOURNAL_URL", None, "cutover_journal"),
        ("{url: 'postgresql://ana@db1/t', password: 'env:PW'}", "postgresql://ana@db1/t", "env:PW", "cutover_journal"),
        ("{url: 'file:secrets/url', schema: journal_of_shop}", "file:secrets/url", None, "journal_of_shop"),
    ],
)  # fmt: skip
def test_a_url_is_a_server(tmp_path: Path, text: str, url: str, password: str | None, schema: str) -> None:
    project = loaded(tmp_path, text)

    database = DatabaseRef(name="journal", url=url, password=password)
    assert project.journal_server == JournalServer(database=database, schema=schema)
    assert project.journal == tmp_path / ".cutover/journal"  # its mirror: `.cutover/journal.jsonl`


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("postgresql://ana:canary-1-pw@db1/team", "has a password in it"),
        ("{url: 'postgresql://db1/team?password=canary-2-pw'}", "has a password in it"),
        ("{url: 'postgresql://ana@db1/team', password: canary-3-pw}", "never the password itself"),
        ("'postgresql://ana:canary-4 pw@db1/team'", "must be a URL"),
        ("sqlite:///journal.db", "must be one of PostgreSQL"),
        ("mysql://ana@db1/team", "must be one of PostgreSQL"),
        ("{path: a.db, url: 'env:X'}", "either 'path' .* or 'url'"),
        ("{schema: a}", "either 'path' .* or 'url'"),
        ("{path: a.db, password: 'env:X'}", "neither 'password' nor 'schema'"),
        ("{path: a.db, schema: a}", "neither 'password' nor 'schema'"),
        ("{url: 'env:X', schema: pg_mine}", "small letters"),
        ("{url: 'env:X', schema: 'a; DROP SCHEMA b'}", "small letters"),
        ("{url: 'env:X', schema: Team}", "small letters"),
        ("{url: 'env:X', shema: a}", "shema"),
        ("[]", "journal"),
    ],
)
def test_what_is_wrong_is_refused_and_no_secret_shown(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(WrongFile, match=says) as refused:
        loaded(tmp_path, text)

    assert "cutover.yaml:2" in str(refused.value)
    assert "canary" not in str(refused.value)
    assert "canary" not in redact(text) or "canary-2" in text
