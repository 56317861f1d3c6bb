"""
`cutover.yaml` -> Project.

Relative paths become absolute; credentials stay references. What contradicts itself is refused, what
merely looks forgotten is a warning for `lint`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from cutover.model.outcome import Severity
from cutover.model.project import DatabaseRef, Environment, JournalServer, People, PrefectUse, Project, Requirement
from cutover.project.loading_people import people_of_environment, people_of_project, wrong_people
from cutover.project.problems import Problem, WrongFile, refuse, suggestion
from cutover.project.schema_project import EnvironmentText, JournalText, ProjectText, RequirementText
from cutover.project.typed import bare_values, line_at, typed
from cutover.project.yaml_text import Table, read

FILE = "cutover.yaml"
STATE = ".cutover"


def load_project(root: Path, environ: Mapping[str, str] | None = None) -> Project:
    """
    The project in the folder `root`.

    `environ` gives the folders of tools that are written `env:NAME` (default: the process's own); one that is
    not set leaves the tool to the search path. Raises WrongFile with everything that is wrong in `cutover.yaml`.
    """
    project, problems = read_project(root, os.environ if environ is None else environ)
    refuse(problems)
    assert project is not None
    return project


def read_project(root: Path, environ: Mapping[str, str]) -> tuple[Project | None, list[Problem]]:
    """The project, or None, with every problem and warning of `cutover.yaml`."""
    problems: list[Problem] = []
    try:
        tree = read(root / FILE, FILE, problems)
    except WrongFile as error:
        return None, [*problems, *error.problems]
    problems += bare_values(tree, FILE)
    text, wrong = typed(ProjectText, tree, FILE)
    problems += wrong
    if text is None:
        return None, problems
    problems += _contradictions(text, tree)
    return _project(text, root.resolve(), environ), problems


def environment_line(root: Path, name: str) -> int:
    """The line of `cutover.yaml` that an environment begins in; 1 when it cannot be found."""
    return line_in_project(root, ("environments", name))


def line_in_project(root: Path, at: tuple[str, ...]) -> int:
    """The line of `cutover.yaml` that a value stands in, or what is around it; 1 when the file cannot be read."""
    try:
        return line_at(read(root / FILE, FILE, []), at)
    except WrongFile:
        return 1


def _project(text: ProjectText, root: Path, environ: Mapping[str, str]) -> Project:
    return Project(
        name=text.project,
        root=root,
        environments={
            name: _environment(name, environment, text, root, environ)
            for name, environment in text.environments.items()
        },
        journal=root / (text.journal.path or f"{STATE}/journal"),
        journal_server=_journal_server(text.journal),
        state=root / STATE,
        prefect_port=text.prefect.port,
        roles=dict(text.roles),
        **people_of_project(text, root),
    )


def _journal_server(text: JournalText) -> JournalServer | None:
    if text.url is None:
        return None
    return JournalServer(
        database=DatabaseRef(name="journal", url=text.url, password=text.password), schema=text.schema_
    )


def _environment(
    name: str, text: EnvironmentText, project: ProjectText, root: Path, environ: Mapping[str, str]
) -> Environment:
    return Environment(
        name=name,
        databases={
            database: DatabaseRef(name=database, url=ref.url, password=ref.password)
            for database, ref in text.databases.items()
        },
        live=text.live,
        application=None if text.application is None else root / text.application,
        people=text.people,
        roles=dict(text.roles),
        declared_names=text.declared_names,
        prefect=PrefectUse(text.prefect or project.prefect.use),
        variables=dict(text.variables),
        window=text.window.value() if text.window else None,
        requires=tuple(requirement_of(one) for one in text.requires),
        tools=dict(_tools(text, root, environ)),
        **people_of_environment(text, live=text.live),
    )


def requirement_of(text: RequirementText) -> Requirement:
    """As a value."""
    return Requirement(
        environment=text.environment,
        at_least=text.at_least,
        within_days=text.within,
        rollback_rehearsed=text.rollback_rehearsed,
        restore_proved=text.restore_proved,
        minimum_volume=text.minimum_volume,
        minimum_coverage=text.minimum_coverage,
    )


def _tools(text: EnvironmentText, root: Path, environ: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    for name, place in text.tools.items():
        how, _, variable = place.partition(":")
        folder = environ.get(variable, "") if how == "env" else place
        if folder:
            yield name, root / folder


def _contradictions(text: ProjectText, tree: Table) -> Iterator[Problem]:
    for name, environment in text.environments.items():
        at = ("environments", name)
        if environment.live and environment.people is not People.REQUIRED:
            yield _problem(
                tree,
                (*at, "people"),
                f"environments.{name}: a live environment cannot simulate people",
                "write people: required, or take live: true out",
            )
        for role in environment.roles if text.roles else ():
            if role not in text.roles:
                says = f"environments.{name}.roles: role {role!r} is not among the project's roles"
                yield _problem(tree, (*at, "roles", role), says, suggestion(role, text.roles, called="roles"))
        if environment.live and not environment.requires:
            yield _problem(
                tree,
                at,
                f"environments.{name}: a live environment that requires no rehearsal",
                "write requires: with the rehearsals that must exist before a go-live",
                Severity.WARNING,
            )
        if environment.requires and not environment.live:
            yield _problem(
                tree,
                (*at, "requires"),
                f"environments.{name}: 'requires' has no effect: only a live environment is gone live in",
                "write live: true, or take requires out",
                Severity.WARNING,
            )
        for key, says, hint, severity in wrong_people(
            name, environment, text, live=environment.live, roles=environment.roles
        ):
            yield _problem(tree, (*at, key), says, hint, severity)
        for index, requirement in enumerate(environment.requires):
            yield from _wrong_requirement(text, tree, (*at, "requires", index), requirement)


def _wrong_requirement(
    text: ProjectText, tree: Table, at: tuple[str | int, ...], requirement: RequirementText
) -> Iterator[Problem]:
    asked = text.environments.get(requirement.environment)
    way = f"environments.{at[1]}.requires"
    if asked is None:
        yield _problem(
            tree,
            (*at, "environment"),
            f"{way}: environment {requirement.environment!r} is not in {FILE}",
            suggestion(requirement.environment, text.environments, called="environments"),
        )
    elif asked.live:
        yield _problem(
            tree,
            (*at, "environment"),
            f"{way}: environment {requirement.environment!r} is live, so nothing can be rehearsed there",
            "require a rehearsal in an environment without live: true",
        )


def _problem(
    tree: Table, at: tuple[str | int, ...], says: str, hint: str, severity: Severity = Severity.ERROR
) -> Problem:
    return Problem(file=FILE, line=line_at(tree, at), says=says, hint=hint, severity=severity)
