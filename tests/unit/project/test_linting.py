"""Lint: every problem of every file, in order, and never an exception for what stands in them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cutover.project import lint
from tests.unit.project.made_up import KINDS, MIGRATION, PROJECT, project, runbook_text, write
from tests.unit.project.places import several

GOOD = runbook_text("a, say: {}", "b, change: {in: new, tables: [customer]}")


def linted(root: Path, **files: str | bytes) -> list[str]:
    made = project(root)
    for path, text in {"runbooks/x.yaml": GOOD, **files}.items():
        write(root, path, text)
    return [f"{problem.severity}: {problem.where}: {problem.says}" for problem in lint(made, KINDS)]


def test_a_good_project_has_no_problems(tmp_path: Path) -> None:
    assert linted(tmp_path) == []


def test_problems_of_all_files_by_file_and_line(tmp_path: Path) -> None:
    said = linted(
        tmp_path,
        **{
            "runbooks/x.yaml": runbook_text(*(f"s{n}, tell: {{}}" for n in range(10))),
            "runbooks/a.yaml": "- x\n",
            "migrations/z.yaml": MIGRATION.replace("shop", "z").replace("to: new", "to: nwe"),
        },
    )

    assert [line.split(" ")[1].rstrip(":") for line in said] == [
        "migrations/z.yaml:3",
        "migrations/z.yaml:5",
        "runbooks/a.yaml:1",
        *(f"runbooks/x.yaml:{line}" for line in range(6, 16)),
    ]


def test_a_wrong_migration_is_told_once_and_not_in_every_runbook(tmp_path: Path) -> None:
    assert linted(tmp_path, **{"migrations/shop.yaml": "migration: shop\n"}) == [
        "error: migrations/shop.yaml:1: key 'from' is missing",
        "error: migrations/shop.yaml:1: key 'to' is missing",
        "error: migrations/shop.yaml:1: key 'tables' is missing",
    ]


def test_a_database_that_an_environment_lacks_is_a_warning(tmp_path: Path) -> None:
    text = PROJECT + '  test:\n    databases: {new: "sqlite:///new.db"}\n'

    made = project(tmp_path, text)
    write(tmp_path, "runbooks/x.yaml", GOOD)

    (problem,) = lint(made, KINDS)
    assert (problem.where, problem.severity) == ("cutover.yaml:9", "warning")
    assert problem.says == "environments.test: database 'old' is missing, which migrations/shop.yaml uses"


def test_python_that_does_not_parse(tmp_path: Path) -> None:
    (said,) = linted(tmp_path, **{"validators/a.py": "x = 1\ndef f(:\n"})

    assert said.startswith("error: validators/a.py:2: not Python: ")


def test_every_flow_file_that_commands_go_through_must_be_there(tmp_path: Path) -> None:
    made = project(tmp_path)
    write(tmp_path, "runbooks/x.yaml", GOOD)
    shutil.rmtree(tmp_path / "flows")

    problems = lint(made, KINDS)

    assert [(problem.where, problem.severity) for problem in problems] == [
        ("flows/go_live.py:1", "error"),
        ("flows/rehearse.py:1", "error"),
        ("flows/roll_back.py:1", "error"),
    ]
    assert problems[1].says == "file 'flows/rehearse.py' is not there, and `cutover rehearse` goes through it"
    assert "cutover init" in problems[1].hint


def test_a_flow_file_defines_main(tmp_path: Path) -> None:
    assert linted(tmp_path, **{"flows/go_live.py": "def mian(): ...\n"}) == [
        "error: flows/go_live.py:1: the file defines no 'main', which `cutover go-live` calls"
    ]


def test_a_flow_file_that_does_not_parse(tmp_path: Path) -> None:
    (said,) = linted(tmp_path, **{"flows/go_live.py": "x = 1\ndef main(:\n"})

    assert said.startswith("error: flows/go_live.py:2: not Python: ")


def test_a_function_that_its_file_does_not_define(tmp_path: Path) -> None:
    migration = MIGRATION + "      name: {python: code.py:mkae, needs: [name]}\n"
    (said,) = linted(tmp_path, **{"migrations/shop.yaml": migration, "migrations/code.py": "def make(x): ...\n"})

    assert said == "error: migrations/shop.yaml:10: tables.customer: file migrations/code.py defines no 'mkae'"


@pytest.mark.parametrize("path", ["runbooks/y.yml", "runbooks/old/y.yaml", "migrations/y.yml"])
def test_a_file_that_is_not_read_is_a_warning(tmp_path: Path, path: str) -> None:
    (said,) = linted(tmp_path, **{path: "x: 1\n"})

    assert said.startswith(f"warning: {path}:1: this file is not read")


def test_a_project_without_runbooks_is_a_warning(tmp_path: Path) -> None:
    (problem,) = lint(project(tmp_path), KINDS)

    assert (problem.severity, problem.says) == ("warning", "the project has no runbook: no runbooks/*.yaml")


def test_a_file_that_is_not_utf_8(tmp_path: Path) -> None:
    assert linted(tmp_path, **{"runbooks/x.yaml": b"a: \xff\n"}) == [
        "error: runbooks/x.yaml:1: the file is not UTF-8 (byte 0xff)"
    ]


def test_a_folder_named_like_a_runbook(tmp_path: Path) -> None:
    (tmp_path / "runbooks/y.yaml").mkdir(parents=True)

    assert linted(tmp_path) == [
        "error: runbooks/y.yaml:1: the file cannot be read: a folder stands where a file should"
    ]


EVERYTHING = """\
runbook: Shop
strategy: phased
waves: [{wave: north, value: N}]
parallel: 2
hard_stop: {at: 04:00, zone: Europe/Berlin, floor: 15 min}
variables: {site: {one_of: [a, b], default: a}, n: number}
overrides: {production: {a: {retry: {tries: 1}}, s-b: {if_it_fails: stop}}}
phases:
  - phase: A
    side_by_side: true
    window: {days: [sat], from: 22:00, to: 04:00, zone: UTC}
    steps:
      - {step: a, say: {words: "{site}", times: "{n}"}, when: {environment: test, variables: {site: [a]}}}
      - {include: snippets/s.yaml, with: {what: "{site}", tables: [customer]}, as: s}
  - {phase: B, include: snippets/s.yaml, with: {what: "{wave}", tables: [customer]}, for_each: wave}
