"""
What the steps of a runbook rest on, looked up: databases, tables, files, other steps, roles, the way back.

Works on the steps in running order, and asks nothing but the project's files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cutover.model.outcome import Severity
from cutover.model.project import Project
from cutover.model.runbook import OnFailure
from cutover.project import places
from cutover.project.loading_migration import ReadMigrations
from cutover.project.problems import Problem, suggestion
from cutover.project.step_fields import Filled
from cutover.project.step_kinds import Meaning, Named, asked, escalates, judged, meaning_of
from cutover.project.unrolling import Unrolled


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A step in its place, with its fields."""

    step: Unrolled
    fields: Filled

    @property
    def meaning(self) -> Meaning:
        """What the step says of itself."""
        return meaning_of(self.fields.made)

    @property
    def names(self) -> Named:
        """What its fields name."""
        return self.meaning.references()

    @property
    def line(self) -> int:
        """The line of the key that names its kind."""
        return self.step.written.lines.get(self.fields.kind, self.step.line)

    def problem(self, says: str, hint: str = "", *, line: int = 0, severity: Severity = Severity.ERROR) -> Problem:
        """A problem of this step, as it is called in the file."""
        says = f"step {self.step.text.step!r}: {says}"
        return self.step.origin.problem(line or self.line, says, hint, severity=severity)


def check_steps(planned: Sequence[Planned], project: Project, migrations: ReadMigrations) -> Iterator[Problem]:
    """Every problem and warning of the steps, which are in running order."""
    databases = {name for environment in project.environments.values() for name in environment.databases}
    for position, one in enumerate(planned):
        yield from _unknown_databases(one, databases)
        # With a migration that cannot be understood nobody knows which tables there are.
        if migrations.complete:
            yield from _unknown_tables(one, migrations.tables)
            yield from _without_validator(one, project, migrations)
        yield from _wrong_files(one, project)
        yield from _wrong_steps(one, planned, position)
        yield from _unknown_roles(one, project)
    yield from _way_back(planned)


def _unknown_databases(one: Planned, known: set[str]) -> Iterator[Problem]:
    for name in one.names.databases:
        if name not in known:
            yield one.problem(f"no environment has a database {name!r}", suggestion(name, known, called="databases"))


def _unknown_tables(one: Planned, known: frozenset[str]) -> Iterator[Problem]:
    for name in one.names.tables:
        if name not in known:
            yield one.problem(f"table {name!r} is in no migration", suggestion(name, known, called="target tables"))


def _without_validator(one: Planned, project: Project, migrations: ReadMigrations) -> Iterator[Problem]:
    wanted = judged(one.meaning)
    for table in (table for migration in migrations.migrations for table in migration.tables):
        if table.table in wanted and table.validator is None:
            mapping = places.shown(project.content, table.path)
            hint = f"write validator: file.py:Class for it in {mapping}, or leave the table out of this step"
            yield one.problem(f"table {table.table!r} has no validator", hint)


def _wrong_files(one: Planned, project: Project) -> Iterator[Problem]:
    for name in one.names.files:
        wrong = places.not_a_file(project.content, "", name)
        if wrong:
            yield one.problem(wrong, "files are named relative to the project folder, and stand inside of it")


def _wrong_steps(one: Planned, planned: Sequence[Planned], position: int) -> Iterator[Problem]:
    before = {other.step.id for other in planned[:position]}
    all_ids = {other.step.id: other for other in planned}
    for name in one.names.steps:
        if name in before:
            continue
        if name in all_ids:
            yield one.problem(f"step {name!r} runs after it, or is it itself", "move that step before this one")
        else:
            yield one.problem(f"step {name!r} is not there", suggestion(name, all_ids, called="steps"))


def _unknown_roles(one: Planned, project: Project) -> Iterator[Problem]:
    """A role that nobody has yet is a warning; one that the project's own list does not know is an error."""
    filled = {role for environment in project.environments.values() for role in environment.roles}
    for role in dict.fromkeys((*filter(None, [one.step.by]), *asked(one.meaning), *escalates(one.meaning))):
        line = one.step.line_of("by") if role == one.step.by else one.line
        if project.roles and role not in project.roles:
            hint = suggestion(role, project.roles, called="roles")
            yield one.problem(f"role {role!r} is not among the project's roles", hint, line=line)
        elif role not in filled:
            hint = suggestion(role, filled, called="roles")
            yield one.problem(f"no environment has a role {role!r}", hint, line=line, severity=Severity.WARNING)


def _way_back(planned: Sequence[Planned]) -> Iterator[Problem]:
    """Before the point of no return everything that was done can be undone; after it nothing is rolled back."""
    points = [position for position, one in enumerate(planned) if one.step.text.point_of_no_return]
    for position in points[1:]:
        first, one = planned[points[0]], planned[position]
        where = f"the first is step {first.step.id!r}"
        hint = "the first one counts for the whole run; in a phase of waves each wave would be one"
        line = one.step.line_of("point_of_no_return")
        yield one.problem(f"a second point of no return ({where})", hint, line=line)
    end = points[0] if points else len(planned)
    yield from _nothing_to_take_back(planned, points)
    for one in planned[:end]:
        if one.meaning.effects and not one.meaning.undoable():
            yield one.problem(
                "missing undo before the point of no return",
                "give the step an undo, or say point_of_no_return: true in it or in a step before it",
            )
    for one in planned[end:]:
        if one.step.text.if_it_fails is OnFailure.ROLL_BACK:
            line = one.step.line_of("if_it_fails")
            says = "'roll back' means nothing here: from the point of no return on nothing is rolled back"
            yield one.problem(says, "write if_it_fails: stop", line=line, severity=Severity.WARNING)


def _nothing_to_take_back(planned: Sequence[Planned], points: Sequence[int]) -> Iterator[Problem]:
    """A drill of such a runbook takes nothing back, so it can never count as a rehearsed rollback."""
    if points and not any(one.meaning.effects for one in planned[: points[0]]):
        point = planned[points[0]]
        yield point.problem(
            "nothing before the point of no return has effects, so there is no way back that could be rehearsed",
            "put the point of no return behind the steps that can be undone",
            line=point.step.line_of("point_of_no_return"),
            severity=Severity.WARNING,
        )
