"""The examples in the pages about the files are files that load."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover.kinds import KINDS
from cutover.project import lint, load_migrations, load_project, load_runbook
from tests.unit.project.made_up import MIGRATION, flows, write

DOCS = Path(__file__).resolve().parents[3] / "docs"


def example(page: str) -> str:
    """The first example in YAML of the page, which is a whole file."""
    return (DOCS / page).read_text().split("```yaml\n")[1].split("```")[0]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path, "cutover.yaml", example("project.md"))
    flows(tmp_path)
    return tmp_path


def test_the_example_of_a_project(root: Path) -> None:
    assert list(load_project(root, {}).environments) == ["test", "production"]


def test_the_example_of_a_runbook(root: Path) -> None:
    write(root, "migrations/shop.yaml", MIGRATION)
    write(root, "migrations/schema.sql", "")
    write(root, "migrations/drop_schema.sql", "")
    write(root, "snippets/backup.yaml", example("snippets.md"))
    path = write(root, "runbooks/x.yaml", example("runbooks.md"))
    project = load_project(root, {})
    book = load_runbook(project, path, KINDS, project.environments["production"])

    assert [problem for problem in lint(project, KINDS) if problem.file.startswith(("runbooks/", "snippets/"))] == []
    assert (book.variables, [change.key for change in book.overrides]) == ({"site": "berlin"}, ["approve.needs"] * 2)
    assert book.step("copy-germany").after == ("prove-backup-of-old", "prove-backup-of-new")

    assert [step.id for step in book.steps if step.wave] == [
        *("copy-germany", "decide-germany", "switch-germany", "copy-france", "decide-france", "switch-france"),
    ]


def test_the_example_of_a_migration(root: Path) -> None:
    write(root, "migrations/shop.yaml", example("migrations.md"))
    write(root, "migrations/transforms.py", "def placed_at(needs): ...\ndef town(needs): ...\n")
    write(root, "validators/shop.py", "class Order: ...\n")
    project = load_project(root, {})

    assert len(load_migrations(project)[0].tables[0].columns) == 7
    assert [problem for problem in lint(project, KINDS) if problem.severity == "error"] == []


@pytest.mark.parametrize(
    ("page", "what"),
    [("project.md", "project"), ("runbooks.md", "runbook"), ("snippets.md", "snippet"), ("migrations.md", "migration")],
)
def test_every_key_is_in_the_pages(page: str, what: str) -> None:
    from cutover.project import json_schema

    # The steps of a snippet have the keys of all steps.
    pages = (page, "runbooks.md") if what == "snippet" else (page,)
    text = "".join((DOCS / one).read_text() for one in pages)
    definitions = json_schema({}, what=what)
    keys = {
        key for model in (definitions, *definitions.get("$defs", {}).values()) for key in model.get("properties", {})
    }

    assert sorted(key for key in keys if f"`{key}`" not in text and f"{key}:" not in text) == []
