"""The real files: the reference project and the shop of the other tests load, lint clean, and fit their schemas."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from cutover.kinds import KINDS, build_all
from cutover.project import digests, json_schema, lint, load_migrations, load_project, load_runbook, read_aloud
from tests.fixtures import shop
from tests.unit.project.made_up import write

REPOSITORY = Path(__file__).resolve().parents[3]
RUNBOOKS = ("one_shot", "phased")
FILES = [
    ("project", "cutover.yaml"),
    ("migration", "migrations/flights.yaml"),
    ("runbook", "runbooks/one_shot.yaml"),
    ("runbook", "runbooks/phased.yaml"),
    ("snippet", "snippets/backup.yaml"),
]


def test_the_reference_project_lints_clean() -> None:
    assert lint(load_project(REPOSITORY), KINDS) == []


@pytest.mark.parametrize("name", RUNBOOKS)
def test_steps_can_be_built_from_what_was_loaded(name: str) -> None:
    book = load_runbook(load_project(REPOSITORY), REPOSITORY / f"runbooks/{name}.yaml", KINDS)

    assert [step.kind for _, step in build_all(book)] == [spec.kind for spec in book.steps]


def test_waves_of_the_phased_runbook_reach_its_fields() -> None:
    book = load_runbook(load_project(REPOSITORY), REPOSITORY / "runbooks/phased.yaml", KINDS)

    assert book.step("switch-kennedy").fields == {"to": "new", "for": "JFK"}
    assert [wave.name for wave in book.step("reconcile-laguardia").waves_before] == ["newark", "kennedy"]
    assert book.step("copy-kennedy").after == ("smoke-newark",)


@pytest.mark.parametrize("name", RUNBOOKS)
def test_a_runbook_is_read_with_one_sentence_per_step(name: str) -> None:
    book = load_runbook(load_project(REPOSITORY), REPOSITORY / f"runbooks/{name}.yaml", KINDS)
    lines = read_aloud(book, KINDS)

    assert [line.split(".")[0] for line in lines if line[0].isdigit()] == [
        str(number) for number in range(1, len(book.steps) + 1)
    ]


def test_digests_cover_the_reference_project() -> None:
    project = load_project(REPOSITORY)
    book = load_runbook(project, REPOSITORY / "runbooks/one_shot.yaml", KINDS)

    assert {
        "runbooks/one_shot.yaml",
        "snippets/backup.yaml",
        "migrations/schema.sql",
        "migrations/transforms.py",
        "validators/flight.py",
    } <= (digests(project, book, KINDS).files.keys())


def test_the_shop_loads_and_lints_clean(tmp_path: Path) -> None:
    text = shop.PROJECT.replace("NEW_URL", "postgresql+psycopg://cutover@127.0.0.1:5432").replace("PG_BIN", "/usr/bin")
    write(tmp_path, "cutover.yaml", text)
    write(tmp_path, "migrations/shop.yaml", shop.MIGRATION)
    write(tmp_path, "migrations/schema.sql", shop.SCHEMA)
    write(tmp_path, "migrations/drop_schema.sql", "DROP TABLE customer;\n")
    write(tmp_path, "validators/shop.py", shop.VALIDATORS)
    write(tmp_path, "runbooks/one_shot.yaml", shop.ONE_SHOT)
    write(tmp_path, "runbooks/phased.yaml", shop.PHASED)
    shutil.copytree(REPOSITORY / "flows", tmp_path / "flows")
    project = load_project(tmp_path)

    assert lint(project, KINDS) == []
    assert len(load_migrations(project)[0].tables) == 2

    write(tmp_path, "migrations/shop.yaml", shop.MIGRATION.replace("    validator: shop.py:Order\n", ""))
    said = [problem.says for problem in lint(project, KINDS) if problem.file == "runbooks/one_shot.yaml"]

    assert said == ["step 'validate-all': table 'order' has no validator"]


def as_an_editor_reads_it(path: Path) -> Any:
    return YAML(typ="safe", pure=True).load(path)


def errors(what: str, tree: Any) -> list[str]:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json_schema(KINDS, what=what)
    jsonschema.Draft202012Validator.check_schema(schema)
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(tree)]


@pytest.mark.parametrize(("what", "path"), FILES)
def test_the_reference_files_fit_the_schemas_for_editors(what: str, path: str) -> None:
    tree = as_an_editor_reads_it(REPOSITORY / path)
    if what == "migration":  # the one type that editors do not make of a text
        tree["tables"][3]["exclude"][0]["signed_on"] = str(tree["tables"][3]["exclude"][0]["signed_on"])

    assert errors(what, tree) == []


@pytest.mark.parametrize(
    ("what", "path", "key"), [(what, path, key) for what, path in FILES for key in ("unknwon", "step")]
)
def test_an_editor_marks_an_unknown_key(what: str, path: str, key: str) -> None:
    tree = as_an_editor_reads_it(REPOSITORY / path)
    tree[key] = "x"

    assert any(key in message for message in errors(what, tree))


def test_an_editor_marks_a_step_without_and_with_two_kinds() -> None:
    tree = as_an_editor_reads_it(REPOSITORY / "runbooks/one_shot.yaml")
    for wrong in ({"step": "x"}, {"step": "x", "copy": {}, "backup": {"database": "old"}}, {"step": "x", "cpoy": {}}):
        tree["phases"][0]["steps"] = [wrong]

        assert errors("runbook", tree) != []


def test_an_editor_takes_a_kind_with_nothing_under_it_where_nothing_is_needed() -> None:
    tree = as_an_editor_reads_it(REPOSITORY / "runbooks/one_shot.yaml")
    tree["phases"][0]["steps"] = [{"step": "x", "copy": None}]

    assert errors("runbook", tree) == []


def test_an_editor_marks_a_key_without_a_value() -> None:
    tree = as_an_editor_reads_it(REPOSITORY / "runbooks/one_shot.yaml")
    tree["owner"] = None

    assert errors("runbook", tree) != []


def test_reading_files_imports_nothing_heavy() -> None:
    """`cutover.project` by itself needs Pydantic and ruamel only; a night shift waits for no data library."""
    code = (
        "import sys, cutover.project\n"
        "print([name for name in ('sqlalchemy', 'polars', 'pandera', 'prefect', 'psycopg') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY, check=True)

    assert done.stdout.strip() == "[]"


def test_an_editor_takes_includes_and_words_in_braces_where_they_may_stand() -> None:
    tree = as_an_editor_reads_it(REPOSITORY / "runbooks/one_shot.yaml")
    include = {"include": "snippets/backup.yaml", "with": {"database": "old"}, "as": "x"}
    gate = {"step": "g", "approve": {"by": ["dba"], "needs": "{people}", "question": "Shall we?"}}
    tree["phases"] = [{"phase": "A", "steps": [include, gate], "side_by_side": True}, {**include, "for_each": "wave"}]
    tree |= {
        "parallel": 4,
        "hard_stop": {"at": "04:00", "zone": "Europe/Berlin", "floor": "15 min"},
        "variables": {"people": "number", "site": {"one_of": ["a", "b"], "default": "a"}},
        "overrides": {"production": {"g": {"approve": {"needs": 3}}}},
    }
    snippet = as_an_editor_reads_it(REPOSITORY / "snippets/backup.yaml")
    snippet["steps"] += [include, {**gate, "retry": {"tries": "{tries}"}, "if_it_fails": "{fate}"}]

    assert errors("runbook", tree) == errors("snippet", snippet) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"phases": [{"steps": [{"include": "snippets/backup.yaml", "wth": {}}], "phase": "A"}]},
        {"phases": [{"include": "snippets/backup.yaml", "steps": [{"step": "a", "copy": {}}]}]},
        {"phases": [{"phase": "A"}]},
        {"hard_stop": {"at": "4:00", "zone": "Europe/Berlin"}},
        {"parallel": 0},
        {"variables": {"site": {"type": "txt"}}},
        {"phases": [{"phase": "A", "steps": [{"step": "a", "copy": {}, "when": {"mode": "real"}}]}]},
        {"phases": [{"phase": "A", "steps": [{"step": "a", "copy": {}, "window": {"days": ["sat"]}}]}]},
    ],
)
def test_an_editor_marks_what_is_wrong_around_steps(wrong: dict[str, Any]) -> None:
    assert errors("runbook", {**as_an_editor_reads_it(REPOSITORY / "runbooks/one_shot.yaml"), **wrong}) != []