"""
SNIPPET = """\
snippet: S
parameters: {what: {type: text, says: it}, tables: {type: list}}
steps:
  - {step: b, say: {words: "{what}"}, after: []}
  - {step: c, change: {tables: "{tables}", like: b}, after: [b]}
  - {include: snippets/t.yaml, as: t}
"""
INNER = "snippet: T\nsteps:\n  - {step: d, say: {}}\n"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=120, deadline=None)
@given(st.data())
def test_no_runbook_and_no_snippet_makes_it_raise(tmp_path: Path, data: st.DataObject) -> None:
    """As below, with everything in it that there is, and in each of its environments."""
    texts = {"runbooks/x.yaml": EVERYTHING, "snippets/s.yaml": SNIPPET, "snippets/t.yaml": INNER}
    path = data.draw(st.sampled_from(sorted(texts)))
    texts[path] = spoilt(texts[path], data)
    made = several(tmp_path, test="    variables: {n: 1}\n", production="    variables: {n: 2, site: b}\n")
    for name, text in texts.items():
        write(tmp_path, name, text)

    lint(made, KINDS)


def test_that_runbook_has_nothing_wrong(tmp_path: Path) -> None:
    made = several(tmp_path, test="    variables: {n: 1}\n", production="    variables: {n: 2, site: b}\n")
    for name, text in (("runbooks/x.yaml", EVERYTHING), ("snippets/s.yaml", SNIPPET), ("snippets/t.yaml", INNER)):
        write(tmp_path, name, text)

    assert [problem.says for problem in lint(made, KINDS)] == []


def spoilt(text: str, data: st.DataObject) -> str:
    """The text with a piece taken out, doubled or replaced by something nasty."""
    begin = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(begin, min(len(text), begin + 30)))
    nasty = [
        "",
        "[]",
        "{}",
        "\t",
        "'",
        '"',
        "*a",
        "&a",
        ": ",
        "\n- ",
        "null",
        "{wave}",
        "{as}",
        "{tables}",
        "snippets/s.yaml",
    ]
    put = data.draw(st.sampled_from([*nasty, text[begin:end] * 2]))
    return text[:begin] + put + text[end:]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(st.data())
def test_no_content_makes_it_raise(tmp_path: Path, data: st.DataObject) -> None:
    """A text of the real ones with a piece taken out, doubled or replaced by something nasty."""
    path, text = data.draw(st.sampled_from([("runbooks/x.yaml", GOOD), ("migrations/shop.yaml", MIGRATION)]))
    linted(tmp_path, **{path: spoilt(text, data)})

    write(tmp_path, "migrations/shop.yaml", MIGRATION)


def test_a_role_that_the_projects_own_list_does_not_know_is_an_error(tmp_path: Path) -> None:
    roles = "project: shop\nroles: {dba: runs the databases, lead: leads the night}\n"
    made = project(tmp_path, PROJECT.replace("project: shop\n", roles))
    write(
        tmp_path,
        "runbooks/x.yaml",
        runbook_text("a, say: {}, by: dab", "b, change: {role: leed}", "c, say: {}, by: lead"),
    )

    assert [(problem.severity, problem.where, problem.says) for problem in lint(made, KINDS)] == [
        ("error", "runbooks/x.yaml:6", "step 'a': role 'dab' is not among the project's roles"),
        ("error", "runbooks/x.yaml:7", "step 'b': role 'leed' is not among the project's roles"),
        ("warning", "runbooks/x.yaml:8", "step 'c': no environment has a role 'lead'"),
    ]
