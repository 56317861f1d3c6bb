"""Digests: what is covered, what counts, and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover.content import digest_bytes
from cutover.errors import WrongInput
from cutover.project import digests, load_runbook, step_digests
from cutover.project.digesting import Digests, digests_of
from tests.unit.project.made_up import KINDS, PROJECT, project, runbook, runbook_text, write

FILES = {
    "migrations/schema.sql": "CREATE TABLE a (b text);\n",
    "migrations/code.py": "def make(x):\n    return x\n",
    "migrations/deep/more.sql": "SELECT 1;\n",
    "validators/a.py": "class A: ...\n",
    "elsewhere/undo.sql": "DROP TABLE a;\n",
}
RUNBOOK = runbook_text("a, change: {file: elsewhere/undo.sql}", "b, say: {words: no}")


def taken(root: Path, **changes: str) -> Digests:
    """The digests of the project with some of its files changed: path -> text."""
    made = project(root)
    for path, text in {**FILES, "runbooks/x.yaml": RUNBOOK, **changes}.items():
        write(root, path, text)
    return digests(made, load_runbook(made, root / "runbooks/x.yaml", KINDS), KINDS)


def test_everything_that_runs_is_covered(tmp_path: Path) -> None:
    write(tmp_path, "flows/go_live.py", "x = 1\n")
    write(tmp_path, "validators/__pycache__/a.py", "x = 1\n")
    write(tmp_path, "migrations/.hidden.sql", "SELECT 1\n")

    assert list(taken(tmp_path).files) == sorted([*FILES, "runbooks/x.yaml", "migrations/shop.yaml"])


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("runbooks/x.yaml", "runbook: Shop", "# what happens\nrunbook:   'Shop'"),
        ("migrations/shop.yaml", "migration: shop", "# how\nmigration: shop"),
        ("migrations/schema.sql", "TABLE a (", "TABLE a -- of things\n  ("),
        ("migrations/code.py", "return x", "return (x)  # as it is"),
        ("validators/a.py", "class A:", "# the best\nclass A:"),
    ],
)
def test_case_57_a_comment_changes_the_bytes_and_not_the_meaning(
    tmp_path: Path, path: str, before: str, after: str
) -> None:
    one = taken(tmp_path)
    text = (tmp_path / path).read_text()
    assert before in text
    other = taken(tmp_path, **{path: text.replace(before, after)})

    assert other.semantic == one.semantic
    assert other.raw != one.raw
    assert {name for name in one.files if one.files[name][0] != other.files[name][0]} == {path}


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("runbooks/x.yaml", "words: no", "words: yes"),
        ("migrations/schema.sql", "b text", "b varchar"),
        ("migrations/code.py", "return x", "return -x"),
        ("migrations/deep/more.sql", "1", "2"),
        ("validators/a.py", "A", "B"),
        ("elsewhere/undo.sql", "TABLE a", "TABLE b"),
    ],
)
def test_a_changed_meaning_is_another_digest(tmp_path: Path, path: str, before: str, after: str) -> None:
    one = taken(tmp_path)
    other = taken(tmp_path, **{path: (tmp_path / path).read_text().replace(before, after)})

    assert other.semantic != one.semantic
    assert {name for name in one.files if one.files[name] != other.files[name]} == {path}


def test_environments_differ_on_purpose(tmp_path: Path) -> None:
    one = taken(tmp_path)
    made = project(tmp_path, PROJECT.replace("project: shop", "project: other"))

    assert digests(made, load_runbook(made, tmp_path / "runbooks/x.yaml", KINDS), KINDS) == one


def test_another_file_is_another_digest(tmp_path: Path) -> None:
    one = taken(tmp_path)

    assert taken(tmp_path, **{"migrations/new.sql": ""}).semantic != one.semantic


def test_where_the_project_lies_does_not_count(tmp_path: Path) -> None:
    assert taken(tmp_path / "here") == taken(tmp_path / "there")


@pytest.mark.parametrize(
    ("data", "ending"),
    [
        (b"a: [", ".yaml"),
        (b"a: 1\na: 2\n", ".yaml"),
        (b"\xff", ".sql"),
        (b"def f(:", ".py"),
        (b"x = \x00", ".py"),
        (b"-" * 200_000 + b"1", ".py"),
        (b'{"a": 1, "a": 2}', ".json"),
        (b"anything", ".csv"),
    ],
)
def test_what_is_not_understood_counts_by_its_bytes(data: bytes, ending: str) -> None:
    assert digests_of(data, ending) == (digest_bytes(data), digest_bytes(data))


def test_numbers_of_json_stay_as_they_are_written() -> None:
    assert digests_of(b'{"a": 1.10}', ".json")[1] != digests_of(b'{"a": 1.1}', ".json")[1]
    assert digests_of(b'{"a": 1.10}', ".json")[1] == digests_of(b'{ "a" : 1.10 }', ".json")[1]


def test_a_file_that_went_away_is_named(tmp_path: Path) -> None:
    made = project(tmp_path)
    write(tmp_path, "elsewhere/undo.sql", "")
    book = load_runbook(made, write(tmp_path, "runbooks/x.yaml", RUNBOOK), KINDS)
    (tmp_path / "elsewhere/undo.sql").unlink()

    with pytest.raises(WrongInput, match=r"file 'elsewhere/undo\.sql' cannot be read"):
        digests(made, book, KINDS)


def changed_steps(root: Path, before: str, after: str) -> set[str]:
    text = runbook_text("a, say: {}", "b, say: {words: x}, expect: 1 s, by: dba", "c, say: {}")
    assert before in text
    one, other = step_digests(runbook(root, text)), step_digests(runbook(root, text.replace(before, after)))
    return {step for step in one if one[step] != other.get(step)}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("words: x", "words: y"),
        ("expect: 1 s", "expect: 2 s"),
        ("by: dba", "by: lead"),
        ("by: dba", "by: dba, after: []"),
        ("by: dba", "by: dba, retry: {tries: 4}"),
        ("by: dba", "by: dba, if_it_fails: stop"),
        ("by: dba", "by: dba, point_of_no_return: true"),
    ],
)
def test_the_digest_of_a_step_changes_with_the_step_alone(tmp_path: Path, before: str, after: str) -> None:
    assert changed_steps(tmp_path, before, after) == {"b"}


def test_the_place_in_the_file_is_not_in_the_digest_of_a_step(tmp_path: Path) -> None:
    assert changed_steps(tmp_path, "strategy", "# a comment\n\nstrategy") == set()


def test_digests_of_steps_are_in_running_order(tmp_path: Path) -> None:
    text = runbook_text("a, say: {}, after: b", "b, say: {}, after: []")

    assert list(step_digests(runbook(tmp_path, text))) == ["b", "a"]
