"""
`overrides: {production: {environment: …}}`: what a runbook asks of an environment beyond what `cutover.yaml` says.

The same rule as for steps: where users work it may only tighten.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from cutover.model.project import Environment, People, Project
from cutover.model.runbook import Demands, Override
from cutover.project.loading_project import requirement_of
from cutover.project.overriding import ENVIRONMENT
from cutover.project.problems import Problem, suggestion
from cutover.project.schema_project import RequirementText
from cutover.project.texts import Strict
from cutover.project.texts_of_time import WindowText
from cutover.project.tightening import RULES, said
from cutover.project.typed import line_at, typed
from cutover.project.yaml_text import Table


class DemandsText(Strict):
    """What a runbook asks of an environment."""

    people: People | None = Field(default=None, description="required: steps for people wait for people")
    requires: tuple[RequirementText, ...] = Field(
        default=(), description="rehearsals that must exist before a go-live, beside those of the environment"
    )
    window: WindowText | None = Field(default=None, description="a go-live only begins inside")


@dataclass(slots=True)
class Demanded:
    """What is asked, what that changes, and what is wrong; with a problem nothing is asked."""

    demands: Demands = field(default_factory=Demands)
    changes: list[Override] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def demanded(tree: Table, project: Project, environment: Environment, file: str) -> Demanded:
    """What `overrides` of the runbook `tree` ask of that environment."""
    found, node = Demanded(), _node(tree, environment.name)
    if node is None:
        return found
    way = f"overrides.{environment.name}.{ENVIRONMENT}"
    text, found.problems = typed(DemandsText, node, file, under=way)
    if text is None or found.problems:
        return found
    found.problems += _wrong_rehearsals(text, node, project, file, way)
    for key, before, after in _changes(text, environment):
        rule = RULES[f"{ENVIRONMENT}.{key}"]
        if environment.live and not rule.tighter(before, after):
            says = f"{way}: {key!r} is {said(before)} and may only {rule.allowed}; this says {said(after)}"
            hint = f"environment {environment.name!r} is live, where an override may only tighten"
            found.problems.append(Problem(file=file, line=node.lines[key], says=says, hint=hint))
        elif before != after:
            found.changes.append(Override(step=ENVIRONMENT, key=key, before=said(before), after=said(after)))
    if not found.problems:
        found.demands = Demands(
            people=text.people,
            requires=tuple(requirement_of(one) for one in text.requires),
            window=text.window.value() if text.window else None,
        )
    return found


def _node(tree: Table, environment: str) -> Table | None:
    node: Any = tree
    for key in ("overrides", environment, ENVIRONMENT):
        node = node.entries.get(key) if isinstance(node, Table) else None
    return node if isinstance(node, Table) else None


def _changes(text: DemandsText, environment: Environment) -> Iterator[tuple[str, Any, Any]]:
    """Key, what the environment says, and what the runbook makes of it."""
    if text.people is not None:
        yield "people", environment.people, text.people
    if text.requires:
        asked = tuple(requirement_of(one) for one in text.requires)
        yield "requires", environment.requires, (*environment.requires, *asked)
    if text.window is not None:
        yield "window", environment.window, text.window.value()


def _wrong_rehearsals(text: DemandsText, node: Table, project: Project, file: str, way: str) -> Iterator[Problem]:
    for index, one in enumerate(text.requires):
        there = project.environments.get(one.environment)
        line = line_at(node, ("requires", index, "environment"))
        if there is None:
            says = f"{way}.requires: environment {one.environment!r} is not in cutover.yaml"
            hint = suggestion(one.environment, project.environments, called="environments")
            yield Problem(file=file, line=line, says=says, hint=hint)
        elif there.live:
            says = f"{way}.requires: environment {one.environment!r} is live, so nothing can be rehearsed there"
            yield Problem(file=file, line=line, says=says, hint="require a rehearsal in one without live: true")
