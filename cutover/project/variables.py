"""
The variables of a runbook in an environment: which value each has there, and what is wrong with it.

The runbook declares them and is digested; the values stand in `cutover.yaml`, differ from environment to environment on
purpose, and are recorded with the run. So a variable may change a value and never what is carried out: which
database, table, file or step a field names is the same everywhere, or the rehearsal would have proved another plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cutover.model.outcome import Severity
from cutover.model.project import Environment, Project
from cutover.project.checking import Planned
from cutover.project.declared import DeclaredText, Fits
from cutover.project.loading_project import FILE, line_in_project
from cutover.project.placeholders import filled_text, of_wave, texts_of, words_in
from cutover.project.problems import Problem, suggestion
from cutover.project.yaml_text import Table

Declarations = Mapping[str, DeclaredText]


def values_in(declared: Declarations, project: Project, environment: Environment | None) -> dict[str, str]:
    """
    Variable -> its value in that environment; one without a value stands for itself in braces.

    Without an environment it is the default, or else what the first environment says that has a value for it.
    """
    places = list(project.environments.values()) if environment is None else [environment]
    values: dict[str, str] = {}
    for name, one in declared.items():
        given = [place.variables[name] for place in places if name in place.variables]
        default = [one.default] if isinstance(one.default, str) else []
        found = [*default, *given] if environment is None else [*given, *default]
        values[name] = found[0] if found else f"{{{name}}}"
    return values


def wrong_declarations(declared: Declarations, lines: Table, file: str) -> Iterator[Problem]:
    """What is wrong with variables wherever the runbook runs."""
    for name, one in declared.items():
        if one.type is Fits.LIST:
            says = f"variables.{name}: a variable is one text; only parameters of snippets are lists"
            yield Problem(file=file, line=lines.lines[name], says=says)


def wrong_values(
    declared: Declarations, lines: Table, project: Project, environment: Environment, file: str
) -> Iterator[Problem]:
    """Variables without a value in that environment, and values there that do not fit."""
    for name, one in declared.items():
        given = environment.variables.get(name)
        if given is None and one.default is None:
            says = f"variables.{name}: environment {environment.name!r} gives it no value, and there is no default"
            hint = f"write it under environments: {environment.name}: variables: in {FILE}"
            yield Problem(file=file, line=lines.lines[name], says=says, hint=hint)
        elif given is not None and (said := one.misfit(given)):
            line = line_in_project(project.root, ("environments", environment.name, "variables", name))
            says = f"environments.{environment.name}.variables: {name!r} {said}"
            yield Problem(file=FILE, line=line, says=says, hint=f"declared in {file}:{lines.lines[name]}")


def decides_what_runs(planned: Planned, values: Mapping[str, str]) -> Iterator[Problem]:
    """A problem for every name of a database, table, file or step that a variable is part of."""
    written = planned.step.written.entries[planned.fields.kind]
    everywhere = of_wave(planned.step.wave)
    named = planned.names
    for text in texts_of(written):
        words = [word for word in words_in(text.value) if word in values]
        made = filled_text(text.value, {**everywhere, **values})
        for called, names in (
            ("database", named.databases),
            ("table", named.tables),
            ("file", named.files),
            ("step", (*named.steps, *planned.fields.own)),
        ):
            if words and made in names:
                says = f"variable {words[0]!r} decides which {called} it works on ({made!r} here)"
                hint = "a rehearsal would prove another plan: write the name out, or make a step of each with `when`"
                yield planned.problem(says, hint, line=text.line)


def unknown_variables(project: Project, declared: Sequence[frozenset[str]]) -> Iterator[Problem]:
    """Warnings for variables of `cutover.yaml` that no runbook declares; `declared`: those of each runbook."""
    known = frozenset().union(*declared)
    for environment in project.environments.values():
        for name in environment.variables.keys() - known:
            line = line_in_project(project.root, ("environments", environment.name, "variables", name))
            says = f"environments.{environment.name}.variables: no runbook declares a variable {name!r}"
            hint = suggestion(name, known, called="variables")
            yield Problem(file=FILE, line=line, says=says, hint=hint, severity=Severity.WARNING)


def differences(rehearsed: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """How the values of two runs differ, one sentence each: what the rehearsal did not prove."""
    return tuple(
        f"variable {name!r} was {_said(rehearsed.get(name))} in the rehearsal, and is {_said(now.get(name))} here"
        for name in sorted({*rehearsed, *now})
        if rehearsed.get(name) != now.get(name)
    )


def _said(value: str | None) -> str:
    return "not there" if value is None else repr(value)
