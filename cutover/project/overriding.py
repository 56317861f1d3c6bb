"""
`overrides:` of a runbook: in one environment some values of some steps are other ones.

Applied to the text of a step before it is typed, so that an override can say nothing that the step itself could not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import BaseModel

from cutover.model.project import Environment, Project
from cutover.model.runbook import Override
from cutover.project.problems import Origin, Problem, suggestion
from cutover.project.schema_runbook import StepText
from cutover.project.step_fields import fill, kind_of
from cutover.project.step_kinds import Kinds
from cutover.project.tightening import RULES, Rule, keys_of, rule_of, said
from cutover.project.typed import typed
from cutover.project.unrolling import Unrolled
from cutover.project.yaml_text import Node, Table, plain

#: The name under which an override is about the environment itself and not about a step.
ENVIRONMENT = "environment"


@dataclass(slots=True)
class Overridden:
    """The steps as they are in the environment, what differs from the text, and what is wrong."""

    steps: list[Unrolled]
    changes: list[Override] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def override(steps: Sequence[Unrolled], tree: Table, environment: Environment, kinds: Kinds, file: str) -> Overridden:
    """The steps with what `overrides` of the runbook `tree` says for that environment; what is wrong is left out."""
    found = Overridden(list(steps))
    for name, change in _of_environment(tree, environment.name).items():
        if name == ENVIRONMENT:
            continue  # `demanding` reads it
        mine = [number for number, step in enumerate(found.steps) if name in (step.id, step.text.step)]
        line = _table(_table(tree, "overrides"), environment.name).lines[name]
        if not mine:
            known = [one for step in steps for one in (step.id, step.text.step)]
            says = f"overrides.{environment.name}: step {name!r} is not there"
            found.problems.append(
                Problem(file=file, line=line, says=says, hint=suggestion(name, known, called="steps"))
            )
        if not isinstance(change, Table):
            continue  # the schema says so
        for number in mine:
            one = _One(
                step=found.steps[number], change=change, environment=environment, kinds=kinds, file=file, name=name
            )
            step, changes, problems = one.applied()
            found.steps[number] = step
            found.changes += changes
            found.problems += problems
    return found


def unknown_environments(tree: Table, project: Project, file: str) -> Iterator[Problem]:
    """Overrides for environments that are not there."""
    overrides = _table(tree, "overrides")
    for name in overrides.entries:
        if name not in project.environments:
            says = f"overrides: environment {name!r} is not in cutover.yaml"
            hint = suggestion(name, project.environments, called="environments")
            yield Problem(file=file, line=overrides.lines[name], says=says, hint=hint)


def as_written(tree: Table, step: Unrolled) -> dict[str, Any]:
    """Environment -> what overrides say of that step, for its digest: all of them, wherever it runs."""
    said: dict[str, Any] = {}
    for environment in sorted(_table(tree, "overrides").entries):
        changes = _of_environment(tree, environment)
        mine = [plain(changes[name]) for name in (step.text.step, step.id) if name in changes]
        if mine:
            said[environment] = mine[:1] if step.text.step == step.id else mine
    return said


def _table(tree: Table, key: str) -> Table:
    found = tree.entries.get(key)
    return found if isinstance(found, Table) else Table({}, {}, tree.line)


def _of_environment(tree: Table, environment: str) -> Mapping[str, Node]:
    return _table(_table(tree, "overrides"), environment).entries


@dataclass(frozen=True, slots=True, kw_only=True)
class _One:
    """The override of one step."""

    step: Unrolled
    change: Table
    environment: Environment
    kinds: Kinds
    file: str
    name: str

    def applied(self) -> tuple[Unrolled, list[Override], list[Problem]]:
        """The step with the override, what that changed, and what is wrong; with a problem nothing is changed."""
        problems = list(self._not_here())
        if problems:
            return self.step, [], problems
        written = _merged(self.step.written, self.change)
        text, wrong = typed(StepText, replace(written, origin=None), self.file)
        if text is None or wrong:
            return self.step, [], [self._problem(self.change.line, one.says, one.hint) for one in wrong]
        after = replace(self.step, written=written, text=text, window=text.window or self.step.window)
        before, now = self._read(self.step), self._read(after)
        if isinstance(now, list):
            return self.step, [], now
        if isinstance(before, list):  # the step itself is wrong, which is told where it stands
            return self.step, [], []
        return self._judged(after, before, now)

    def _judged(
        self, after: Unrolled, before: tuple[Unrolled, BaseModel], now: tuple[Unrolled, BaseModel]
    ) -> tuple[Unrolled, list[Override], list[Problem]]:
        changes: list[Override] = []
        problems: list[Problem] = []
        for key, line, rule in self._rules():
            old, new = _value(key, *before), _value(key, *now)
            if self.environment.live and not rule.tighter(old, new):
                says = f"{key!r} is {said(old)} and may only {rule.allowed}; this says {said(new)}"
                hint = f"environment {self.environment.name!r} is live, where an override may only tighten"
                problems.append(self._problem(line, says, hint))
            elif old != new:
                changes.append(Override(step=after.id, key=key, before=said(old), after=said(new)))
        return (self.step, [], problems) if problems else (after, changes, [])

    def _not_here(self) -> Iterator[Problem]:
        for key, line in _keys(self.change):
            if rule_of(key) is None:
                kind = kind_of(self.step.written, self.kinds) or ""
                hint = suggestion(key, keys_of(kind), called="keys that may differ")
                yield self._problem(line, f"{key!r} must be the same in every environment", hint)

    def _rules(self) -> Iterator[tuple[str, int, Rule]]:
        for key, line in _keys(self.change):
            rule = rule_of(key)
            assert rule is not None
            yield key, line, rule

    def _read(self, step: Unrolled) -> tuple[Unrolled, BaseModel] | list[Problem]:
        origin = step.origin if step is self.step else Origin(file=self.file)
        made, wrong = fill(step.written, self.kinds, origin, step.values)
        if made is None or wrong:
            return [self._problem(self.change.line, one.says, one.hint) for one in wrong]
        return step, made.made

    def _problem(self, line: int, says: str, hint: str = "") -> Problem:
        says = f"overrides.{self.environment.name}.{self.name}: {says}"
        return Problem(file=self.file, line=line, says=says, hint=hint)


def _merged(before: Table, change: Table) -> Table:
    """Keys of `change` in place of those of `before`; tables key by key, lists as a whole."""
    entries = dict(before.entries)
    for key, node in change.entries.items():
        old = entries.get(key)
        deeper = isinstance(old, Table) and isinstance(node, Table) and key not in RULES
        entries[key] = _merged(old, node) if deeper and isinstance(old, Table) and isinstance(node, Table) else node
    return replace(before, entries=entries, lines={**before.lines, **change.lines})


def _keys(change: Table) -> Iterator[tuple[str, int]]:
    """`approve.needs` for every value of an override, with its line."""
    for key, node in change.entries.items():
        if isinstance(node, Table) and key not in RULES:
            yield from ((f"{key}.{inner}", node.lines[inner]) for inner in node.entries)
        else:
            yield key, change.lines[key]


def _value(key: str, step: Unrolled, made: BaseModel) -> Any:
    if key == "window":
        return step.window
    if key == "if_it_fails":
        return step.text.if_it_fails or "roll back"
    if key == "retry.tries":
        return step.text.retry.tries
    name = key.partition(".")[2]
    fields = type(made).model_fields
    return getattr(made, next((one for one, field in fields.items() if (field.alias or one) == name), name))
