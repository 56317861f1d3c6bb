"""A project with several environments, one of them live, and its runbooks in each."""

from __future__ import annotations

from pathlib import Path

from cutover.model.project import Project
from cutover.model.runbook import Runbook
from cutover.project import lint, load_project, load_runbook
from cutover.project.problems import WrongFile
from tests.unit.project.made_up import KINDS, MIGRATION, flows, write

ENVIRONMENT = """\
  NAME:
    databases: {old: "sqlite:///old.db", new: "sqlite:///new.db"}
    roles: {dba: [dana], lead: [lea]}
"""
PRODUCTION = "    live: true\n    requires: [{environment: test}]\n"


def several(root: Path, test: str = "", production: str = "", head: str = "") -> Project:
    """Environments `test` and `production`; what is handed in is added to them and to the project."""
    text = (
        f"project: shop\n{head}environments:\n"
        + ENVIRONMENT.replace("NAME", "test")
        + test
        + ENVIRONMENT.replace("NAME", "production")
        + PRODUCTION
        + production
    )
    write(root, "cutover.yaml", text)
    write(root, "migrations/shop.yaml", MIGRATION)
    flows(root)
    return load_project(root, {})


def at(project: Project, environment: str, text: str) -> Runbook:
    """The runbook of that text in an environment; in none when that is empty."""
    path = write(project.root, "runbooks/x.yaml", text)
    return load_runbook(project, path, KINDS, project.environments.get(environment))


def refused(project: Project, environment: str, text: str) -> str:
    """What is said against it there, all of it with the first hint."""
    try:
        at(project, environment, text)
    except WrongFile as error:
        return f"{error}\n{error.hint}"
    raise AssertionError("nothing was said against it")


def linted(project: Project, text: str) -> list[str]:
    """All that lint says."""
    write(project.root, "runbooks/x.yaml", text)
    return [f"{problem.severity}: {problem.where}: {problem.says}" for problem in lint(project, KINDS)]
