"""What changed since the last rehearsal, and who wrote it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cutover.app.authorship import Since, authors, since_last
from cutover.model.people import Contact
from cutover.model.project import Project
from cutover.model.rehearsal import Rehearsal
from cutover.model.status import RunStatus
from cutover.project import Digests

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOW = Digests(
    raw="r2",
    semantic="s2",
    files={"a.sql": ("raw1", "same"), "b.sql": ("raw2", "same"), "c.sql": ("raw2", "other"), "new.sql": ("x", "x")},
)
STEPS = {"one": "d1", "two": "d2", "new": "d3"}


def rehearsal(run: str, hours: float, runbook: str = "go") -> Rehearsal:
    return Rehearsal(
        run=run,
        runbook=runbook,
        environment="test",
        started=NOON + timedelta(hours=hours),
        ended=NOON + timedelta(hours=hours + 1),
        status=RunStatus.COMPLETED,
        semantic="s1",
        raw="r1",
        files={"a.sql": ("raw1", "same"), "b.sql": ("raw1", "same"), "c.sql": ("raw1", "one"), "gone.sql": ("y", "y")},
        steps={"one": "d1", "two": "before", "gone": "d4"},
    )


def test_the_last_rehearsal_of_the_runbook_is_compared() -> None:
    found = since_last("go", NOW, STEPS, [rehearsal("test-2", 5), rehearsal("test-1", 0), rehearsal("x", 9, "other")])

    assert found.rehearsal == "test-2"
    assert found.files == ("c.sql", "gone.sql", "new.sql")
    assert found.layout == ("b.sql",)
    assert set(found.steps) == {"two", "gone", "new"}


def test_without_a_rehearsal_everything_is_new() -> None:
    found = since_last("go", NOW, STEPS, [])

    assert (found.rehearsal, found.files) == ("", tuple(NOW.files))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A project in a folder of a git repository, with nothing committed yet."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "shop").mkdir()
    return tmp_path / "shop"


@pytest.fixture
def commit(checkout: Path) -> Callable[..., None]:
    def made(who: str, hours: float, **files: str) -> None:
        for name, text in files.items():
            (checkout / f"{name}.sql").write_text(text)
        when = (NOON + timedelta(hours=hours)).isoformat()
        names = {f"GIT_{part}_{field}": value for part in ("AUTHOR", "COMMITTER") for field, value in (
            ("NAME", f"{who.title()} Miller"), ("EMAIL", f"{who}@example.org"), ("DATE", when),
        )}  # fmt: skip
        for words in (["add", "-A"], ["commit", "-q", "-m", "change"]):
            subprocess.run(["git", "-C", str(checkout), *words], check=True, env={**os.environ, **names})

    return made


def project(root: Path, **more: object) -> Project:
    state = root / ".cutover"
    return replace(Project(name="shop", root=root, environments={}, journal=state / "j.db", state=state), **more)


def test_those_who_committed_since_then_wrote_it(checkout: Path, commit: Callable[..., None]) -> None:
    commit("ana", -5, a="1", b="1")
    commit("dan", 5, a="2")
    commit("eve", 6, b="2")
    since = Since(rehearsal="test-1", began=NOON, files=("a.sql",), layout=("b.sql",))

    assert authors(project(checkout), since) == [
        {"person": "eve", "name": "Eve Miller", "mail": "eve@example.org", "files": ["b.sql"]},
        {"person": "dan", "name": "Dan Miller", "mail": "dan@example.org", "files": ["a.sql"]},
    ]


def test_a_file_that_was_committed_before_and_not_rehearsed_has_its_last_author(
    checkout: Path, commit: Callable[..., None]
) -> None:
    """A branch that was merged late: its commits are older than the rehearsal."""
    commit("ana", -5, a="1")
    (found,) = authors(project(checkout), Since(rehearsal="test-1", began=NOON, files=("a.sql",)))

    assert found["person"] == "ana"


def test_what_was_never_rehearsed_was_written_by_everybody_who_wrote_it(
    checkout: Path, commit: Callable[..., None]
) -> None:
    commit("ana", -5, a="1")
    commit("dan", -4, a="2")

    assert {one["person"] for one in authors(project(checkout), Since(files=("a.sql",)))} == {"ana", "dan"}


def test_a_contact_s_mail_says_who_it_is(checkout: Path, commit: Callable[..., None]) -> None:
    commit("ana.m", -5, a="1")
    known = project(checkout, contacts={"ana": Contact(person="ana", mail="Ana.M@example.org")})

    assert [one["person"] for one in authors(known, Since(files=("a.sql",)))] == ["ana"]


def test_what_is_not_committed_was_written_by_those_the_project_names(
    checkout: Path, commit: Callable[..., None]
) -> None:
    commit("ana", -5, a="1")
    (checkout / "a.sql").write_text("edited")
    named = project(checkout, author=("dan",))

    assert {one["person"] for one in authors(named, Since(files=("a.sql",)))} == {"ana", "dan"}


def test_outside_of_git_the_project_says_who_wrote_it(tmp_path: Path) -> None:
    named = project(tmp_path, author=("dan",))

    assert authors(named, Since(files=("a.sql",))) == [{"person": "dan", "name": "", "mail": "", "files": ["a.sql"]}]
    assert authors(project(tmp_path), Since(files=("a.sql",))) == []


def test_where_nothing_changed_nobody_wrote_anything(checkout: Path, commit: Callable[..., None]) -> None:
    commit("ana", 5, a="1")

    assert authors(project(checkout, author=("dan",)), Since(rehearsal="test-1", began=NOON)) == []
