"""
`runbooks/*.yaml` -> Runbook: read, typed, unrolled, put in order, and looked up against the project.

The kinds of steps are handed in. Everything that is wrong is collected; a runbook with an error never
becomes a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cutover.model.project import Project
from cutover.model.runbook import OnFailure, RetryRule, Runbook, StepSpec, Wave
from cutover.project import places
from cutover.project.checking import Planned, check_steps
from cutover.project.loading_migration import ReadMigrations, read_migrations
from cutover.project.ordering import cycle, running_order
from cutover.project.problems import Problem, WrongFile, errors_of, refuse
from cutover.project.schema_runbook import RunbookText
from cutover.project.step_fields import fill, name_of, phases_of, with_empty_kinds, wrong_keys
from cutover.project.step_kinds import Kinds
from cutover.project.typed import bare_values, typed
from cutover.project.unrolling import Unrolled, unroll
from cutover.project.waves import wrong_placeholders
from cutover.project.yaml_text import Table, read


def load_runbook(project: Project, path: Path, kinds: Kinds) -> Runbook:
    """
    The runbook at `path` (absolute, or relative to the project folder), ready to run.

    Raises WrongFile with everything that is wrong in it, and in the migrations that its steps rest on.
    """
    migrations = read_migrations(project)
    found = read_runbook(project, project.content / path, kinds, migrations)
    refuse((*found.problems, *migrations.problems))
    assert found.runbook is not None
    return found.runbook


@dataclass(slots=True)
class ReadRunbook:
    """What a runbook came to: None when it has an error. `databases` are those that its steps name."""

    problems: list[Problem] = field(default_factory=list)
    runbook: Runbook | None = None
    databases: frozenset[str] = frozenset()


def read_runbook(project: Project, path: Path, kinds: Kinds, migrations: ReadMigrations) -> ReadRunbook:
    """The runbook with every problem and warning of its file."""
    file, found = places.shown(project.content, path), ReadRunbook()
    if Path(file).is_absolute():
        # Its name would be another one on every machine, and with it the digest of what was rehearsed.
        hint = f"put it into {places.RUNBOOKS}/"
        found.problems.append(
            Problem(file=file, line=1, says="the runbook is outside of the project folder", hint=hint)
        )
        return found
    try:
        tree = with_empty_kinds(read(path, file, found.problems), kinds)
    except WrongFile as error:
        found.problems += error.problems
        return found
    found.problems += bare_values(tree, file)
    text, wrong = typed(RunbookText, tree, file)
    found.problems += wrong
    written = phases_of(tree)
    found.problems += _wrong_steps(written, kinds, file)
    if text is None:
        found.problems += [problem for _, steps in written for step in steps for problem in fill(step, kinds, file)[1]]
        return found
    steps, wrong = unroll(text, [steps for _, steps in written], file)
    found.problems += wrong
    found.problems += _cycle(steps, file)
    planned, wrong = _planned(steps, kinds, file)
    found.problems += wrong
    found.problems += check_steps(planned, project, migrations, file)
    found.databases = frozenset(name for one in planned for name in one.names.databases)
    if not errors_of(found.problems):
        found.runbook = _runbook(text, path, planned)
    return found


def _wrong_steps(written: Sequence[tuple[Table, Sequence[Table]]], kinds: Kinds, file: str) -> Iterator[Problem]:
    for phase, steps in written:
        for step in steps:
            yield from wrong_keys(step, kinds, file)
            replaced = {key: step.entries[key] for key in step.entries if key in kinds or key == "by"}
            tree = Table(replaced, step.lines, step.line)
            yield from wrong_placeholders(tree, file, step=name_of(step), in_wave="for_each" in phase.entries)


def _cycle(steps: Sequence[Unrolled], file: str) -> Iterator[Problem]:
    circle = cycle({step.id: step.after for step in steps})
    if len(circle) == 1:
        says = f"step {circle[0]!r} waits for itself"
    elif circle:
        says = f"steps wait for each other: {' after '.join(repr(one) for one in [*circle, circle[0]])}"
    else:
        return
    step = min((one for one in steps if one.id in circle), key=lambda one: one.line)
    line = step.written.lines.get("after", step.line)
    yield Problem(
        file=file, line=line, says=says, hint="take one of them out of 'after', or change their order in the file"
    )


def _planned(steps: Sequence[Unrolled], kinds: Kinds, file: str) -> tuple[list[Planned], list[Problem]]:
    """The steps whose fields are right, in running order; a step on a cycle keeps its place at the end."""
    problems: list[Problem] = []
    planned: list[Planned] = []
    for step in steps:
        fields, wrong = fill(step.written, kinds, file, step.wave)
        problems += wrong
        if fields is not None:
            planned.append(Planned(step=step, fields=fields))
    place = {one: number for number, one in enumerate(running_order({step.id: step.after for step in steps}))}
    planned.sort(key=lambda one: place.get(one.step.id, len(place)))
    return planned, problems


def _runbook(text: RunbookText, path: Path, planned: Sequence[Planned]) -> Runbook:
    return Runbook(
        name=text.runbook,
        path=path.absolute(),
        strategy=text.strategy,
        steps=tuple(_spec(one) for one in planned),
        waves=tuple(Wave(name=wave.wave, value=wave.value) for wave in text.waves),
        owner=text.owner or "",
    )


def _spec(planned: Planned) -> StepSpec:
    step, text = planned.step, planned.step.text
    return StepSpec(
        id=step.id,
        kind=planned.fields.kind,
        fields=planned.fields.plain,
        after=step.after,
        phase=step.phase,
        wave=step.wave,
        waves_before=step.waves_before,
        by=step.by,
        expect_seconds=text.expect,
        retry=RetryRule(tries=text.retry.tries, wait_seconds=text.retry.wait),
        on_failure=text.if_it_fails or OnFailure.ROLL_BACK,
        point_of_no_return=text.point_of_no_return,
        line=step.line,
    )
